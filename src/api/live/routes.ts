/**
 * `GET /ws`: lets a client with a token onto the WebSocket of contract.md 3.4. What is said there is
 * `hub.ts`.
 */

import { Elysia } from "elysia";
import { type BearerGateOptions, bearerGate, SOCKET_PROTOCOL } from "../auth.ts";
import { ApiFailure, tooManyOpen } from "../errors.ts";
import { lenientFlag } from "../query-text.ts";
import type { LiveClient, LiveHub } from "./hub.ts";

/** The route, behind a token that may read. The OpenAPI dialect has no words for what follows. */
export function liveRoutes({
  gate,
  live,
}: {
  readonly gate: BearerGateOptions;
  readonly live: LiveHub;
}) {
  return new Elysia({ name: "live" }).use(bearerGate(gate, "read")).get(
    "/ws",
    ({ request, server, clientId, isTokenValid }) => {
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw noUpgrade();
      if (live.isFull) throw tooManyOpen();
      const wantsEvents = lenientFlag(new URL(request.url).searchParams.get("events"));
      const data: LiveClient = { clientId, isTokenValid, wantsEvents };
      const isOffered = request.headers.has("sec-websocket-protocol");
      const headers = isOffered ? { "sec-websocket-protocol": SOCKET_PROTOCOL } : {};
      if (server?.upgrade(request, { data, headers }) !== true) throw noUpgrade();
    },
    { detail: { hide: true } },
  );
}

function noUpgrade(): ApiFailure {
  return new ApiFailure("request-invalid", "This path takes WebSocket connections only");
}
