/**
 * The JSON body of a request: its content type, its size, its form. Every route that takes a body
 * reads it here, after its gate has let the client in.
 */

import { getSchemaValidator, type TSchema } from "elysia";
import type { ArrivingBodies } from "./arriving-bodies.ts";
import { ApiFailure, type ApiFailureCode } from "./errors.ts";

/** The largest body that a route takes when it says nothing else. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;
/** Lists and objects in each other: whoever walks a body may do so by calling itself. */
const NESTING_MAX = 100;
const SHOWN_LENGTH_MAX = 40;

/** How a route wants its body. */
export interface JsonBodyOptions {
  readonly bodies: ArrivingBodies;
  /** Default `BODY_BYTES_MAX`. */
  readonly bytesMax?: number;
  /** The whole answer of a 400, 413 or 415, where the contract has another than the usual one. */
  readonly refusal?: (message: string) => Readonly<Record<string, unknown>>;
}

/**
 * Part of a route's options. The `body` that the handler gets is documented, typed and checked by
 * `schema`, may have further fields, and is read once the gates before the route are passed, which
 * the framework's own parser does not wait for. An integer may also be sent as text.
 */
export function jsonBody<Schema extends TSchema>(schema: Schema, options: JsonBodyOptions) {
  const form = getSchemaValidator<TSchema>(schema, { additionalProperties: true });
  return {
    parse: "none" as const,
    body: schema,
    // An arrow, because the framework reads the text of its hooks and is lost in other forms.
    transform: async (context: { readonly request: Request; body: unknown }): Promise<void> => {
      const body = await readJsonBody(context.request, options);
      const problem = form.Errors(body).First();
      if (problem !== undefined) throw refuse(options, "request-invalid", describe(problem));
      try {
        context.body = form.Decode(body);
      } catch {
        throw refuse(options, "request-invalid", "A number of the body is out of its range");
      }
    },
  };
}

/**
 * The body as the value it is. Waits for the client.
 * @throws ApiFailure `media-type-unsupported` when it is not declared as JSON, also when there is
 * none at all, or when it is packed; `body-malformed`, `body-too-large`, `too-many-open`.
 */
export async function readJsonBody(request: Request, options: JsonBodyOptions): Promise<unknown> {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^application\/([a-z0-9.-]+\+)?json\s*(;|$)/i.test(contentType)) {
    throw refuse(options, "media-type-unsupported", "Content-Type must be application/json");
  }
  const encoding = request.headers.get("content-encoding") ?? "";
  if (!/^(identity)?$/i.test(encoding)) {
    const wanted = "the body must be sent as it is";
    const message = `Content-Encoding is "${shorten(encoding)}": ${wanted}`;
    throw refuse(options, "media-type-unsupported", message);
  }
  const { bodies, bytesMax = BODY_BYTES_MAX } = options;
  const bytes = await bodies.read(request, bytesMax).catch((cause: unknown) => {
    throw cause instanceof ApiFailure ? inWordsOf(options, cause) : cause;
  });
  if (isNestedTooDeep(bytes)) {
    throw refuse(options, "body-malformed", `The body is nested deeper than ${NESTING_MAX} levels`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw refuse(options, "body-malformed", "The body is not JSON");
  }
}

function refuse(options: JsonBodyOptions, code: ApiFailureCode, message: string): ApiFailure {
  return inWordsOf(options, new ApiFailure(code, message));
}

function inWordsOf({ refusal }: JsonBodyOptions, failure: ApiFailure): ApiFailure {
  if (refusal === undefined || failure.code === "too-many-open") return failure;
  const { code, message, headers } = failure;
  return new ApiFailure(code, message, { headers, body: refusal(message) });
}

/** The bytes that mean something in JSON are the same in UTF-8. */
function isNestedTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isInText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (byte === LIST_START || byte === OBJECT_START) {
      depth += 1;
      if (depth > NESTING_MAX) return true;
    } else if (byte === LIST_END || byte === OBJECT_END) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LIST_START = 0x5b;
const LIST_END = 0x5d;
const OBJECT_START = 0x7b;
const OBJECT_END = 0x7d;

/** What the checks of a schema find, as far as it is told. */
interface FormProblem {
  readonly path: string;
  readonly value: unknown;
  readonly message: string;
  /** Of a union: what is wrong by each of its parts. */
  readonly errors: readonly { First(): FormProblem | undefined }[];
}

/** `Field "users/3/user_id" is "x": expected integer`. */
function describe(problem: FormProblem): string {
  const what = problem.path === "" ? "The body" : `Field "${shorten(problem.path.slice(1))}"`;
  if (problem.value === undefined) return `${what} is missing`;
  const parts = problem.errors.flatMap((part) => part.First() ?? []);
  const deeper = parts.find(({ path }) => path !== problem.path);
  if (deeper !== undefined) return describe(deeper);
  const wanted = wantedOf(parts.length === 0 ? [problem] : parts);
  return `${what} is ${show(problem.value)}: expected ${wanted.join(" or ")}`;
}

function wantedOf(problems: readonly FormProblem[]): readonly string[] {
  const wanted = problems.map(({ message }) => message.replace(/^Expected /, ""));
  // An integer is a union of its text and itself, in this order: the last says what is meant.
  const integer = wanted.at(-1)?.startsWith("integer") === true ? wanted.slice(-1) : undefined;
  return integer ?? wanted;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? `"${shorten(value)}"` : String(value);
}

function shorten(text: string): string {
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text;
}
