/** Aim: whatever goes wrong, the client gets the right status and shape, and never our own words. */

import { describe, expect, test } from "bun:test";
import { AppError } from "#base/app-error.ts";
import { ApiFixture, field } from "./api-fixture.ts";

describe("an unknown path", () => {
  test.each(["/nope", "/api/biometric/logs/", "/healthz/", "//", "/api/server"])(
    "is 404 in the original's shape: %s",
    async (path) => {
      const answer = await new ApiFixture().call(path);
      expect(answer.status).toBe(404);
      expect(answer.json).toEqual({ error: "Not Found", message: "No such path" });
    },
  );

  test.each(["/v1/nope", "/v1/punches/", "/v1/punches//", "/v1/punches/1/", "/v1//1"])(
    "is 404 as a problem under /v1: %s",
    async (path) => {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const answer = await new ApiFixture().call(path, { method });
        expect([method, answer.status]).toEqual([method, 404]);
        expect(answer.json).toMatchObject({ code: "not-found", status: 404 });
      }
    },
  );
});

describe("another method", () => {
  test.each([
    ["POST", "/api/biometric/logs", "GET, HEAD, OPTIONS"],
    ["GET", "/api/auth/token", "OPTIONS, POST"],
    ["DELETE", "/v1/punches/1", "GET, HEAD, OPTIONS"],
  ])("is 405 with Allow: %s %s", async (method, path, allow) => {
    const answer = await new ApiFixture().call(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
  });

  test("OPTIONS is 200 with Allow and no body", async () => {
    const answer = await new ApiFixture().call("/v1/punches", { method: "OPTIONS" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    expect(answer.text).toBe("");
  });

  test("HEAD is the GET without its body", async () => {
    const answer = await new ApiFixture().call("/healthz", { method: "HEAD" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });
});

describe("a failure of our own", () => {
  test("is 500 without the exception's text, which is logged", async () => {
    const fixture = new ApiFixture({
      readiness: async () => {
        throw new Error("/secret/path broke");
      },
    });
    const answer = await fixture.call("/readyz");
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("secret");
    expect(fixture.log.of("api.failed")).toMatchObject([
      { fields: { method: "GET", path: "/readyz", error: "/secret/path broke" } },
    ]);
  });

  test("is 503 with what to do where the database takes nothing, but for the original's paths", async () => {
    const fixture = new ApiFixture();
    const hint = 'The disk is full: free space with "df -h"';
    const fail = async () => {
      throw new AppError("storage-write-failed", "Cannot read it: SQLITE_FULL", { hint });
    };
    fixture.storage.listDevices = fail;
    const problem = await fixture.get("/v1/devices");
    expect([problem.status, problem.headers.get("retry-after"), problem.json]).toMatchObject([
      503,
      "60",
      { code: "storage-unavailable", detail: `The database cannot be used now. ${hint}` },
    ]);
    expect((await fixture.get("/api/biometric/devices")).status).toBe(500);
    expect(fixture.log.of("api.failed")).toMatchObject([
      { fields: { path: "/v1/devices", error: "Cannot read it: SQLITE_FULL" } },
      { fields: { path: "/api/biometric/devices" } },
    ]);
  });

  test("is 500 when an answer does not fit its schema, without the answer in the log", async () => {
    const fixture = new ApiFixture({
      webhookFigures: () => ({
        enabled: true,
        url: "http://hris.example/private",
        mode: "sync",
        rateLimit: 1.5,
        timeoutSeconds: 30,
        retryEnabled: true,
      }),
    });
    const answer = await fixture.get("/api/biometric/status");
    expect(answer.status).toBe(500);
    expect(field(answer.json, "error")).toBe("Internal Server Error");
    expect(fixture.log.of("api.failed")).toHaveLength(1);
    expect(JSON.stringify(fixture.log.lines)).not.toContain("private");
  });
});

test("every answer carries the security headers", async () => {
  const fixture = new ApiFixture();
  for (const path of ["/healthz", "/nope", "/api/biometric/logs", "/v1/punches", "/swagger"]) {
    for (const answer of [await fixture.call(path), await fixture.get(path)]) {
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("content-security-policy")).toStartWith("default-src 'none'");
      expect(answer.headers.get("cache-control")).toMatch(/no-store|no-cache/);
    }
  }
});
