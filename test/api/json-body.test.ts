/**
 * Aim: a route that takes JSON gets it with its documented form and limits or refuses it with the
 * contract's status, and never before its gate.
 */

import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { Elysia, t } from "elysia";
import { ArrivingBodies } from "#api/arriving-bodies.ts";
import { ApiFailure, answerFailure } from "#api/errors.ts";
import { type JsonBodyOptions, jsonBody, readJsonBody } from "#api/json-body.ts";
import { describeApi } from "#api/openapi.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { type Answer, field, readAnswer } from "./api-fixture.ts";

const Order = t.Object({
  user_id: t.Integer({ minimum: 1 }),
  name: t.Optional(t.String()),
  parts: t.Optional(t.Array(t.Object({ count: t.Integer() }))),
});

const JSON_HEADERS = { "content-type": "application/json" };

interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** Posts to a route behind a gate that lets in everybody but who says `x-closed`. */
async function post(sent: Sent, change: Partial<JsonBodyOptions> = {}): Promise<Answer> {
  const log = new RecordingLog();
  const gate = new Elysia({ name: "gate" }).derive({ as: "scoped" }, ({ request }) => {
    if (request.headers.has("x-closed")) throw new ApiFailure("token-missing", "No token");
    return {};
  });
  const options = { bodies: new ArrivingBodies(), ...change };
  const app = new Elysia()
    .onError(({ code, error, request, path }) =>
      answerFailure(log, () => [], { code, error, request, path }),
    )
    .use(gate)
    .post("/orders", ({ body }) => ({ body }), jsonBody(Order, options));
  const headers = { ...JSON_HEADERS, ...sent.headers };
  const init = sent.body === undefined ? {} : { body: sent.body };
  const request = new Request("http://localhost/orders", { method: "POST", headers, ...init });
  const answer = await readAnswer(await app.handle(request));
  expect(log.of("api.failed")).toEqual([]);
  expect(options.bodies.count).toBe(0);
  return answer;
}

describe("jsonBody()", () => {
  test("gives the body, with fields that nobody described", async () => {
    const answer = await post({ body: '\uFEFF{"user_id":7,"name":"Ñ\\u0000","later":[1]}' });
    expect(answer.json).toEqual({ body: { user_id: 7, name: "Ñ\0", later: [1] } });
  });

  test("gives an integer that was sent as text as a number", async () => {
    const answer = await post({ body: '{"user_id":"0007","parts":[{"count":"-3"}]}' });
    expect(answer.json).toEqual({ body: { user_id: 7, parts: [{ count: -3 }] } });
  });

  test.each([
    ["{}", 'Field "user_id" is missing'],
    ["[]", "The body is a list: expected object"],
    ["null", "The body is null: expected object"],
    ['"x"', 'The body is "x": expected object'],
    ["17", "The body is 17: expected object"],
    ['{"user_id":{}}', 'Field "user_id" is an object: expected integer'],
    ['{"user_id":0}', 'Field "user_id" is 0: expected integer to be greater or equal to 1'],
    ['{"user_id":1.5}', 'Field "user_id" is 1.5: expected integer'],
    ['{"user_id":1e400}', 'Field "user_id" is Infinity: expected integer'],
    ['{"user_id":"0"}', "A number of the body is out of its range"],
    ['{"user_id":1,"name":5}', 'Field "name" is 5: expected string'],
    ['{"user_id":1,"parts":[{"count":1},{}]}', 'Field "parts/1/count" is missing'],
    [
      `{"user_id":"${"x".repeat(99)}"}`,
      `Field "user_id" is "${"x".repeat(40)}...": expected integer`,
    ],
  ])("refuses %s with words", async (body, message) => {
    const answer = await post({ body });
    expect([answer.status, answer.json]).toEqual([400, { error: "Bad Request", message }]);
  });

  test("is documented as JSON", async () => {
    const routes = new Elysia().post("/orders", ({ body }) => ({ body }), {
      ...jsonBody(Order, { bodies: new ArrivingBodies() }),
      response: { 200: t.Object({ body: Order }) },
    });
    const description = { title: "Orders", version: "1", description: "" };
    const document = await describeApi(routes, description);
    const operation = field(document, "paths", "/orders", "post");
    for (const part of [field(operation, "requestBody"), field(operation, "responses", "200")]) {
      expect(Object.keys(Object(field(part, "content")))).toEqual(["application/json"]);
    }
    const { properties } = Object(
      field(operation, "requestBody", "content", "application/json", "schema"),
    );
    expect(field(properties, "user_id")).toEqual({ type: "integer", minimum: 1 });
  });

  test.each<[Sent]>([
    [{ body: "{" }],
    [{ headers: { "content-type": "text/plain" } }],
    [{ body: `"${"x".repeat(11 * 1024 * 1024)}"` }],
  ])("lets the gate speak first, whatever the body is", async (sent) => {
    const headers = { ...sent.headers, "x-closed": "1" };
    expect((await post({ ...sent, headers })).status).toBe(401);
    expect((await post(sent)).status).toBeOneOf([400, 413, 415]);
  });
});

