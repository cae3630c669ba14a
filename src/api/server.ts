/**
 * The web port: mounts every feature, gives each answer the common headers, and listens. Knows
 * nothing of what a feature does.
 */

import { Elysia } from "elysia";
import { AppError } from "#base/app-error.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { LeadingZeros } from "#domain/punch-identity.ts";
import { expectedUsersOf, type UserRange } from "#domain/user.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { SlidingLimit, type SlidingLimitRule } from "#platform/sliding-limit.ts";
import type { Storage } from "#storage/storage.ts";
import { ArrivingBodies } from "./arriving-bodies.ts";
import type { BearerGateOptions } from "./auth.ts";
import { type AccessRules, ClientAccess, type TokenSettings } from "./client-access.ts";
import { completenessRoutes } from "./completeness/routes.ts";
import { commandRoutes } from "./devices/command-routes.ts";
import { terminalRoutes } from "./devices/routes.ts";
import { answerFailure, hostInvalid, refusalOf, tooManyOpen } from "./errors.ts";
import { eventRoutes } from "./events/routes.ts";
import { HEALTH_PATHS, healthRoutes, type ReadinessCheck } from "./health/routes.ts";
import { homeRoutes } from "./home/routes.ts";
import type { LiveHub } from "./live/hub.ts";
import { LIVE_DESCRIPTION } from "./live/messages.ts";
import { liveRoutes } from "./live/routes.ts";
import { liveSockets } from "./live/sockets.ts";
import { LONG_TEXTS_MAX, type LongTexts } from "./long-text.ts";
import { METRICS_PATH, metricsRoutes } from "./metrics/routes.ts";
import type { MetricsSource } from "./metrics/source.ts";
import { type DescribeApi, describeApi } from "./openapi.ts";
import type { JsonObject } from "./openapi-json.ts";
import { countRoutes } from "./original/counts/routes.ts";
import { deviceChangeRoutes } from "./original/devices/change-routes.ts";
import { deviceRoutes } from "./original/devices/routes.ts";
import { docsRoutes } from "./original/docs/routes.ts";
import { logRoutes } from "./original/logs/routes.ts";
import { manualLogRoutes, type SubmitIntake } from "./original/manual-log/routes.ts";
import { performanceRoutes } from "./original/performance/routes.ts";
import { statusRoutes, type WebhookFigures } from "./original/status/routes.ts";
import { summaryRoutes } from "./original/summary/routes.ts";
import { syncRoutes } from "./original/sync/routes.ts";
import { timeRoutes } from "./original/time/routes.ts";
import { userRoutes } from "./original/users/routes.ts";
import { type WebhookDelivery, webhookRoutes } from "./original/webhook/routes.ts";
import { webhookReceiverRoutes } from "./original/webhook-receiver/routes.ts";
import { Places } from "./places.ts";
import { punchRoutes } from "./punches/routes.ts";
import type { WaitingReaders } from "./punches/waiting-readers.ts";
import type { QuarantineDesk } from "./quarantine/desk.ts";
import { quarantineRoutes } from "./quarantine/routes.ts";
import type { RequestTally } from "./request-tally.ts";
import { swaggerRoutes } from "./swagger/routes.ts";
import { tokenRoutes } from "./tokens/routes.ts";
import type { WebhookDesk } from "./webhooks/desk.ts";
import { receiverRoutes } from "./webhooks/routes.ts";

/** Everything the API answers from. */
export interface WebApiOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** IANA zone in which the contract's dates are meant. */
  readonly siteTimeZone: string;
  /** The zone that the machine is set to. */
  readonly serverTimeZone: string;
  readonly primaryDeviceId: DeviceId;
  /** The users that are expected at the primary terminal; undefined: anyone. */
  readonly primaryUserRange: UserRange | undefined;
  /** What the site makes of zeros before a user's number. */
  readonly leadingZeros: LeadingZeros;
  /** Shown as the server's own address. */
  readonly apiUrl: string;
  readonly tokens: TokenSettings;
  /** Accepted requests of one client in any window. */
  readonly rateLimit: { readonly requests: number; readonly windowSeconds: number };
  /** The receivers of webhooks. */
  readonly webhooks: WebhookDesk;
  /** What terminals sent and nobody could read. */
  readonly quarantine: QuarantineDesk;
  readonly webhookFigures: () => WebhookFigures;
  /** Undefined when no receiver is set. */
  readonly webhookDelivery: () => Promise<WebhookDelivery | undefined>;
  /** When the server started, by the monotonic clock. */
  readonly startedAtMonotonicMs: number;
  /** Physical memory of the process. */
  readonly residentBytes: () => number;
  readonly readiness: ReadinessCheck;
  readonly metrics: MetricsSource;
  /** Is told how every request was answered. */
  readonly requests: RequestTally;
  readonly submitIntake: SubmitIntake;
  /** Tells clients of `/ws` what is new; the port closes it when it stops. */
  readonly live: LiveHub;
  /** Told when something may have entered the feed; the port ends their waiting when it stops. */
  readonly waitingReaders: WaitingReaders;
  /** Called when there is work for the background, such as held punches to release. */
  readonly onWork: () => void;
  /** Of the program, for the OpenAPI document. */
  readonly version: string;
  /** Certificate and key in PEM; undefined: the port speaks HTTP without TLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** What the settings say of clients. */
