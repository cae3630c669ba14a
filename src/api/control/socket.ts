/**
 * The local control socket: HTTP on a Unix socket that only its owner may open, which is the whole
 * login. Nothing on the network reaches it. What it answers is `api.ts`.
 */

import { lstatSync, type Stats, unlinkSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import { type ControlOptions, createControlApi } from "./api.ts";

/** The control socket and where it is. */
export interface ControlSocketOptions extends ControlOptions {
  /** Path of the socket file, at most 107 bytes; its folder must exist. */
  readonly path: string;
}

/** The listening control socket. */
export interface RunningControlSocket {
  /** Closes every connection and removes the socket file. */
  stop(): Promise<void>;
}

/** Leaves the owner alone with the right to connect, from the moment the file exists. */
const OWNER_ONLY_MASK = 0o177;

/**
 * Opens the control socket with mode 0600. The socket file of a dead server is removed first.
 * @throws AppError `port-unavailable` when another server answers on it, the path is taken by
 * something else, or it cannot be made.
 */
export async function startControlSocket(
  options: ControlSocketOptions,
): Promise<RunningControlSocket> {
  const { path } = options;
  await removeStaleSocket(path);
  const app = createControlApi(options);
  const server = listen(path, app.fetch);
  const own = statOf(path);
  return {
    async stop() {
      await server.stop(true);
      const left = statOf(path);
      if (left !== undefined && left.ino === own?.ino) unlinkSync(path);
    },
  };
}

/** The mask is the process's own, so it is put back before anything else can run. */
function listen(path: string, fetch: (request: Request) => Response | Promise<Response>) {
  const maskBefore = process.umask(OWNER_ONLY_MASK);
  // A backup goes out as fast as the operator's disk takes it, which may stand still for a while.
  // Bun heeds this also on a Unix socket (1.4.5), although its types do not have it there.
  const withoutIdleTimeout = { unix: path, fetch, development: false, idleTimeout: 0 } as const;
  const options: Omit<typeof withoutIdleTimeout, "idleTimeout"> = withoutIdleTimeout;
  try {
    return Bun.serve(options);
  } catch (cause) {
    throw new AppError("port-unavailable", `Cannot open control socket "${path}"`, {
      hint: "The folder must exist and be writable, and the path be no longer than 107 bytes.",
      cause,
    });
  } finally {
    process.umask(maskBefore);
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = statOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new AppError("port-unavailable", `Cannot open control socket "${path}": it is a file`, {
      hint: "Move the file away; the server removes nothing that it did not make.",
    });
  }
  if (await isAnswered(path)) {
    throw new AppError("port-unavailable", `Cannot open control socket "${path}": it is in use`, {
      hint: "Another biometric-server runs on the same data; stop it first.",
    });
  }
  unlinkSync(path);
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Whether a living process accepts connections on the socket: a dead one's file refuses them. */
async function isAnswered(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data() {} } });
    socket.terminate();
    return true;
  } catch {
    // A refused connection is the answer "no"; the bind that follows reports anything worse.
    return false;
  }
}
