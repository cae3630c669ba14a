/**
 * Aim: whatever JSON a sync brings, it is never answered with a failure of ours; what is refused
 * changes nothing, and what is stored is read back as it was sent.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { canonicalUserId } from "#domain/punch-identity.ts";
import { userNumber } from "#domain/user-number.ts";
import { field, listField } from "../../api-fixture.ts";
import { StoredApi } from "../../stored-api.ts";

const PATH = "/api/biometric/sync";
const RUNS = { numRuns: 300 };

/** Texts with what breaks naive code in them. */
const oddText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "",
    " ",
    "\0",
    "a\nb",
    "\ud800",
    "__proto__",
    "constructor",
    "'; DROP TABLE users",
  ),
);
const anyJson = fc.jsonValue({ maxDepth: 4, stringUnit: "binary" });

/** Users that are good in one field and anything in another. */
const anyUser = fc.oneof(
  { weight: 1, arbitrary: anyJson },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        user_id: fc.oneof(
          fc.integer({ min: -2, max: 12 }),
          fc.stringMatching(/^0{0,2}[0-9a-z]{1,2}$/),
          anyJson,
        ),
        name: fc.oneof(fc.string(), oddText, anyJson),
        department: fc.oneof(fc.string(), fc.constant(null), anyJson),
        enabled: fc.oneof(fc.boolean(), fc.constantFrom(0, 1, "1"), anyJson),
        grade: anyJson,
      },
      { requiredKeys: [] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.dictionary(oddText, anyJson).map((further) => ({ user_id: 1, ...further })),
  },
);

/** What the original's shape should show of a user that was stored. */
function expectedRecord(user: unknown) {
  const { user_id, name, department, enabled, ...further } = Object(user);
  const id = canonicalUserId(String(user_id), "drop");
  return {
    user_id: userNumber(id),
    name: name ?? `User ${id}`,
    department: department ?? null,
    enabled: enabled === undefined || enabled === null ? true : Boolean(enabled),
    further_fields: further,
  };
}

describe("POST /api/biometric/sync", () => {
  test("stores exactly what it says, and nothing of what it refuses", async () => {
    using api = new StoredApi();
    const known = new Map<unknown, unknown>();
    await fc.assert(
      fc.asyncProperty(fc.array(anyUser, { maxLength: 8 }), async (generated) => {
        // What a client sends is text: minus zero and the like end there.
        const users: readonly unknown[] = JSON.parse(JSON.stringify(generated));
        const answer = await api.post(PATH, { users });
        expect(answer.status).toBe(200);
        const results = listField(answer.json, "results");
        expect(results).toHaveLength(users.length);
        for (const [index, result] of results.entries()) {
          expect(field(result, "index")).toBe(index);
          if (field(result, "result") === "refused") {
            expect(field(result, "reason")).toBeString();
            continue;
          }
          const record = expectedRecord(users[index]);
          const isKnown = Bun.deepEquals(known.get(record.user_id), record);
          // Left out and null are the same to a reader, and not to the memory of what was sent.
          if (field(result, "result") === "unchanged") expect(isKnown).toBe(true);
          known.set(record.user_id, record);
        }
        const shown = listField((await api.get("/api/biometric/users")).json, "users");
        expect(shown).toHaveLength(known.size);
        for (const user of shown)
          expect(user).toMatchObject(Object(known.get(field(user, "user_id"))));
      }),
      RUNS,
    );
  });

  test("never fails on any body, and refuses what is no list of users without a change", async () => {
    using api = new StoredApi();
    const anyBody = fc.oneof(
      fc.string({ unit: "binary" }),
      anyJson.map((value) => JSON.stringify(value)),
      anyJson.map((value) => JSON.stringify({ users: value })),
      anyJson.map((value) => JSON.stringify({ users: value }).slice(0, -1)),
    );
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        const before = (await api.get("/api/biometric/users")).text;
        const answer = await api.post(PATH, body);
        expect([200, 400]).toContain(answer.status);
        if (answer.status === 200) return;
        expect(Object.keys(Object(answer.json))).toEqual(["error", "message"]);
        expect((await api.get("/api/biometric/users")).text).toBe(before);
      }),
      RUNS,
    );
  });
});
