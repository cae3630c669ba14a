/**
 * Aim: the general rules of contract 2 hold on every endpoint: JSON in answers and in refusals,
 * OPTIONS, HEAD, wrong methods, unknown paths, trailing slashes, no CORS.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { expectRow, refusal, Site } from "./contract-site.ts";
import { ENDPOINTS, methodsOf } from "./endpoints.ts";
import { words } from "./shape.ts";

setDefaultTimeout(30_000);

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterAll(() => site[Symbol.asyncDispose]());

const PATHS = [...new Set(ENDPOINTS.map(({ path }) => path))];

describe("every path", () => {
  test.each(PATHS)("%s tells its methods to OPTIONS", async (path) => {
    const { status, text, headers } = await site.call(`OPTIONS ${path}`, { token: null });
    expect([status, text]).toEqual([200, ""]);
    const allowed = new Set((headers.get("allow") ?? "").split(/,\s*/));
    for (const method of methodsOf(path)) expect([...allowed]).toContain(method);
    expect(allowed.has("OPTIONS")).toBe(true);
    expect(allowed.has("HEAD")).toBe(methodsOf(path).has("GET"));
    expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  test.each(PATHS)("%s refuses another method with 405, Allow and JSON", async (path) => {
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH"]) {
      if (methodsOf(path).has(method)) continue;
      await expectRow(site, {
        what: method,
        ask: `${method} ${path}`,
        status: 405,
        shape: refusal("Method Not Allowed", words),
        headers: { allow: /\b(GET|POST|PUT|DELETE)\b/ },
      });
    }
  });

  test.each(PATHS)("%s is unknown with a slash behind it", async (path) => {
    const shape = refusal("Not Found", words);
    for (const method of methodsOf(path)) {
      await expectRow(site, { what: "slash", ask: `${method} ${path}/`, status: 404, shape });
    }
  });
});

describe("every GET", () => {
  const GETS = ENDPOINTS.filter(({ method }) => method === "GET");
  test.each(GETS)("$path answers HEAD as GET, without a body", async ({ path, contentType }) => {
    const query = path.endsWith("/summary") ? "?start_date=2026-03-02&end_date=2026-03-02" : "";
    const get = await site.call(`GET ${path}${query}`);
    const head = await site.call(`HEAD ${path}${query}`);
    expect([get.status, head.status, head.text]).toEqual([200, 200, ""]);
    expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    expect(get.headers.get("content-type")).toMatch(contentType ?? /^application\/json(;|$)/);
  });
});

describe("unknown paths", () => {
  const paths = [
    "/nothing",
    "/api",
    "/api/nothing",
    "/api/biometric",
    "/API/BIOMETRIC/LOGS",
    "/api//biometric/logs",
    "/api/devices/",
    "/%00",
  ];
  test.each(paths)("%s: 404", async (path) => {
    for (const method of ["GET", "POST", "DELETE"]) {
      await expectRow(site, {
        what: method,
        ask: `${method} ${path}`,
        status: 404,
        shape: refusal("Not Found", words),
      });
    }
  });
});

describe("a body where JSON is wanted", () => {
  // Contract 3: these two refuse in their own words, tested beside them.
  const STRICT = ENDPOINTS.filter(
    ({ path }) => path === "/api/auth/token" || path === "/api/hris/sync",
  );
  test.each(STRICT)(
    "$method $path: 415 without its content type, 400 when malformed",
    async ({ method, path }) => {
      const ask = `${method} ${path}`;
      const unsupported = refusal("Unsupported Media Type", words);
      const malformed = refusal("Bad Request", words);
      const json = { "Content-Type": "application/json" };
      await expectRow(site, { what: "none", ask, status: 415, shape: unsupported });
      const plain = { body: "{}", headers: { "Content-Type": "text/plain" } };
      await expectRow(site, { what: "text", ask, with: plain, status: 415, shape: unsupported });
      for (const body of ["{", "", "{'a':1}", "\u0000", '{"a":1}}']) {
        const options = { body, headers: json };
        await expectRow(site, { what: body, ask, with: options, status: 400, shape: malformed });
      }
    },
  );
});
