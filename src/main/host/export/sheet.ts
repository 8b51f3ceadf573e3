/** A contact sheet: one PNG with the gallery's rows and columns, labels, scores and what made them. */
import sharp, { type OverlayOptions } from "sharp";
import { applyContrast } from "../../../shared/contrast";
import type { Contrast } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import type { Picture } from "../../../shared/pictures";
import { rectifierCurves } from "./curves";
import { onlyFile, type ExportFormatWriter, type ExportJob } from "./format";
import {
  countOf,
  makeGrid,
  type Grid,
  type GridColumn,
  type GridRow,
  type GridTile,
} from "./grid";
import { cellAt, layoutSheet, type SheetLayout } from "./sheet-layout";
import { readPicture } from "./source";
import {
  ellipsise,
  fontStack,
  svgDocument,
  svgText,
  textWidth,
  wrap,
} from "./svg-text";
import {
  contrastTitles,
  scoreRule,
  distinct,
  formatDifference,
  formatRunScore,
  formatState,
  isUnclear,
  seedFacts,
  settingsFacts,
  verdictOf,
} from "./words";

const colours = {
  paper: [247, 247, 248],
  frame: [233, 233, 235],
  text: "#1b1b1d",
  dim: "#636368",
  line: "#d9d9dc",
  accent: "#b45f06",
  hit: "#1f7a3d",
  miss: "#a8322d",
} as const;

export const sheet: ExportFormatWriter = {
  kind: "file",
  files: (job) => [onlyFile(job)],
  async write(job, stage, { signal, progress }) {
    const { source, contrast } = job;
    const grid = makeGrid(source);
    const layout = layoutSheet(
      grid,
      source.tiles.map(({ run }) => run.shape),
      footer(job, grid),
    );
    await checkFonts();

    const canvas = new Canvas(layout.width, layout.height);
    const overlays: OverlayOptions[] = [
      titleOverlay(job, layout, countOf(grid, source)),
    ];
    for (let block = 0; block < layout.blocks; block++)
      overlays.push(headOverlay(grid, layout, block));
    let done = 0;
    for (const [row, cells] of grid.rows.entries()) {
      overlays.push(rowOverlay(cells, layout, row));
      for (const [column, cell] of cells.cells.entries()) {
        signal.throwIfAborted();
        const { left, top } = cellAt(layout, row, column);
        if (typeof cell === "string") {
          canvas.frame(left, top, layout.cell.width, layout.cell.height);
          continue;
        }
        canvas.paint(
          await readPicture(cell),
          contrast,
          layout.scale,
          left,
          top,
        );
        progress((done += cell.runs));
      }
    }
    overlays.push(footerOverlay(layout));
    const bytes = await sharp(canvas.pixels, {
      raw: { width: layout.width, height: layout.height, channels: 3 },
      limitInputPixels: false,
    })
      .composite(overlays)
      .removeAlpha()
      .png()
      .toBuffer();
    await stage.write(onlyFile(job), bytes);
  },
};

/** RGB pixels; tiles are copied in, not resampled. */
class Canvas {
  readonly pixels: Buffer;
  readonly #width: number;

  constructor(width: number, height: number) {
    this.#width = width;
    this.pixels = Buffer.alloc(width * height * 3, Buffer.from(colours.paper));
  }

