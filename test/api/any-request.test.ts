/**
 * Aim: no request, however odd, makes the API fail: it is never a 5xx, a refusal is JSON in the shape
 * of its path, and whatever is answered is as the document says. Over real storage, since what
 * breaks there is seldom what breaks in memory. fast-check prints the seed of a failure.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openTestStorage, punchesFrom, rawPunch } from "../support/test-storage.ts";
import { type Answer, ApiFixture, field } from "./api-fixture.ts";
import { answerProblems, listOperations, type Operation } from "./documented.ts";

const RUNS = 1_500;

const OPERATIONS = await listOperations();
const opened = openTestStorage();
const fixture = new ApiFixture({
  storage: opened.storage,
  submitIntake: async (received) => {
    const [outcome] = await opened.storage.append([received]);
    return outcome ?? { kind: "failed" };
  },
  rateLimit: { requests: 1_000_000, windowSeconds: 60 },
});

let token = "";

beforeAll(async () => {
  const punches = ["6", "0007", "E-42"].map((user) => rawPunch(user, "20260302081504"));
  await opened.storage.append([punchesFrom("2401058352", punches)]);
  token = await fixture.token();
});

afterAll(() => opened[Symbol.dispose]());

interface AnyRequest {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What programs, people and attackers put where something else belongs. */
const oddText = fc.oneof(
  fc.constantFrom("", "0", "-1", "1", "6", "1000001", "2401058352", "1e400", "NaN", "true", "null"),
  fc.constantFrom("99999999999999999999999", "-9223372036854775809", "0x10", "１２", "1.5", "+7"),
  fc.constantFrom("2026-03-02", "2026-02-30", "0000-00-00", "9999-12-31", "20260302081504"),
  fc.constantFrom("\0", "..", "%", "%zz", "%ff", "%2F", "%00", "'; DROP TABLE punches; --", "[]"),
  fc.constantFrom("__proto__", "constructor", "toString", "x".repeat(5_000), "\uD800", "\u202E"),
  fc.string(),
  fc.string({ unit: "binary" }),
);

const oddValue = fc.oneof(oddText, fc.integer(), fc.double(), fc.jsonValue({ maxDepth: 3 }));

/** A request that means an operation of the document, with wrong things in the right places. */
function aimedAt(operation: Operation): fc.Arbitrary<AnyRequest> {
  const parameters = Object.values(Object(field(operation.document, "parameters")));
  const inQuery = parameters.filter((one) => field(one, "in") === "query");
  const names = inQuery.map((one) => String(field(one, "name")));
  const name = fc.oneof({ weight: 5, arbitrary: fc.constantFrom("limit", ...names) }, oddText);
  const content = field(operation.document, "requestBody", "content", "application/json");
  const fields = Object.keys(Object(field(content, "schema", "properties")));
  const bodyName = fc.oneof({ weight: 9, arbitrary: fc.constantFrom("x", ...fields) }, oddText);
  const sound = Object(field(content, "example"));
  const body = fc.dictionary(bodyName, oddValue).map((change) => ({ ...sound, ...change }));
  return fc.record({
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constant(operation.method) },
      fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"),
    ),
    path: fc.array(oddText, { minLength: 3, maxLength: 3 }).map((texts) => {
      const values = texts.values();
      const fill = () => segmentOf(values.next().value ?? "x");
      return operation.template.replaceAll(/\{\w+\}/g, fill);
    }),
    query: fc.array(fc.tuple(name, oddText), { maxLength: 4 }),
    headers: oddHeaders,
    body: fc.oneof(
      fc.constant(undefined),
      oddText,
      fc.oneof(body, oddValue).map((value) => JSON.stringify(value) ?? ""),
    ),
  });
}

const oddHeaders = fc
  .record(
    {
      authorization: fc.oneof({ weight: 9, arbitrary: fc.constant("token") }, oddText),
      "content-type": fc.oneof(
        { weight: 9, arbitrary: fc.constant("application/json") },
        fc.constantFrom("text/plain", "multipart/form-data; boundary=x", "application/json;"),
        oddText,
      ),
      accept: oddText,
      "if-none-match": oddText,
      "content-encoding": fc.constantFrom("gzip", "identity", "x"),
      cookie: oddText,
      origin: fc.constantFrom("http://elsewhere.test", "null"),
      "x-forwarded-for": oddText,
    },
    { requiredKeys: ["authorization", "content-type"] },
  )
  .map((headers) => Object.fromEntries(Object.entries(headers).filter(isSendable)));

const anywhere: fc.Arbitrary<AnyRequest> = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"),
  path: fc
    .tuple(fc.constantFrom("/api/", "/v1/", "/", "/swagger/", "//"), fc.array(oddText))
    .map(([start, texts]) => start + texts.map(segmentOf).join("/")),
  query: fc.array(fc.tuple(oddText, oddText), { maxLength: 3 }),
  headers: oddHeaders,
  body: fc.oneof(fc.constant(undefined), oddText),
});

/** Some odd segments go as they are, so that their escapes are odd too. */
function segmentOf(text: string): string {
  if (/^[\w%.-]+$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed());
}

/** A path whose escapes mean nothing is an unknown one. */
function isText(path: string): boolean {
  try {
    return decodeURIComponent(path) !== "";
  } catch {
    return false;
  }
}

function isSendable([name, value]: [string, unknown]): boolean {
  try {
    new Headers([[name, String(value)]]);
    return true;
  } catch {
    return false;
  }
}

async function send(request: AnyRequest): Promise<{ answer: Answer; path: string }> {
  const query = new URLSearchParams();
  for (const [name, value] of request.query) query.append(name, value);
  const target = `${request.path}${query.size > 0 ? `?${query}` : ""}`;
  const { authorization = "", ...others } = request.headers;
  const bearer = authorization === "token" ? `Bearer ${token}` : authorization;
  const hasBody = request.body !== undefined && !["GET", "HEAD"].includes(request.method);
  const answer = await fixture.call(target, {
    method: request.method,
    headers: { ...others, authorization: bearer },
    ...(hasBody ? { body: request.body } : {}),
  });
  return { answer, path: new URL(`http://localhost${target}`).pathname };
}

function expectSound(request: AnyRequest, path: string, answer: Answer): void {
  expect(fixture.log.of("api.failed")).toEqual([]);
  expect(answer.status).toBeLessThan(500);
  if (request.method === "HEAD" || answer.status < 400) return;
  const [name, isWanted] = path.startsWith("/v1/")
    ? ["code", field(answer.json, "status") === answer.status]
    : ["error", true];
  expect([typeof field(answer.json, name), isWanted]).toEqual(["string", true]);
}

describe("the whole API", () => {
  test.each(OPERATIONS)("$method $template answers whatever is sent to it", async (operation) => {
    const pattern = new RegExp(`^${operation.template.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    await fc.assert(
      fc.asyncProperty(aimedAt(operation), async (request) => {
        const { answer, path } = await send(request);
        expectSound(request, path, answer);
        if (request.method !== operation.method || !pattern.test(path) || !isText(path)) return;
        expect(answerProblems(operation, answer)).toEqual([]);
      }),
      { numRuns: Math.ceil(RUNS / OPERATIONS.length) },
    );
  });

  test("answers whatever is sent anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(anywhere, async (request) => {
        const { answer, path } = await send(request);
        expectSound(request, path, answer);
      }),
      { numRuns: RUNS },
    );
  });
});
