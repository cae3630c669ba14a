/** `GET /`. Open to everyone: it is the same on every box. */

import { Elysia } from "elysia";
import { HOME_CONTENT_POLICY, HOME_PAGE } from "./page.ts";

/** The route. */
export function homeRoutes() {
  return new Elysia({ name: "home", detail: { hide: true } }).get("/", () => {
    return new Response(HOME_PAGE, {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": HOME_CONTENT_POLICY,
      },
    });
  });
}
