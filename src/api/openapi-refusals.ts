/** What the OpenAPI document tells of refusals: examples that are real answers, and headers. */

import { ApiFailure, bodyOf, rateLimited, tooManyOpen } from "./errors.ts";
import { type JsonObject, listOf, objectOf } from "./openapi-json.ts";

/** A typical refusal of each status. */
const REFUSALS: Readonly<Record<string, ApiFailure>> = {
  400: new ApiFailure("request-invalid", 'Field "user_id" is "x": expected integer'),
  401: new ApiFailure("token-missing", "Missing or invalid token"),
  403: new ApiFailure("scope-missing", 'The token lacks the scope "read"'),
  404: new ApiFailure("not-found", "Nothing has this id"),
  410: new ApiFailure("cursor-reset", "The cursor is of an earlier history of the feed"),
  413: new ApiFailure("body-too-large", "The body is larger than 10485760 bytes"),
  415: new ApiFailure("media-type-unsupported", "Content-Type must be application/json"),
  429: rateLimited(12_000),
  503: tooManyOpen(),
};

const HEADERS: Readonly<Record<string, JsonObject>> = {
  401: header("WWW-Authenticate", { type: "string", description: "`Bearer`, and what is wrong." }),
  429: header("Retry-After", { type: "integer", description: "Seconds to wait." }),
  503: header("Retry-After", { type: "integer", description: "Seconds to wait." }),
};

/** A whole answer, if one of this status has every field that `schema` demands. */
export function refusalExample(
  schema: JsonObject,
  answer: { readonly path: string; readonly status: string },
): JsonObject | undefined {
  const failure = REFUSALS[answer.status];
  if (failure === undefined) return undefined;
  const body = objectOf(bodyOf(failure, answer.path));
  const demanded = listOf(schema.required).map(String);
  return demanded.length > 0 && demanded.every((name) => name in body) ? body : undefined;
}

/** The headers that tell more of a status; none for most. */
export function headersOf(status: string): { readonly headers?: JsonObject } {
  const headers = HEADERS[status];
  return headers === undefined ? {} : { headers };
}

function header(name: string, { description, ...schema }: JsonObject): JsonObject {
  return { [name]: { schema, ...(description === undefined ? {} : { description }) } };
}
