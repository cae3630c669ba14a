/**
 * Aim: the range of users that an older revision wanted at the primary terminal (D5, defect 6) is an
 * option that marks and never refuses; with it the status has that revision's alignment.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { expectShape, PRIMARY, SECONDARY, Site } from "./contract-site.ts";
import { anyOf, int, type Shape } from "./shape.ts";

setDefaultTimeout(30_000);

const ALIGNMENT: Shape = {
  primary_device_id: PRIMARY,
  primary_device_name: "Primary Terminal (Users 1-8)",
  expected_users: [int],
  primary_device_users: [int],
  missing_users: [int],
  extra_users: [int],
  alignment_status: anyOf("PERFECT", "NEEDS_ATTENTION"),
};

interface Status {
  readonly alignment: Readonly<Record<string, unknown>>;
}

test("D5: with the range as an option, a punch of another user is stored, sent and marked", async () => {
  await using receiver = new HookReceiver();
  await using site = await Site.open({ ...receiver.settings, PRIMARY_DEVICE_USER_RANGE: "1-8" });
  const at = (device: string, user: string) => ({ device, user, time: "20260302081504" });
  await site.punch(at(PRIMARY, "7"), at(PRIMARY, "42"), at(SECONDARY, "43"));
  const { logs } = await site.read<{ logs: unknown[] }>("/api/biometric/logs");
  expect(logs).toMatchObject([
    { user_id: 43, outside_user_range: false },
    { user_id: 42, outside_user_range: true },
    { user_id: 7, outside_user_range: false },
  ]);
  await eventually("all three webhooks", () => receiver.accepted.length === 3);
  const { alignment } = await site.read<Status>("/api/biometric/status");
  expectShape(alignment, ALIGNMENT);
  expect(alignment).toMatchObject({
    expected_users: [1, 2, 3, 4, 5, 6, 7, 8],
    missing_users: [1, 2, 3, 4, 5, 6, 8],
    extra_users: [42],
    alignment_status: "NEEDS_ATTENTION",
  });
});

test("D5: when exactly the expected users have punched, the alignment is perfect", async () => {
  await using site = await Site.open({ PRIMARY_DEVICE_USER_RANGE: "1-3" });
  for (const user of ["1", "2", "3"]) {
    await site.punch({ device: PRIMARY, user, time: "20260302081504" });
  }
  const { alignment } = await site.read<Status>("/api/biometric/status");
  expect(alignment).toMatchObject({
    expected_users: [1, 2, 3],
    missing_users: [],
    extra_users: [],
    alignment_status: "PERFECT",
  });
});
