/** A new experiment: its pictures are found, looked through and divided, and its folder is written. */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { z } from "zod";
import { encodeFault, Fault } from "../../../shared/fault";
import { parseJson } from "../../../shared/json";
import type {
  TrainingData,
  TrainingLook,
  TrainingPlan,
} from "../../../shared/training";
import { makeFolder } from "../folder";
import { PartFolder } from "../part-folder";
import { checkClasses, classFolders, type ClassFolders } from "./class-folders";
import {
  experimentFile,
  picturesFile,
  picturesText,
  type Experiment,
  type Picture,
} from "./experiment-folder";
import { decodeTrainingPicture } from "./pixels";
import { openSource, type PictureSource } from "./source";
import { namedPictures, split } from "./split";

export interface NewExperiment {
  readonly id: string;
  /** A folder of class folders, or a .tar of it. */
  readonly source: string;
  readonly plan: TrainingPlan;
  /** Names of the test part's pictures; null: drawn by the plan's split seed. */
  readonly tested: readonly string[] | null;
  readonly versions: Readonly<Record<string, string>>;
}

export interface CreateOptions {
  readonly signal: AbortSignal;
  /** Pictures looked at. */
  readonly progress?: (done: number, total: number) => void;
}

const mostSentences = 20;

/** What a folder holds, by the names of its files. Throws a Fault `damaged-file` where it is no folder of class folders. */
export async function lookAt(path: string): Promise<TrainingLook> {
  const source = await openSource(path);
  try {
    const found = classFolders(source);
    const counts = countsOf(found.labels, found.pictures);
    checkClasses(source.name, found.labels, counts);
    return { name: source.name, classes: classesOf(found.labels, counts) };
  } finally {
    await source.close();
  }
}

/** A list of names: a JSON array of texts. Throws a Fault `invalid-request`. */
export async function readNames(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new Fault(
      "invalid-request",
      `${path} cannot be read.`,
      "Choose the list again.",
      { cause: error },
    );
  });
  const parsed = z.array(z.string()).min(1).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Fault(
    "invalid-request",
    `${basename(path)} is no list of pictures.`,
    'It is a JSON array of names: ["Faces/image_0001.jpg", ...].',
  );
}

/**
 * Decodes every picture once, leaves out what cannot be read, divides the rest, and writes the experiment's folder
 * in one go; nothing is there where it fails or is cancelled, and what lies in the folder already is never replaced. Throws `damaged-file`, `invalid-request`, `export-failed`.
 */
export async function createExperiment(
  folder: string,
  wanted: NewExperiment,
  { signal, progress = () => undefined }: CreateOptions,
): Promise<Experiment> {
  const { plan } = wanted;
  const source = await openSource(wanted.source);
  try {
    const found = classFolders(source);
    const counted = countsOf(found.labels, found.pictures);
    checkClasses(source.name, found.labels, counted);
    const left = await unreadable(source, found, plan, { signal, progress });
    const [first] = left.values();
    if (first !== undefined && left.size === found.pictures.length)
      throw new Fault(
        "damaged-file",
        `No picture of ${source.name} can be read. ${first}`,
      );
    const kept = found.pictures.filter((_, i) => !left.has(i));
    const parts = divide(source.name, found, kept, left, wanted);
    const pictures = kept.map(({ file, label }, i): Picture => {
      const { path, bytes } = file;
      return { path, bytes, label, part: parts[i] ?? "train" };
    });
    const stray = found.stray.map((path) => `${path} is in no class's folder.`);
    const why = [...left.values(), ...stray];
    const experiment: Experiment = {
      format: "proxima-training",
      version: 1,
      id: wanted.id,
      createdAt: new Date().toISOString(),
      source: resolve(wanted.source),
      plan,
      data: {
        name: source.name,
        classes: classesOf(found.labels, countsOf(found.labels, kept)),
        parts: partSizes(pictures),
        leftOut: why.length,
        why: why.slice(0, mostSentences).map((text) => text.slice(0, 1000)),
      },
      versions: { ...wanted.versions },
    };
    await write(folder, experiment, pictures);
    return experiment;
  } finally {
    await source.close();
  }
}

/** A sentence by index for every picture that cannot be decoded. */
async function unreadable(
  source: PictureSource,
  { pictures }: ClassFolders,
  { size }: TrainingPlan,
  { signal, progress }: Required<CreateOptions>,
): Promise<Map<number, string>> {
  const left = new Map<number, string>();
  let next = 0;
  let done = 0;
  const work = async () => {
    for (;;) {
      const index = next++;
      const picture = pictures[index];
      if (!picture) return;
      signal.throwIfAborted();
      await decodeTrainingPicture(source, picture.file, size).catch(
        (error: unknown) => {
          left.set(index, encodeFault(error).message);
        },
      );
      progress(++done, pictures.length);
    }
  };
  await Promise.all(
    Array.from({ length: availableParallelism() + 1 }, () => work()),
  );
  // in their order, not in that of the threads
  return new Map([...left].sort(([a], [b]) => a - b));
}

function divide(
  folder: string,
  { labels, around, pictures }: ClassFolders,
  kept: ClassFolders["pictures"],
  left: ReadonlyMap<number, string>,
  { plan, tested }: NewExperiment,
) {
  const counts = countsOf(labels, kept);
  checkClasses(folder, labels, counts);
  const leftOut = [...left.keys()].map((i) => pictures[i]?.file.path ?? "");
  const paths = kept.map(({ file }) => file.path);
  const named =
    tested && namedPictures(tested, paths, { folder, around, leftOut });
  const { test, validation, splitSeed: seed } = plan;
  const parts = split(
    kept.map(({ label }) => label),
    { test, validation, seed },
    named,
  );
  const trained = new Set(
    kept.flatMap(({ label }, i) => (parts[i] === "train" ? [label] : [])),
  );
  const missing = labels.findIndex((_, label) => !trained.has(label));
  if (missing >= 0)
    throw new Fault(
      "invalid-request",
      `All pictures of the class "${labels[missing]}" are in the test part; none is left to learn from.`,
      "Take some of them out of the list.",
    );
  return parts;
}

async function write(
  folder: string,
  experiment: Experiment,
  pictures: readonly Picture[],
): Promise<void> {
  const parent = dirname(resolve(folder));
  await makeFolder(parent);
  const part = await PartFolder.create(parent, basename(resolve(folder)), {
    locked: true,
  });
  try {
    await part.write(picturesFile, picturesText(pictures));
    const text = `${JSON.stringify(experiment, null, 1)}\n`;
    await part.write(experimentFile, text);
    // another process may have begun one there meanwhile, and train in it
    await part.commit({ replace: false });
  } catch (error) {
    await part.discard();
    throw error;
  }
}

function countsOf(
  labels: readonly string[],
  pictures: readonly { readonly label: number }[],
): number[] {
  const counts = new Array<number>(labels.length).fill(0);
  for (const { label } of pictures) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

function classesOf(
  labels: readonly string[],
  counts: readonly number[],
): TrainingData["classes"] {
  return labels.map((label, i) => ({ label, pictures: counts[i] ?? 0 }));
}

function partSizes(pictures: readonly Picture[]): TrainingData["parts"] {
  const sizes = { train: 0, validation: 0, test: 0 };
  for (const { part } of pictures) sizes[part] += 1;
  return sizes;
}
