/** Tells the operations of the OpenAPI document in the words of `GET /api/docs`. */

import { isJsonObject, type Json, type JsonObject, listOf, objectOf } from "../../openapi-json.ts";
import type { DocumentedEndpoint } from "./model.ts";

/** Every operation by method and path, such as `GET /api/biometric/logs`. */
export function describeEndpoints(document: JsonObject): Record<string, DocumentedEndpoint> {
  const endpoints: Record<string, DocumentedEndpoint> = {};
  for (const [path, item] of Object.entries(objectOf(document.paths))) {
    for (const [method, operation] of Object.entries(objectOf(item))) {
      endpoints[`${method.toUpperCase()} ${path}`] = describeOperation(objectOf(operation));
    }
  }
  return endpoints;
}

function describeOperation(operation: JsonObject): DocumentedEndpoint {
  const texts = [operation.summary, operation.description].filter((text) => text !== undefined);
  const parameters: Record<string, string> = {};
  for (const parameter of listOf(operation.parameters).map(objectOf)) {
    const { name, description, required, schema } = parameter;
    const words = { ...objectOf(schema), ...(description === undefined ? {} : { description }) };
    parameters[String(name)] = describeValue(words, required === true);
  }
  return {
    description: texts.join(". "),
    auth_required: listOf(operation.security).length > 0,
    parameters: { ...parameters, ...describeBody(operation.requestBody) },
  };
}

function describeBody(requestBody: Json | undefined): Record<string, string> {
  if (requestBody === undefined) return {};
  const content = Object.values(objectOf(objectOf(requestBody).content)).map(objectOf);
  const { properties = {}, required } = objectOf(content[0]?.schema);
  const fields = Object.entries(objectOf(properties)).map(([name, schema]) => {
    return [name, describeValue(objectOf(schema), listOf(required).includes(name))] as const;
  });
  return Object.fromEntries(fields);
}

/** `integer, optional: Punches on the page.` */
function describeValue(schema: JsonObject, isRequired: boolean): string {
  const { description } = schema;
  const kind = `${typeOf(schema)}, ${isRequired ? "required" : "optional"}`;
  return description === undefined ? kind : `${kind}: ${String(description)}`;
}

function typeOf(schema: JsonObject): string {
  const choices = listOf(schema.enum);
  if (choices.length > 0) return choices.map((choice) => JSON.stringify(choice)).join(" or ");
  const kinds = listOf(schema.anyOf).filter(isJsonObject).map(typeOf);
  if (kinds.length > 0) return kinds.join(" or ");
  const { type = "any", format } = schema;
  return format === undefined ? String(type) : `${String(type)} (${String(format)})`;
}
