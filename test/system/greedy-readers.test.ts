/**
 * Aim: clients that read everything as fast as they can take turns with the terminals: a punch is
 * acknowledged while they read.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const PUNCHES = 6_000;
const READERS = 8;

test("punches are acknowledged while 8 clients read all of /api/biometric/logs", async () => {
  await using server = await startServer();
  const fleet = ["--terminals", "6", "--punches", String(PUNCHES / 6), "--keep-alive"];
  expect(await simulate(server, ...fleet)).toMatchObject({ acknowledged: PUNCHES });
  await server.token();

  const firstAnswer = Promise.withResolvers<void>();
  let readCount = 0;
  const readers = Array.from({ length: READERS }, async () => {
    const response = await server.get("/api/biometric/logs");
    firstAnswer.resolve();
    const answer: { returned: number } = JSON.parse(await response.text());
    readCount += 1;
    return answer.returned;
  });
  await firstAnswer.promise;
  for (const second of ["01", "02", "03"]) {
    const punch = { device: "GATE1", user: "27", wallTime: `202603020815${second}` };
    expect(await sendWhole(server.terminalPort, punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
    expect(readCount).toBe(0);
  }
  for (const returned of await Promise.all(readers))
    expect(returned).toBeGreaterThanOrEqual(PUNCHES);
});
