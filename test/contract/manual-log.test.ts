/**
 * Aim: `POST /api/biometric/manual-log` is what contract 3.1 says of it: a punch like any other,
 * told with its stored direction, and refused in its own words.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import {
  type CallOptions,
  expectRow,
  type Row,
  readJson,
  SECONDARY,
  Site,
  siteWallTime,
} from "./contract-site.ts";
import { anyOf, flag, int, matching, type Shape, text, timeText, words } from "./shape.ts";

setDefaultTimeout(30_000);

const ASK = "POST /api/biometric/manual-log";
const JSON_TYPE = { "Content-Type": "application/json" };

const SAVED: Shape = {
  success: true,
  user_id: int,
  direction: anyOf("IN", "OUT"),
  device_id: text,
  timestamp: timeText,
  is_duplicate: flag,
  log_type: anyOf("NEW", "DUP"),
};

/** Here the text is in `error`, and there is no `message`. */
function refused(error: Shape): Shape {
  return { success: false, error };
}

function given(json: unknown): CallOptions {
  return { json };
}

const REFUSED: readonly Row[] = [
  { what: "{}", ask: ASK, with: given({}), status: 400, shape: refused("No data") },
  { what: "null", ask: ASK, with: given(null), status: 400, shape: refused("No data") },
  {
    what: "no user_id",
    ask: ASK,
    with: given({ device_id: SECONDARY }),
    status: 400,
    shape: refused("Missing user_id or device_id"),
  },
  {
    what: "an empty device_id",
    ask: ASK,
    with: given({ user_id: 7, device_id: "" }),
    status: 400,
    shape: refused("Missing user_id or device_id"),
  },
  {
    what: "a word as user_id",
    ask: ASK,
    with: given({ user_id: "abc" }),
    status: 400,
    shape: refused("Invalid user_id format: abc (expected integer)"),
  },
  {
    what: "a fraction as user_id",
    ask: ASK,
    with: given({ user_id: "7.5" }),
    status: 400,
    shape: refused("Invalid user_id format: 7.5 (expected integer)"),
  },
  // 500 in the original, with the text of the exception.
  {
    what: "malformed JSON",
    ask: ASK,
    with: { body: '{"user_id":7', headers: JSON_TYPE },
    status: 400,
    shape: refused(words),
  },
  { what: "no body", ask: ASK, status: 400, shape: refused(words) },
  {
    what: "a numeric timestamp",
    ask: ASK,
    with: given({ user_id: 7, timestamp: 20260302081504 }),
    status: 400,
    shape: refused(words),
  },
  {
    what: "a list as user_id",
    ask: ASK,
    with: given({ user_id: [7] }),
    status: 400,
    shape: refused(matching(/^Invalid user_id format: .*\(expected integer\)$/)),
  },
  { what: "a list", ask: ASK, with: given([7]), status: 400, shape: refused(words) },
  {
    what: "a timestamp that is no time",
    ask: ASK,
    with: given({ user_id: 7, timestamp: "20261345000000" }),
    status: 400,
    shape: refused(words),
  },
];

interface Saved {
  readonly device_id: string;
  readonly direction: string;
  readonly timestamp: string;
  readonly is_duplicate: boolean;
  readonly log_type: string;
}

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterAll(() => site[Symbol.asyncDispose]());

describe(ASK, () => {
  test.each(REFUSED)("$what: $status, and nothing changes", async (row) => {
    const before = await site.read<unknown>("/api/hris/logs");
    await expectRow(site, row);
    expect(await site.read<unknown>("/api/hris/logs")).toEqual(before);
  });

  test("saves a punch that is read like any other, and tells a duplicate with the stored direction", async () => {
    await using own = await Site.open();
    const json = { user_id: 7, timestamp: "20260302081504", verify_mode: 3, io_mode: 1 };
    const saved = await post(own, json);
    expect(saved).toMatchObject({
      user_id: 7,
      direction: "IN",
      timestamp: "2026-03-02 08:15:04",
      is_duplicate: false,
      log_type: "NEW",
    });
    // Defect 14: the original told the next direction and sent it on.
    expect(await post(own, json)).toEqual({ ...saved, is_duplicate: true, log_type: "DUP" });
    // Text like a number is one, and the direction alternates with the terminals' punches.
    const text = { user_id: "7", timestamp: "20260302101504" };
    expect(await post(own, text)).toMatchObject({ user_id: 7, direction: "OUT", log_type: "NEW" });
    await own.punch({ device: SECONDARY, user: "7", time: "20260302111504" });
    const { logs } = await own.read<{ logs: unknown[] }>("/api/biometric/logs");
    expect(logs).toMatchObject([
      { user_id: 7, timestamp: "20260302111504", direction: "in", device_id: SECONDARY },
      { user_id: 7, timestamp: "20260302101504", direction: "out" },
      {
        user_id: 7,
        timestamp: "20260302081504",
        direction: "in",
        verification_method: "ID Card",
        datetime_utc: "2026-03-02 00:15:04",
      },
    ]);
  });

  test("without a timestamp it is now in the site's time", async () => {
    await using own = await Site.open();
    const from = siteWallTime();
    const { timestamp } = await post(own, { user_id: 7 });
    const saved = timestamp.replace(/\D/g, "");
    expect(saved >= from && saved <= siteWallTime()).toBe(true);
  });

  test("at a terminal that is named it is that terminal's punch, and a webhook goes out", async () => {
    await using receiver = new HookReceiver();
    await using own = await Site.open(receiver.settings);
    await own.punch({ device: SECONDARY, user: "7", time: "20260302081504" });
    const entered = { user_id: 7, device_id: SECONDARY, timestamp: "20260302171504" };
    const saved = await post(own, entered);
    expect(saved).toMatchObject({ device_id: SECONDARY, direction: "OUT", log_type: "NEW" });
    // The terminal's own record of it, and of the first one by hand, are the same punches.
    const again = await post(own, { ...entered, timestamp: "20260302081504", verify_mode: 1 });
    expect(again).toMatchObject({ direction: "IN", is_duplicate: true, log_type: "DUP" });
    const { logs } = await own.read<{ logs: unknown[] }>("/api/biometric/logs");
    expect(logs).toMatchObject([
      { device_id: SECONDARY, timestamp: "20260302171504", direction: "out" },
      { device_id: SECONDARY, timestamp: "20260302081504", direction: "in" },
    ]);
    await eventually("both webhooks", () => receiver.hooks.length === 2);
    expect(JSON.parse(receiver.hooks[1]?.body ?? "")).toMatchObject({
      logs: [{ user_id: "7", timestamp: "20260302171504", direction: "OUT" }],
    });
  });

  test("the answer names the device of the stored punch", async () => {
    await using own = await Site.open();
    const saved = await post(own, { user_id: 7, timestamp: "20260302081504" });
    const { logs } = await own.read<{ logs: { device_id: string }[] }>("/api/biometric/logs");
    expect(logs).toMatchObject([{ device_id: saved.device_id }]);
  });
});

async function post(to: Site, json: unknown): Promise<Saved> {
  const row: Row = { what: "saved", ask: ASK, with: { json }, status: 200, shape: SAVED };
  return readJson<Saved>(await expectRow(to, row));
}
