/**
 * Everything that a web request can be refused for, and how each refusal is spelled: RFC 9457
 * problem details under `/v1/`, the original server's `{ error, message }` everywhere else. The
 * text of an exception never leaves the process.
 */

import { t, ValidationError } from "elysia";
import { AppError } from "#base/app-error.ts";
import type { Log } from "#platform/log.ts";
import { allowedMethods, type RouteList } from "./allowed-methods.ts";

/** What a request was refused for. Stable: clients of `/v1/` branch on it. */
export type ApiFailureCode = keyof typeof FAILURES;

/** Status and title of every refusal; the title is the `error` of the original's shape. */
const FAILURES = {
  "credentials-missing": { status: 400, title: "Bad Request" },
  "body-malformed": { status: 400, title: "Bad Request" },
  "request-invalid": { status: 400, title: "Bad Request" },
  "parameter-invalid": { status: 400, title: "Bad Request" },
  "parameter-unknown": { status: 400, title: "Bad Request" },
  "cursor-invalid": { status: 400, title: "Bad Request" },
  "command-kind-unknown": { status: 400, title: "Bad Request" },
  "command-invalid": { status: 400, title: "Bad Request" },
  "webhook-url-refused": { status: 400, title: "Bad Request" },
  "idempotency-key-invalid": { status: 400, title: "Bad Request" },
  "credentials-wrong": { status: 401, title: "Unauthorized" },
  "token-missing": { status: 401, title: "Unauthorized" },
  "token-invalid": { status: 401, title: "Unauthorized" },
  "client-not-authorized": { status: 403, title: "Forbidden" },
  "scope-missing": { status: 403, title: "Forbidden" },
  "not-found": { status: 404, title: "Not Found" },
  "cursor-expired": { status: 410, title: "Gone" },
  "method-not-allowed": { status: 405, title: "Method Not Allowed" },
  "not-acceptable": { status: 406, title: "Not Acceptable" },
  "device-not-approved": { status: 409, title: "Conflict" },
  "device-built-in": { status: 409, title: "Conflict" },
  "device-takes-no-commands": { status: 409, title: "Conflict" },
  "command-queue-full": { status: 409, title: "Conflict" },
  "log-being-read": { status: 409, title: "Conflict" },
  "users-unlisted": { status: 409, title: "Conflict" },
  "webhook-name-taken": { status: 409, title: "Conflict" },
  "webhooks-full": { status: 409, title: "Conflict" },
  "webhook-of-settings": { status: 409, title: "Conflict" },
  "secret-rotating": { status: 409, title: "Conflict" },
  "secret-missing": { status: 409, title: "Conflict" },
  "command-not-waiting": { status: 409, title: "Conflict" },
  "quarantine-decided": { status: 409, title: "Conflict" },
  "quarantine-unreadable": { status: 409, title: "Conflict" },
  "quarantine-no-room": { status: 409, title: "Conflict" },
  "quarantine-nothing-replaced": { status: 409, title: "Conflict" },
  "backup-being-made": { status: 409, title: "Conflict" },
  "user-being-purged": { status: 409, title: "Conflict" },
  "cursor-reset": { status: 410, title: "Gone" },
  "body-too-large": { status: 413, title: "Content Too Large" },
  "media-type-unsupported": { status: 415, title: "Unsupported Media Type" },
  "idempotency-key-reused": { status: 422, title: "Unprocessable Content" },
  "storage-unavailable": { status: 503, title: "Service Unavailable" },
  "too-many-open": { status: 503, title: "Service Unavailable" },
  "too-many-waiting": { status: 429, title: "Too Many Requests" },
  "rate-limited": { status: 429, title: "Rate limit exceeded" },
  internal: { status: 500, title: "Internal Server Error" },
} as const;

/** The original server's shape of an error. */
export const OriginalError = t.Object({
  error: t.String({ description: "The kind of failure, such as `Unauthorized`." }),
  message: t.String({ description: "What was wrong." }),
});