export interface ClientRules {
  readonly tokens: AccessRules;
  readonly rateLimit: WebApiOptions["rateLimit"];
}

/** What every request goes through. */
interface SharedParts {
  readonly bodies: ArrivingBodies;
  readonly access: ClientAccess;
  /** Of requests with a token. */
  readonly limit: SlidingLimit;
}

/** The API and where it listens. */
export interface WebServerOptions extends WebApiOptions {
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** The listening web port. */
export interface RunningWebServer {
  readonly port: number;
  /** Changes who may ask, and how much, from the next request on. */
  setClientRules(rules: ClientRules): void;
  /**
   * Takes no new connection, closes those that wait for their clients, lets running requests end
   * for 5 s, then closes the rest.
   */
  stop(): Promise<void>;
}

/** The whole API, for a typed client. */
export type WebApi = ReturnType<typeof createWebApi>;

/** A connection on which nothing moves for so long is closed. */
const IDLE_TIMEOUT_SECONDS = 30;
const STOP_TIMEOUT_MS = 5_000;
const STOP_CHECK_MS = 10;
/** Requests at once, from their head to the last byte of their answer; further ones get a 503. */
const REQUESTS_MAX = 256;
/** Questions after the server's health that are answered beyond that: a full server is not a dead one. */
const HEALTH_CHECKS_MAX = 16;
const SWITCHING_PROTOCOLS = 101;
/** Clients whose requests are counted at a time. */
const CLIENTS_MAX = 1_000;

/**
 * Opens the web port.
 * @throws AppError `port-unavailable`.
 */
export function startWebServer(options: WebServerOptions): RunningWebServer {
  const shared = createShared(options);
  const { bodies, access, limit } = shared;
  const app = createWebApi(options, shared);
  const server = listen(app, options);
  app.server = server;
  const port = server.port ?? options.port;
  options.log.info("api.listening", { hostname: options.hostname, port });
  return {
    port,
    setClientRules({ tokens, rateLimit }) {
      access.setRules(tokens);
      limit.setRule(limitRule(rateLimit));
    },
    async stop() {
      options.live.close();
      options.waitingReaders.close();
      const stopped = server.stop();
      const hasEnded = () => server.pendingRequests <= bodies.count;
      await waitUntil(hasEnded, options.clock);
      await Promise.all([stopped, server.stop(true)]);
    },
  };
}

/** Waits for `condition`, or the end of the time that a stop has. */
async function waitUntil(condition: () => boolean, clock: Clock): Promise<void> {
  if (condition()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const deadline = clock.after(STOP_TIMEOUT_MS, resolve);
  const check = clock.every(STOP_CHECK_MS, () => {
    if (condition()) resolve();
  });
  await promise;
  deadline.stop();
  check.stop();
}

function listen(app: WebApi, options: WebServerOptions) {
  const { hostname, port, tls, live } = options;
  try {
    return Bun.serve({
      hostname,
      port,
      ...(tls !== undefined && { tls: { cert: tls.cert, key: tls.key } }),
      // Said explicitly: by default a second server of one process takes the port over in silence.
      reusePort: false,
      fetch: (request) =>
        answerCounted(app, tls === undefined ? request : withPort(request), options),
      websocket: liveSockets(live),
      // The routes have limits of their own and say so in JSON; what nobody reads is thrown away.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      // Otherwise a failure outside the routes is answered with a page that shows the source.
      development: false,
    });
  } catch (cause) {
    throw new AppError("port-unavailable", `Cannot open web port ${port} on "${hostname}"`, {
      hint:
        `Find the program that holds it with "ss -ltnp sport = :${port}" and stop it, ` +
        "or set WEB_PORT or WEB_BIND to another port or address.",
      cause,
    });
  }
}

async function answerCounted(
  app: WebApi,
  request: Request,
  { requests, clock, log }: WebServerOptions,
): Promise<Response> {
  const startedMs = clock.monotonicMs();
  const answer = await app.fetch(request);
  // Where the connection became a WebSocket there is no answer.
  const status = answer?.status ?? SWITCHING_PROTOCOLS;
  requests.noteAnswer(status);
  const { method, url } = request;
  const ms = Math.round(clock.monotonicMs() - startedMs);
  // A query may name people.
  log.debug("api.answered", { method, path: url.replace(HOST_OR_QUERY, ""), status, ms });
  return answer;
}

/**
 * The framework looks for the path from letter 11 on. In `https://hr/` that is behind its start, and
 * not in `https://hr:443/`, which says the same. The request stays the same object, for its peer is
 * known by it.
 */
function withPort(request: Request): Request {
  const url = request.url.replace(SHORT_HOST, "$&:443");
  return Object.defineProperty(request, "url", { value: url });
}

const SHORT_HOST = /^https:\/\/[^/?]{1,2}(?=[/?]|$)/;

const HOST_OR_QUERY = /^\w+:\/\/[^/]*|\?.*$/g;

/** The API without a port: `handle(request)` answers as the port would. */
export function createWebApi(options: WebApiOptions, shared = createShared(options)) {
  const { log, requests } = options;
  let document: Promise<JsonObject> | undefined;
  const describe: DescribeApi = () => {
    document ??= describeApi(createFeatures(options, shared, describe), apiDescription(options));
    return document;
  };
  const app = new Elysia({
    name: "web-api",
    strictPath: true,
    // The path is looked for from letter 7 on, or 11: in `http://box/` the latter is behind its start,
    // in `https://box/` the former before its host.
    handler: { standardHostname: options.tls !== undefined },
  })
    .headers({
      "content-type": "application/json",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    })
    .onRequest(({ server, request }) => {
      if (!URL.canParse(request.url)) throw hostInvalid();
      const requestsMax = isHealthCheck(request) ? REQUESTS_MAX + HEALTH_CHECKS_MAX : REQUESTS_MAX;
      if ((server?.pendingRequests ?? 0) <= requestsMax) return;
      log.warn("api.full", { requests: REQUESTS_MAX }, { per: "requests" });
      throw tooManyOpen();
    })
    .onError(({ code, error, request, path }) => {
      const refusal = refusalOf(error);
      if (refusal !== undefined) requests.noteRefusal(refusal.code);
      return answerFailure(log, () => app.routes, { code, error, request, path });
    })
    .use(createFeatures(options, shared, describe))
    .use(homeRoutes())
    .use(swaggerRoutes(describe));
  return app;
}

function createShared({ tokens, rateLimit, storage, clock }: WebApiOptions): SharedParts {
  const rule = limitRule(rateLimit);
  return {
    bodies: new ArrivingBodies(),
    access: new ClientAccess(tokens, storage),
    limit: new SlidingLimit({ ...rule, keysMax: CLIENTS_MAX, clock }),
  };
}

function limitRule({ requests, windowSeconds }: WebApiOptions["rateLimit"]): SlidingLimitRule {
  return { requests, windowMs: windowSeconds * 1000 };
}

function isHealthCheck(request: Request): boolean {
  return [...HEALTH_PATHS, METRICS_PATH].includes(new URL(request.url).pathname);
}

/** Every feature that the OpenAPI document describes. */
function createFeatures(options: WebApiOptions, shared: SharedParts, describe: DescribeApi) {
  const { storage, clock, log, siteTimeZone, primaryDeviceId, tokens } = options;
  const { bodies, access, limit } = shared;
  const gate: BearerGateOptions = { tokens, access, limit, turns: new ReadingTurns(), clock };
  const expectedUsers = expectedUsersOf(primaryDeviceId, options.primaryUserRange);
  const longTexts: LongTexts = { log, turns: gate.turns, places: new Places(LONG_TEXTS_MAX) };
  return new Elysia({ name: "features", strictPath: true })
    .use(healthRoutes(options.readiness))
    .use(metricsRoutes({ ...options, gate }))
    .use(timeRoutes(options))
    .use(docsRoutes({ describe, access, limit }))
    .use(tokenRoutes({ tokens, access, clock, log, bodies }))
    .use(punchRoutes({ ...options, gate, longTexts, expectedUsers }))
    .use(eventRoutes({ storage, gate, siteTimeZone }))
    .use(completenessRoutes({ storage, gate, siteTimeZone }))
    .use(terminalRoutes({ storage, gate, clock, siteTimeZone }))
    .use(commandRoutes({ storage, gate, clock, log, siteTimeZone, bodies }))
    .use(quarantineRoutes({ ...options, gate }))
    .use(receiverRoutes({ ...options, gate, bodies }))
    .use(logRoutes({ ...options, gate, longTexts, expectedUsers }))
    .use(summaryRoutes({ storage, gate, siteTimeZone }))
    .use(statusRoutes({ ...options, gate, expectedUsers }))
    .use(userRoutes({ ...options, gate }))
    .use(syncRoutes({ ...options, gate, bodies }))
    .use(deviceRoutes({ storage, gate, siteTimeZone, primaryDeviceId }))
    .use(deviceChangeRoutes({ ...options, gate, bodies }))
    .use(countRoutes({ storage, gate, siteTimeZone }))
    .use(manualLogRoutes({ ...options, gate, bodies }))
    .use(webhookRoutes({ ...options, gate, bodies }))
    .use(performanceRoutes({ ...options, gate }))
    .use(webhookReceiverRoutes({ clock, bodies, siteTimeZone }))
    .use(liveRoutes({ ...options, gate }));
}

function apiDescription({ version }: WebApiOptions) {
  return {
    title: "biometric-server",
    version,
    description:
      "Punches of attendance terminals. `/v1/` is the API for new clients; `/api/` keeps the " +
      `paths and shapes of the server that this one replaces. ${LIVE_DESCRIPTION}`,
  };
}
