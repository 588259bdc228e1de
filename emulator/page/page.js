// Shows what the emulator tells at /_emulator/…; changes nothing there.
import { sections } from './sections.js';

const EVERY_MS = 1000;
const status = document.querySelector('#status');
const search = document.querySelector('#search');
const nav = document.querySelector('nav');
const main = document.querySelector('main');

let shown = '';

function current() {
  const wanted = location.hash.slice(1);
  return sections.find((section) => section.id === wanted) ?? sections[0];
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text ?? '';
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(key, value);
  }
  return made;
}

function cell(column, row) {
  const { text, tone, json } = column.show(row);
  const classes = [column.kind, tone].filter(Boolean).join(' ');
  const made = element('td', text, { 'data-label': column.title, class: classes || undefined });
  if (json !== undefined && json !== null) {
    const details = element('details');
    details.append(element('summary', 'body'), element('pre', JSON.stringify(json, null, 2)));
    made.append(details);
  }
  return made;
}

function table(columns, rows) {
  const made = element('table');
  const head = element('tr');
  head.append(...columns.map((column) => element('th', column.title, { scope: 'col' })));
  const body = element('tbody');
  for (const row of rows) {
    const line = element('tr');
    line.append(...columns.map((column) => cell(column, row)));
    body.append(line);
  }
  const top = element('thead');
  top.append(head);
  made.append(top, body);
  return made;
}

function matches(row, words) {
  const text = JSON.stringify(row).toLowerCase();
  return words.every((word) => text.includes(word));
}

// A table is made anew only when it differs, so that opened details and a
// selection live through quiet times.
function render(section, tables) {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = tables.map((one) => ({
    ...one,
    rows: one.rows.filter((row) => matches(row, words)),
  }));
  const print = JSON.stringify([section.id, words, kept]);
  if (print === shown) return;
  shown = print;
  const parts = kept.flatMap(({ title, columns, rows, empty }) => [
    element('h2', `${title} (${rows.length})`),
    rows.length > 0
      ? table(section.columns[columns], rows)
      : element('p', words.length > 0 ? 'Nothing here matches.' : empty, { class: 'empty' }),
  ]);
  main.replaceChildren(...parts);
}

async function ask(name) {
  const answer = await fetch(name, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${name}: HTTP ${answer.status}`);
  return answer.json();
}

async function refresh() {
  const section = current();
  try {
    const [clock, ...answers] = await Promise.all(['clock', ...section.sources].map(ask));
    if (section !== current()) return;
    const ahead = clock.ahead === '0s' ? '' : `, ${clock.ahead} ahead of real time`;
    status.textContent = `live; the cloud's clock: ${clock.now.slice(0, 19)}Z${ahead}`;
    status.classList.remove('lost');
    render(section, section.tables(...answers));
  } catch (error) {
    status.textContent = `no answer (${error.message}); what is below may be old`;
    status.classList.add('lost');
  }
}

function turn() {
  const section = current();
  for (const link of nav.children) {
    if (link.hash.slice(1) === section.id) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  return refresh();
}

async function live() {
  await refresh();
  setTimeout(live, EVERY_MS);
}

nav.append(...sections.map(({ id, title }) => element('a', title, { href: `#${id}` })));
addEventListener('hashchange', turn);
search.addEventListener('input', refresh);
await turn();
live();
