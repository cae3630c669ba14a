/** Punches as a sheet for people (XLSX). Loaded when somebody asks for one. */

import writeExcelFile, { type SheetData } from "write-excel-file/node";
import { asRecord, textOf } from "./answer-fields.ts";

/** Wide enough for what stands in it, in characters. */
interface SheetColumn {
  readonly header: string;
  readonly width: number;
}

const COLUMNS: readonly SheetColumn[] = [
  { header: "User", width: 12 },
  { header: "Time", width: 20 },
  { header: "Direction", width: 10 },
  { header: "Terminal", width: 16 },
  { header: "Time zone", width: 16 },
  { header: "Verified by", width: 20 },
  { header: "Remarks", width: 36 },
  { header: "Id", width: 12 },
];

interface SheetRow {
  readonly sortKey: string;
  readonly cells: SheetData[number];
}

/** Takes rows in any order and writes them by time, then by user. */
export class PunchSheet {
  readonly #rows: SheetRow[] = [];

  get rowCount(): number {
    return this.#rows.length;
  }

  /** A punch as `/v1/punches` spells it. */
  add(value: unknown): void {
    const punch = asRecord(value) ?? {};
    const wallTime = textOf(punch.wall_time);
    const methods = Array.isArray(punch.verify_methods) ? punch.verify_methods.join(", ") : "";
    this.#rows.push({
      sortKey: `${wallTime} ${textOf(punch.user_id)}`,
      cells: [
        // As text: ids may have zeros in front.
        { value: textOf(punch.user_id), type: String },
        timeCell(wallTime),
        textOf(punch.direction),
        { value: textOf(punch.device_id), type: String },
        textOf(punch.time_zone),
        methods,
        remarksOf(punch),
        Number(punch.id),
      ],
    });
  }

  async write(path: string): Promise<void> {
    this.#rows.sort((a, b) => (a.sortKey < b.sortKey ? -1 : Number(a.sortKey > b.sortKey)));
    const head = COLUMNS.map(({ header }) => ({ value: header, fontWeight: "bold" as const }));
    const data: SheetData = [head, ...this.#rows.map(({ cells }) => cells)];
    const columns = COLUMNS.map(({ width }) => ({ width }));
    await writeExcelFile(data, { sheet: "Punches", columns, stickyRowsCount: 1 }).toFile(path);
  }
}

/** A sheet knows no zones: the clock on the wall is written as it is. */
function timeCell(wallTime: string) {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(wallTime) ?? [];
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) return { value: wallTime, type: String };
  return { value, type: Date, format: "yyyy-mm-dd hh:mm:ss" };
}

function remarksOf(punch: Readonly<Record<string, unknown>>): string {
  const remarks: string[] = [];
  if (punch.is_repeat === true) remarks.push("double touch");
  if (typeof punch.doubtful_time === "string") remarks.push(`doubtful: ${punch.doubtful_time}`);
  if (typeof punch.suggested_time === "string") remarks.push(`perhaps ${punch.suggested_time}`);
  if (typeof punch.local_time_flag === "string") remarks.push(`${punch.local_time_flag} hour`);
  if (typeof punch.origin === "string" && punch.origin !== "live") remarks.push(punch.origin);
  return remarks.join("; ");
}