/** The same with the words of one refusal, for the OpenAPI document. */
export function originalErrorAs(code: ApiFailureCode, message: string) {
  const { title } = FAILURES[code];
  return t.Object(OriginalError.properties, { examples: [{ error: title, message }] });
}

/** RFC 9457 problem details. */
export const Problem = t.Object({
  type: t.String({ description: "`urn:biometric-server:problem:` and the code." }),
  code: t.String({ description: "Stable; branch on this." }),
  title: t.String(),
  status: t.Integer(),
  detail: t.String(),
  parameters: t.Optional(
    t.Array(t.String(), { description: "The parameters that are wrong or unknown." }),
  ),
});

/** A cursor of an earlier history of the feed. */
export const CursorProblem = t.Object({
  ...Problem.properties,
  reread_from: t.Optional(
    t.String({
      format: "date-time",
      description:
        "Read once from the beginning with this as `from`, and then on with `next`. Absent when " +
        "nobody knows from when on punches may have been lost: read everything again.",
    }),
  ),
});

/** The refusals that any operation behind a token may give, for the OpenAPI document. */
export const ORIGINAL_REFUSALS = {
  401: OriginalError,
  403: OriginalError,
  429: OriginalError,
  503: OriginalError,
};

/** The same under `/v1/`. */
export const PROBLEM_REFUSALS = { 401: Problem, 403: Problem, 429: Problem, 503: Problem };

/** What a refusal may say beside its code and its message. */
export interface ApiFailureDetail {
  readonly headers?: Readonly<Record<string, string>>;
  /** The parameters that are wrong or unknown. */
  readonly parameters?: readonly string[];
  /** Further members of the problem details. */
  readonly members?: Readonly<Record<string, string>>;
  /** The whole JSON body, for a route of the original whose errors have a shape of their own. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** What failed, for the log alone. */
  readonly cause?: unknown;
}

/** A refusal on its way to the client. Everything in it is shown to the client. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly code: ApiFailureCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: readonly string[] | undefined;
  readonly members: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> | undefined;

  /** `message` is one sentence without a full stop that names what was wrong. */
  constructor(code: ApiFailureCode, message: string, detail: ApiFailureDetail = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.headers = detail.headers ?? {};
    this.parameters = detail.parameters;
    this.members = detail.members ?? {};
    this.body = detail.body;
  }
}

/** The refusal of a request that came too early; `waitMs` until the next would be let through. */
export function rateLimited(waitMs: number): ApiFailure {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new ApiFailure("rate-limited", "Too many requests", {
    headers: { "retry-after": String(seconds) },
  });
}

/** The refusal of a request that came while too many others are open; its connection is closed. */
export function tooManyOpen(): ApiFailure {
  return new ApiFailure("too-many-open", "Too many requests are open", {
    headers: { connection: "close", "retry-after": "1" },
  });
}

/** The refusal of a request for which the database does not do its part; its hints are our own words. */
function storageUnavailable(cause: AppError): ApiFailure {
  const hint = cause.hint === undefined ? "" : `. ${cause.hint}`;
  return new ApiFailure("storage-unavailable", `The database cannot be used now${hint}`, {
    headers: { "retry-after": String(STORAGE_RETRY_SECONDS) },
    cause,
  });
}

const STORAGE_RETRY_SECONDS = 60;

/** The refusal of a request whose address cannot be put together. */
export function hostInvalid(): ApiFailure {
  return new ApiFailure("request-invalid", "The Host header names no host");
}

/**
 * The refusal of a body over `bytesMax`. `closing`: of the connection too, because what the client
 * still sends is not waited for.
 */
export function bodyTooLarge(bytesMax: number, { closing }: { closing: boolean }): ApiFailure {
  return new ApiFailure("body-too-large", `The body is larger than ${bytesMax} bytes`, {
    headers: closing ? { connection: "close" } : {},
  });
}

/** What the contract says on one path where something of ours fails. */
export interface FailureWords {
  readonly message: string;
  /** The whole body, where it has another shape than the usual one. */
  readonly body?: (message: string) => Readonly<Record<string, unknown>>;
}

