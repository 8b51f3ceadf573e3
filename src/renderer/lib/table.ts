/** Tables as text, with unrounded numbers: for the clipboard and for files. */
import { asText, csvField } from "../../shared/csv";

export type TableValue = number | string | boolean | null;

export interface TableColumn<R> {
  readonly title: string;
  /** As it is copied and written: unrounded. */
  readonly value: (row: R) => TableValue;
  /** As it is shown; without it numbers have four significant figures. */
  readonly show?: (row: R) => string;
  /** Text is left aligned, numbers right; the default is "number". */
  readonly kind?: "number" | "text";
}

/** Comma-separated values after RFC 4180: CRLF, quotes where they are needed. */
export function toCsv<R>(
  columns: readonly TableColumn<R>[],
  rows: readonly R[],
): string {
  return lines(columns, rows)
    .map((cells) => `${cells.map(csvField).join(",")}\r\n`)
    .join("");
}

/** Tab-separated values, as spreadsheets take them from the clipboard. */
export function toTsv<R>(
  columns: readonly TableColumn<R>[],
  rows: readonly R[],
): string {
  return lines(columns, rows)
    .map((cells) =>
      cells
        .map((cell) =>
          typeof cell === "string"
            ? asText(cell.replace(/[\t\r\n]+/g, " "))
            : csvField(cell),
        )
        .join("\t"),
    )
    .join("\n");
}

/** A value as the window shows it: four significant figures, a true minus, "–" for nothing. */
export function showValue(value: TableValue): string {
  if (value === null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  return formatFigures(value);
}

/** Four significant figures; an exponent only for what is very large or very small. */
export function formatFigures(value: number, figures = 4): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e-3 && size < 1e6
      ? value.toFixed(Math.max(0, figures - 1 - Math.floor(Math.log10(size))))
      : value.toExponential(figures - 1);
  return text.replace(/-/g, "−");
}

function lines<R>(
  columns: readonly TableColumn<R>[],
  rows: readonly R[],
): TableValue[][] {
  return [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => value(row))),
  ];
}
