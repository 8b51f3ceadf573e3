/** Where everything lies on a contact sheet, in pixels. */
import { Fault } from "../../../shared/fault";
import type { Grid, GridRow } from "./grid";
import { textWidth, wrap } from "./svg-text";

/** Tiles are enlarged by a whole number until their longer side has so many pixels. */
const leastTile = 160;
/** A column has room for its tiles' text, whatever their width. */
const narrowest = 150;
/** A sheet taller than this is laid out in blocks side by side, like columns of a newspaper. */
const tallest = 8192;
/** What image viewers still open, and what fits in memory while it is made. */
const widest = 16_384;
const mostPixels = 64_000_000;

export interface SheetLayout {
  readonly width: number;
  readonly height: number;
  /** Sizes of text and gaps are multiples of it: 1 for tiles of 160 pixels. */
  readonly unit: number;
  /** Whole-number enlargement of the tiles. */
  readonly scale: number;
  /** Room for a picture: the largest enlarged tile. */
  readonly cell: { readonly width: number; readonly height: number };
  readonly margin: number;
  readonly labelWidth: number;
  readonly gap: number;
  /** Whether the column heads name their networks. */
  readonly named: boolean;
  /** Height of the sheet's title, of the column heads, of the text under a tile and of a row with its gap. */
  readonly title: number;
  readonly head: number;
  readonly caption: number;
  readonly row: number;
  readonly block: { readonly width: number; readonly rows: number };
  readonly blocks: number;
  /** Top of the footer, and its lines. */
  readonly footer: number;
  readonly lines: readonly string[];
}

/** `shapes`: of the runs, [height, width, channel]. Throws `export-failed` for more than a sheet can hold. */
export function layoutSheet(
  grid: Grid,
  shapes: readonly (readonly number[])[],
  facts: readonly string[],
): SheetLayout {
  const height = Math.max(...shapes.map(([h = 1]) => h));
  const width = Math.max(...shapes.map(([, w = 1]) => w));
  const wanted = Math.max(1, Math.ceil(leastTile / Math.max(height, width)));
  let scale = wanted;
  let layout = place(grid, width, height, scale, facts);
  while (!fits(layout) && scale > 1)
    layout = place(grid, width, height, --scale, facts);
  if (!fits(layout))
    throw new Fault(
      "export-failed",
      `A contact sheet of ${grid.rows.length} rows and ${grid.columns.length} columns would have ${layout.width} x ${layout.height} pixels, more than image viewers open.`,
      "Choose fewer rows, or export the HTML page, which holds any number.",
    );
  return layout;
}

/** The top left corner of a cell. */
export function cellAt(
  layout: SheetLayout,
  row: number,
  column: number,
): { left: number; top: number } {
  const { margin, block, labelWidth, cell, gap, title, head } = layout;
  return {
    left:
      margin +
      Math.floor(row / block.rows) * (block.width + 2 * margin) +
      labelWidth +
      column * (cell.width + gap),
    top: title + head + (row % block.rows) * layout.row,
  };
}

function place(
  grid: Grid,
  width: number,
  height: number,
  scale: number,
  facts: readonly string[],
): SheetLayout {
  const cell = {
    width: Math.max(width * scale, narrowest),
    height: height * scale,
  };
  const unit = Math.max(1, Math.min(cell.width, cell.height * 2) / leastTile);
  const px = (units: number) => Math.round(units * unit);
  const margin = px(28);
  const gap = px(14);
  // two lines, and two more where a place has several seeds
  const seeds = grid.rows.some(({ cells }) =>
    cells.some(
      (cell) => typeof cell !== "string" && (cell.seeds?.runs ?? 0) > 1,
    ),
  );
  const caption = px(seeds ? 70 : 40);
  const row = Math.max(cell.height, px(40)) + caption + px(12);
  const title = margin + px(40);
  const named = new Set(grid.columns.map(({ network }) => network)).size > 1;
  const head = px(named ? 72 : 58);
  const labelWidth = px(
    Math.min(170, Math.max(72, ...grid.rows.map(labelUnits))),
  );

  const columns = Math.max(1, grid.columns.length);
  const block = labelWidth + columns * cell.width + (columns - 1) * gap;
  const perBlock = Math.max(1, Math.floor((tallest - title - head) / row));
  const blocks = Math.ceil(grid.rows.length / perBlock);
  // Blocks of equal height, the last one shorter by less than a row each.
  const rows = Math.ceil(grid.rows.length / blocks);
  const footer = title + head + rows * row;
  // A single narrow column still has to hold the title and the footer.
  const total = Math.max(px(480), blocks * (block + 2 * margin));
  const lines = facts.flatMap((fact) =>
    wrap(fact, total - 2 * margin, px(11), 3),
  );
  return {
    width: total,
    height: footer + px(26) + lines.length * px(17) + margin,
    unit,
    scale,
    cell,
    margin,
    labelWidth,
    gap,
    named,
    title,
    head,
    caption,
    row,
    block: { width: block, rows },
    blocks,
    footer,
    lines,
  };
}

function fits({ width, height }: SheetLayout): boolean {
  return width <= widest && height <= widest && width * height <= mostPixels;
}

/** Labels take two lines, broken where there is a space. */
function labelUnits({ label }: GridRow): number {
  const longestWord = Math.max(
    ...label.split(/\s+/).map((word) => textWidth(word, 13, true)),
  );
  return Math.max(longestWord, textWidth(label, 13, true) * 0.6) + 16;
}
