/**
 * Aim: the verb `quarantine` shows what waits, makes punches of it in the terminal's own words, and says
 * in one line what it did, or what is missing; its bytes go into a file only on request.
 */

import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake, UnreadableIntake } from "#domain/intake.ts";
import { framed } from "../devices/fkweb/requests.ts";
import {
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  storedRawText,
} from "../support/test-storage.ts";
import { WebhookControl } from "../support/webhook-control.ts";

const BAD_TIME = '{"io_mode":1,"io_time":"20260230081504","user_id":"27","verify_mode":3}';
const UNREADABLE = { code: "body-not-json", reason: "realtime_glog: The text is not JSON" };
const SECRET = "TEMPLATE".repeat(100);

/** What a terminal sent; as storage gets it from the driver. */
function sent(
  text: string,
  { code, reason }: Pick<UnreadableIntake, "code" | "reason">,
  device?: string,
): ReceivedIntake {
  return {
    intake: {
      kind: "unreadable",
      deviceId: device === undefined ? undefined : deviceId(device),
      code,
      reason,
      raw: framed(text),
    },
    driver: "fkweb",
    remoteAddress: "192.0.2.7",
    receivedAtMs: RECEIVED_AT_MS,
  };
}

/** Entry 1: a punch of an impossible time; 2: no JSON; 3: readable by now; 4: of nobody. */
async function startWithEntries(): Promise<WebhookControl> {
  const control = await new WebhookControl().start();
  await control.storage.append([
    sent(BAD_TIME, { code: "bad-time", reason: "Punch time is none" }, "GATE1"),
    sent(`{"user_id":"28","fp":"${SECRET}"`, UNREADABLE, "GATE1"),
    sent(BAD_TIME.replace("0230", "0302"), UNREADABLE, "GATE1"),
    sent("{", { code: "no-device-id", reason: "realtime_glog: No dev_id" }),
  ]);
  return control;
}

const cells = (out: string) => out.split("\n").map((line) => line.split(/ {2,}/));

test("quarantine list shows what waits, newest first, and on request what was decided", async () => {
  await using control = await startWithEntries();
  await control.run("quarantine", "discard", "4");
  const { out, code } = await control.run("quarantine", "list", "--limit", "2");
  expect(code).toBe(0);
  expect(cells(out)).toEqual([
    ["ID", "STATUS", "RECEIVED", "TERMINAL", "CODE", "BYTES", "PUNCH", "REASON"],
    [
      "3",
      "waiting",
      "2026-03-02T09:00:00+08:00",
      "GATE1",
      "body-not-json",
      "77",
      "-",
      expect.any(String),
    ],
    [
      "2",
      "waiting",
      "2026-03-02T09:00:00+08:00",
      "GATE1",
      "body-not-json",
      "829",
      "-",
      expect.any(String),
    ],
    [expect.stringMatching(/^More: --after \S+$/)],
    [""],
  ]);
  const after = out.trim().split(" ").at(-1) ?? "";
  const rest = await control.run("quarantine", "list", "--after", after);
  expect(cells(rest.out).map(([id]) => id)).toEqual(["ID", "1", ""]);
  const all = await control.run("quarantine", "list", "--status", "all", "--json");
  expect(JSON.parse(all.out).entries.map(({ id }: { id: number }) => id)).toEqual([4, 3, 2, 1]);
  const bad = await control.run("quarantine", "list", "--code", "bad-time");
  expect(cells(bad.out)[1]?.slice(0, 5)).toEqual([
    "1",
    "waiting",
    "2026-03-02T09:00:00+08:00",
    "GATE1",
    "bad-time",
  ]);
  const none = await control.run("quarantine", "list", "--device", "GATE9");
  expect(none).toMatchObject({ code: 0, out: "There is no such entry\n" });
  const wrong = await control.run("quarantine", "list", "--status", "lost");
  expect(wrong.error).toContain("is not one of waiting, released, discarded");
});

test("quarantine show tells what can be told, and writes the bytes only where it is told to", async () => {
  await using control = await startWithEntries();
  const folder = mkdtempSync(join(tmpdir(), "quarantine-"));
  const file = join(folder, "raw.bin");
  const shown = await control.run("quarantine", "show", "2");
  expect(shown.out).toContain("user_id: 28");
  expect(shown.out).not.toContain("TEMPLATE");
  const written = await control.run("quarantine", "show", "2", "--raw", file);
  expect(written.code).toBe(0);
  expect(written.out).not.toContain("TEMPLATE");
  const bytes = Buffer.from(framed(`{"user_id":"28","fp":"${SECRET}"`));
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await control.run("quarantine", "show", "1", "--raw", file);
  expect(again).toMatchObject({ code: 1, error: expect.stringContaining("there is such a file") });
  expect(readFileSync(file).length).toBe(829);
  rmSync(folder, { recursive: true });
  const unknown = await control.run("quarantine", "show", "9");
  expect(unknown.error).toBe(
    "error: Cannot show entry 9: No entry of the quarantine has this id\n" +
      "hint: See: biometric-server quarantine --help\n",
  );
});

test("quarantine supply makes a punch of the record with what was missing", async () => {
  await using control = await startWithEntries();
  const time = ["--time", "2026-03-02 08:15:04"];
  const done = await control.run("quarantine", "supply", "1", ...time);
  expect(done).toMatchObject({ code: 0, out: "Entry 1: punch 1000001\n" });
  expect(await readFeed(control.storage)).toMatchObject([
    {
      deviceId: "GATE1",
      userId: "27",
      wallTime: "20260302081504",
      wallTimeText: "20260230081504",
      directionCode: "1",
      verifyModeCode: "3",
      origin: "supplied",
    },
  ]);
  expect(storedRawText(control.opened, 1_000_001)).toBe(BAD_TIME);
  const second = await control.run("quarantine", "supply", "1", ...time);
  expect(second.code).toBe(1);
  expect(second.error).toContain(
    "Cannot release entry 1: It was already released as punch 1000001, by operator",
  );
  const discarded = await control.run("quarantine", "discard", "1");
  expect(discarded.error).toContain("was already released as punch 1000001");
});

