/** The exported page's markup. Every text from outside goes through escapeXml. */
import { createHash } from "node:crypto";
import type { GalleryRequest, RunRecord } from "../../../shared/domain";
import { hasProbability, unitWords, valueWord } from "../../../shared/head";
import { titleTarget } from "../../../shared/target";
import { titleMethod } from "../../../shared/method";
import { rectifierCurves } from "./curves";
import { escapeXml as esc } from "./encode";
import type { ExportJob } from "./format";
import {
  countOf,
  type Grid,
  type GridColumn,
  type GridRow,
  type GridTile,
} from "./grid";
import { script } from "./html-script";
import { style } from "./html-style";
import type { ExportTile } from "./source";
import { traceAxis, tracePlot, type TraceAxis } from "./trace";
import {
  contrastTitles,
  distinct,
  formatDifference,
  formatPercent,
  formatRunScore,
  formatScore,
  formatState,
  isUnclear,
  scoreRule,
  seedFacts,
  settingsFacts,
  unitsOf,
  verdictOf,
} from "./words";

/** Data URIs of a tile; `ruled` is null where the contrast rule is raw. */
export interface TilePictures {
  readonly raw: string;
  readonly ruled: string | null;
}

/** From this many rows on, the page has a field to find one. */
const manyRows = 12;

