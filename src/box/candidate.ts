/** A file that is to become the executable of this box: looked over before anything is changed. */

import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { runProgram } from "#platform/run-program.ts";
import { machineOf, sha256Of, stageExecutable } from "./executable-file.ts";
import { EXECUTABLE_PATH } from "./places.ts";

/** What an executable of this server says of itself. */
export interface Release {
  readonly version: string;
  /** The schema it brings a database to. */
  readonly schema: number;
  /** The lowest schema an executable must know to work on the database after it. */
  readonly minReader: number;
  /** The unit it is installed with; undefined where it has none to give. */
  readonly unit: string | undefined;
}

/** A file that passed, copied beside its place. */
export interface Candidate {
  readonly staged: string;
  readonly release: Release;
}

const SUMS_NAME = "SHA256SUMS";
const ANSWER_LIMIT_MS = 20_000;

/**
 * Looks whether a file is an executable of this server for this box, unharmed where a `SHA256SUMS`
 * lies beside it. Gives the copy that can be put into place, or the reason why not.
 */
export async function examine(path: string): Promise<Candidate | string> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return `there is no file "${path}"`;
  const [machine, own] = [machineOf(path), machineOf(process.execPath)];
  if (machine === "not-a-program") return `"${path}" is no program: take the file biometric-server`;
  if (machine !== own) return `"${path}" is for ${machine}, and this box is ${own}: take that file`;
  const sumsPath = join(dirname(path), SUMS_NAME);
  if (existsSync(sumsPath) && !readFileSync(sumsPath, "utf8").includes(await sha256Of(path))) {
    return `"${path}" has a checksum that "${sumsPath}" does not list: copy it again`;
  }
  const staged = stageExecutable(path, EXECUTABLE_PATH);
  const release = await readRelease(staged);
  if (release !== undefined) return { staged, release };
  rmSync(staged, { force: true });
  return `"${path}" is no executable of biometric-server: it does not tell its version`;
}

/** Asks an executable; undefined when it is none of this server, or from before upgrades. */
export async function readRelease(path: string): Promise<Release | undefined> {
  const { exitCode, out } = await runProgram([path, "version", "--json"], ANSWER_LIMIT_MS);
  const facts = exitCode === 0 ? readFacts(out) : undefined;
  if (facts === undefined) return undefined;
  const unit = await runProgram([path, "install", "--print-unit"], ANSWER_LIMIT_MS);
  return { ...facts, unit: unit.exitCode === 0 && unit.out !== "" ? unit.out : undefined };
}

/** What `version --json` prints. Pure. */
export function readFacts(text: string): Omit<Release, "unit"> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const facts: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(value));
  const { program, version, schema, min_reader: minReader } = facts;
  const isOurs = program === "biometric-server" && typeof version === "string";
  if (!isOurs || typeof schema !== "number" || typeof minReader !== "number") return undefined;
  return { version, schema, minReader };
}
