/**
 * Aim: on the executable, a user is forgotten once the operator has confirmed it, also by a receiver
 * that was away; and nobody else's message is lost for it.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { startServer } from "../support/running-server.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const PUNCHES = [
  { device: "GATE1", user: "27", wallTime: "20260302081500" },
  { device: "GATE1", user: "31", wallTime: "20260302081501" },
  { device: "GATE2", user: "0027", wallTime: "20260302171500" },
] as const;

test("users purge asks first, forgets the one, and is done with it after a restart", async () => {
  await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
  for (const punch of PUNCHES) {
    expect(await sendWhole(server.terminalPort, punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
  }
  expect(await server.run("users", "purge", "27")).toEqual({
    exitCode: 2,
    out: "",
    error:
      'error: Nothing was purged: user "27" was not confirmed\n' +
      "hint: Type the id when asked, or give --yes\n",
  });
  expect(await server.listPunches()).toHaveLength(3);

  const { exitCode, out } = await server.run("users", "purge", "027", "--yes");
  expect([exitCode, out]).toEqual([
    0,
    'User "27" is purged: 2 punches, 0 messages, 0 enrollments, 0 commands\n',
  ]);
  await server.kill();
  await server.start();
  expect((await server.listPunches()).map(({ user_id: user }) => user)).toEqual(["31"]);
  // Not who it was: the log is kept elsewhere, and longer.
  expect(server.logLines("user.purged")).toEqual([
    expect.stringMatching(/ user\.purged +punches=2 by=operator$/),
  ]);

  const audit = await server.run("audit");
  expect(audit.out).toMatch(
    /^TIME +WHO +DID +TO +DETAIL\n\S+ +operator +user\.purged +27 +punchCount=2 .*\n\S+ +operator +user\.purge-begun +27 +-\n$/,
  );
  const page = JSON.parse((await server.run("audit", "--limit", "1", "--json")).out);
  expect(page.entries).toMatchObject([{ action: "user.purged", detail: { punchCount: 2 } }]);
  const older = JSON.parse((await server.run("audit", "--after", page.next, "--json")).out);
  expect(older).toMatchObject({ entries: [{ action: "user.purge-begun" }], next: null });
  expect((await server.run("audit", "--after", "zz")).error).toBe(
    "error: Cannot show the audit: The cursor is not one that this server gave out\n",
  );

  const again = await server.run("users", "purge", "27", "--yes", "--json");
  expect(JSON.parse(again.out)).toMatchObject({ user_id: "27", punch_count: 0 });
  expect((await server.run("users", "purge", "x".repeat(65), "--yes")).error).toBe(
    `error: Cannot purge user "${"x".repeat(65)}": "user" must be the id of a user, at most 64 characters\n`,
  );
});

test("users purge takes back what a receiver that is away would get, and the next message goes", async () => {
  await using receiver = new HookReceiver();
  receiver.answer = 503;
  await using server = await startServer({
    settings: { ...receiver.settings, DEVICE_ENROLLMENT: "open", DEVICE_HISTORY_DAYS: "3650" },
  });
  const send = (punch: Parameters<typeof punchRequest>[0]) =>
    sendWhole(server.terminalPort, punchRequest(punch));
  expect(await send(PUNCHES[0])).toBe(ACKNOWLEDGEMENT);
  await eventually("the first try", () => receiver.hooks.length > 0);
  const purged = await server.run("users", "purge", "27", "--yes", "--json");
  expect(JSON.parse(purged.out)).toMatchObject({ punch_count: 1, delivery_count: 1 });
  expect(await send(PUNCHES[1])).toBe(ACKNOWLEDGEMENT);
  receiver.answer = 200;
  await eventually("a message", () => receiver.accepted.length > 0);
  const users = receiver.accepted.map(({ body }) => JSON.parse(body).logs[0].user_id);
  expect(users).toEqual(["31"]);
});