describe("readJsonBody()", () => {
  test.each([
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    "application/json ;x",
    "application/vnd.hris+json",
  ])("takes the content type %s", async (contentType) => {
    const answer = await post({ body: '{"user_id":1}', headers: { "content-type": contentType } });
    expect(answer.status).toBe(200);
  });

  test.each(["", "text/plain", "application/jsonish", "application/x-www-form-urlencoded"])(
    "refuses the content type %p, with a body and without",
    async (contentType) => {
      for (const body of [{ body: '{"user_id":1}' }, {}]) {
        const answer = await post({ ...body, headers: { "content-type": contentType } });
        expect(answer.status).toBe(415);
        expect(answer.json).toEqual({
          error: "Unsupported Media Type",
          message: "Content-Type must be application/json",
        });
      }
    },
  );

  test.each(["gzip", "br", "GZip, identity"])("refuses a body packed as %s", async (encoding) => {
    const headers = { "content-encoding": encoding };
    const answer = await post({ body: gzipSync('{"user_id":1}'), headers });
    expect([answer.status, answer.json]).toEqual([
      415,
      {
        error: "Unsupported Media Type",
        message: `Content-Encoding is "${encoding}": the body must be sent as it is`,
      },
    ]);
  });

  test("takes a body that says it is not packed", async () => {
    const headers = { "content-encoding": "Identity" };
    expect((await post({ body: '{"user_id":1}', headers })).status).toBe(200);
  });

  test.each([
    ["nothing", ""],
    ["half an object", '{"user_id":'],
    ["two values", "{}{}"],
    ["single quotes", "{'user_id':1}"],
    ["NaN", '{"user_id":NaN}'],
    ["a NUL", '{"user_id":1}\0'],
    ["bytes that are no UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["a byte order mark of UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0])],
  ])("answers 400 to %s", async (_what, body) => {
    const answer = await post({ body });
    const message = "The body is not JSON";
    expect([answer.status, answer.json]).toEqual([400, { error: "Bad Request", message }]);
  });

  test("refuses lists in lists without end, and does not count what is text", async () => {
    const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    const refused = await post({ body: deep(1_000_000) });
    const message = "The body is nested deeper than 100 levels";
    expect([refused.status, refused.json]).toEqual([400, { error: "Bad Request", message }]);
    expect((await post({ body: deep(101) })).json).toEqual({ error: "Bad Request", message });
    const body = JSON.stringify({ user_id: 1, name: `\\"${"[{".repeat(200)}\\` });
    expect((await post({ body })).status).toBe(200);
    const beside = JSON.stringify({ user_id: 1, parts: Array(500).fill({ count: 1 }) });
    expect((await post({ body: beside })).status).toBe(200);
  });

  test("takes a body of exactly the limit, and refuses one byte more", async () => {
    const body = '{"user_id":1}';
    expect((await post({ body }, { bytesMax: body.length })).status).toBe(200);
    const answer = await post({ body: `${body} ` }, { bytesMax: body.length });
    expect(answer.status).toBe(413);
    expect(answer.json).toEqual({
      error: "Content Too Large",
      message: "The body is larger than 13 bytes",
    });
  });

  test("says no in the words of the route", async () => {
    const refusal = (message: string) => ({ success: false, error: message });
    const malformed = await post({ body: "{" }, { refusal });
    expect(malformed.json).toEqual({ success: false, error: "The body is not JSON" });
    const large = await post({ body: "{}" }, { refusal, bytesMax: 1 });
    expect(large.json).toEqual({ success: false, error: "The body is larger than 1 bytes" });
    const wrong = await post({ body: "{}" }, { refusal });
    expect(wrong.json).toEqual({ success: false, error: 'Field "user_id" is missing' });
    const untyped = await post({ headers: { "content-type": "" } }, { refusal });
    expect([untyped.status, untyped.json]).toEqual([
      415,
      { success: false, error: "Content-Type must be application/json" },
    ]);
  });

  test("refuses a body for which the bodies of others leave no room", async () => {
    const bodies = new ArrivingBodies();
    const mebibyte = new Uint8Array(1024 * 1024);
    const waiting = Promise.withResolvers<void>();
    const slow = Array.from({ length: 7 }, () => bodyThatPauses(Array(9).fill(mebibyte), waiting));
    const readings = slow.map(({ body }) => read(bodies, body).catch((cause: unknown) => cause));
    await Promise.all(slow.map(({ paused }) => paused));
    const late = read(bodies, new Blob([mebibyte, mebibyte]).stream());
    await expect(late).rejects.toMatchObject({ code: "too-many-open" });
    waiting.resolve();
    for (const result of await Promise.all(readings)) {
      expect(result).toMatchObject({ code: "body-malformed" });
    }
    expect(bodies.count).toBe(0);
  });
});

/** Sends its chunks, says when the last of them was taken, and waits before it ends. */
function bodyThatPauses(chunks: Uint8Array[], waiting: PromiseWithResolvers<void>) {
  const paused = Promise.withResolvers<void>();
  const body = new ReadableStream(
    {
      async pull(controller) {
        const chunk = chunks.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        paused.resolve();
        await waiting.promise;
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { body, paused: paused.promise };
}

function read(bodies: ArrivingBodies, body: ReadableStream): Promise<unknown> {
  const request = new Request("http://localhost/", {
    method: "POST",
    headers: JSON_HEADERS,
    body,
  });
  return readJsonBody(request, { bodies });
}
