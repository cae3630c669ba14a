/**
 * The server's own backups: has them made by a process of its own, so that neither a terminal waits
 * for one nor the server keeps the memory, and keeps the newest ones. Those that a person takes
 * elsewhere are in a folder beside them until they are fetched.
 *
 * States: idle; making one, which nothing may wait for; stopped.
 */

import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { AppError } from "#base/app-error.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Clock } from "#platform/clock.ts";
import { errorCode, makePrivateFolder } from "#platform/files.ts";
import type { Log } from "#platform/log.ts";
import { backupBytesMax, backupFolder, backupName } from "#storage/make-backup.ts";

export interface BackupsOptions {
  readonly databasePath: string;
  /** So many of the server's own are kept. */
  readonly keptMax: number;
  /** Words that run this program. */
  readonly program: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** What is to be made. */
export interface BackupRequest {
  readonly withSecrets: boolean;
  /** Kept until it is fetched, instead of among the server's own. */
  readonly isOutgoing: boolean;
}

/** What came of the last request, or comes of the present one. */
export type BackupState =
  | { readonly kind: "none" }
  | {
      readonly kind: "making";
      readonly id: number;
      readonly writtenBytes: number;
      readonly bytesMax: number;
    }
  | { readonly kind: "made"; readonly id: number; readonly path: string; readonly bytes: number }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };

/** One of the server's own. */
export interface KeptBackup {
  readonly path: string;
  readonly madeAtMs: EpochMs;
}

/** The label of those that are made day by day, or asked for. */
const LABEL = "biometric";
/** Snapshots before a change of the program, of all kinds together. */
const SNAPSHOTS_MAX = 2;
const NAME = /^([a-z0-9-]+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)([\d.]+)Z\.backup$/;

export class Backups {
  readonly #options: BackupsOptions;
  #keptMax: number;
  readonly #folder: string;
  readonly #outgoing: string;
  #state: BackupState = { kind: "none" };
  #lastId = 0;
  #child: Bun.Subprocess | undefined;
  #making: Promise<void> | undefined;
  #isStopped = false;
  #failedCount = 0;