/** Up to the table's body. */
export function pageHead(job: ExportJob, grid: Grid): string {
  const { source, contrast } = job;
  const runs = source.tiles.map(({ run }) => run);
  const networks = distinct(runs, (run) => run.network.name);
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const count = countOf(grid, source);
  const [one] = unitsOf(runs);
  const width = Math.max(...runs.map((run) => run.shape[1]));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Proxima">
<title>${esc(networks.join(", "))}: ${count} · Proxima</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${esc(networks.join(", "))}</h1>
<p>${esc([...new Set(runs.map((run) => `${run.shape[1]} × ${run.shape[0]}`))].join(", "))} · ${count} · ${esc(dates(runs))}</p>
<span class="grow"></span>
${grid.rows.length >= manyRows ? `<input id="find" type="search" placeholder="Find ${one === "output" ? "an" : "a"} ${one}" aria-label="Find ${one === "output" ? "an" : "a"} ${one}">` : ""}
${contrastSwitch(contrast)}
</header>
<main>
<table${width * 2 <= 176 ? ` class="pixels"` : ""}>
<thead><tr><td>${seedHead(source.gallery.request)}</td>${grid.columns.map((column) => columnHead(column, networks.length > 1)).join("")}</tr></thead>
<tbody>
`;
}

export function pageRow(
  row: GridRow,
  grid: Grid,
  pictures: ReadonlyMap<ExportTile, TilePictures>,
): string {
  const tiles = row.cells.filter((cell) => typeof cell !== "string");
  const axis = traceAxis(tiles.map(({ run }) => run.trace));
  const cells = row.cells.map((cell, index) => {
    if (typeof cell === "string")
      return `<td><p class="none">${esc(cell)}</p></td>`;
    const title = grid.columns[index]?.title ?? titleMethod(cell.run.method);
    const shown = pictures.get(cell) ?? { raw: "", ruled: null };
    return `<td>${tile(cell, title, shown, axis)}</td>`;
  });
  return `<tr><th scope="row"><strong>${esc(row.label)}</strong> <span>${esc(row.id)}</span></th>${cells.join("\n")}</tr>\n`;
}

/** From the end of the table on. */
export function pageTail(job: ExportJob, grid: Grid): string {
  const { source, contrast } = job;
  const runs = source.tiles.map(({ run }) => run);
  const facts: readonly (readonly [string, string])[] = [
    ...settingsFacts(source.gallery.request, runs),
    ["contrast", contrastTitles[contrast]],
    ["backend", distinct(runs, (run) => run.backend).join(", ")],
    ...Object.entries(runs[0]?.versions ?? {}),
  ];
  const [one, many] = unitsOf(runs);
  const value = valueWord(runs[0]?.head ?? "softmax");
  const minimised = runs.some(({ target }) => target.minimise);
  const licences = distinct(runs, (run) => run.network.licence).join(", ");
  const about: readonly (readonly [string, string])[] = [
    ["network", distinct(runs, (run) => run.network.name).join(", ")],
    ["sha256", distinct(runs, (run) => run.network.hash).join(", ")],
    ...(licences ? ([["licence", licences]] as const) : []),
    ["gallery", source.gallery.id],
  ];
  return `</tbody>
</table>
</main>
<footer>
<section><h2>Run</h2>${list(facts)}</section>
<section><h2>Network</h2>${list(about)}</section>
<section><h2>How to read it</h2><p>Each picture is what its ${one} looks like to the network: an image changed step by step so that the ${one}'s ${value} rises${minimised ? "; a minus sign in front of its name says that it falls, and the score is the negative of it" : ""}. Rows are ${many}, columns differ only in the slopes the rectifiers had on negative values, in the forward pass and in the gradient. ${scoreRule} Traces of a row share one axis. Choose a picture to compare it with another of its row.</p>${grid.leftOut > 0 ? `<p>${grid.leftOut} of ${grid.leftOut + grid.rows.length} rows have no picture and are left out.</p>` : ""}</section>
</footer>
${largeView}
<script>${script}</script>
</body>
</html>
`;
}

function seedHead({ settings, seeds }: GalleryRequest): string {
  return seeds > 1
    ? `one start image a seed,<br>best of seeds ${settings.seed} to ${settings.seed + seeds - 1}`
    : `one start image,<br>one seed: ${settings.seed}`;
}

function contrastSwitch(contrast: ExportJob["contrast"]): string {
  const option = (value: string, title: string, checked: boolean) =>
    `<label><input type="radio" name="contrast" value="${value}"${checked ? " checked" : ""}>${title}</label>`;
  return `<fieldset class="segments"><legend>Contrast</legend>${option("raw", "raw", contrast === "raw")}${
    contrast === "raw" ? "" : option("ruled", contrastTitles[contrast], true)
  }</fieldset>`;
}

function columnHead(column: GridColumn, named: boolean): string {
  const curves = rectifierCurves(column.slopes, {
    axis: "var(--axis)",
    forward: "var(--text)",
    backward: "var(--accent)",
  });
  const { forward, backward } = column.slopes;
  return `<th scope="col"><div class="method"><svg viewBox="0 0 44 36" aria-hidden="true">${curves}</svg><div><strong>${esc(column.title)}</strong><span>forward ${forward} · backward ${backward}${named ? `<br>${esc(column.network)}` : ""}</span></div></div></th>`;
}

function tile(
  of: GridTile,
  title: string,
  { raw, ruled }: TilePictures,
  axis: TraceAxis,
): string {
  const { run } = of;
  const [height, width] = run.shape;
  const picture = (name: string, uri: string) =>
    `<img class="${name}" width="${width}" height="${height}" decoding="async" alt="${esc(`${titleTarget(run.label, run.target)}, ${title}`)}" src="${uri}">`;
  const state = formatState(run);
  const lines = [
    `<strong class="score">${formatRunScore(run)}</strong>`,
    `<p${of.run.tile.column > 0 && !isUnclear(of) ? ` class="clear"` : ""}>${formatDifference(of)}</p>`,
    ...seedFacts(of.seeds).map((fact) => `<p>${fact}</p>`),
    verdict(run),
    state && `<p class="state">${state}</p>`,
    tracePlot(run.trace, axis, run.forwardSlope !== run.backwardSlope),
  ];
  return `<div class="tile"><button class="open" type="button">${ruled === null ? "" : picture("ruled", ruled)}${picture("raw", raw)}</button><div class="numbers">${lines.join("")}</div>${record(run)}</div>`;
}

function verdict(run: RunRecord): string {
  const found = verdictOf(run);
  switch (found?.kind) {
    case undefined:
      return "";
    case "hit":
      return `<p class="hit">${found.text} ✓</p>`;
    case "miss":
      return `<p class="miss">✗ ${esc(found.text)}</p>`;
    case "plain":
      return `<p>${found.text}</p>`;
  }
}

function record(run: RunRecord): string {
  const facts: readonly (readonly [string, string])[] = [
    ["state", run.state],
    ["step", `${run.step} of ${run.settings.steps}`],
    ["last score", String(run.score)],
    ...(run.tail
      ? ([
          ["mean score", String(run.tail.mean)],
          [
            "standard deviation",
            `${run.tail.std} over ${run.tail.steps} steps`,
          ],
        ] as const)
      : []),
    ["seed", String(run.seed)],
    ["batch", String(run.batch)],
    ...(run.probability === null
      ? []
      : ([["probability", formatPercent(run.probability)]] as const)),
    [
      "gradient norm",
      run.gradientNorm === null ? "none" : run.gradientNorm.toPrecision(4),
    ],
    ["image std", run.imageStd.toPrecision(3)],
    ["time", `${(run.elapsedMs / 1000).toFixed(1)} s`],
    ["run", run.id],
  ];
  const seen = run.top5.map(
    ({ index, label, logit, probability }) =>
      `<li${index === run.target.index ? ` class="target"` : ""}><span>${esc(label)}</span>${
        probability === null
          ? `<span>${formatScore(logit)}</span>`
          : `<span>${formatPercent(probability)}</span><meter value="${probability}" aria-label="${esc(label)}"></meter>`
      }</li>`,
  );
  return `<details><summary>Record</summary>${list(facts)}${
    seen.length > 0
      ? `<h2>${hasProbability(run.head) ? "What the network sees" : `Largest ${unitWords(run.head)[1]}`}</h2><ol class="seen">${seen.join("")}</ol>`
      : ""
  }</details>`;
}

function list(facts: readonly (readonly [string, string])[]): string {
  return `<dl>${facts.map(([name, value]) => `<dt>${esc(name)}</dt><dd>${esc(value)}</dd>`).join("")}</dl>`;
}

/** The day, or the first and the last. */
function dates(runs: readonly RunRecord[]): string {
  const days = distinct(runs, (run) => run.createdAt.slice(0, 10)).sort();
  return days.length > 1 ? `${days[0]} to ${days.at(-1)}` : (days[0] ?? "");
}

const largeView = `<dialog aria-label="Compare two pictures">
<header>
<h1 data-part="title"></h1>
<span class="grow"></span>
<label>left <select data-part="left"></select></label>
<label>right <select data-part="right"></select></label>
<label>zoom <select data-part="zoom"><option value="fit">fit</option><option value="1">1×</option><option value="2">2×</option><option value="4">4×</option><option value="8">8×</option></select></label>
<button type="button" data-part="contrast" hidden>Contrast</button>
<button type="button" data-part="previous" aria-label="Previous row">↑</button>
<button type="button" data-part="next" aria-label="Next row">↓</button>
<button type="button" data-part="close">Close</button>
</header>
<div class="view"><div class="stage" data-part="stage"><div class="right"></div><div class="left"></div><div class="line"></div></div></div>
<footer>
<p data-part="left-caption"></p>
<input type="range" min="0" max="100" step="1" value="50" data-part="wipe" aria-label="Wipe between left and right">
<p data-part="right-caption"></p>
<p class="keys"><kbd>←</kbd> <kbd>→</kbd> wipe · <kbd>↑</kbd> <kbd>↓</kbd> row · <kbd>1</kbd>–<kbd>9</kbd> column on the right · <kbd>C</kbd> contrast · <kbd>Esc</kbd> close</p>
</footer>
</dialog>`;