/** Runs `work`; what fails in it unforeseen is answered with 500 in these words, and logged. */
export async function failingAs<Value>(
  { message, body }: FailureWords,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ApiFailure) throw cause;
    const shape = body === undefined ? {} : { body: body(message) };
    throw new ApiFailure("internal", message, { ...shape, cause });
  }
}

/** What the error hook of the framework hands over. */
interface ThrownRequest {
  /** The framework's own word, or the code of the error. */
  readonly code: string | number;
  readonly error: unknown;
  readonly request: Request;
  readonly path: string;
}

/** Turns whatever a route threw into an answer, and logs what was not foreseen as `api.failed`. */
export function answerFailure(log: Log, routes: RouteList, thrown: ThrownRequest): Response {
  const { request, path } = thrown;
  if (thrown.code === "NOT_FOUND") return answerUnknownRoute(routes, request.method, path);
  const failure = foreseenFailure(thrown);
  if (failure !== undefined && failure.cause === undefined) return spell(failure, path);
  const error = errorText(failure?.cause ?? thrown.error);
  log.error(
    "api.failed",
    { method: request.method, path, error },
    { per: `${request.method} ${path}` },
  );
  return spell(failure ?? new ApiFailure("internal", "The request could not be served"), path);
}

/** A known path with another method is 405 with `Allow`, and `OPTIONS` tells the methods. */
function answerUnknownRoute(routes: RouteList, method: string, path: string): Response {
  const methods = allowedMethods(routes, path);
  if (methods.length === 0) return spell(new ApiFailure("not-found", "No such path"), path);
  const headers = { allow: methods.join(", ") };
  if (method === "OPTIONS") return new Response(null, { status: 200, headers });
  const message = `Method ${method} is not allowed here`;
  return spell(new ApiFailure("method-not-allowed", message, { headers }), path);
}

/** The refusal that was thrown, or is behind what the framework made of it. */
export function refusalOf(error: unknown): ApiFailure | undefined {
  if (error instanceof ApiFailure) return error;
  return error instanceof Error && error.cause instanceof ApiFailure ? error.cause : undefined;
}

function foreseenFailure({ code, error, path }: ThrownRequest): ApiFailure | undefined {
  const refusal = refusalOf(error);
  if (refusal !== undefined) return refusal;
  // The contract has 500 for that on the original's paths.
  if (error instanceof AppError && !path.startsWith("/api/")) {
    if (error.code === "storage-write-failed") return storageUnavailable(error);
  }
  if (code === "PARSE") return new ApiFailure("body-malformed", "The body is not JSON");
  if (error instanceof ValidationError && error.type !== "response") {
    return new ApiFailure("request-invalid", "The request does not have the documented form");
  }
  return undefined;
}

/** The framework's text on an answer of a wrong form holds the answer, so it is not logged. */
function errorText(error: unknown): string {
  if (error instanceof ValidationError) return "The answer does not have the documented form";
  return error instanceof Error ? error.message : String(error);
}

function spell(failure: ApiFailure, path: string): Response {
  const { status } = FAILURES[failure.code];
  const isProblem = failure.body === undefined && path.startsWith("/v1/");
  const type = isProblem ? "application/problem+json" : "application/json";
  const headers = { ...failure.headers, "content-type": type };
  return new Response(JSON.stringify(bodyOf(failure, path)), { status, headers });
}

/** The JSON with which a request to `path` is refused. */
export function bodyOf(failure: ApiFailure, path: string): Readonly<Record<string, unknown>> {
  const { status, title } = FAILURES[failure.code];
  if (failure.body !== undefined) return failure.body;
  if (!path.startsWith("/v1/")) return { error: title, message: failure.message };
  return {
    type: `urn:biometric-server:problem:${failure.code}`,
    code: failure.code,
    title,
    status,
    detail: failure.message,
    parameters: failure.parameters,
    ...failure.members,
  };
}