  /** Throws away what an earlier run left unfinished. */
  constructor(options: BackupsOptions) {
    this.#options = options;
    this.#keptMax = options.keptMax;
    this.#folder = backupFolder(options.databasePath);
    this.#outgoing = join(this.#folder, "outgoing");
    try {
      this.#removeOutgoing();
      for (const name of listNames(this.#folder)) {
        if (name.endsWith(".tmp")) rmSync(join(this.#folder, name), { force: true });
      }
      this.#dropOld();
    } catch (error) {
      // No reason to take no punches.
      const fields = { folder: this.#folder, code: errorCode(error) ?? String(error) };
      options.log.warn("backup.not-tidied", fields);
    }
  }

  /** How far the present one is, or what came of the last. */
  get state(): BackupState {
    if (this.#state.kind !== "making") return this.#state;
    const [writing] = [this.#folder, this.#outgoing].flatMap((folder) =>
      listNames(folder)
        .filter((name) => name.endsWith(".tmp"))
        .map((name) => join(folder, name)),
    );
    const stats = writing === undefined ? undefined : statSync(writing, { throwIfNoEntry: false });
    return { ...this.#state, writtenBytes: stats?.size ?? 0 };
  }

  /** Tries that came to nothing since the start of the process. */
  get failedCount(): number {
    return this.#failedCount;
  }

  /** The newest of the server's own; undefined without any. */
  findNewest(): KeptBackup | undefined {
    return findNewestBackup(this.#options.databasePath);
  }

  /** Changes how many are kept once the next one is whole. */
  setKept(keptMax: number): void {
    this.#keptMax = keptMax;
  }

  /** Begins one. Undefined while another is being made. */
  start(request: BackupRequest): number | undefined {
    if (this.#making !== undefined || this.#isStopped) return undefined;
    this.#lastId += 1;
    const id = this.#lastId;
    const bytesMax = backupBytesMax(this.#options.databasePath);
    this.#state = { kind: "making", id, writtenBytes: 0, bytesMax };
    this.#making = this.#make(id, request).finally(() => {
      this.#making = undefined;
    });
    return id;
  }

  /** Resolves when nothing is being made. */
  async settled(): Promise<void> {
    await this.#making;
  }

  /** Throws away what was made to be fetched, unless that is being made anew. */
  clearOutgoing(): void {
    if (this.#state.kind !== "making") this.#removeOutgoing();
  }

  /** Gives up the one that is being made. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child?.kill("SIGKILL");
    await this.#making;
    this.#removeOutgoing();
  }

  /** Never rejects. */
  async #make(id: number, request: BackupRequest): Promise<void> {
    const { clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      const path = await this.#run(request);
      const { size: bytes } = statSync(path);
      this.#state = { kind: "made", id, path, bytes };
      const seconds = Math.round((clock.monotonicMs() - startedMs) / 100) / 10;
      log.info("backup.made", { path, bytes, seconds });
      this.#dropOld();
    } catch (error) {
      const reason = error instanceof AppError ? error.message : String(error);
      this.#state = { kind: "failed", id, reason };
      if (this.#isStopped) return;
      this.#failedCount += 1;
      log.error("backup.failed", { reason });
    }
  }

  async #run({ withSecrets, isOutgoing }: BackupRequest): Promise<string> {
    const { databasePath, program, clock } = this.#options;
    this.#removeOutgoing();
    const folder = isOutgoing ? this.#outgoing : this.#folder;
    try {
      makePrivateFolder(folder);
    } catch (cause) {
      throw new AppError("backup-failed", `Cannot make "${folder}": ${errorCode(cause)}`, {
        cause,
      });
    }
    const target = join(folder, backupName(LABEL, clock.nowMs()));
    const words = [...program, "backup", "--database", databasePath, "--to", target];
    if (!withSecrets) words.push("--without-secrets");
    const child = Bun.spawn(words, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    this.#child = child;
    const [said, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
    this.#child = undefined;
    if (exitCode === 0) return target;
    rmSync(`${target}.${child.pid}.tmp`, { force: true });
    const reason = said.trim().replace(/^error: /, "") || `It ended with ${exitCode}`;
    throw new AppError("backup-failed", reason);
  }

  #removeOutgoing(): void {
    rmSync(this.#outgoing, { recursive: true, force: true });
  }

  #dropOld(): void {
    const kept = listKept(this.#folder);
    const regular = kept.filter(({ path }) => isRegular(path));
    const snapshots = kept.filter(({ path }) => !isRegular(path));
    for (const { path } of [...regular.slice(this.#keptMax), ...snapshots.slice(SNAPSHOTS_MAX)]) {
      rmSync(path, { force: true });
    }
  }
}

/** The newest of the server's own in the data folder of a database; undefined without any. */
export function findNewestBackup(databasePath: string): KeptBackup | undefined {
  return listKept(backupFolder(databasePath)).find(({ path }) => isRegular(path));
}

/** Newest first. */
function listKept(folder: string): readonly KeptBackup[] {
  return listNames(folder)
    .flatMap((name) => {
      const madeAtMs = timeOfName(name);
      return madeAtMs === undefined ? [] : [{ path: join(folder, name), madeAtMs }];
    })
    .toSorted((one, other) => other.madeAtMs - one.madeAtMs);
}

function timeOfName(name: string): EpochMs | undefined {
  const [, , year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  if (second === undefined) return undefined;
  const instantMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(instantMs) ? undefined : epochMs(instantMs);
}

function isRegular(path: string): boolean {
  return NAME.exec(basename(path))?.[1] === LABEL;
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Without a folder, or the right to look into it, there are none.
    return [];
  }
}
