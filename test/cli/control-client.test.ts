/** Aim: who waits for the server is told whether it is away, or does not get round to an answer. */

import { expect, test } from "bun:test";
import { unanswered } from "#cli/control-client.ts";

const PATH = "/run/biometric-server/control.sock";

/** What `fetch` throws of a signal that ends it. */
async function timeoutOf(): Promise<unknown> {
  const server = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => undefined) });
  try {
    return await fetch(server.url, { signal: AbortSignal.timeout(1) }).catch((error) => error);
  } finally {
    await server.stop(true);
  }
}

test("unanswered() tells a server that is away from one that does not answer in time", async () => {
  expect(unanswered(PATH, new Error("refused"))).toMatchObject({
    code: "control-unreachable",
    message: `Cannot reach the server on "${PATH}": it must be running`,
  });
  expect(unanswered(PATH, await timeoutOf())).toMatchObject({
    code: "control-unreachable",
    message: `Cannot wait any longer for the server on "${PATH}": it must answer`,
    hint: "What was asked for may be done yet: look into the server's log, then ask again",
  });
});
