/** Aim: a user who is on a terminal is never written anew, and nobody is pushed who cannot be. */

import { expect, test } from "bun:test";
import { type PushedUser, planPush, type UserOnDevice } from "#domain/command-push.ts";
import { userId } from "#domain/identifiers.ts";

const ANA: PushedUser = { id: userId("27"), name: "Ana Cruz", isEnabled: undefined };

test.each([
  [
    {},
    undefined,
    { kind: "set-user", userId: "27", name: "Ana Cruz", isManager: false, isEnabled: true },
  ],
  [
    {},
    { userIdText: "00000027", name: undefined },
    { kind: "rename-user", userId: "00000027", name: "Ana Cruz" },
  ],
  [
    { name: " Ana B. " },
    { userIdText: "27", name: "Ana Cruz" },
    { kind: "rename-user", userId: "27", name: "Ana B." },
  ],
  [{}, { userIdText: "27", name: "Ana Cruz" }, "unchanged"],
  [{ isEnabled: false }, undefined, "disabled"],
  [{ name: undefined }, undefined, "no-name"],
  [{ name: "  " }, undefined, "no-name"],
  [{ id: userId("x".repeat(33)) }, undefined, "unfit"],
  [{ name: "A\u0007" }, undefined, "unfit"],
] as const)("planPush() of %j on a terminal that has %j", (change, known, plan) => {
  expect(planPush({ ...ANA, ...change }, known as UserOnDevice | undefined)).toEqual(plan as never);
});

test("planPush() cuts a long name between characters", () => {
  const plan = planPush({ ...ANA, name: `${"x".repeat(63)}😀` }, undefined);
  expect(plan).toMatchObject({ name: "x".repeat(63) });
});
