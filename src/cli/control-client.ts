/**
 * Talks to the running server over its Unix socket, whose permissions are the login.
 */

import { existsSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import type { LoadedConfig } from "#config/load.ts";
import { asRecord, textOf } from "./answer-fields.ts";

/** Where the unit of a box has its socket; a verb of root does not get the unit's environment. */
const UNIT_SOCKET_PATH = "/run/biometric-server/control.sock";
const ANSWER_TIMEOUT_MS = 10_000;
const PATIENT_TIMEOUT_MS = 60_000;

/** What the server answers: one JSON value. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The socket of the settings if it is there, else that of the unit if it is there. */
export function findControlSocket(loaded: Pick<LoadedConfig, "controlSocketPath">): string {
  const paths = [loaded.controlSocketPath, UNIT_SOCKET_PATH];
  return paths.find((path) => existsSync(path)) ?? loaded.controlSocketPath;
}

/**
 * What the server answered, where it did what was tried. `hint`: what else may help.
 * @throws AppError `control-refused` with what the server said against it.
 */
export function acceptedBody(
  tried: string,
  { status, body }: ControlAnswer,
  hint?: string,
): unknown {
  if (status === 200) return body;
  const said = textOf(asRecord(body)?.message) || `status ${status}`;
  const message = `Cannot ${tried}: ${said}`;
  throw new AppError("control-refused", message, hint === undefined ? {} : { hint });
}

/**
 * Sends one request to the server behind `socketPath` and waits for the answer.
 * @throws AppError `control-unreachable` when none answers, `control-refused` when the answer is no
 * JSON or a failure of the server.
 */
export async function askServer(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
): Promise<ControlAnswer> {
  return exchange(socketPath, path, { method });
}

/** The same for a `POST` whose answer the server itself waits for, up to a minute. */
export async function askServerPatiently(socketPath: string, path: string): Promise<ControlAnswer> {
  return exchange(socketPath, path, { method: "POST" }, PATIENT_TIMEOUT_MS);
}

/** The same for a `POST` with a body of JSON text. */
export async function sendToServer(
  socketPath: string,
  path: string,
  json: string,
): Promise<ControlAnswer> {
  const headers = { "content-type": "application/json" };
  return exchange(socketPath, path, { method: "POST", headers, body: json });
}

/**
 * Opens what the server sends as it is, however long that takes.
 * @throws AppError `control-unreachable`; `control-refused` with what the server said against it.
 */
export async function openFromServer(
  socketPath: string,
  path: string,
): Promise<{ readonly body: ReadableStream<Uint8Array>; readonly headers: Headers }> {
  const response = await send(socketPath, path, { method: "GET" }, undefined);
  const { body, headers, status } = response;
  if (status === 200 && body !== null) return { body, headers };
  const said = textOf(asRecord(await response.json().catch(() => undefined))?.message);
  if (said === "") throw refusal(path, `status ${status}`);
  throw new AppError("control-refused", said);
}

async function exchange(
  socketPath: string,
  path: string,
  ...[request, timeoutMs = ANSWER_TIMEOUT_MS]: [request: RequestInit, timeoutMs?: number]
): Promise<ControlAnswer> {
  const response = await send(socketPath, path, request, timeoutMs);
  let body: unknown;
  try {
    body = await response.json();
  } catch (cause) {
    throw refusal(path, `status ${response.status} without JSON`, cause);
  }
  if (response.status === 503) throw unavailable(path, body);
  if (response.status >= 500) throw refusal(path, `status ${response.status}`);
  return { status: response.status, body };
}

/** `timeoutMs` undefined: it may take for ever. */
async function send(
  socketPath: string,
  path: string,
  ...[request, timeoutMs]: [request: RequestInit, timeoutMs: number | undefined]
): Promise<Response> {
  try {
    return await fetch(`http://localhost${path}`, {
      ...request,
      unix: socketPath,
      ...(timeoutMs === undefined
        ? { timeout: false }
        : { signal: AbortSignal.timeout(timeoutMs) }),
    });
  } catch (cause) {
    throw unanswered(socketPath, cause);
  }
}

/** What is told of a request that brought no answer; `cause` is what `fetch` threw. */
export function unanswered(socketPath: string, cause: unknown): AppError {
  if (cause instanceof Error && cause.name === "TimeoutError") {
    const message = `Cannot wait any longer for the server on "${socketPath}": it must answer`;
    const hint = "What was asked for may be done yet: look into the server's log, then ask again";
    return new AppError("control-unreachable", message, { hint, cause });
  }
  const message = `Cannot reach the server on "${socketPath}": it must be running`;
  const hint =
    "Start it, or run this as root or as the server's user, with the settings (DATA_DIR) of the server";
  return new AppError("control-unreachable", message, { hint, cause });
}

/** The server says what is wrong, and what to do. */
function unavailable(path: string, body: unknown): AppError {
  const why = textOf(asRecord(body)?.message);
  return new AppError("control-refused", `The server cannot answer "${path}": ${why}`);
}

function refusal(path: string, found: string, cause?: unknown): AppError {
  const message = `Cannot use the server's answer to "${path}": ${found}`;
  return new AppError("control-refused", message, { hint: "Look into the server's log", cause });
}
