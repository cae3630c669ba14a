/**
 * Aim: the OpenAPI document is valid by an independent judge, and true: it describes exactly the
 * public routes, their parameters, their media types and which of them need a token.
 */

import { describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { createWebApi } from "#api/server.ts";
import { ApiFixture, field, listField } from "./api-fixture.ts";

/** For people and their browsers; what `HEAD` and the socket do follows from the rest. */
const PAGES = /^GET \/(swagger(\/[a-z]+(\.[a-z]+)?)?)?$|^HEAD |^WS /;

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
    expect(field(parameterOf(operation, "limit"), "schema")).toEqual({
      type: "integer",
      minimum: 1,
      maximum: 1000,
      default: 100,
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
    expect(types("/v1/punches", "200")).toEqual(["application/json"]);
    expect(types("/api/biometric/logs", "401")).toEqual(["application/json"]);
  });
});
