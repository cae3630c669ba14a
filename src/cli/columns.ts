/** Text in columns for people. Pure. */

/** Lines of aligned columns, as wide as their widest cell; what could move a cursor becomes `?`. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of shown) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell));
    }
  }
  return shown.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - Bun.stringWidth(cell)))
      .join("  ")
      .trimEnd(),
  );
}

/** An empty cell is shown as a dash. */
function printable(cell: string): string {
  return cell === "" ? "-" : cell.replace(/\p{C}/gu, "?");
}
