import { join } from "node:path";
import { runGallery } from "../../main/host/gallery";
import { largestBatch, planGallery } from "../../main/host/gallery-plan";
import { runFiles } from "../../main/host/gallery-folder";
import { checkBatch } from "../../main/host/memory";
import type { GalleryProgress } from "../../shared/contract";
import { limits, type RunRecord } from "../../shared/domain";
import { titlesOf, titleTarget } from "../../shared/target";
import { needed, readShard } from "../arguments";
import { answerFlags } from "../answers";
import type { Command } from "../command";
import { examineTheNetwork, openTheBackend, openTheNetwork } from "../engine";
import { exitCodes, usage } from "../exit";
import { checkOut, finishedRuns, prepareOut } from "../gallery-out";
import { ProgressLine, spellDuration } from "../progress-line";
import { fixedBy, recipeFlags, recipeFor, recipeObject } from "../recipe";
import {
  readMethodsOf,
  readRequest,
  renderId,
  requestFlags,
} from "../render-request";

export const render: Command = {
  name: "render",
  synopsis: "NETWORK --targets T,T... --methods M,M... [...] --out DIR",
  summary:
    "Climb: a gallery of the classes under the methods, one start for all.",
  positionals: { min: 1, max: 1 },
  flags: {
    ...requestFlags,
    ...recipeFlags,
    ...answerFlags,
    shard: {
      value: "I/N",
      help: 'only the I-th of N parts (whole batches); merge them with "proxima merge"',
    },
    out: {
      value: "DIR",
      help: "the gallery's folder; the same gallery in it goes on, and finished runs are kept",
    },
    force: {
      help: "also where the folder is not empty: another gallery's runs go, finished ones are computed again",
    },
  },
  async run([name = ""], values, context) {
    const out = needed("--out", values.one("out"));
    const text = values.one("shard");
    const shard = text === undefined ? null : readShard(text);
    const methods = readMethodsOf(values);
    if (methods.length > limits.columns)
      throw usage(`At most ${limits.columns} methods fit into a gallery.`);
    const options = { force: values.has("force"), resume: true };
    await checkOut(out, options);
    const opened = await openTheNetwork(name, values, context);
    await examineTheNetwork(opened, context);
    const asked = methods.map(({ method }) => method);
    // refused before anything is measured
    const unmeasured = await readRequest(values, opened, asked);
    checkBatch(opened.network, largestBatch(unmeasured));
    const backend = await openTheBackend(context);
    const fixed = fixedBy(values, unmeasured.settings);
    const recipe = await recipeFor(
      opened,
      backend,
      { values, fixed },
      context,
    ).catch((error: unknown) => {
      if (context.signal.aborted) return "cancelled" as const;
      throw error;
    });
    if (recipe === "cancelled") {
      context.warn("Cancelled while the recipe was measured.");
      return exitCodes.cancelled;
    }
    const request = await readRequest(values, opened, asked, recipe);
    const networks = new Map([[opened.id, opened]]);
    const id = renderId(request, opened);
    const record = planGallery(id, request, networks, backend, shard);
    const lock = await prepareOut(out, record, options);
    const kept = options.force
      ? []
      : await finishedRuns(out, record, backend.status.title).catch(
          (error: unknown) => {
            lock.release();
            throw error;
          },
        );
    const titles = titlesOf(record);

    if (kept.length > 0)
      context.warn(
        `${kept.length} finished ${kept.length === 1 ? "run is" : "runs are"} kept; --force computes them again.`,
      );
    const line = new ProgressLine(context.stderr, "render");
    const tell = (progress: GalleryProgress) => {
      line.clear();
      for (const { record: run, fault, tile } of progress.tiles) {
        const given = methods[tile.column]?.given ?? "";
        if (run) {
          context.emit({
            ...resultOf(run, given, out),
            ...(recipe && { recipe: recipeObject(recipe) }),
          });
          context.print(describe(run, given, request.seeds));
        }
        if (fault)
          context.warn(
            `${titles[tile.row]} ${given}: ${fault.message} ${fault.remedy}`.trim(),
          );
      }
      if (!context.signal.aborted)
        line.show(
          progress.imageSteps,
          progress.imageStepsTotal,
          pace(progress),
        );
    };
    const outcome = await runGallery(
      {
        record,
        folder: out,
        finished: new Set(kept.map(({ id }) => id)),
        check: () => {
          lock.check();
        },
        networks,
        backend,
      },
      { signal: context.signal, progress: tell },
    ).finally(() => {
      lock.release();
      line.clear();
    });
    const { compiled } = outcome;
    if (compiled > 0)
      context.warn(`compiled ${compiled} ${compiled === 1 ? "step" : "steps"}`);
    if (outcome.state === "cancelled") {
      context.warn(`Cancelled; ${outcome.runs} pictures are kept in ${out}.`);
      return exitCodes.cancelled;
    }
    return outcome.failed > 0 ? exitCodes.engine : exitCodes.done;
  },
};

function resultOf(run: RunRecord, given: string, out: string) {
  return {
    target: run.target.index,
    ...(run.target.minimise && { minimise: run.target.minimise }),
    label: run.label,
    method: given,
    state: run.state,
    score: run.score,
    tail: run.tail,
    seed: run.seed,
    batch: run.batch,
    trace: run.trace,
    top1: run.top1,
    probability: run.probability,
    files: Object.values(runFiles).map((file) => join(out, run.id, file)),
  };
}

/** Mean and standard deviation over the last steps; the last score alone of a run with too few. */
function spellScore({ score, tail }: RunRecord): string {
  return tail
    ? `${tail.mean.toFixed(2)} ± ${tail.std.toFixed(2)}`
    : score.toFixed(2);
}

function describe(run: RunRecord, given: string, seeds: number): string {
  const state =
    run.state === "done" ? "" : `  ${run.state} at step ${run.step}`;
  return `${run.target.index} ${titleTarget(run.label, run.target)}  ${given}${seeds > 1 ? `  seed ${run.seed}` : ""}  score ${spellScore(run)}${run.top1 ? "  top-1" : ""}${state}`;
}

function pace({ rate, imageSteps, imageStepsTotal }: GalleryProgress): string {
  if (!rate) return "";
  const left = (imageStepsTotal - imageSteps) / rate;
  return `${rate.toFixed(0)} image-steps/s, ${spellDuration(left)} left`;
}
