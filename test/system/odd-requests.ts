/**
 * Requests that no sensible client makes, from the OpenAPI document: wrong types, huge and negative
 * numbers, every kind of text, broken JSON, odd content types and tokens, repeated parameters.
 */

import fc from "fast-check";

/** An operation of the OpenAPI document. */
export interface ApiOperation {
  /** In lower case. */
  readonly method: string;
  /** With `{name}` for its parameters. */
  readonly path: string;
  /** Names of its query parameters. */
  readonly parameters: readonly string[];
  /** Statuses that the document names. */
  readonly statuses: readonly number[];
}

/** A request for an operation. */
export interface OddRequest {
  readonly operation: ApiOperation;
  /** As it goes on the wire. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array | undefined;
  readonly contentType: string | undefined;
  /** `valid`: the server's own token; else the whole header, or none. */
  readonly authorization: string | undefined;
}

const ODD_TEXTS = [
  "",
  " ",
  "0",
  "-1",
  "+7",
  " 7 ",
  "007",
  "7.5",
  "1e309",
  "0x10",
  "99999999999999999999999999",
  "-99999999999999999999999999",
  "9007199254740993",
  "NaN",
  "null",
  "true",
  "false",
  "undefined",
  "2026-03-02",
  "2026-02-30",
  "0000-00-00",
  "9999-12-31",
  "-271821-04-20",
  "20260302081504",
  "99999999999999",
  "2026-03-02T08:15:04+08:00",
  "GATE1",
  "../../etc/passwd",
  "' OR 1=1 --",
  "<script>alert(1)</script>",
  "\u0000",
  "a\u0000b",
  "\r\nX-Injected: 1",
  "é漢字😀",
  "\u202e\ufeff",
  "%",
  "%00",
  "[object Object]",
  "__proto__",
  "x".repeat(3000),
] as const;

/** Names that bodies have somewhere in the API, and some that no body should have. */
const FIELDS = [
  "client_id",
  "client_secret",
  "users",
  "user_id",
  "name",
  "department",
  "enabled",
  "device_id",
  "device_name",
  "timestamp",
  "verify_mode",
  "io_mode",
  "status",
  "limit",
  "__proto__",
  "constructor",
  "",
] as const;

const BROKEN_BODIES: readonly (string | Uint8Array)[] = [
  "",
  "{",
  "}",
  "nul",
  "\u0000",
  "{'user_id':7}",
  '{"user_id":7',
  '{"user_id":7}}',
  '{"user_id":7,"user_id":"abc"}',
  '{"user_id":1e400}',
  '{"user_id":NaN}',
  '{"__proto__":{"admin":true}}',
  '\ufeff{"user_id":"x"}',
  "[".repeat(50_000),
  '{"a":'.repeat(20_000),
  `${"[".repeat(2000)}${"]".repeat(2000)}`,
  `{"users":${JSON.stringify(Array.from({ length: 300 }, () => null))}}`,
  Uint8Array.of(0xff, 0xfe, 0x00),
  Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d),
];

const CONTENT_TYPES = [
  // With another type most of what comes behind is not reached.
  ...Array<string>(24).fill("application/json"),
  "application/json; charset=utf-16",
  "APPLICATION/JSON",
  "application/problem+json",
  "text/plain",
  "text/html",
  "application/xml",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "multipart/form-data; boundary=x",
  "application/octet-stream",
  "json",
  ";",
  undefined,
] as const;

const AUTHORIZATIONS = [
  // Who has no token gets no further, and most of the work is behind.
  ...Array<string>(12).fill("valid"),
  undefined,
  "Bearer",
  "Bearer ",
  "Bearer a.b.c",
  "Bearer é",
  "Basic aHJpczpzZWNyZXQ=",
  `Bearer ${"x".repeat(6000)}`,
] as const;

const oddText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  { weight: 1, arbitrary: fc.integer().map(String) },
);

const oddValue = fc.oneof(
  { weight: 3, arbitrary: oddText },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, 0, -1, 1.5, 1e300, 2 ** 53, [], {}) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const oddObject = fc
  .array(fc.tuple(fc.constantFrom(...FIELDS), oddValue), { maxLength: 6 })
  .map((fields) => fromEntries(fields));

const oddBody = fc.oneof(
  { weight: 2, arbitrary: oddObject.map((body) => JSON.stringify(body)) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.oneof(oddObject, oddValue), { maxLength: 5 })
      .map((users) => JSON.stringify({ users })),
  },
  { weight: 1, arbitrary: oddValue.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: fc.constantFrom(...BROKEN_BODIES) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

/** Odd requests for one operation. */
export function oddRequest(operation: ApiOperation): fc.Arbitrary<OddRequest> {
  const names = [...operation.parameters, ...operation.parameters, "unknown", "", "limit[]"];
  return fc.record({
    operation: fc.constant(operation),
    path: oddPath(operation.path),
    query: fc.array(fc.tuple(fc.constantFrom(...names), oddText), { maxLength: 5 }),
    body: operation.method === "get" ? fc.constant(undefined) : oddBody,
    contentType: fc.constantFrom(...CONTENT_TYPES),
    authorization: fc.constantFrom(...AUTHORIZATIONS),
  });
}

/** Sends it. `token` is what a valid request carries. */
export async function sendOdd(
  webUrl: string,
  odd: OddRequest,
  token: string,
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const query = odd.query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join("&");
  const authorization = odd.authorization === "valid" ? `Bearer ${token}` : odd.authorization;
  const response = await fetch(`${webUrl}${odd.path}${query === "" ? "" : `?${query}`}`, {
    method: odd.operation.method.toUpperCase(),
    redirect: "manual",
    headers: {
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...(odd.contentType === undefined ? {} : { "Content-Type": odd.contentType }),
    },
    ...(odd.body === undefined ? {} : { body: odd.body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function oddPath(path: string): fc.Arbitrary<string> {
  const parts = path.split(/(\{\w+\})/);
  const arbitraries = parts.map((part) => {
    if (!part.startsWith("{")) return fc.constant(part);
    const raw = fc.constantFrom("%", "%ff", "%00", "%2e%2e", "%2F", "GATE1", "GATE2");
    return fc.oneof(raw, oddText.map(escaped));
  });
  return fc.tuple(...arbitraries).map((chosen) => chosen.join(""));
}

/** Percent-encoded; half a surrogate pair, which has no encoding, as the sign for it. */
function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Unlike `Object.fromEntries` it makes a field of `__proto__` too. */
function fromEntries(fields: readonly (readonly [string, unknown])[]): object {
  const object: Record<string, unknown> = Object.create(null);
  for (const [name, value] of fields) object[name] = value;
  return object;
}
