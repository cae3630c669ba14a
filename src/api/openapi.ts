/**
 * The OpenAPI document. The framework's plugin writes it from the schemas of the routes, in a
 * dialect that is neither OpenAPI 3.0 nor 3.1; here it becomes valid 3.0.3, with the token scheme
 * and the true media types.
 */

import { type AnyElysia, Elysia } from "elysia";
import { OriginalError, Problem } from "./errors.ts";
import { exampleOf } from "./openapi-example.ts";
import { type Json, type JsonObject, listOf, mapEntries, objectOf } from "./openapi-json.ts";
import { type DescribedAnswer, headersOf, withRefusal } from "./openapi-refusals.ts";
import { correctSchema } from "./openapi-schema.ts";

/** Names the document. */
export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

/** Gives the document. Making it takes a moment the first time. */
export type DescribeApi = () => Promise<JsonObject>;

const DESCRIPTION_PATH = "/description";
const JSON_TYPE = "application/json";
const PROBLEM_TYPE = "application/problem+json";
const METHODS: ReadonlySet<string> = new Set(["get", "post", "put", "patch", "delete"]);

/** What a status means; the document must describe every response, and the plugin does not. */
const STATUS_TEXTS: ReadonlyMap<string, string> = new Map([
  ["200", "Success"],
  ["201", "Made; `Location` names it"],
  ["304", "Not changed since the given `ETag`"],
  ["400", "Bad request"],
  ["401", "Token or credentials missing or wrong"],
  ["403", "Not allowed"],
  ["404", "Not found"],
  ["406", "`Accept` takes nothing that is served here"],
  ["409", "Not possible as things stand"],
  ["410", "The cursor is of an earlier history, or what is behind it is not kept any more"],
  ["413", "The body is too large"],
  ["415", "Not JSON"],
  ["422", "The `Idempotency-Key` belongs to another request"],
  ["429", "Too many requests; see `Retry-After`"],
  ["503", "Not ready, or too many requests are open"],
]);

/**
 * The document of `features`, a copy of the routes made for this purpose alone: describing routes
 * ties them to another server.
 */
export async function describeApi(
  features: AnyElysia,
  description: ApiDescription,
): Promise<JsonObject> {
  // Loaded when somebody asks: at a start it would cost 4 MB and the time to read it.
  const { swagger } = await import("@elysiajs/swagger");
  const describer = new Elysia().use(features).use(
    swagger({
      path: `${DESCRIPTION_PATH}/page`,
      specPath: `${DESCRIPTION_PATH}/json`,
      excludeStaticFile: false,
      documentation: {
        info: description,
        components: {
          securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
        },
      },
    }),
  );
  const answer = await describer.handle(new Request(`http://localhost${DESCRIPTION_PATH}/json`));
  return correctDocument(objectOf(await answer.json()));
}

function correctDocument(document: JsonObject): JsonObject {
  const paths = mapEntries(objectOf(document.paths), (item, path) =>
    mapEntries(objectOf(item), (operation, method) =>
      METHODS.has(method) ? correctOperation(objectOf(operation), path) : operation,
    ),
  );
  return { ...document, openapi: "3.0.3", paths };
}

/** An operation that may answer 401 and does not say otherwise needs a token. */
function correctOperation(operation: JsonObject, path: string): JsonObject {
  const given = { ...objectOf(operation.responses), ...impliedResponses(operation, path) };
  const responses = mapEntries(given, (response, status) => ({
    description: STATUS_TEXTS.get(status) ?? `Status ${status}`,
    ...headersOf(status),
    ...correctContent(objectOf(response), { path, status, operation }),
  }));
  const parameters = listOf(operation.parameters).map(correctParameter);
  const corrected = { ...operation, parameters, responses };
  const needsToken = "401" in responses && !("security" in operation);
  const secured = needsToken ? { ...corrected, security: [{ bearer: [] }] } : corrected;
  const body = operation.requestBody;
  if (body === undefined) return secured;
  const requestBody = {
    required: true,
    ...correctContent(objectOf(body), { path, status: "", operation }),
  };
  return { ...secured, requestBody };
}

function correctParameter(parameter: Json): JsonObject {
  const given = objectOf(parameter);
  const schema = correctSchema(given.schema);
  const example = exampleOf(schema, String(given.name));
  // An example of an optional parameter would be sent by whoever tries the operation.
  return given.required === true ? { ...given, schema, example } : { ...given, schema };
}

/** The port's own refusal, which any operation may give. */
function impliedResponses(operation: JsonObject, path: string): JsonObject {
  if ("503" in objectOf(operation.responses)) return {};
  const schema: JsonObject = JSON.parse(
    JSON.stringify(path.startsWith("/v1/") ? Problem : OriginalError),
  );
  return { 503: { content: { [JSON_TYPE]: { schema } } } };
}

/**
 * The plugin says the same of every media type, and takes the name of a parser for one. A schema
 * names its other media types itself.
 */
function correctContent(described: JsonObject, answer: DescribedAnswer): JsonObject {
  const content = described.content;
  if (content === undefined) return {};
  const [any] = Object.values(objectOf(content));
  const { contentMediaType = mediaTypeOf(answer), ...given } = objectOf(objectOf(any).schema);
  const further = objectOf(described.furtherContent ?? {});
  // The plugin moves everything but the members of an object out of its schema.
  const schema = correctSchema({ examples: described.examples, ...given });
  const { example = withRefusal(exampleOf(schema), schema, answer) } = schema;
  return { content: { [String(contentMediaType)]: { schema, example }, ...further } };
}

function mediaTypeOf({ path, status }: DescribedAnswer): string {
  return path.startsWith("/v1/") && Number(status) >= 400 ? PROBLEM_TYPE : JSON_TYPE;
}
