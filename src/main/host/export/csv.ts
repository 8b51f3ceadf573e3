/** One line a run, RFC 4180: a head, CRLF, quotes where needed. Numbers are exactly those of the record. */
import { csvField } from "../../../shared/csv";
import { hasProbability, hasTop1 } from "../../../shared/head";
import { spellMethod } from "../../../shared/method";
import { onlyFile, type ExportFormatWriter } from "./format";
import type { ExportTile, GallerySource } from "./source";
import { assumptionsOf, preprocessingOf } from "./words";

type Cell = string | number | boolean | null;

const columns: Readonly<
  Record<string, (tile: ExportTile, source: GallerySource) => Cell>
> = {
  gallery: (_, { gallery }) => gallery.id,
  target: ({ run }) => run.target.index,
  minimise: ({ run }) => run.target.minimise === true,
  label: ({ run }) => run.label,
  head: ({ run }) => run.head,
  method: ({ run }) => spellMethod(run.method),
  forward_slope: ({ run }) => run.forwardSlope,
  backward_slope: ({ run }) => run.backwardSlope,
  state: ({ run }) => run.state,
  step: ({ run }) => run.step,
  score: ({ run }) => run.score,
  score_mean: ({ run }) => run.tail && run.tail.mean,
  score_std: ({ run }) => run.tail && run.tail.std,
  score_steps: ({ run }) => run.tail && run.tail.steps,
  difference_to_first_column: ({ difference }) =>
    difference && difference.value,
  difference_std: ({ difference }) => difference && difference.std,
  difference_at_step: ({ difference }) => difference && difference.step,
  top1: ({ run }) => run.top1,
  probability: ({ run }) => run.probability,
  gradient_norm: ({ run }) => run.gradientNorm,
  image_std: ({ run }) => run.imageStd,
  seed: ({ run }) => run.seed,
  steps: ({ run }) => run.settings.steps,
  step_size: ({ run }) => run.settings.stepSize,
  start_noise: ({ run }) => run.settings.startNoise,
  blur: ({ run }) => run.settings.regularization.blur,
  rotate: ({ run }) => run.settings.regularization.rotate,
  rotate_probability: ({ run }) =>
    run.settings.regularization.rotateProbability,
  batch: ({ run }) => run.batch,
  precision: ({ run }) => run.settings.precision,
  network: ({ run }) => run.network.name,
  network_hash: ({ run }) => run.network.hash,
  network_identity: ({ run }) => run.network.identity,
  preprocessing: ({ run }) => preprocessingOf(run),
  assumptions: ({ run }) => assumptionsOf(run),
  output: ({ run }) => run.network.output,
  backend: ({ run }) => run.backend,
  elapsed_ms: ({ run }) => run.elapsedMs,
};

/** The columns of a gallery: what the heads of its networks do not have has none. */
function columnsOf({ tiles }: GallerySource): string[] {
  const left = new Set<string>();
  if (!tiles.some(({ run }) => hasTop1(run.head))) left.add("top1");
  if (!tiles.some(({ run }) => hasProbability(run.head)))
    left.add("probability");
  return Object.keys(columns).filter((name) => !left.has(name));
}

export const csv: ExportFormatWriter = {
  kind: "file",
  files: (job) => [onlyFile(job)],
  async write(job, stage, { signal, progress }) {
    const { source } = job;
    const names = columnsOf(source);
    const lines = [names.join(",")];
    source.tiles.forEach((tile, index) => {
      signal.throwIfAborted();
      lines.push(
        names
          .map((name) => csvField(columns[name]?.(tile, source) ?? null))
          .join(","),
      );
      progress(index + 1);
    });
    await stage.write(
      onlyFile(job),
      lines.map((line) => `${line}\r\n`).join(""),
    );
  },
};
