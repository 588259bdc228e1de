'use strict';
// Calls a function's handler as its runtime does, and measures where it runs.
//
//   node driver.js <file with the handler>
//
// Each line of standard input is an order, answered by one line on standard
// output:
//   {"lanes": […], "calls", "token"}: each lane is an event, which is called
//   `calls` times, one after another, beside the other lanes; "#" in its body
//   stands for a number that no other call has.
//   {"times": microseconds of each call, "elapsed": microseconds of all,
//    "processor": microseconds that this process used, "memory": bytes,
//    "refused": the first answer that isn't good, or null}

const readline = require('node:readline');

const { handler } = require(process.argv[2]);
const REMAINING = 30_000;
let number = 0;

function microseconds(since) {
  return Number((process.hrtime.bigint() - since) / 1000n);
}

function isGood(reply) {
  return reply?.statusCode === 200 && !reply.body?.includes('"type":"ERROR"');
}

async function lane(event, order, found) {
  const context = {
    token: { access_token: order.token, expires_in: 43200, token_type: 'Bearer' },
    requestId: 'bench',
    getRemainingTimeInMillis: () => REMAINING,
  };
  for (let call = 0; call < order.calls; call += 1) {
    number += 1;
    const body = event.body?.replace('#', String(number));
    const began = process.hrtime.bigint();
    const reply = await handler({ ...event, body }, context);
    found.times.push(microseconds(began));
    if (!isGood(reply)) {
      found.refused ??= JSON.stringify(reply ?? null);
    }
  }
}

async function carryOut(order) {
  const found = { times: [], refused: null };
  const used = process.cpuUsage();
  const began = process.hrtime.bigint();
  await Promise.all(order.lanes.map((event) => lane(event, order, found)));
  found.elapsed = microseconds(began);
  const { user, system } = process.cpuUsage(used);
  found.processor = user + system;
  found.memory = process.memoryUsage.rss();
  return found;
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await carryOut(JSON.parse(line)))}\n`);
  }
  process.exit(0);
}

main();
