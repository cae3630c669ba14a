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

function holdsAny(pid: string, inodes: readonly string[]): boolean {
  return listFiles(pid).some((path) => {
    const target = readLink(path);
    return inodes.some((inode) => target === `socket:[${inode}]`);
  });
}

/** None of a process that has ended meanwhile, or that this user may not look into. */
function listFiles(pid: string): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/** Empty where the file was closed since it was listed; the others still count. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