  /** Every value of the picture becomes `scale` x `scale` pixels. */
  paint(
    picture: Picture,
    rule: Contrast,
    scale: number,
    left: number,
    top: number,
  ): void {
    const [height, width] = picture.shape;
    const rgba = new Uint8ClampedArray(height * width * 4);
    applyContrast(picture, rule, rgba);
    for (let y = 0; y < height * scale; y++) {
      let to = ((top + y) * this.#width + left) * 3;
      const row = Math.floor(y / scale) * width;
      for (let x = 0; x < width * scale; x++, to += 3) {
        const from = (row + Math.floor(x / scale)) * 4;
        this.pixels[to] = rgba[from] ?? 0;
        this.pixels[to + 1] = rgba[from + 1] ?? 0;
        this.pixels[to + 2] = rgba[from + 2] ?? 0;
      }
    }
  }

  /** The place of a picture that is not there. */
  frame(left: number, top: number, width: number, height: number): void {
    this.#fill(left, top, width, height, colours.frame);
    this.#fill(left + 1, top + 1, width - 2, height - 2, colours.paper);
  }

  #fill(
    left: number,
    top: number,
    width: number,
    height: number,
    colour: readonly [number, number, number],
  ): void {
    for (let y = top; y < top + height; y++) {
      const start = (y * this.#width + left) * 3;
      this.pixels.fill(Buffer.from(colour), start, start + width * 3);
    }
  }
}

function titleOverlay(
  { source }: ExportJob,
  layout: SheetLayout,
  count: string,
): OverlayOptions {
  const { unit, margin, width } = layout;
  const runs = source.tiles.map(({ run }) => run);
  const size = 19 * unit;
  const title = ellipsise(
    distinct(runs, (run) => run.network.name).join(", "),
    (width - 2 * margin) * 0.7,
    size,
    true,
  );
  const y = margin + 17 * unit;
  return {
    input: svgDocument(width, layout.title, [
      svgText(margin, y, title, { size, fill: colours.text, bold: true }),
      svgText(width - margin, y, `${count} · Proxima`, {
        size: 12 * unit,
        fill: colours.dim,
        anchor: "end",
      }),
    ]),
    left: 0,
    top: 0,
  };
}

function headOverlay(
  grid: Grid,
  layout: SheetLayout,
  block: number,
): OverlayOptions {
  const { unit, cell, gap, labelWidth, head, block: size } = layout;
  const column = (of: GridColumn, index: number) => {
    const x = labelWidth + index * (cell.width + gap);
    const text = x + 44 * unit;
    const room = cell.width + gap - 46 * unit;
    const lines = [
      `forward ${of.slopes.forward}`,
      `backward ${of.slopes.backward}`,
      ...(layout.named ? [of.network] : []),
    ];
    return [
      `<g transform="translate(${x},${6 * unit}) scale(${0.8 * unit})">${rectifierCurves(of.slopes, { axis: colours.line, forward: colours.text, backward: colours.accent })}</g>`,
      svgText(text, 15 * unit, ellipsise(of.title, room, 13 * unit, true), {
        size: 13 * unit,
        fill: colours.text,
        bold: true,
      }),
      ...lines.map((line, n) =>
        svgText(text, (30 + n * 14) * unit, ellipsise(line, room, 11 * unit), {
          size: 11 * unit,
          fill: colours.dim,
        }),
      ),
    ].join("");
  };
  return {
    input: svgDocument(size.width + gap, head, grid.columns.map(column)),
    left: layout.margin + block * (size.width + 2 * layout.margin),
    top: layout.title,
  };
}

function rowOverlay(
  row: GridRow,
  layout: SheetLayout,
  index: number,
): OverlayOptions {
  const { unit, cell, gap, labelWidth } = layout;
  const { left, top } = cellAt(layout, index, 0);
  const label = wrap(row.label, labelWidth - 14 * unit, 13 * unit, 3, true);
  const middle = cell.height / 2 - ((label.length - 1) * 16 * unit) / 2;
  const parts = [
    ...label.map((line, n) =>
      svgText(0, middle + n * 16 * unit, line, {
        size: 13 * unit,
        fill: colours.text,
        bold: true,
      }),
    ),
    svgText(0, middle + label.length * 16 * unit, row.id, {
      size: 12 * unit,
      fill: colours.dim,
    }),
    ...row.cells.map((content, column) => {
      const x = labelWidth + column * (cell.width + gap);
      return typeof content === "string"
        ? svgText(x + cell.width / 2, cell.height / 2, content, {
            size: 12 * unit,
            fill: colours.dim,
            anchor: "middle",
          })
        : caption(content, layout, x);
    }),
  ];
  return {
    input: svgDocument(layout.block.width, layout.row, parts),
    left: left - labelWidth,
    top,
  };
}

/** Under a tile: score and difference, then what the network makes of it; on the right what became of the run. */
function caption(
  tile: GridTile,
  { unit, cell }: SheetLayout,
  x: number,
): string {
  const { run } = tile;
  const [score = "", ...spread] = formatRunScore(run).split(" ");
  const first = cell.height + 17 * unit;
  const second = cell.height + 33 * unit;
  const state = formatState(run);
  const small = { size: 11 * unit, fill: colours.dim };
  const room =
    cell.width - 14 * unit - (state ? textWidth(state, 11 * unit) : 0);
  const verdict = verdictOf(run);
  const mark =
    verdict?.kind === "hit"
      ? `M${x + unit} ${second - 4 * unit}l${3 * unit} ${3.5 * unit}l${5 * unit} ${-7 * unit}`
      : `M${x + 1.5 * unit} ${second - 7 * unit}l${6 * unit} ${6 * unit}m0 ${-6 * unit}l${-6 * unit} ${6 * unit}`;
  const colour = colours[verdict?.kind === "hit" ? "hit" : "miss"];
  const said =
    verdict === null
      ? []
      : verdict.kind === "plain"
        ? [svgText(x, second, ellipsise(verdict.text, room, 11 * unit), small)]
        : [
            `<path d="${mark}" stroke="${colour}" stroke-width="${1.6 * unit}" fill="none"/>`,
            svgText(
              x + 13 * unit,
              second,
              ellipsise(verdict.text, room, 11 * unit),
              { ...small, fill: colour },
            ),
          ];
  return [
    svgText(x, first, score, {
      size: 15 * unit,
      fill: colours.text,
      bold: true,
    }),
    svgText(
      x + textWidth(score, 15 * unit, true) + 5 * unit,
      first,
      spread.join(" "),
      small,
    ),
    svgText(x + cell.width, first, formatDifference(tile), {
      ...small,
      anchor: "end",
      fill: isUnclear(tile) ? colours.dim : colours.text,
    }),
    ...said,
    svgText(x + cell.width, second, state, { ...small, anchor: "end" }),
    ...seedFacts(tile.seeds).map((fact, n) =>
      svgText(
        x,
        second + (n + 1) * 15 * unit,
        ellipsise(fact, cell.width, 11 * unit),
        small,
      ),
    ),
  ].join("");
}

function footer({ source, contrast }: ExportJob, grid: Grid): string[] {
  const runs = source.tiles.map(({ run }) => run);
  const { request } = source.gallery;
  const seeds = request.seeds > 1;
  const facts = settingsFacts(request, runs)
    .map((fact) => fact.join(" "))
    // a short fact stays on one line
    .map((text) => (text.length > 60 ? text : text.replaceAll(" ", "\u00a0")))
    .join("\u00a0· ");
  const licences = distinct(runs, (run) => run.network.licence);
  return [
    `Contrast ${contrastTitles[contrast]} for every tile. ${seeds ? "One start for all of a seed; each picture is the best of its seeds." : "One start and one seed for all."} ${scoreRule}`,
    facts,
    [
      ...distinct(runs, (run) => run.network.name),
      ...distinct(runs, (run) => run.backend),
      licences.length > 0 ? `licence ${licences.join(", ")}` : "",
    ]
      .filter(Boolean)
      .join(" · "),
    grid.leftOut > 0
      ? `${grid.leftOut} of ${grid.leftOut + grid.rows.length} rows have no picture and are left out.`
      : "",
  ].filter(Boolean);
}

function footerOverlay(layout: SheetLayout): OverlayOptions {
  const { unit, margin, width, lines } = layout;
  const size = 11 * unit;
  return {
    input: svgDocument(width, layout.height - layout.footer, [
      `<path d="M${margin} ${6 * unit}H${width - margin}" stroke="${colours.line}" stroke-width="${unit}"/>`,
      ...lines.map((line, n) =>
        svgText(margin, (26 + n * 17) * unit, line, {
          size,
          fill: colours.dim,
        }),
      ),
    ]),
    left: 0,
    top: layout.footer,
  };
}

/** On a machine without any font, every letter is the same empty box: better no sheet than that. */
async function checkFonts(): Promise<void> {
  const ink = async (text: string) => {
    const { data } = await sharp(
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" font-family="${fontStack}"><text x="2" y="24" font-size="20">${text}</text></svg>`,
      ),
    )
      .extractChannel(3)
      .raw()
      .toBuffer({ resolveWithObject: true });
    return data.reduce((a, b) => a + b, 0);
  };
  if ((await ink("i")) >= 0.9 * (await ink("W")))
    throw new Fault(
      "export-failed",
      "This machine has no font to label a contact sheet with.",
      "Install one (on Debian and Ubuntu: fonts-dejavu-core), or export the HTML page.",
    );
}
