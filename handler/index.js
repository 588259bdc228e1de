"use strict";

const { handle } = require("./handler.node");

let calls = 0;

// Whoever is told to end while it has calls answers them, and is ended by the
// cloud; an instance without a call ends at once, as Node.js does by itself.
process.on("SIGTERM", () => calls === 0 && process.exit(0));

exports.handler = async (event, context) => {
  const known = {
    token: context.token,
    requestId: context.requestId,
    remaining: context.getRemainingTimeInMillis?.(),
  };
  calls += 1;
  try {
    return JSON.parse(await handle(JSON.stringify(event), JSON.stringify(known)));
  } finally {
    calls -= 1;
  }
};
