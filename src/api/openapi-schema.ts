/**
 * Rewrites a schema of the framework into the dialect of OpenAPI 3.0: no `const`, no type `null`
 * or pattern of names, one `example`, and what `documentedAs` says in place of what the framework checks.
 */

import { isList, type Json, type JsonObject, listOf, objectOf } from "./openapi-json.ts";

/** The schema in the dialect of OpenAPI 3.0; an absent one stands for any value. */
export function correctSchema(schema: Json | undefined): JsonObject {
  if (schema === undefined) return {};
  const { const: constant, examples, documentedAs, ...rest } = objectOf(schema);
  if (documentedAs !== undefined) return objectOf(documentedAs);
  const corrected = correctUnion(correctMembers(rest));
  const [example] = listOf(examples);
  return {
    ...corrected,
    ...(constant === undefined ? {} : { enum: [constant] }),
    ...(example === undefined ? {} : { example }),
  };
}

/** Corrects every schema inside a schema. */
function correctMembers(schema: JsonObject): JsonObject {
  const corrected: Record<string, Json | undefined> = { ...schema };
  const { properties, items, anyOf, allOf, type, patternProperties } = schema;
  if (properties !== undefined) {
    const members = Object.entries(objectOf(properties));
    corrected.properties = Object.fromEntries(
      members.map(([name, member]) => [name, correctSchema(member)]),
    );
  }
  if (patternProperties !== undefined) {
    const [anyMember] = Object.values(objectOf(patternProperties));
    corrected.patternProperties = undefined;
    corrected.additionalProperties = correctSchema(anyMember);
  }
  if (items !== undefined) corrected.items = correctSchema(items);
  if (anyOf !== undefined) corrected.anyOf = listOf(anyOf).map(correctSchema);
  if (allOf !== undefined) corrected.allOf = listOf(allOf).map(correctSchema);
  if (type === "null") Object.assign(corrected, { type: "string", enum: [null], nullable: true });
  return corrected;
}

/** A union with null becomes `nullable`, and a union of constants one list of values. */
function correctUnion(schema: JsonObject): JsonObject {
  const { anyOf, ...rest } = schema;
  if (anyOf === undefined) return schema;
  const choices = listOf(anyOf)
    .map(objectOf)
    .filter((choice) => !isIntegerText(choice));
  const values = choices.filter((choice) => !isNull(choice));
  const nullable = values.length < choices.length ? { nullable: true } : {};
  const [first, ...others] = values;
  if (first === undefined) return rest;
  if (others.length === 0) return { ...first, ...rest, ...nullable };
  const constants = values.flatMap((choice) => listOf(choice.enum));
  // Null is one more value of a type, so that it cannot stand beside types.
  if (constants.length < values.length) {
    return { ...rest, anyOf: [{ ...first, ...nullable }, ...others] };
  }
  const withNull = "nullable" in nullable ? [...constants, null] : constants;
  return { ...rest, ...nullable, type: typeof constants[0], enum: withNull };
}

/** The framework takes every integer also as text, which only holds for what it receives. */
function isIntegerText(schema: JsonObject): boolean {
  return schema.type === "string" && schema.format === "integer";
}

function isNull(schema: JsonObject): boolean {
  const values = schema.enum;
  return values !== undefined && isList(values) && values[0] === null;
}
