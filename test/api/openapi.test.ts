/**
 * Aim: the OpenAPI document is valid by an independent judge, and true: it describes exactly the
 * public routes, their parameters, their media types and which of them need a token.
 */

import { describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { t } from "elysia";
import { exampleOf } from "#api/openapi-example.ts";
import { correctSchema } from "#api/openapi-schema.ts";
import { createWebApi } from "#api/server.ts";
import { schemaProblems } from "../support/json-schema.ts";
import { ApiFixture, field, listField } from "./api-fixture.ts";
import { examplesOf, listOperations } from "./documented.ts";

/** For people and their browsers; what `HEAD` and the socket do follows from the rest. */
const PAGES = /^GET \/(swagger(\/[a-z]+(\.[a-z]+)?)?)?$|^HEAD |^GET \/ws$/;

async function readDocument(): Promise<Record<string, unknown>> {
  const answer = await new ApiFixture().call("/swagger/json");
  expect(answer.status).toBe(200);
  const document = answer.json;
  if (typeof document !== "object" || document === null) throw new Error("No document");
  return Object.fromEntries(Object.entries(document));
}

function parameterOf(operation: unknown, name: string): unknown {
  return listField(operation, "parameters").find((one) => field(one, "name") === name);
}

describe("GET /swagger/json", () => {
  test("is valid OpenAPI 3.0", async () => {
    const result = await new Validator().validate(await readDocument());
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  test("names the program and its version", async () => {
    const document = await readDocument();
    expect(document.openapi).toBe("3.0.3");
    expect(document.info).toMatchObject({ title: "biometric-server", version: "1.2.3" });
  });

  test("lists every route that is mounted, and no other", async () => {
    const fixture = new ApiFixture();
    const { paths } = await readDocument();
    const documented = Object.entries(paths ?? {}).flatMap(([path, item]) =>
      Object.keys(Object(item)).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const mounted = createWebApi(fixture.options).routes.map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
    );
    const undocumented = mounted.filter((route) => !documented.includes(route));
    expect(undocumented.filter((route) => !PAGES.test(route))).toEqual([]);
    expect(documented.filter((route) => !mounted.includes(route))).toEqual([]);
    expect(documented.length).toBeGreaterThan(8);
  });

  test("tells which operations need a token", async () => {
    const { paths, components } = await readDocument();
    const security = (path: string, method: string) => field(paths, path, method, "security");
    expect(field(components, "securitySchemes", "bearer")).toMatchObject({ scheme: "bearer" });
    for (const path of ["/v1/punches", "/v1/punches/{id}", "/api/biometric/logs"]) {
      expect(security(path, "get")).toEqual([{ bearer: [] }]);
    }
    expect(security("/api/auth/token", "post")).toEqual([]);
    expect(security("/healthz", "get")).toBeUndefined();
  });

  test("documents numbers as numbers, though they are received as text", async () => {
    const { paths } = await readDocument();
    const operation = field(paths, "/v1/punches", "get");
    expect(field(parameterOf(operation, "wait"), "schema")).toEqual({
      type: "integer",
      minimum: 0,
      maximum: 60,
      default: 0,
    });
    const punch = ["responses", "200", "content", "application/json", "schema", "properties"];
    const fields = field(operation, ...punch, "punches", "items", "properties");
    expect(field(fields, "id", "type")).toBe("integer");
    expect(field(fields, "direction")).toMatchObject({ nullable: true, enum: ["in", "out", null] });
    expect(JSON.stringify(paths)).not.toContain("documentedAs");
  });

  test("gives problems their own media type under /v1, and JSON elsewhere", async () => {
    const { paths } = await readDocument();
    const types = (path: string, status: string) =>
      Object.keys(Object(field(paths, path, "get", "responses", status, "content")));
    expect(types("/v1/punches", "401")).toEqual(["application/problem+json"]);
    expect(types("/v1/punches", "200")).toEqual([
      "application/json",
      "application/x-ndjson",
      "text/csv",
    ]);
    expect(types("/api/biometric/logs", "401")).toEqual(["application/json"]);
  });

  test("gives each answer and each request an example that passes its own schema", async () => {
    const examples = (await listOperations()).flatMap(examplesOf);
    expect(examples.length).toBeGreaterThan(40);
    for (const { where, schema, value } of examples) {
      expect([where, typeof value]).not.toEqual([where, "undefined"]);
      expect([where, schemaProblems(schema, value)]).toEqual([where, []]);
      // Then nobody said what it looks like: give the schema `examples`.
      expect([where, JSON.stringify(value)]).not.toEqual([
        where,
        expect.stringContaining('"text"'),
      ]);
    }
  });

  test("shows refusals as they are given", async () => {
    const { paths } = await readDocument();
    const shown = async (path: string, method: string, status: number) => {
      const response = ["responses", String(status), "content", "application/json", "example"];
      return field(paths, path, method, ...response);
    };
    const fixture = new ApiFixture();
    const given = [
      [400, await fixture.requestToken({})],
      [401, await fixture.requestToken({ client_id: "hris_system", client_secret: "guess" })],
      [415, await fixture.requestToken({}, { "content-type": "text/plain" })],
    ] as const;
    for (const [status, { json }] of given) {
      expect([status, await shown("/api/auth/token", "post", status)]).toEqual([status, json]);
    }
    const unauthorized = await fixture.call("/api/biometric/logs");
    expect(await shown("/api/biometric/logs", "get", 401)).toEqual(unauthorized.json);
    const badDate = await fixture.get("/api/biometric/logs?start_date=2%20March");
    expect(await shown("/api/biometric/logs", "get", 400)).toEqual(badDate.json);
  });

  test("says in words what each operation and each parameter is for", async () => {
    for (const { method, template, document } of await listOperations()) {
      const name = `${method} ${template}`;
      expect([name, field(document, "summary")]).toEqual([name, expect.stringMatching(/^[A-Z]/)]);
      expect([name, listField(document, "tags").length]).toEqual([name, 1]);
      for (const parameter of listField(document, "parameters")) {
        const what = `${name} ${field(parameter, "name")}`;
        const words = field(parameter, "description") ?? field(parameter, "schema", "description");
        expect([what, words]).toEqual([what, expect.stringMatching(/\w/)]);
      }
    }
  });

  test("names a refusal that every operation may give, and those of a token and of a body", async () => {
    for (const { method, template, needsToken, takesBody, document } of await listOperations()) {
      const name = `${method} ${template}`;
      const wanted = [
        503,
        ...(needsToken ? [401, 403, 429] : []),
        ...(takesBody ? [400, 413] : []),
      ];
      const statuses = Object.keys(Object(field(document, "responses"))).map(Number);
      expect([name, statuses]).toEqual([name, expect.arrayContaining(wanted)]);
      const wants415 = takesBody && !UNTYPED_IS_400.includes(template);
      expect([name, statuses.includes(415)]).toEqual([name, wants415]);
    }
  });
});

/** Where a body that is not declared as JSON is a 400 (contract.md 3.1). */
const UNTYPED_IS_400 = [
  "/api/biometric/sync",
  "/api/biometric/manual-log",
  "/api/biometric/webhook/retry",
];

describe("exampleOf()", () => {
  test.each([
    [{ type: "string", example: "mine" }, "user_id", "mine"],
    [{ type: "string", nullable: true, example: null }, "x", null],
    [{ type: "string", enum: ["b", "a"] }, "user_id", "b"],
    [{ type: "integer", enum: [0, 1] }, "io_mode", 1],
    [{ type: "integer" }, "user_id", 7],
    [{ type: "string" }, "user_id", "7"],
    [{ type: "string" }, "constructor", "text"],
    [{ type: "array", items: { type: "integer" } }, "duplicate_biometric_ids", []],
    [{ anyOf: [{ type: "integer", nullable: true }, { type: "string" }] }, "user_id", 7],
    [{ type: "string", format: "date-time" }, "created_at", "2026-03-02T08:15:04+08:00"],
    [{ type: "integer", minimum: 5 }, "unheard_of", 5],
    [{ type: "array", items: { type: "boolean" } }, "unheard_of", [true]],
    [{ type: "object", additionalProperties: { type: "integer" } }, "unheard_of", { 7: 1 }],
    [{ allOf: [{ type: "object", properties: { a: { enum: [1] } } }] }, "", { a: 1 }],
  ])("of %j named %s is %j", (schema, name, example) => {
    expect(exampleOf(schema, name)).toEqual(example);
  });
});

describe("correctSchema()", () => {
  test("puts null beside the first of several types, where OpenAPI 3.0 looks for it", () => {
    const schema = t.Union([t.Integer(), t.String(), t.Null()]);
    const corrected = correctSchema(JSON.parse(JSON.stringify(schema)));
    expect(corrected).toEqual({
      anyOf: [{ type: "integer", nullable: true }, { type: "string" }],
    });
    for (const value of [7, "7", null]) expect(schemaProblems(corrected, value)).toEqual([]);
    expect(schemaProblems(corrected, true)).not.toEqual([]);
  });

  test("spells free names as additional properties", () => {
    const schema = t.Record(t.String(), t.Integer());
    const corrected = correctSchema(JSON.parse(JSON.stringify(schema)));
    expect(corrected).toEqual({ type: "object", additionalProperties: { type: "integer" } });
  });
});
