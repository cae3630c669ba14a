/**
 * Aim: no address gets more than 10 wrong secrets looked at in a minute by changing names, and no
 * secret is looked at more often by being repeated.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GuessLimit, type TokenTry } from "#api/tokens/guess-limit.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function attempt(change: Partial<Omit<TokenTry, "secretSha256">> & { secret?: string }): TokenTry {
  const { address = "192.0.2.7", name = "hris_system", isNamed = false, secret = "" } = change;
  const secretSha256 = new Bun.CryptoHasher("sha256").update(secret).digest();
  return { address, name, isNamed, secretSha256 };
}

/** Makes a try if it may be made; returns whether it was. */
function tryWrong(limit: GuessLimit, one: TokenTry): boolean {
  if (limit.waitMs(one) > 0) return false;
  limit.recordWrong(one);
  return true;
}

const MINUTE_MS = 60_000;

function countWithinMinute(timesMs: readonly number[], fromMs: number): number {
  return timesMs.filter((timeMs) => timeMs >= fromMs && timeMs < fromMs + MINUTE_MS).length;
}

describe("GuessLimit", () => {
  test("looks at 10 new secrets of an address in any minute, and at each 10 times", async () => {
    const tries = fc.array(
      fc.record({ name: fc.string(), secret: fc.nat(30).map(String), pauseMs: fc.nat(6_000) }),
      { maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(tries, async (sequence) => {
        const clock = new FakeClock();
        const limit = new GuessLimit(clock);
        const looks = new Map<string, number[]>();
        for (const { name, secret, pauseMs } of sequence) {
          await clock.advance(pauseMs);
          if (!tryWrong(limit, attempt({ name, secret }))) continue;
          looks.set(secret, [...(looks.get(secret) ?? []), clock.monotonicMs()]);
        }
        const firstLooks = [...looks.values()].map(([first = 0]) => first);
        for (const timesMs of [firstLooks, ...looks.values()]) {
          for (const fromMs of timesMs) {
            expect(countWithinMinute(timesMs, fromMs)).toBeLessThanOrEqual(10);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("counts each address by itself", () => {
    const limit = new GuessLimit(new FakeClock());
    for (let guess = 0; guess < 10; guess += 1) {
      tryWrong(limit, attempt({ secret: String(guess) }));
    }
    expect(limit.waitMs(attempt({ secret: "right" }))).toBe(MINUTE_MS);
    expect(limit.waitMs(attempt({ secret: "right", address: "192.0.2.8" }))).toBe(0);
  });

  test("forgets of the names that were right those longest ago, beyond 10,000", () => {
    const limit = new GuessLimit(new FakeClock());
    const right = (index: number) => attempt({ name: `client-${index}` });
    for (let index = 0; index < 10_000; index += 1) limit.recordRight(right(index));
    // The first is right once more, so that the second is the one of longest ago.
    limit.recordRight(right(0));
    limit.recordRight(right(10_000));
    for (let guess = 0; guess < 10; guess += 1) {
      tryWrong(limit, attempt({ name: "nobody", secret: String(guess) }));
    }
    const isLocked = [0, 1, 2, 10_000].map((index) => limit.waitMs(right(index)) > 0);
    expect(isLocked).toEqual([false, true, false, false]);
  });

  test("counts a name that the site gave, or that was right once, by itself", () => {
    const limit = new GuessLimit(new FakeClock());
    limit.recordRight(attempt({ name: "served", secret: "right" }));
    for (let guess = 0; guess < 10; guess += 1) {
      tryWrong(limit, attempt({ name: `name ${guess}`, secret: String(guess) }));
    }
    expect(limit.waitMs(attempt({ name: "new" }))).toBe(MINUTE_MS);
    for (const known of [{ name: "served" }, { name: "given", isNamed: true }]) {
      let looks = 0;
      for (let guess = 0; guess < 20; guess += 1) {
        if (tryWrong(limit, attempt({ ...known, secret: String(guess) }))) looks += 1;
      }
      expect(looks).toBe(10);
    }
    const elsewhere = { name: "served", address: "192.0.2.8" };
    for (let guess = 0; guess < 10; guess += 1) {
      tryWrong(limit, attempt({ ...elsewhere, name: "x", secret: String(guess) }));
    }
    expect(limit.waitMs(attempt(elsewhere))).toBe(MINUTE_MS);
  });
});
