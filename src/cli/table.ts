// Tables of text that fit a terminal of 100 columns.

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** May be cut in the middle where the table is too wide; others are never cut. */
  readonly elastic?: boolean;
}

export const tableWidth = 100;
const gap = 2;
const narrowest = 12;

/** One line for the titles and one for each row, each ended by a newline. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => oneLine(value(row)))),
  ];
  const widths = fit(
    columns.map((_, at) => Math.max(...cells.map((line) => lengthOf(line[at])))),
    columns.map(({ elastic = false }) => elastic),
  );
  const lines = cells.map((line) =>
    line
      .map((cell, at) => cut(cell, widths[at] ?? 0).padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Takes from the widest elastic column until the line fits. */
function fit(natural: readonly number[], elastic: readonly boolean[]): number[] {
  const widths = [...natural];
  const spare = (): number =>
    widths.reduce((sum, width) => sum + width, 0) + gap * (widths.length - 1) - tableWidth;
  while (spare() > 0) {
    const widest = widths
      .map((width, at) => ({ width, at }))
      .filter(({ width, at }) => elastic[at] === true && width > narrowest)
      .toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined) break;
    widths[widest.at] = widest.width - 1;
  }
  return widths;
}

/** Keeps both ends, since SPIFFE IDs begin alike and end differently. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 2) / 3);
  return `${text.slice(0, head)}..${text.slice(text.length - (width - 2 - head))}`;
}

/** What came over a wire must not steer the terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

function lengthOf(text: string | undefined): number {
  return text?.length ?? 0;
}
