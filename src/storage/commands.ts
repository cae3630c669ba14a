/**
 * What terminals are told to do: a durable queue per terminal, whose open ends are kept in memory by
 * the one writer, so that a poll without work costs nothing. What the engine rolls back on disk, the
 * book takes back in memory. What a poll or a result does to a command is decided in `domain/`.
 */

import { and, desc, eq, getTableColumns, gt, isNotNull, lt, lte, not, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { CommandKind, CommandStatus, DeviceCommand } from "#domain/command.ts";
import { commandParameters } from "#domain/command-parameters.ts";
import { endOutOfUse, type OpenCommand, overdueProblem } from "#domain/command-turn.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import { commands } from "./schema.ts";

/** Open commands of one terminal. */
export const OPEN_COMMANDS_MAX = 200;
/** Open commands of all terminals together. */
const ALL_OPEN_COMMANDS_MAX = 10_000;
/** Finished commands that stay for each terminal, the newest ones. */
const FINISHED_COMMANDS_KEPT = 1_000;
/** In the words of the index, which bound values would not find. */
export const IS_OPEN = sql`status IN ('waiting', 'sent')`;
const NONE: readonly OpenCommand[] = [];
/** Longer results are left out where commands are listed, in bytes: a page may hold a thousand. */
const LISTED_RESULT_BYTES_MAX = 4096;
/** Whether a result is longer; the engine tells its length without reading it. */
export const IS_RESULT_LONG = sql`octet_length(${commands.resultText}) > ${sql.raw(String(LISTED_RESULT_BYTES_MAX))}`;

const { resultBytes: _, ...columnsWithoutBytes } = getTableColumns(commands);
/** The columns of a command, with the length of its binaries in place of them. */
export const COMMAND_COLUMNS = {
  ...columnsWithoutBytes,
  resultByteCount: sql<number>`coalesce(length(${commands.resultBytes}), 0)`,
};

/** A command's row, without its binaries. */
export type CommandRow = Omit<Readonly<typeof commands.$inferSelect>, "resultBytes"> & {
  readonly resultByteCount: number;
};

/** What is new with a command: columns of its row. */
type CommandChange = Partial<Omit<typeof commands.$inferInsert, "id" | "deviceId">>;

/** A command to be put behind all others of its terminal. */
export interface NewCommand {
  readonly deviceId: DeviceId;
  readonly command: DeviceCommand;
  readonly requestedBy: string;
  readonly nowMs: EpochMs;
  readonly deadlineMs: EpochMs;
  readonly requestKey: string | undefined;
}

export class CommandBook {
  readonly #orm: BunSQLiteDatabase;
  /** Ascending by id; no entry for a terminal without any. Lists are replaced, never changed. */
  readonly #open = new Map<DeviceId, readonly OpenCommand[]>();
  #openCount = 0;
  /** What lists were before each change of the running transaction, newest last. */
  #undo: { readonly id: DeviceId; readonly before: readonly OpenCommand[] }[] = [];

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
    const rows = orm
      .select({
        id: commands.id,
        deviceId: commands.deviceId,
        kind: commands.kind,
        status: commands.status,
        sentCount: commands.sentCount,
        deadlineMs: commands.deadlineMs,
      })
      .from(commands)
      .where(IS_OPEN)
      .orderBy(commands.id)
      .all();
    for (const { deviceId: device, ...row } of rows) {
      const status = row.status === "sent" ? "sent" : "waiting";
      const open: OpenCommand = { ...row, status, deadlineMs: epochMs(row.deadlineMs) };
      this.#put(deviceId(device), [...this.openOf(deviceId(device)), open]);
    }
  }

  /** A terminal's open commands, oldest first. */
  openOf(id: DeviceId): readonly OpenCommand[] {
    return this.#open.get(id) ?? NONE;
  }

  /** How many more commands a terminal may have open. */
  roomOf(id: DeviceId): number {
    const own = OPEN_COMMANDS_MAX - this.openOf(id).length;
    return Math.max(0, Math.min(own, ALL_OPEN_COMMANDS_MAX - this.#openCount));
  }

  /** Puts a command behind all others of its terminal and gives its number. Inside a transaction. */
  add(added: NewCommand): number {
    const { deviceId: id, command, nowMs, deadlineMs } = added;
    const { id: number } = this.#orm
      .insert(commands)
      .values({
        deviceId: id,
        kind: command.kind,
        parametersText: JSON.stringify(commandParameters(command)),
        status: "waiting",
        requestedBy: added.requestedBy,
        createdAtMs: nowMs,
        deadlineMs,
        sentCount: 0,
        isResultPending: false,
        requestKey: added.requestKey ?? null,
      })
      .returning({ id: commands.id })
      .get();
    const { kind } = command;
    const open: OpenCommand = { id: number, kind, status: "waiting", sentCount: 0, deadlineMs };
    this.#change(id, [...this.openOf(id), open]);
    return number;
  }

  /** The row as the writer sees it. */
  find(number: number): CommandRow | undefined {
    return this.#orm.select(COMMAND_COLUMNS).from(commands).where(eq(commands.id, number)).get();
  }

  /** The command that a request asked for since `sinceMs`. */
  findRequested(requestKey: string, sinceMs: EpochMs): CommandRow | undefined {
    return this.#orm
      .select(COMMAND_COLUMNS)
      .from(commands)
      .where(and(eq(commands.requestKey, requestKey), gt(commands.createdAtMs, sinceMs)))
      .orderBy(desc(commands.id))
      .limit(1)
      .get();
  }

  /**
   * Whether a terminal was told something of a kind since `sinceMs`, or is to be. What was asked for
   * after now was asked for by a clock of ours that has been set back, nobody knows when.
   */
  hasRecent(
    id: DeviceId,
    kind: CommandKind,
    { sinceMs, nowMs }: { readonly sinceMs: EpochMs; readonly nowMs: EpochMs },
  ): boolean {
    if (this.openOf(id).some((command) => command.kind === kind)) return true;
    const isRecent = and(
      eq(commands.deviceId, id),
      eq(commands.kind, kind),
      gt(commands.createdAtMs, sinceMs),
      lte(commands.createdAtMs, nowMs),
    );
    const last = this.#orm
      .select({ id: commands.id })
      .from(commands)
      .where(isRecent)
      .orderBy(desc(commands.id))
      .limit(1)
      .get();
    return last !== undefined;
  }

  /** The reading of a terminal's log that is not at its end: it is open, or its result is at work. */
  findReading(id: DeviceId): number | undefined {
    const kind: CommandKind = "read-log";
    const open = this.openOf(id).find((command) => command.kind === kind);
    if (open !== undefined) return open.id;
    return this.#orm
      .select({ id: commands.id })
      .from(commands)
      .where(and(sql`is_result_pending = 1`, eq(commands.deviceId, id), eq(commands.kind, kind)))
      .limit(1)
      .get()?.id;
  }

  /** Notes that an open command was handed out, or is held back. Inside a transaction. */
  keepOpen(id: DeviceId, next: OpenCommand, change: CommandChange): void {
    const open = this.openOf(id).map((command) => (command.id === next.id ? next : command));
    this.#update(next.id, { ...change, status: next.status, sentCount: next.sentCount });
    this.#change(id, open);
  }

  /** Ends an open command. Inside a transaction. */
  finish(id: DeviceId, number: number, change: CommandChange & { readonly status: CommandStatus }) {
    this.#update(number, change);
    this.#change(
      id,
      this.openOf(id).filter((command) => command.id !== number),
    );
  }

  /** Adds to a finished command. Inside a transaction. */
  amend(number: number, change: Omit<CommandChange, "status">): void {
    this.#update(number, change);
  }

  /** Whether any open command is overdue: from memory, without a transaction. */
  hasOverdue(nowMs: EpochMs): boolean {
    for (const open of this.#open.values()) {
      if (open.some((command) => nowMs >= command.deadlineMs)) return true;
    }
    return false;
  }

  /** Ends all that are overdue and gives their numbers. Inside a transaction. */
  expire(nowMs: EpochMs): readonly number[] {
    const ended: number[] = [];
    for (const [id, open] of [...this.#open]) {
      for (const command of open) {
        if (nowMs < command.deadlineMs) continue;
        const problem = overdueProblem(command);
        this.finish(id, command.id, { status: "expired", finishedAtMs: nowMs, problem });
        ended.push(command.id);
      }
    }
    return ended;
  }

  /** Ends all of a terminal that is taken out of use, and gives their numbers. Inside a transaction. */
  endAll(id: DeviceId, become: "blocked" | "retired", nowMs: EpochMs): readonly number[] {
    const open = this.openOf(id);
    for (const command of open) {
      this.finish(id, command.id, { ...endOutOfUse(command, become), finishedAtMs: nowMs });
    }
    return open.map((command) => command.id);
  }

  /** Lets go of a terminal's oldest finished commands beyond those that stay. Inside a transaction. */
  prune(id: DeviceId): void {
    const oldestKept = this.#orm
      .select({ id: commands.id })
      .from(commands)
      .where(eq(commands.deviceId, id))
      .orderBy(desc(commands.id))
      .limit(1)
      .offset(FINISHED_COMMANDS_KEPT + OPEN_COMMANDS_MAX)
      .get();
    if (oldestKept === undefined) return;
    this.#orm
      .delete(commands)
      .where(
        and(
          eq(commands.deviceId, id),
          sql`${commands.id} <= ${oldestKept.id}`,
          not(IS_OPEN),
          eq(commands.isResultPending, false),
        ),
      )
      .run();
  }

  /**
   * Takes the users out of a terminal's lists before `newest`, as far as they are long: of a hundred
   * terminals they would fill the disk. Where the newest is not `isGood`, the last good one stays.
   * Inside a transaction.
   */
  shortenLists(id: DeviceId, newest: number, isGood: boolean): void {
    const kind: CommandKind = "list-users";
    this.#orm
      .update(commands)
      .set({ resultText: sql`json_remove(${commands.resultText}, '$.users')` })
      .where(
        and(
          eq(commands.deviceId, id),
          eq(commands.kind, kind),
          lt(commands.id, newest),
          eq(commands.isResultPending, false),
          IS_RESULT_LONG,
          isGood ? undefined : isNotNull(commands.problem),
        ),
      )
      .run();
  }

  /** A point to go back to with `undoTo`. */
  mark(): number {
    return this.#undo.length;
  }

  /** Takes the changes since `mark` back, as the savepoint's rollback does on disk. */
  undoTo(mark: number): void {
    for (const { id, before } of this.#undo.splice(mark).reverse()) this.#put(id, before);
  }

  /** Called after the commit. */
  committed(): void {
    this.#undo = [];
  }

  #update(number: number, change: CommandChange): void {
    this.#orm.update(commands).set(change).where(eq(commands.id, number)).run();
  }

  #change(id: DeviceId, open: readonly OpenCommand[]): void {
    this.#undo.push({ id, before: this.openOf(id) });
    this.#put(id, open);
  }

  #put(id: DeviceId, open: readonly OpenCommand[]): void {
    this.#openCount += open.length - this.openOf(id).length;
    if (open.length === 0) this.#open.delete(id);
    else this.#open.set(id, open);
  }
}
