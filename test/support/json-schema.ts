/**
 * Checks JSON against the schemas of an OpenAPI 3.0 document, with the checker that the independent
 * validator of documents brings along.
 */

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

interface Check {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

interface Checker {
  compile(schema: object): Check;
}

const validator = fileURLToPath(import.meta.resolve("@seriousme/openapi-schema-validator"));
const requireBesideValidator = createRequire(`${dirname(validator)}/`);
const Ajv: new (options: object) => Checker = requireBesideValidator("ajv");
const addFormats: (checker: Checker) => void = requireBesideValidator("ajv-formats");

// Strict, it refuses what is of OpenAPI alone, such as `example`.
const checker = new Ajv({ strict: false, allErrors: true });
addFormats(checker);

const checks = new WeakMap<object, Check>();

/** What is wrong with a value, as `/path must be text`; empty when it passes. */
export function schemaProblems(schema: object, value: unknown): readonly string[] {
  const known = checks.get(schema);
  const check = known ?? checker.compile(schema);
  if (known === undefined) checks.set(schema, check);
  if (check(value)) return [];
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
