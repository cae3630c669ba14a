/**
 * Aim: `GET /api/docs` and `GET /swagger.yaml` tell what the OpenAPI document tells, with the real
 * settings and no secret.
 */

import { describe, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { parse } from "yaml";
import { ApiFixture, CLIENT_SECRET, field } from "../../api-fixture.ts";

const METHODS = ["get", "post", "put", "patch", "delete"];

describe("GET /api/docs", () => {
  test("has the contract's fields, with the settings as they are", async () => {
    const fixture = new ApiFixture({ rateLimit: { requests: 7, windowSeconds: 90 } });
    const answer = await fixture.call("/api/docs");
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      title: "biometric-server",
      version: "1.2.3",
      description: expect.stringContaining("Punches of attendance terminals"),
      authentication: {
        type: "Bearer Token",
        header: "Authorization: Bearer <token>",
        token_endpoint: "POST /api/auth/token",
        token_expiry_hours: 24,
      },
      rate_limiting: { requests_per_window: 7, window_seconds: 90 },
      endpoints: expect.any(Object),
    });
    expect(answer.text).not.toContain(CLIENT_SECRET);
  });

  test("lists every operation of the document, and whether it needs a token", async () => {
    const fixture = new ApiFixture();
    const endpoints = field((await fixture.call("/api/docs")).json, "endpoints");
    const paths = field((await fixture.call("/swagger/json")).json, "paths");
    const operations = Object.entries(Object(paths)).flatMap(([path, item]) =>
      Object.entries(Object(item)).map(([method, operation]) => {
        expect(METHODS).toContain(method);
        const isSecured = Object.keys(Object(field(operation, "security"))).length > 0;
        return [`${method.toUpperCase()} ${path}`, isSecured];
      }),
    );
    expect(operations.length).toBeGreaterThan(5);
    expect(
      Object.entries(Object(endpoints)).map(([name, one]) => [name, field(one, "auth_required")]),
    ).toEqual(operations);
    expect(endpoints).toMatchObject({
      "POST /api/auth/token": { auth_required: false },
      "GET /api/biometric/logs": { auth_required: true },
      "GET /api/docs": { auth_required: false },
    });
  });

  test("tells the parameters of path, query and body in words", async () => {
    const { json } = await new ApiFixture().call("/api/docs");
    const parameters = (name: string) => field(json, "endpoints", name, "parameters");
    expect(parameters("POST /api/auth/token")).toEqual({
      client_id: expect.stringMatching(/^string or number, required: The client's name/),
      client_secret: expect.stringMatching(/^string, required: The client's own secret/),
    });
    expect(parameters("GET /v1/punches/{id}")).toMatchObject({
      id: expect.stringMatching(/^integer, required/),
    });
    expect(parameters("GET /v1/punches")).toMatchObject({
      limit: expect.stringMatching(/^integer, optional: Punches on the page/),
      direction: expect.stringMatching(/^"in" or "out", optional: /),
      from: expect.stringMatching(/^string \(date-time\), optional: /),
    });
    expect(parameters("GET /api/biometric/status")).toEqual({});
  });
});

describe("GET /swagger.yaml", () => {
  test("is the OpenAPI document in YAML", async () => {
    const fixture = new ApiFixture();
    const answer = await fixture.call("/swagger.yaml");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/yaml");
    expect(parse(answer.text)).toEqual((await fixture.call("/swagger/json")).json);
    expect(answer.text).toStartWith("openapi: 3.0.3\n");
  });

  test("reads the same in YAML 1.1, where a bare date or `no` is no text", async () => {
    const fixture = new ApiFixture();
    const { text } = await fixture.call("/swagger.yaml");
    const document = parse(text, { version: "1.1" });
    expect(document).toEqual((await fixture.call("/swagger/json")).json);
  });

  test("passes an independent validator", async () => {
    const answer = await new ApiFixture().call("/swagger.yaml");
    const result = await new Validator().validate(answer.text);
    expect(result).toMatchObject({ valid: true });
  });

  test("is documented as YAML", async () => {
    const { json } = await new ApiFixture().call("/swagger/json");
    const content = field(json, "paths", "/swagger.yaml", "get", "responses", "200", "content");
    expect(content).toMatchObject({ "application/yaml": { schema: { type: "string" } } });
  });
});
