/**
 * Aim: however long lists of users are, listing commands stays cheap, and a terminal keeps one of them
 * whole, the one that tells who is on it.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { Storage } from "#storage/storage.ts";
import { pollFrom, resultFrom } from "../support/terminal-intakes.ts";
import { openTestStorage, RECEIVED_AT_MS, type TestStorage } from "../support/test-storage.ts";

const users = Array.from({ length: 400 }, (_, index) => ({ user_id: `${1000 + index}` }));
const text = (list: number) => JSON.stringify({ user_count: list, users });
const parsed = (resultText: string | undefined) => JSON.parse(resultText ?? "null");

/** Has a terminal do something and say `OK`; gives the number of the command. */
async function run(
  storage: Storage,
  device: string,
  { kind = "list-users", said = "{}" }: { kind?: "list-users" | "get-status"; said?: string } = {},
): Promise<number> {
  const outcome = await storage.queueCommands({
    deviceId: deviceId(device),
    commands: [{ kind }],
    requestedBy: "operator",
    nowMs: RECEIVED_AT_MS,
    deadlineMs: epochMs(RECEIVED_AT_MS + 60_000),
  });
  if (outcome.kind !== "queued") throw new Error(outcome.kind);
  const id = outcome.commands[0]?.id ?? 0;
  const result = { commandIdText: `c-${id}`, text: said };
  await storage.append([pollFrom(device), resultFrom(device, result)]);
  return id;
}

/** Lists of users that were worked on, one after the other. */
async function settle(
  storage: Storage,
  problems: readonly (string | undefined)[],
  device = "GATE1",
): Promise<void> {
  for (const problem of problems) {
    const id = await run(storage, device);
    const settled = { commandId: id, users: [], resultText: text(id), problem };
    await storage.settleUserList({ ...settled, nowMs: RECEIVED_AT_MS });
  }
}

async function openWithGate(): Promise<TestStorage> {
  const opened = openTestStorage();
  await opened.storage.append([pollFrom("GATE1"), pollFrom("OTHER")]);
  return opened;
}

describe("the result of a long list", () => {
  test("stands in the command alone, and is left out where commands are listed", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    await run(storage, "GATE1", { kind: "get-status", said: '{"user_count":"4"}' });
    await settle(storage, [undefined]);
    expect(await storage.listCommands({}, 10)).toMatchObject([
      { id: 2, resultText: undefined, isResultLeftOut: true },
      { id: 1, resultText: '{"user_count":"4"}', isResultLeftOut: false },
    ]);
    const own = { resultText: text(2), isResultLeftOut: false };
    expect(await storage.findCommand(2)).toMatchObject(own);
  });

  test("is kept of the newest list; of older ones its counts stay", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    await settle(storage, [undefined], "OTHER");
    await settle(storage, [undefined, undefined]);
    expect((await storage.findCommand(1))?.resultText).toBe(text(1));
    expect(parsed((await storage.findCommand(2))?.resultText)).toEqual({ user_count: 2 });
    expect((await storage.findCommand(3))?.resultText).toBe(text(3));
  });

  test("is kept of the last good one, too, while the newest is not", async () => {
    using opened = await openWithGate();
    const { storage } = opened;
    await settle(storage, [undefined, "It was cut", "It was cut"]);
    expect((await storage.findCommand(1))?.resultText).toBe(text(1));
    expect(parsed((await storage.findCommand(2))?.resultText)).toEqual({ user_count: 2 });
    expect((await storage.findCommand(3))?.resultText).toBe(text(3));
  });
});
