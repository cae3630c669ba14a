/** Who listens on a TCP port of this machine, from what the kernel shows. */

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A program that holds a port. */
export interface PortHolder {
  /** Undefined where the kernel does not tell. */
  readonly program: string | undefined;
  readonly pid: number | undefined;
  /** Whether it is a process of the system service of that name. */
  readonly isOf: (service: string) => boolean;
}

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"] as const;
const LISTEN_STATE = "0A";

/** Undefined: the port is free. Looks at every process; needs the rights of root to see them. */
export function findPortHolder(port: number): PortHolder | undefined {
  const inodes = TABLES.filter((path) => existsSync(path)).flatMap((path) =>
    listeningInodes(readFileSync(path, "utf8"), port),
  );
  if (inodes.length === 0) return undefined;
  const pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && holdsAny(name, inodes));
  if (pid === undefined) return { program: undefined, pid: undefined, isOf: () => false };
  const groups = readIfThere(`/proc/${pid}/cgroup`);
  return {
    program: readIfThere(`/proc/${pid}/comm`).trim(),
    pid: Number(pid),
    isOf: (service) => groups.split("\n").some((line) => line.endsWith(`/${service}`)),
  };
}

/** The sockets of a table of `/proc/net/tcp` that listen on the port. Pure. */
export function listeningInodes(table: string, port: number): readonly string[] {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN_STATE && local?.endsWith(`:${hexadecimal}`))
    .map((fields) => fields[9] ?? "");
}

/** A process may end while it is looked at. */
function holdsAny(pid: string, inodes: readonly string[]): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((name) => {
      const target = readlinkSync(`/proc/${pid}/fd/${name}`);
      return inodes.some((inode) => target === `socket:[${inode}]`);
    });
  } catch {
    return false;
  }
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
