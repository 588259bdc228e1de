'use strict';
// Runs one instance of a function: loads its handler once, then serves calls
// until the channel closes.
//
//   node bootstrap.js <file with the handler> <name of the handler>
//
// The channel is a socket in the place of standard input. Both sides write
// one JSON object a line:
//   to us:   {"id", "event", "context": {…, "timeoutMillis"}}
//   from us: {"kind": "ready"} or {"kind": "failed", "error"} once, then
//            {"kind": "result", "id", "result"}, {"kind": "error", "id", "error"}
//            or {"kind": "malformed", "id", "payload"} for each call
// Standard output and standard error are the function's log.

const net = require('node:net');
const { pathToFileURL } = require('node:url');

const [file, name] = process.argv.slice(2);
const channel = new net.Socket({ fd: 0, readable: true, writable: true });

// Whoever started us is gone: so are we.
channel.on('error', () => process.exit(1));
channel.on('close', () => process.exit(0));

function send(frame) {
  channel.write(`${JSON.stringify(frame)}\n`);
}

function describe(thrown) {
  if (!(thrown instanceof Error)) {
    return { errorMessage: String(thrown), errorType: typeof thrown };
  }
  const stack = (thrown.stack ?? '').split('\n').slice(1);
  return {
    errorMessage: thrown.message,
    errorType: thrown.name,
    stackTrace: stack.map((line) => line.trim()),
  };
}

async function loadModule() {
  try {
    return require(file);
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM' && error.code !== 'ERR_REQUIRE_ASYNC_MODULE') {
      throw error;
    }
    return import(pathToFileURL(file));
  }
}

async function loadHandler() {
  const loaded = await loadModule();
  const handler = loaded[name] ?? loaded.default?.[name];
  if (typeof handler !== 'function') {
    throw new Error(`${file} exports no function ${name}`);
  }
  return handler;
}

function contextOf({ timeoutMillis, ...known }, event) {
  const deadline = Date.now() + timeoutMillis;
  return {
    ...known,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    getPayload: () => event,
  };
}

function sendResult(id, result) {
  let text;
  try {
    text = JSON.stringify(result ?? null);
  } catch {
    text = undefined;
  }
  if (text === undefined) {
    send({ kind: 'malformed', id, payload: String(result) });
  } else {
    channel.write(`{"kind":"result","id":${id},"result":${text}}\n`);
  }
}

async function serve(handler, { id, event, context }) {
  let result;
  try {
    result = await handler(event, contextOf(context, event));
  } catch (thrown) {
    send({ kind: 'error', id, error: describe(thrown) });
    return;
  }
  sendResult(id, result);
}

function listen(handler) {
  let parts = [];
  channel.setEncoding('utf8');
  channel.on('data', (chunk) => {
    const lines = chunk.split('\n');
    const rest = lines.pop();
    for (const line of lines) {
      parts.push(line);
      serve(handler, JSON.parse(parts.join('')));
      parts = [];
    }
    parts.push(rest);
  });
}

loadHandler().then(
  (handler) => {
    listen(handler);
    send({ kind: 'ready' });
  },
  (thrown) => {
    send({ kind: 'failed', error: describe(thrown) });
    channel.end();
  },
);
