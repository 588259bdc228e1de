// What each section asks for, and how it shows it.

const plain = (value) => ({ text: value === null || value === undefined ? '' : String(value) });
const field = (title, name, kind) => ({ title, kind, show: (row) => plain(row[name]) });
const time = (title, name) => ({
  title,
  kind: 'time',
  show: (row) => plain(row[name]?.slice(11, 23)),
});

// One line of the story of a message.
const TOLD = {
  opened: (seen) => `socket opened at gateway ${seen.gatewayId}`,
  closed: (seen) => `socket closed with ${seen.status}`,
  received: (seen) => seen.text,
  replied: (seen) => seen.text,
  failed: (seen) => seen.error,
  sent: (seen) => seen.text,
  delivered: (seen) => seen.text,
  invoked: (seen) => seen.text,
  lost: (seen) => `${seen.error}: ${seen.text}`,
  stuck: (seen) => seen.error,
};
// Where a trigger's batch went.
const TO = {
  delivered: (seen) => `${seen.sockets} sockets`,
  invoked: (seen) => `function ${seen.functionId}`,
};
const BAD = new Set(['failed', 'lost', 'stuck']);

const messages = {
  id: 'messages',
  title: 'Messages',
  sources: ['traffic'],
  tables: (traffic) => [
    {
      title: 'What passed gateways and triggers, newest first',
      columns: 'seen',
      rows: traffic.toReversed(),
      empty: 'Nobody has connected yet.',
    },
  ],
  columns: {
    seen: [
      time('time', 'at'),
      {
        title: 'what',
        show: (seen) => ({ text: seen.kind, tone: BAD.has(seen.kind) ? 'bad' : undefined }),
      },
      {
        title: 'where',
        kind: 'code',
        show: (seen) => plain(seen.connectionId ?? seen.triggerId),
      },
      { title: 'text', kind: 'code', show: (seen) => plain(TOLD[seen.kind]?.(seen)) },
      {
        title: 'to',
        show: (seen) => plain(TO[seen.kind]?.(seen)),
      },
      field('message id', 'messageId', 'code'),
    ],
  },
};

const topics = {
  id: 'topics',
  title: 'Topics',
  sources: ['topics'],
  tables: (tails) =>
    Object.entries(tails).map(([path, records]) => ({
      title: path,
      columns: 'record',
      rows: records.toReversed(),
      empty: 'Nothing was written to it yet.',
    })),
  columns: {
    record: [
      time('written', 'writtenAt'),
      field('partition', 'partition'),
      field('offset', 'offset'),
      field('record', 'text', 'code'),
    ],
  },
};

const functions = {
  id: 'functions',
  title: 'Functions',
  sources: ['calls'],
  tables: ({ calls, lines }) => [
    { title: 'Calls, newest first', columns: 'call', rows: calls.toReversed(), empty: 'No call yet.' },
    { title: 'Log, newest first', columns: 'line', rows: lines.toReversed(), empty: 'No line yet.' },
  ],
  columns: {
    call: [
      time('time', 'at'),
      field('function', 'functionId', 'code'),
      field('request id', 'requestId', 'code'),
      field('process', 'process'),
      { title: 'took', show: (call) => plain(call.millis === null ? 'running' : `${call.millis} ms`) },
      {
        title: 'outcome',
        show: (call) => (call.error ? { text: call.error, tone: 'bad' } : { text: call.millis === null ? '' : 'ok', tone: 'good' }),
      },
    ],
    line: [
      time('time', 'at'),
      field('function', 'functionId', 'code'),
      field('line', 'text', 'code'),
      { title: 'calls then', kind: 'code', show: (line) => plain(line.requestIds.join(' ')) },
    ],
  },
};

const KINDS = [
  ['Service accounts', 'serviceAccounts'],
  ['Databases', 'databases'],
  ['Topics', 'topics'],
  ['Functions', 'functions'],
  ['Versions', 'versions'],
  ['Gateways', 'gateways'],
  ['Triggers', 'triggers'],
  ['Access bindings', 'accessBindings'],
  ['Open sockets', 'connections'],
];

const resources = {
  id: 'resources',
  title: 'Resources',
  sources: ['state'],
  tables: (state) =>
    KINDS.map(([title, key]) => ({ title, columns: 'resource', rows: state[key] ?? [], empty: 'None.' })),
  columns: {
    resource: [
      {
        title: 'id',
        kind: 'code',
        show: (one) => plain(one.id ?? one.connectionId ?? one.path ?? one.resourceId),
      },
      { title: 'name', show: (one) => plain(one.name ?? one.roleId ?? one.description) },
      field('status', 'status'),
      { title: 'all of it', show: (one) => ({ text: '', json: one }) },
    ],
  },
};

const operations = {
  id: 'operations',
  title: 'Operations',
  sources: ['operations'],
  tables: (all) => [{ title: 'Newest first', columns: 'operation', rows: all, empty: 'None yet.' }],
  columns: {
    operation: [
      time('began', 'createdAt'),
      field('operation', 'description'),
      field('id', 'id', 'code'),
      {
        title: 'outcome',
        show: ({ done, error }) => {
          if (error) return { text: error.message, tone: 'bad' };
          return done ? { text: 'done', tone: 'good' } : { text: 'running' };
        },
      },
      { title: 'all of it', show: (operation) => ({ text: '', json: operation }) },
    ],
  },
};

const requests = {
  id: 'requests',
  title: 'Requests',
  sources: ['requests?last=200'],
  tables: (all) => [
    { title: 'The last 200 calls of the API and of YDB', columns: 'request', rows: all.toReversed(), empty: 'None yet.' },
  ],
  columns: {
    request: [
      time('time', 'at'),
      field('method', 'method'),
      field('path', 'path', 'code'),
      {
        title: 'status',
        show: ({ status }) => ({ ...plain(status ?? 'none'), tone: status >= 400 ? 'bad' : undefined }),
      },
      { title: 'request', show: ({ requestBody }) => ({ text: '', json: requestBody }) },
      { title: 'reply', show: ({ responseBody }) => ({ text: '', json: responseBody }) },
    ],
  },
};

export const sections = [messages, topics, functions, resources, operations, requests];
