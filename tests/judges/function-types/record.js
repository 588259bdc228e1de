'use strict';
// Keeps the event and the context of every call; a call with "recorded" returns
// them. What a function of the context returns stands in its place, marked.

const recorded = [];

const told = (context) =>
  Object.fromEntries(
    Object.entries(context).map(([name, value]) => [
      name,
      typeof value === 'function' ? { $function: value() } : value,
    ]),
  );

exports.handler = async (event, context) => {
  if (event === 'recorded') {
    return recorded;
  }
  recorded.push({ event, context: told(context) });
  return { statusCode: 200, headers: { 'Content-Type': 'application/json' }, body: '{}' };
};
