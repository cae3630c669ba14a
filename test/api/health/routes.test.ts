/** Aim: health answers without a token and tells nothing of people or terminals. */

import { describe, expect, test } from "bun:test";
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
    const answer = await new ApiFixture({ readiness: async () => problems }).call("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.json).toEqual({ status: "not-ready", problems });
  });
});
