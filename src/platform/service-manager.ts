/**
 * Tells systemd how the service is, through its own program `systemd-notify`: Bun sends no datagrams
 * on Unix sockets, and calling libc would need a right that the unit may take away.
 */

import type { Log } from "./log.ts";

/** The service manager around this process. */
export interface ServiceManager {
  /** Without a sign of life for so long it restarts the service; undefined: it asks for none. */
  readonly watchdogMs: number | undefined;
  /**
   * Tells assignments of sd_notify(3), such as `READY=1`, and resolves when they have been taken.
   * Never rejects. Blocks the loop for about a millisecond.
   */
  notify(...assignments: readonly string[]): Promise<void>;
}

const PROGRAM = "systemd-notify";
const NOTIFY_LIMIT_MS = 10_000;

/** The manager that started this process and wants to be told; undefined without one. */
export function findServiceManager(
  variables: Readonly<Record<string, string | undefined>>,
  log: Log,
): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogMicros, WATCHDOG_PID: pid } = variables;
  if (socket === undefined || socket === "") return undefined;
  const isAsked = pid === undefined || pid === String(process.pid);
  const watchdogMs = isAsked ? Number(watchdogMicros ?? 0) / 1000 : 0;
  return {
    watchdogMs: watchdogMs > 0 ? watchdogMs : undefined,
    notify: (...assignments) => run([PROGRAM, ...assignments], socket, log),
  };
}

async function run(command: readonly string[], socket: string, log: Log): Promise<void> {
  const refuse = (cause: string): void =>
    log.error("service-manager.untold", { cause }, { per: PROGRAM });
  try {
    const { exited } = Bun.spawn([...command], {
      env: { NOTIFY_SOCKET: socket },
      stdio: ["ignore", "ignore", "ignore"],
      timeout: NOTIFY_LIMIT_MS,
      killSignal: "SIGKILL",
    });
    const exitCode = await exited;
    if (exitCode !== 0) refuse(`${PROGRAM} ended with ${exitCode}`);
  } catch (error) {
    // The manager draws its own conclusions from silence; terminals are served meanwhile.
    refuse(String(error));
  }
}
