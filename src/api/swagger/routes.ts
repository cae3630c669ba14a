/**
 * The OpenAPI document and a page to read it with, both from the executable itself. Open to
 * everyone: it tells what can be asked, not what is stored.
 */

import { Elysia } from "elysia";
import type { DescribeApi } from "../openapi.ts";
import { SWAGGER_CONTENT_POLICY, SWAGGER_ICON, SWAGGER_INIT, SWAGGER_PAGE } from "./page.ts";
import uiStylePath from "./swagger-ui.css.gz" with { type: "file" };
import uiScriptPath from "./swagger-ui-bundle.js.gz" with { type: "file" };

/** An hour: an upgrade of the executable may bring other assets. */
const ASSET_CACHE = "public, max-age=3600";

/** `GET /swagger`, its assets, and `GET /swagger/json`. */
export function swaggerRoutes(describe: DescribeApi) {
  return new Elysia({ name: "swagger", detail: { hide: true } })
    .get("/swagger", () => asset(SWAGGER_PAGE, "text/html; charset=utf-8"))
    .get("/swagger/init.js", () => asset(SWAGGER_INIT, "text/javascript; charset=utf-8"))
    .get("/swagger/icon.svg", () => asset(SWAGGER_ICON, "image/svg+xml"))
    .get("/swagger/ui.js", () => packed(uiScriptPath, "text/javascript; charset=utf-8"))
    .get("/swagger/ui.css", () => packed(uiStylePath, "text/css; charset=utf-8"))
    .get("/swagger/json", async () => {
      const headers = { "content-type": "application/json" };
      return new Response(JSON.stringify(await describe()), { headers });
    });
}

function asset(body: string, contentType: string): Response {
  return new Response(body, {
    headers: { "content-type": contentType, "content-security-policy": SWAGGER_CONTENT_POLICY },
  });
}

/** Every browser takes gzip, so the assets are stored and sent in one form only. */
function packed(path: string, contentType: string): Response {
  return new Response(Bun.file(path), {
    headers: {
      "content-type": contentType,
      "content-encoding": "gzip",
      "cache-control": ASSET_CACHE,
    },
  });
}
