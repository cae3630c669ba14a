/** Aim: a receiver that takes nothing for a minute is seen until it answers; a hiccup is not seen. */

import { describe, expect, test } from "bun:test";
import { endpointId } from "#domain/webhook-endpoint.ts";
import { watchEndpoints } from "#webhooks/endpoint-watch.ts";
import { FakeClock } from "../support/fake-clock.ts";

const SECOND_MS = 1_000;

function build({ isEnabled = true } = {}) {
  const clock = new FakeClock();
  const figures = {
    state: "active" as "active" | "paused",
    lastResult: undefined as string | undefined,
    deliveredCount: 0,
    refusedCount: 0,
  };
  const look = watchEndpoints({
    clock,
    storage: {
      listEndpoints: async () => [
        {
          id: endpointId(2),
          name: "payroll",
          origin: "added",
          url: "http://payroll.test/",
          format: "standard",
          types: undefined,
          deviceIds: undefined,
          secret: "s",
          previousSecret: undefined,
          isEnabled,
          isFilling: false,
          unfilledCount: 0,
          createdAtMs: clock.nowMs(),
          waitingCount: 3,
          parkedCount: 0,
        },
      ],
    },
    dispatchers: { find: (id) => (id === 2 ? { figures: () => figures } : undefined) },
  });
  let open: readonly string[] = [];
  return {
    figures,
    /** Looks every 5 s for so long; what it saw last is told. */
    async lookFor(seconds: number): Promise<readonly string[]> {
      for (let passed = 0; passed < seconds; passed += 5) {
        await clock.advance(5 * SECOND_MS);
        const seen = await look((type, name) => open.includes(`${type} ${name}`));
        open = seen.map(({ type, subject }) => `${type} ${subject}`);
      }
      return open;
    },
    setOpen(told: readonly string[]) {
      open = told;
    },
    detail: async () => (await look(() => true))[0]?.detail,
  };
}

const PAUSED = ["endpoint-paused payroll"];

describe("watchEndpoints()", () => {
  test("sees a receiver that was paused for a minute, with why, until it answers", async () => {
    const { figures, lookFor, detail } = build();
    expect(await lookFor(300)).toEqual([]);
    figures.state = "paused";
    figures.lastResult = "connect ECONNREFUSED";
    expect(await lookFor(60)).toEqual([]);
    expect(await lookFor(5)).toEqual(PAUSED);
    expect(await detail()).toBe("It takes nothing: connect ECONNREFUSED");
    expect(await lookFor(3_600)).toEqual(PAUSED);
    figures.state = "active";
    figures.deliveredCount = 1;
    expect(await lookFor(5)).toEqual([]);
  });

  test("does not add up pauses between which it took something", async () => {
    const { figures, lookFor } = build();
    figures.state = "paused";
    for (let count = 1; count < 20; count += 1) {
      figures.deliveredCount = count;
      expect(await lookFor(55)).toEqual([]);
    }
  });

  test("goes on seeing one that takes a message now and then between long pauses", async () => {
    const { figures, lookFor } = build();
    figures.state = "paused";
    expect(await lookFor(65)).toEqual(PAUSED);
    figures.refusedCount = 1;
    expect(await lookFor(5)).toEqual(PAUSED);
  });

  test("holds what was told before a restart until there is an answer", async () => {
    const { figures, lookFor, setOpen } = build();
    setOpen(PAUSED);
    expect(await lookFor(20)).toEqual(PAUSED);
    figures.deliveredCount = 1;
    expect(await lookFor(5)).toEqual([]);
  });

  test("does not see one that is switched off", async () => {
    const { figures, lookFor } = build({ isEnabled: false });
    figures.state = "paused";
    expect(await lookFor(120)).toEqual([]);
  });
});
