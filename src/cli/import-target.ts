/**
 * Where the rows of an import go: to the running server, or, for a trial, no further than the rules
 * that need nothing but the row.
 */

import { AppError } from "#base/app-error.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Result } from "#base/result.ts";
import { readImportedDelivery } from "#domain/imported-delivery.ts";
import { readImportedDevice } from "#domain/imported-device.ts";
import { readImportedPunch } from "#domain/imported-punch.ts";
import { readImportedEnrollment } from "#domain/imported-user.ts";
import {
  type ImportFlag,
  type ImportRefusal,
  type OriginalRow,
  type OriginalTable,
  readDeviceId,
} from "#domain/original-row.ts";
import type { LeadingZeros } from "#domain/punch-identity.ts";
import { sendToServer } from "./control-client.ts";

/** A row that stayed out. */
export interface RefusedImportRow {
  readonly id: string;
  readonly code: string;
  readonly reason: string;
}

/** What became of a batch of rows. */
export interface BatchReport {
  readonly importedCount: number;
  readonly knownCount: number;
  readonly flagCounts: Readonly<Record<string, number>>;
  readonly refused: readonly RefusedImportRow[];
  /** How long the batch kept the server from terminals, in milliseconds. */
  readonly blockedMs: number;
}

/** Takes a whole import. Every method throws `AppError` when it cannot go on. */
export interface ImportTarget {
  start(lastId: number): Promise<void>;
  /** Does what can be done before the batch in front is through; the result sends it. */
  prepare(table: OriginalTable, rows: readonly OriginalRow[]): () => Promise<BatchReport>;
  finish(): Promise<void>;
}

/** The server behind a control socket. */
export function serverTarget(socketPath: string, hostTimeZone: string | undefined): ImportTarget {
  const post = async (path: string, json: string): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await sendToServer(socketPath, path, json);
    const record = asRecord(answer.body);
    if (answer.status === 200 && record !== undefined) return record;
    const message = `Cannot import: the server answered "${path}" with status ${answer.status}`;
    throw new AppError("control-refused", message, {
      hint: "The server may be of another version: compare with `biometric-server version`",
    });
  };
  return {
    start: async (lastId) =>
      void (await post("/import/start", JSON.stringify({ last_id: lastId }))),
    prepare: (table, rows) => {
      const json = JSON.stringify({ table, host_time_zone: hostTimeZone ?? null, rows });
      return async () => readReport(await post("/import/rows", json));
    },
    finish: async () => void (await post("/import/finish", "{}")),
  };
}

/** What a trial knows of the site. */
export interface TrialOptions {
  readonly siteTimeZone: string;
  readonly hostTimeZone: string | undefined;
  readonly leadingZeros: LeadingZeros;
  readonly nowMs: EpochMs;
}

/** Nothing is sent or stored; `importedCount` are the rows that could be. */
export function trialTarget(options: TrialOptions): ImportTarget {
  return {
    start: async () => {},
    prepare: (table, rows) => async () => {
      const flagCounts: Record<string, number> = {};
      const refused: RefusedImportRow[] = [];
      for (const row of rows) {
        const tried = tryRow(table, row, options);
        if (!tried.ok) refused.push({ id: row.id ?? "", ...tried.error });
        else for (const flag of tried.value) flagCounts[flag] = (flagCounts[flag] ?? 0) + 1;
      }
      const importedCount = rows.length - refused.length;
      return { importedCount, knownCount: 0, flagCounts, refused, blockedMs: 0 };
    },
    finish: async () => {},
  };
}

function tryRow(
  table: OriginalTable,
  row: OriginalRow,
  options: TrialOptions,
): Result<readonly ImportFlag[], ImportRefusal> {
  const { siteTimeZone, leadingZeros, nowMs } = options;
  switch (table) {
    case "devices": {
      const hostTimeZone = options.hostTimeZone ?? siteTimeZone;
      return flagsOf(readImportedDevice(row, { hostTimeZone, nowMs }));
    }
    case "enrolled_users":
      return noFlags(readImportedEnrollment(row, leadingZeros));
    case "attendance_logs": {
      const device = readDeviceId(row.device_id);
      if (typeof device !== "string") return { ok: false, error: device };
      const context = { timeZone: siteTimeZone, leadingZeros, deviceStartAtMs: epochMs(0) };
      return flagsOf(readImportedPunch(row, context));
    }
    case "webhook_queue":
      return noFlags(readImportedDelivery(row, siteTimeZone));
  }
}

function flagsOf<Failure>(
  read: Result<{ readonly flags: readonly ImportFlag[] }, Failure>,
): Result<readonly ImportFlag[], Failure> {
  return read.ok ? { ok: true, value: read.value.flags } : read;
}

function noFlags<Failure>(read: Result<unknown, Failure>): Result<readonly ImportFlag[], Failure> {
  return read.ok ? { ok: true, value: [] } : read;
}

/** The server may be of another version than this verb. */
function readReport(answer: Readonly<Record<string, unknown>>): BatchReport {
  const { imported_count: imported, known_count: known, blocked_ms: blocked } = answer;
  const { refused } = answer;
  if (typeof imported !== "number" || typeof known !== "number" || !Array.isArray(refused)) {
    throw new AppError("control-refused", "Cannot read the server's report of an import", {
      hint: "The server may be of another version: compare with `biometric-server version`",
    });
  }
  const flags = Object.entries(asRecord(answer.flag_counts) ?? {});
  return {
    importedCount: imported,
    knownCount: known,
    flagCounts: Object.fromEntries(flags.map(([flag, count]) => [flag, Number(count)])),
    refused: refused.map((row: unknown) => readRefused(asRecord(row) ?? {})),
    blockedMs: Number(blocked ?? 0),
  };
}

function readRefused(row: Readonly<Record<string, unknown>>): RefusedImportRow {
  return { id: String(row.id), code: String(row.code), reason: String(row.reason) };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(Object.entries(value));
}