test("quarantine supply says what is missing, and takes a record that nobody can read", async () => {
  await using control = await startWithEntries();
  const nothing = await control.run("quarantine", "supply", "2");
  expect(nothing.error).toContain("Supply a user, a time, or that it replaces a punch");
  const userAlone = await control.run("quarantine", "supply", "2", "--user", "28");
  expect(userAlone.error).toContain("Punch has no time. Supply the time (--time)");
  const noTime = await control.run("quarantine", "supply", "2", "--user", "28", "--time", "noon");
  expect(noTime.error).toContain('"noon" is not of the form YYYYMMDDhhmmss');
  const supplied = ["--user", "28", "--time", "20260302081505"];
  const elsewhere = await control.run("quarantine", "supply", "2", ...supplied, "--device", "G2");
  expect(elsewhere.error).toContain('It came of terminal "GATE1"');
  expect(await control.run("quarantine", "supply", "2", ...supplied)).toMatchObject({ code: 0 });
  expect(await readFeed(control.storage)).toMatchObject([
    { userId: "28", directionCode: undefined },
  ]);
  // Its template is no part of what the terminal said of the punch.
  const raw = storedRawText(control.opened, 1_000_001);
  expect(raw).toStartWith('{"user_id":"28"');
  expect(raw).not.toContain("TEMPLATE");

  const whose = await control.run("quarantine", "supply", "4", ...supplied);
  expect(whose.error).toContain("Nobody knows which terminal sent it");
  const stranger = await control.run("quarantine", "supply", "4", ...supplied, "--device", "G2");
  expect(stranger.error).toContain('No terminal has the id "G2"');
  const known = await control.run("quarantine", "supply", "4", ...supplied, "--device", "GATE1");
  expect(known.out).toBe("Entry 4: punch 1000001, which was stored already\n");
});

test("quarantine supply lets another record of the second count, or several of one entry", async () => {
  await using control = await startWithEntries();
  const { storage } = control;
  await storage.append([punchesFrom("GATE1", [rawPunch("27", "20260302081504")])]);
  const other = BAD_TIME.replace("0230", "0302").replace('"verify_mode":3', '"verify_mode":20');
  const why = "Punch 1000001 has the same user and second and other codes";
  await storage.append([sent(other, { code: "same-second", reason: why }, "GATE1")]);
  const retried = await control.run("quarantine", "retry", "5");
  expect(retried.error).toContain(
    "Let it replace that punch (--replace), supply another user or time, or discard",
  );
  const replaced = await control.run("quarantine", "supply", "5", "--replace");
  expect(replaced.out).toBe("Entry 5: punch 1000001, in the place of the record before\n");
  expect(await readFeed(storage)).toMatchObject([{ verifyModeCode: "20", revision: 2 }]);

  const given = ["--time", "20260302081504", "--user"];
  const more = await control.run("quarantine", "supply", "2", ...given, "1", "--more");
  expect(more.out).toBe("Entry 2: punch 1000002; it waits for what else is in it\n");
  const last = await control.run("quarantine", "supply", "2", ...given, "2", "--json");
  expect(JSON.parse(last.out)).toEqual({
    id: 2,
    status: "released",
    punches: [{ punch_id: 1_000_003, fate: "stored" }],
    kept_count: 0,
  });
});

test("quarantine retry reads one once more, or all that waits, and tells what still does", async () => {
  await using control = await startWithEntries();
  const one = await control.run("quarantine", "retry", "2");
  expect(one.code).toBe(1);
  expect(one.error).toContain(
    "Cannot release entry 2: It still cannot be read: realtime_glog: The text is not JSON. Supply",
  );
  const all = await control.run("quarantine", "retry", "--all");
  expect(all).toMatchObject({
    code: 0,
    out:
      "Entry 3: punch 1000001\n" +
      "1 released; still waiting: 1 bad-time, 1 body-not-json, 1 no-device-id\n",
  });
  expect(await readFeed(control.storage)).toMatchObject([{ userId: "27", origin: "live" }]);
  const json = await control.run("quarantine", "retry", "--all", "--code", "bad-time", "--json");
  expect(JSON.parse(json.out)).toEqual({ released: [], waiting: [{ id: 1, code: "bad-time" }] });
  for (const argv of [["retry"], ["retry", "1", "--all"]]) {
    expect((await control.run("quarantine", ...argv)).code).toBe(2);
  }
  expect((await control.run("quarantine", "retry", "one")).code).toBe(2);
});

test("quarantine retry --all goes through everything, however much it is", async () => {
  await using control = await new WebhookControl().start();
  const records = Array.from({ length: 120 }, (_, index) => {
    const second = String(index % 60).padStart(2, "0");
    const text = `{"user_id":"${index}","io_time":"202603020815${second}"}`;
    return sent(text, UNREADABLE, "GATE1");
  });
  await control.storage.append(records);
  const { out } = await control.run("quarantine", "retry", "--all");
  expect(out).toEndWith("120 released; nothing waits\n");
  const users = (await readFeed(control.storage)).map(({ userId }) => Number(userId));
  expect(users).toEqual(Array.from({ length: 120 }, (_, index) => index));
});

test("quarantine says that no server answers", async () => {
  const control = await new WebhookControl().start();
  await control[Symbol.asyncDispose]();
  const { code, error } = await control.run("quarantine", "list");
  expect(code).toBe(1);
  expect(error).toContain("Cannot reach the server");
});
