/**
 * Aim: whatever JSON a sync brings, it is never answered with a failure of ours; what is refused
 * changes nothing, and what is stored is read back as it was sent.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { canonicalUserId } from "#domain/punch-identity.ts";
import { userNumber } from "#domain/user-number.ts";
import { type Answer, field, listField } from "../../api-fixture.ts";
import { StoredApi } from "../../stored-api.ts";

const PATH = "/api/biometric/sync";
const RUNS = { numRuns: 200 };

setDefaultTimeout(120_000);

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

/** What the original's shape should show of a user that was stored, `before` being shown. */
function expectedRecord(user: unknown, before: ReadonlyMap<unknown, unknown>) {
  const { user_id, name, department, enabled, ...further } = Object(user);
  const id = canonicalUserId(String(user_id), "drop");
  const known = Object(before.get(userNumber(id)));
  const after = (said: unknown, shown: unknown, nothing: unknown) =>
    said === undefined ? (shown ?? nothing) : (said ?? nothing);
  const fields = new Map(Object.entries(Object(known.further_fields)));
  for (const [field, value] of Object.entries(further)) {
    if (value === null) fields.delete(field);
    else fields.set(field, value);
  }
  return {
    user_id: userNumber(id),
    name: after(name, known.name, `User ${id}`),
    department: after(department, known.department, null),
    enabled: Boolean(after(enabled, known.enabled, true)),
    further_fields: Object.fromEntries(fields),
  };
}

/** The API with one token for all runs, of which there are many. */
class SyncedApi extends StoredApi {
  #authorization: string | undefined;

  async call(path: string, body?: string): Promise<Answer> {
    this.#authorization ??= `Bearer ${await this.fixture.token()}`;
    const headers = { authorization: this.#authorization, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { method: "POST", headers, body };
    return this.fixture.call(path, init);
  }

  /** Everybody by id, as the list shows them; without the time of the last news. */
  async users(): Promise<Map<unknown, unknown>> {
    const users = listField((await this.call("/api/biometric/users")).json, "users");
    return new Map(
      users.map((user) => {
        const { updated_at: _, privilege: __, biometric_enabled: ___, ...shown } = Object(user);
        return [shown.user_id, shown];
      }),
    );
  }
}

describe("POST /api/biometric/sync", () => {
  test("stores exactly what it says, and nothing of what it refuses", async () => {
    using api = new SyncedApi();
    await fc.assert(
      fc.asyncProperty(fc.array(anyUser, { maxLength: 8 }), async (generated) => {
        // What a client sends is text: minus zero and the like end there.
        const users: readonly unknown[] = JSON.parse(JSON.stringify(generated));
        const expected = await api.users();
        const answer = await api.call(PATH, JSON.stringify({ users }));
        expect(answer.status).toBe(200);
        const results = listField(answer.json, "results");
        expect(results.map((result) => field(result, "index"))).toEqual([...users.keys()]);
        for (const [index, result] of results.entries()) {
          if (field(result, "result") === "refused") {
            expect(field(result, "reason")).toBeString();
            continue;
          }
          const record = expectedRecord(users[index], expected);
          if (field(result, "result") === "unchanged") {
            expect(expected.get(record.user_id)).toEqual(record);
          }
          expected.set(record.user_id, record);
        }
        expect(await api.users()).toEqual(expected);
      }),
      RUNS,
    );
  });

  test("never fails on any body, and refuses what is no list of users without a change", async () => {
    using api = new SyncedApi();
    const anyBody = fc.oneof(
      fc.string({ unit: "binary" }),
      anyJson.map((value) => JSON.stringify(value)),
      anyJson.map((value) => JSON.stringify({ users: value })),
      anyJson.map((value) => JSON.stringify({ users: value }).slice(0, -1)),
    );
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        const before = await api.users();
        const answer = await api.call(PATH, body);
        expect([200, 400]).toContain(answer.status);
        if (answer.status === 200) return;
        expect(Object.keys(Object(answer.json))).toEqual(["error", "message"]);
        expect(await api.users()).toEqual(before);
      }),
      RUNS,
    );
  });
});
