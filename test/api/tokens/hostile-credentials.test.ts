/**
 * Aim: whatever comes to the token endpoint or as a token, the answer is one of the documented ones
 * in the documented shape, never a failure of ours, and never a token or a page without the secret.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ApiFixture, CLIENT_SECRET, field } from "../api-fixture.ts";

const RUNS = { numRuns: 1_000 };
/** One fixture for all: many tries are refused by the limit, so time passes between them. */
const MINUTE_MS = 60_000;

const contentTypes = fc.oneof(
  fc.constantFrom("application/json", "application/json; charset=utf-8", "text/plain", ""),
  fc.string({ unit: fc.constantFrom(..."aj/;=+ on".split("")), maxLength: 30 }),
);

/** Bodies near the right one: fields of any kind, under the right names and others. */
const nearCredentials = fc
  .record(
    {
      client_id: fc.oneof(fc.constant("hris_system"), fc.jsonValue()),
      client_secret: fc.oneof(
        fc.jsonValue(),
        fc.nat(CLIENT_SECRET.length - 1).map((length) => CLIENT_SECRET.slice(0, length)),
        fc.constantFrom([CLIENT_SECRET], { value: CLIENT_SECRET }, `${CLIENT_SECRET}\u0000`),
      ),
      scope: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .map((credentials) => JSON.stringify(credentials));

const bodies = fc.oneof(
  nearCredentials,
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.tuple(nearCredentials, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1))),
);

describe("the token endpoint", () => {
  test("gives no token and never fails, whatever the body and its type", async () => {
    const fixture = new ApiFixture();
    await fc.assert(
      fc.asyncProperty(bodies, contentTypes, async (body, contentType) => {
        const answer = await fixture.requestToken(body, { "content-type": contentType });
        expect([400, 401, 415, 429]).toContain(answer.status);
        expect(Object.keys(Object(answer.json)).sort()).toEqual(["error", "message"]);
        expect(answer.text).not.toContain(CLIENT_SECRET);
        if (answer.status === 429) await fixture.clock.advance(MINUTE_MS);
      }),
      RUNS,
    );
    expect(fixture.log.of("api.failed")).toEqual([]);
    expect(JSON.stringify(fixture.log.lines)).not.toContain(CLIENT_SECRET);
  });
});

describe("the bearer gate", () => {
  const words = fc.oneof(
    fc.string({ unit: "grapheme-ascii" }),
    fc.string({ unit: fc.constantFrom(..."abc.-_= ".split("")) }),
  );

  test("lets no header pass but a token's", async () => {
    const fixture = new ApiFixture();
    const headers = fc.oneof(
      words,
      fc
        .tuple(fc.constantFrom("Bearer ", "bearer  ", "Basic ", "Bearer"), words)
        .map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(headers, async (authorization) => {
        const answer = await fixture.call("/api/biometric/logs", { headers: { authorization } });
        expect(answer.status).toBe(401);
        expect(field(answer.json, "error")).toBe("Unauthorized");
        expect(answer.headers.get("www-authenticate")).toStartWith("Bearer");
      }),
      RUNS,
    );
  });

  test("lets no token pass of which a letter was changed, added or taken", async () => {
    const fixture = new ApiFixture();
    const token = await fixture.token();
    const letters = fc.constantFrom(...`${token}=+/ é`.split(""));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.nat(2),
        fc.oneof(fc.constant(""), letters),
        async (at, taken, letter) => {
          const changed = token.slice(0, at) + letter + token.slice(at + taken);
          const answer = await fixture.call("/api/biometric/logs", {
            headers: { authorization: `Bearer ${changed}` },
          });
          fc.pre(!isSameToken(changed, token));
          expect(answer.status).toBe(401);
        },
      ),
      RUNS,
    );
  });
});

/** Base64 has letters whose last bits mean nothing, and headers lose blanks at their ends. */
function isSameToken(changed: string, token: string): boolean {
  const decode = (text: string) =>
    text
      .trim()
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString("hex"))
      .join(".");
  return decode(changed) === decode(token);
}
