/** Aim: health answers without a token and tells nothing of people or terminals. */

import { describe, expect, test } from "bun:test";
import type { Readiness } from "#api/health/routes.ts";
import { ApiFixture } from "../api-fixture.ts";

test("GET /healthz says that the process lives, and nothing else", async () => {
  const answer = await new ApiFixture().call("/healthz");
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({ status: "alive" });
});

describe("GET /readyz", () => {
  test("answers 200 when nothing is wrong", async () => {
    const answer = await new ApiFixture().call("/readyz");
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ status: "ready" });
  });

  test("answers 503 with the reasons", async () => {
    const problems = [{ code: "storage-full", message: "The disk is full" }];
    const answer = await new ApiFixture({
      readiness: async () => ({ problems, notes: [] }),
    }).call("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.json).toEqual({ status: "not-ready", problems });
  });

  test("tells what is to be noted, and is as ready as without", async () => {
    const notes = [{ code: "own-clock-untrusted", message: "Nothing says that it is right" }];
    const problems = [{ code: "storage-full", message: "The disk is full" }];
    const ask = (readiness: Readiness) =>
      new ApiFixture({ readiness: async () => readiness }).call("/readyz");
    const ready = await ask({ problems: [], notes });
    expect([ready.status, ready.json]).toEqual([200, { status: "ready", notes }]);
    const unready = await ask({ problems, notes });
    expect([unready.status, unready.json]).toEqual([503, { status: "not-ready", problems, notes }]);
  });
});
