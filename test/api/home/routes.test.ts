/** Aim: the page at the root says what this is, and neither shows nor fetches anything. */

import { describe, expect, test } from "bun:test";
import { ApiFixture } from "../api-fixture.ts";

describe("GET /", () => {
  test("is a page with the replaced server's title and the ways on, all of which are there", async () => {
    const fixture = new ApiFixture();
    const page = await fixture.call("/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.text).toContain("<title>Biometric Multi-Device Manager</title>");
    const ways = [...page.text.matchAll(/<a href="([^"]*)"/g)].map(([, path = ""]) => path);
    expect(ways).toEqual(["/swagger", "/api/docs", "/healthz", "/readyz"]);
    for (const path of ways) expect([path, (await fixture.call(path)).status]).toEqual([path, 200]);
  });

  test("fetches nothing, runs nothing, and may not", async () => {
    const page = await new ApiFixture().call("/");
    expect(page.text).not.toMatch(/<script|<iframe|<img|\bsrc=|@import|url\(|https?:/i);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src data:; /);
    expect(policy).not.toContain("unsafe");
    expect(policy).not.toContain("script-src");
  });

  test("names the digest of its own style", async () => {
    const page = await new ApiFixture().call("/");
    const [, style = ""] = /<style>([^<]*)<\/style>/.exec(page.text) ?? [];
    const digest = new Bun.CryptoHasher("sha256").update(style).digest("base64");
    expect(page.headers.get("content-security-policy")).toContain(`'sha256-${digest}'`);
  });
});
