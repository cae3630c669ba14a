/** Aim: the documentation page works without the internet, from unchanged upstream files. */

import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { createWebApi } from "#api/server.ts";
import { ApiFixture } from "../api-fixture.ts";

const UPSTREAM = new URL("../../../node_modules/swagger-ui-dist/", import.meta.url);

async function fetchBytes(path: string): Promise<{ headers: Headers; bytes: Uint8Array }> {
  const api = createWebApi(new ApiFixture().options);
  const response = await api.handle(new Request(`http://localhost${path}`));
  expect(response.status).toBe(200);
  return { headers: response.headers, bytes: await response.bytes() };
}

describe("GET /swagger", () => {
  test("is a page that asks only this server for anything", async () => {
    const page = await new ApiFixture().call("/swagger");
    const addresses = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]);
    expect(addresses).toEqual([
      "/swagger/icon.svg",
      "/swagger/ui.css",
      "/swagger/ui.js",
      "/swagger/init.js",
    ]);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toStartWith("default-src 'none'; script-src 'self'; ");
    expect(policy).not.toContain("http");
  });

  test("starts without the online validator", async () => {
    const script = await new ApiFixture().call("/swagger/init.js");
    expect(script.text).toContain("validatorUrl: null");
    expect(script.text).toContain('url: "/swagger/json"');
  });

  test("has an icon, so that no browser asks for one elsewhere", async () => {
    const icon = await new ApiFixture().call("/swagger/icon.svg");
    expect(icon.status).toBe(200);
    expect(icon.headers.get("content-type")).toBe("image/svg+xml");
    expect(icon.text).toStartWith("<svg ");
  });

  test.each([
    ["/swagger/ui.js", "swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
    ["/swagger/ui.css", "swagger-ui.css", "text/css; charset=utf-8"],
  ])("serves %s unchanged from upstream", async (path, upstream, contentType) => {
    const { headers, bytes } = await fetchBytes(path);
    expect(headers.get("content-type")).toBe(contentType);
    expect(headers.get("content-encoding")).toBe("gzip");
    const original = await Bun.file(new URL(upstream, UPSTREAM)).bytes();
    expect(gunzipSync(bytes).equals(original)).toBe(true);
  });
});
