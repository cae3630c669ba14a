/** Holds answers to what the OpenAPI document says of their operation. */

import { schemaProblems } from "../support/json-schema.ts";
import { type Answer, ApiFixture, field } from "./api-fixture.ts";

/** One operation of the document. */
export interface Operation {
  /** In capitals. */
  readonly method: string;
  /** With `{name}` for a parameter. */
  readonly template: string;
  readonly needsToken: boolean;
  readonly takesBody: boolean;
  readonly document: unknown;
}

/** One example of the document, or one answer, with the schema that it should pass. */
export interface SchemaCase {
  readonly where: string;
  readonly schema: object;
  readonly value: unknown;
}

/** Every operation of the document that this API describes itself with. */
export async function listOperations(): Promise<readonly Operation[]> {
  const { json } = await new ApiFixture().call("/swagger/json");
  return Object.entries(Object(field(json, "paths"))).flatMap(([template, item]) =>
    Object.entries(Object(item)).map(([method, document]) => ({
      method: method.toUpperCase(),
      template,
      needsToken: Object.keys(Object(field(document, "security"))).length > 0,
      takesBody: field(document, "requestBody") !== undefined,
      document,
    })),
  );
}

/** Every example of an operation: its request, its parameters, and its answers by status. */
export function examplesOf({ method, template, document }: Operation): readonly SchemaCase[] {
  const name = `${method} ${template}`;
  const parameters = Object.values(Object(field(document, "parameters")))
    .filter((parameter) => field(parameter, "example") !== undefined)
    .map((parameter) => caseOf(`${name} ${field(parameter, "name")}`, parameter));
  const answers = Object.entries(Object(field(document, "responses"))).flatMap(
    ([status, response]) => contentsOf(response).map((one) => caseOf(`${name} ${status}`, one)),
  );
  const bodies = contentsOf(field(document, "requestBody")).map((one) =>
    caseOf(`${name} body`, one),
  );
  return [...parameters, ...bodies, ...answers];
}

/** What is wrong with an answer of an operation: an unknown status, a type, a field. */
export function answerProblems(operation: Operation, answer: Answer): readonly string[] {
  const response = field(operation.document, "responses", String(answer.status));
  if (response === undefined) return [`status ${answer.status} is not documented`];
  const [type = ""] = (answer.headers.get("content-type") ?? "").split(";");
  const content = field(response, "content");
  if (content === undefined) return answer.text === "" ? [] : ["a body is not documented"];
  const schema = field(content, type, "schema");
  if (typeof schema !== "object" || schema === null) return [`type ${type} is not documented`];
  return schemaProblems(schema, answer.json ?? answer.text);
}

function contentsOf(described: unknown): readonly unknown[] {
  return Object.values(Object(field(described, "content")));
}

function caseOf(where: string, described: unknown): SchemaCase {
  const schema = field(described, "schema");
  if (typeof schema !== "object" || schema === null) throw new Error(`No schema: ${where}`);
  return { where, schema, value: field(described, "example") };
}
