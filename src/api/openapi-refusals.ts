/** What the OpenAPI document tells of refusals: examples that are real answers, and headers. */

import { ApiFailure, bodyOf, rateLimited, tooManyOpen } from "./errors.ts";
import { isJsonObject, type Json, type JsonObject, listOf, objectOf } from "./openapi-json.ts";

/** A typical refusal of each status. */
const REFUSALS: Readonly<Record<string, ApiFailure>> = {
  401: new ApiFailure("token-missing", "Missing or invalid token"),
  403: new ApiFailure("scope-missing", 'The token lacks the scope "read"'),
  404: new ApiFailure("not-found", "Nothing has this id"),
  409: new ApiFailure(
    "device-not-approved",
    'The terminal is not in use: "biometric-server devices approve 2401058352" takes it into use',
  ),
  406: new ApiFailure("not-acceptable", '"Accept" takes nothing that is served here'),
  410: new ApiFailure("cursor-reset", "The cursor is of an earlier history of the feed", {
    parameters: ["after"],
    members: { reread_from: "2026-03-01T00:00:00+08:00" },
  }),
  413: new ApiFailure("body-too-large", "The body is larger than 10485760 bytes"),
  415: new ApiFailure("media-type-unsupported", "Content-Type must be application/json"),
  422: new ApiFailure("idempotency-key-reused", "The key was sent with another request before"),
  429: rateLimited(12_000),
  503: tooManyOpen(),
};

const HEADERS: Readonly<Record<string, JsonObject>> = {
  401: header("WWW-Authenticate", { type: "string", description: "`Bearer`, and what is wrong." }),
  429: header("Retry-After", { type: "integer", description: "Seconds to wait." }),
  503: header("Retry-After", { type: "integer", description: "Seconds to wait." }),
};

/** Which answer of which operation. */
export interface DescribedAnswer {
  readonly path: string;
  readonly status: string;
  readonly operation: JsonObject;
}

/** `example` of a refusal with the words of a real one, as far as the schema gives none itself. */
export function withRefusal(example: Json, schema: JsonObject, answer: DescribedAnswer): Json {
  const failure = answer.status === "400" ? badRequest(answer) : REFUSALS[answer.status];
  if (failure === undefined || !isJsonObject(example)) return example;
  const members = objectOf(schema.properties ?? {});
  const given = bodyOf(failure, answer.path);
  const spelled = Object.entries(example).map(([name, value]) => {
    const member = members[name];
    const isShown = isJsonObject(member) && "example" in member;
    return [name, name in given && !isShown ? given[name] : value] as const;
  });
  return JSON.parse(JSON.stringify(Object.fromEntries(spelled)));
}

function badRequest({ path, operation }: DescribedAnswer): ApiFailure {
  if (operation.requestBody !== undefined) {
    return new ApiFailure("body-malformed", "The body is not JSON");
  }
  const names = listOf(operation.parameters).map((parameter) => objectOf(parameter).name);
  if (names.includes("start_date")) {
    const problem = "time data '2 March' does not match format '%Y-%m-%d'";
    const message = `Invalid date format. Use YYYY-MM-DD format. Error: ${problem}`;
    return new ApiFailure("parameter-invalid", message);
  }
  if (!path.startsWith("/v1/")) return new ApiFailure("request-invalid", "Bad request");
  const parameters = ["page"];
  return new ApiFailure("parameter-unknown", 'Unknown query parameters: "page"', { parameters });
}

/** The headers that tell more of a status; none for most. */
export function headersOf(status: string): { readonly headers?: JsonObject } {
  const headers = HEADERS[status];
  return headers === undefined ? {} : { headers };
}

function header(name: string, { description, ...schema }: JsonObject): JsonObject {
  return { [name]: { schema, ...(description === undefined ? {} : { description }) } };
}
