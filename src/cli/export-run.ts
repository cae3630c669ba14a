/**
 * Writes an export. The rows come from the server as one stream; only the verb may write where the
 * operator may.
 */

import { closeSync, existsSync, fsyncSync, openSync, statSync } from "node:fs";
import { extname } from "node:path";
import { AppError } from "#base/app-error.ts";
import { dropUnfinished, errorCode, moveFlushed, writeWhole } from "#platform/files.ts";
import { findControlSocket, openFromServer } from "./control-client.ts";
import { type CountProgress, createCountProgress } from "./count-progress.ts";
import type { CliEnvironment } from "./environment.ts";
import {
  EXPORT_FORMATS,
  type ExportFilter,
  type ExportFormat,
  type ExportWish,
} from "./export-wish.ts";

/** A sheet is held in memory as a whole: about 5 KB a row. */
const SHEET_ROWS_MAX = 50_000;
const OWNER_ONLY = 0o600;
const LINE_END = 10;

/** @throws AppError `export-failed`, `control-refused`, `control-unreachable`. */
export async function exportPunches(wish: ExportWish): Promise<void> {
  const { output } = wish;
  const format = wish.format ?? formatOf(output);
  if (output === undefined && format === "xlsx") {
    throw new AppError("usage", "Cannot write XLSX to standard output", {
      hint: "Name a file with --output",
    });
  }
  if (output !== undefined) refuseTaken(output, wish.isReplacing);
  const { body, headers } = await openFromServer(
    findControlSocket(wish.settings),
    `/export?${queryOf(wish.filter, format)}`,
  );
  const rowCountMax = Number(headers.get("punch-count") ?? 0);
  if (output === undefined) return print(body, wish.environment);
  if (format === "xlsx" && rowCountMax > SHEET_ROWS_MAX) {
    await body.cancel();
    throw tooLong(rowCountMax);
  }
  const progress = await createCountProgress(rowCountMax, wish.environment);
  const rowCount = await makeFile(output, (temporary) =>
    format === "xlsx"
      ? writeSheet(temporary, body, progress)
      : writeLines(temporary, counted(body, progress), format === "csv"),
  ).finally(() => progress.stop());
  wish.environment.error(`${rowCount} punches in "${output}"\n`);
}

function refuseTaken(output: string, isReplacing: boolean): void {
  if (!existsSync(output)) return;
  if (!statSync(output).isFile()) {
    const found = `Cannot export to "${output}": what has that name is no file`;
    throw new AppError("export-failed", found, {
      hint: "Name another file; for a pipe or a device give no --output",
    });
  }
  if (isReplacing) return;
  throw new AppError("export-failed", `Cannot export to "${output}": there is such a file`, {
    hint: "Name another file, or replace it with --force",
  });
}

/** Only asked for on the way to a file or a pipe. */
function formatOf(output: string | undefined): ExportFormat {
  if (output === undefined) return "csv";
  const ending = extname(output).slice(1).toLowerCase();
  return EXPORT_FORMATS.find((format) => format === ending) ?? "csv";
}

function queryOf(filter: ExportFilter, format: ExportFormat): string {
  const given = Object.entries({ ...filter, format: format === "csv" ? "csv" : "ndjson" });
  const query = new URLSearchParams();
  for (const [name, value] of given) if (value !== undefined) query.set(name, value);
  return query.toString();
}

async function print(body: ReadableStream<Uint8Array>, environment: CliEnvironment): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of whole(body)) environment.out(decoder.decode(chunk, { stream: true }));
  environment.out(decoder.decode());
}

/** A stream that breaks is no end: what came is not all. */
async function* whole(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw new AppError("export-failed", "Cannot export: the server broke off", {
      hint: "Export again; the server's log says why it ended",
      cause,
    });
  }
}

async function* counted(
  body: ReadableStream<Uint8Array>,
  progress: CountProgress,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly lineCount: number }> {
  let done = 0;
  for await (const bytes of whole(body)) {
    let lineCount = 0;
    for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) {
      lineCount += 1;
    }
    done += lineCount;
    progress.show(done);
    yield { bytes, lineCount };
  }
}

/** Gives what `write` gives: the file has its name when it is whole, or is not there. */
async function makeFile(
  path: string,
  write: (temporary: string) => Promise<number>,
): Promise<number> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const rowCount = await write(temporary);
    moveFlushed(temporary, path);
    return rowCount;
  } catch (cause) {
    dropUnfinished(temporary);
    if (cause instanceof AppError) throw cause;
    const reason = errorCode(cause) ?? String(cause);
    throw new AppError("export-failed", `Cannot export to "${path}": ${reason}`, { cause });
  }
}

async function writeLines(
  path: string,
  chunks: AsyncGenerator<{ readonly bytes: Uint8Array; readonly lineCount: number }>,
  hasHead: boolean,
): Promise<number> {
  const file = openSync(path, "wx", OWNER_ONLY);
  let lineTotal = 0;
  try {
    for await (const { bytes, lineCount } of chunks) {
      writeWhole(file, bytes);
      lineTotal += lineCount;
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return hasHead ? lineTotal - 1 : lineTotal;
}

async function writeSheet(
  path: string,
  body: ReadableStream<Uint8Array>,
  progress: CountProgress,
): Promise<number> {
  const { PunchSheet } = await import("./export-sheet.ts");
  const sheet = new PunchSheet();
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of whole(body)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) sheet.add(JSON.parse(line));
    if (sheet.rowCount > SHEET_ROWS_MAX) throw tooLong(sheet.rowCount);
    progress.show(sheet.rowCount);
  }
  // The file is the operator's alone from its first byte on.
  closeSync(openSync(path, "wx", OWNER_ONLY));
  await sheet.write(path);
  return sheet.rowCount;
}

function tooLong(rowCount: number): AppError {
  return new AppError(
    "export-failed",
    `Cannot write ${rowCount} punches as XLSX: ${SHEET_ROWS_MAX} are the most`,
    { hint: "Export fewer days at once, or as CSV, which spreadsheets open, too" },
  );
}
