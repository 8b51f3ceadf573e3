/**
 * node scripts/recipe.mjs [--preprocess unit|signed|imagenet|caffe] [--classes 4] [--sheet FILE] [--images N]
 *                         NETWORK[=TITLE[=PREPROCESS]]...
 *
 * Each network's measured recipe against the paper's plain step: mean held-out score (32 views), score, and the share
 * of values beyond |x| 0.99, over its first classes, under ReLU and ProxyGrad 0.1. A network's card is not asked.
 * --sheet draws the pictures under ProxyGrad, above with the plain step, below with the measured recipe.
 */
import { parseArgs } from "node:util";
import {
  ascend,
  calibrate,
  classCount,
  scoreImages,
  viewed,
  viewsOf,
  type NativeRuntime,
  type Network,
} from "../../src/engine";
import { openBackend } from "../../src/main/host/backend";
import { openNamed } from "../../src/main/host/networks";
import { firstPicks } from "../../src/shared/class-sets";
import { presetSchema, type Method } from "../../src/shared/domain";
import {
  plainRecipe,
  spellRecipe,
  withRecipe,
  type Recipe,
} from "../../src/shared/recipe";
import { writeSheet, type SheetRow } from "./sheet";

const methods: readonly Method[] = [
  { kind: "relu" },
  { kind: "proxygrad", slope: 0.1 },
];
const shown = 1;

interface Outcome {
  readonly images: readonly Float32Array[];
  readonly score: number;
  readonly heldOut: number;
  readonly saturated: number;
}

export async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      classes: { type: "string", default: "4" },
      sheet: { type: "string" },
      px: { type: "string", default: "112" },
    },
  });
  const { runtime, status } = await openBackend();
  if (!runtime) {
    console.error(`No native TensorFlow: ${status.reason ?? ""}`);
    return 4;
  }
  console.log(
    "| network | input | measured recipe | s | held-out ReLU | held-out ProxyGrad | score ProxyGrad | beyond 0.99 |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  const rows: SheetRow[] = [];
  for (const named of positionals) {
    const [path = "", title, preprocess] = named.split("=");
    const { signal } = new AbortController();
    const preset = presetSchema.safeParse(preprocess);
    const { network } = await openNamed(path, {
      signal,
      given: preset.success ? { preprocessing: preset.data } : {},
    });
    const picks = firstPicks(network.labels, classCount(network));
    const began = performance.now();
    const found = await calibrate(
      { network, runtime, classes: picks, batch: 8 },
      { signal },
    );
    const seconds = (performance.now() - began) / 1000;
    if (!found) {
      console.log(`| ${title ?? network.name} | nothing can be measured |`);
      continue;
    }
    const classes = picks.slice(0, Number(values.classes));
    const plain = await outcomes(network, runtime, classes, plainRecipe);
    const measured = await outcomes(network, runtime, classes, found.recipe);
    const pair = (
      at: number,
      of: (outcome: Outcome | undefined) => number | undefined,
    ) => `${shortly(of(plain[at]))} → ${shortly(of(measured[at]))}`;
    const ratio = (at: number) =>
      `(${((measured[at]?.heldOut ?? NaN) / (plain[at]?.heldOut ?? NaN)).toFixed(2)})`;
    const share = (outcome: Outcome | undefined) =>
      `${(100 * (outcome?.saturated ?? NaN)).toFixed(0)} %`;
    console.log(
      `| ${title ?? network.name} | ${network.input.join(" x ")} | ${spellRecipe(found.recipe)}, ${found.recipe.rotateProbability} | ${seconds.toFixed(1)} | ${pair(0, (o) => o?.heldOut)} ${ratio(0)} | ${pair(1, (o) => o?.heldOut)} ${ratio(1)} | ${pair(1, (o) => o?.score)} | ${share(plain[0])}, ${share(plain[1])} → ${share(measured[0])}, ${share(measured[1])} |`,
    );
    rows.push({
      title: `${title ?? network.name}, ${network.input.join(" x ")}`,
      above: "plain step: 500 steps of 5",
      below: `measured: ${spellRecipe(found.recipe)}`,
      shape: network.input,
      plain: plain[shown]?.images ?? [],
      measured: measured[shown]?.images ?? [],
    });
  }
  if (values.sheet !== undefined)
    await writeSheet(values.sheet, rows, Number(values.px));
  return 0;
}

/** Of each method, with one seed and one start for all classes. */
async function outcomes(
  network: Network,
  runtime: NativeRuntime,
  classes: readonly number[],
  recipe: Recipe,
): Promise<Outcome[]> {
  const { signal } = new AbortController();
  const batch = classes.length;
  const settings = withRecipe(
    {
      steps: 1,
      stepSize: 1,
      startNoise: 0.1,
      seed: 1,
      regularization: { blur: 0, rotate: 0, rotateProbability: 0 },
      batch,
      precision: "float32" as const,
      keep: 0,
    },
    recipe,
  );
  const targets = classes.map((index) => ({ kind: "logit", index }) as const);
  const images = methods.map(() => classes.map(() => new Float32Array(0)));
  const scores = methods.map(() => classes.map(() => NaN));
  for await (const updates of ascend(
    { network, targets, methods, settings, runtime },
    { signal },
  ))
    for (const update of updates) {
      const { row, column, state, score } = update;
      const [pictures, reached] = [images[column], scores[column]];
      if (state === "running" || !pictures || !reached) continue;
      pictures[row] = update.image().slice();
      reached[row] = score;
    }
  return methods.map((_, at) => {
    const own = images[at] ?? [];
    const values = own.flatMap((image) => [...image]);
    return {
      images: own,
      score: mean(scores[at] ?? []),
      heldOut: heldOut(network, runtime, classes, own),
      saturated: mean(values.map((x) => (Math.abs(x) > 0.99 ? 1 : 0))),
    };
  });
}

/** Mean over classes and 32 views; the views are the ones a seed of its own gives, not those of the calibration. */
function heldOut(
  network: Network,
  runtime: NativeRuntime,
  classes: readonly number[],
  images: readonly Float32Array[],
): number {
  const views = viewsOf(evaluationSeed);
  const seen = images.flatMap((image) =>
    views.map((view) => viewed(image, network.input, view)),
  );
  const logits = scoreImages({ network, runtime }, seen);
  return mean(
    logits.map(
      (row, i) => row[classes[Math.floor(i / views.length)] ?? 0] ?? NaN,
    ),
  );
}

const evaluationSeed = 2;

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function shortly(value: number | undefined): string {
  return value === undefined ? "-" : value.toPrecision(3);
}
