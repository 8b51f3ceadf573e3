/** What the experiments' commands have in common: they read settings off flags, run, and print rows and a conclusion. */
import { openTheBackend, openTheNetwork } from "../../engine";
import { answerFlags } from "../../answers";
import type { Command, Context, Flag, Values } from "../../command";
import { exitCodes } from "../../exit";
import { ProgressLine } from "../../progress-line";
import { dataFolder } from "../../../main/host/data-folder";
import { imageFolder } from "../../../main/host/lab/image-folder";
import type { StoredPicture } from "../../../main/host/lab/cell-store";
import { LabBench } from "../../../main/host/lab/lab";
import type { OpenedNetwork } from "../../../main/host/networks";
import { labIn } from "../../../main/host/lab/handlers";
import {
  experimentSpecs,
  worksWithTensors,
  type ExperimentId,
  type LabRow,
  type LabSettings,
  type LabSummary,
} from "../../../shared/lab";

export interface LabFront<K extends ExperimentId> {
  /** The word behind `lab`: "toy". */
  readonly name: string;
  readonly experiment: K;
  /** What stands behind the name: "NETWORK --slopes ...". */
  readonly synopsis: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Words without a flag; the network, where the experiment takes one, is the first of them. */
  readonly positionals: { readonly min: number; readonly max: number };
  /** Settings that were said; the spec's defaults fill in the rest. */
  settings(
    values: Values,
    positionals: readonly string[],
    network: OpenedNetwork | null,
  ): Partial<LabSettings<K>> | Promise<Partial<LabSettings<K>>>;
  /** JSON lines of the result. Rows are in the order of the table and may be fewer than planned after a cancel. */
  lines(rows: readonly LabRow<K>[], summary: LabSummary<K>): readonly object[];
  /** The same for people. */
  table(rows: readonly LabRow<K>[], summary: LabSummary<K>): readonly string[];
  /** What else is made of the result, once it is printed: files. */
  finish?(outcome: LabOutcome<LabRow<K>>, values: Values): Promise<void>;
}

/** What a command is left with. */
export interface LabOutcome<Row> {
  readonly rows: readonly { readonly key: string; readonly row: Row }[];
  /** A picture kept under a key; null where none was. */
  readonly picture: (key: string) => Promise<StoredPicture | null>;
}

/** Whether an experiment of the Lab takes a folder of pictures is told by its having this flag. */
export const imagesFlag = {
  images: {
    value: "DIR",
    help: "pictures, or a folder of them for each class; without it seeded noise",
  },
} as const;

export function labCommand<K extends ExperimentId>(
  front: LabFront<K>,
): Command {
  const spec = experimentSpecs[front.experiment];
  return {
    name: `lab ${front.name}`,
    synopsis: front.synopsis,
    summary: front.summary,
    positionals: front.positionals,
    flags: {
      ...front.flags,
      fresh: { help: "compute again what was computed before" },
      ...(spec.network === "none" ? {} : answerFlags),
    },
    async run(positionals, values, context) {
      const images = values.one("images");
      const [name] = positionals;
      const network =
        spec.network === "none" || name === undefined
          ? null
          : await openTheNetwork(name, values, context);
      const settings = await front.settings(values, positionals, network);
      const bench = await LabBench.open({
        experiment: front.experiment,
        settings,
        network,
        backend: worksWithTensors(spec) ? await openTheBackend(context) : null,
        images: images === undefined ? null : await imageFolder(images),
        folder: labIn(dataFolder()),
      });
      const { rows, missing, summary } = await run(bench, values, context);
      // checked against the experiment's own schemas when they were made
      const typed = rows.map(({ row }) => row) as LabRow<K>[];
      const conclusion = summary as LabSummary<K>;
      for (const line of front.lines(typed, conclusion)) context.emit(line);
      for (const line of front.table(typed, conclusion)) context.print(line);
      await front.finish?.(
        {
          rows: rows.map(({ key }, i) => ({ key, row: typed[i] as LabRow<K> })),
          picture: (key) => bench.picture(key),
        },
        values,
      );
      return missing > 0 && context.signal.aborted
        ? exitCodes.cancelled
        : exitCodes.done;
    },
  };
}

async function run(bench: LabBench, values: Values, context: Context) {
  const line = new ProgressLine(context.stderr, "lab");
  try {
    return await bench.run({
      signal: context.signal,
      fresh: values.has("fresh"),
      progress: ({ done, total }) => {
        line.show(done, total);
      },
    });
  } finally {
    line.clear();
  }
}
