/** What the command line says of a network's input and classes: --size, --preprocess, --labels. */
import type { GivenAnswers } from "../engine";
import { readLabelsFile } from "../main/host/labels-file";
import { readPreprocessingFile } from "../main/host/preprocessing-file";
import {
  presetSchema,
  type ClassNames,
  type Preprocessing,
  type Preset,
} from "../shared/domain";
import { readSize } from "./arguments";
import type { Flag, Values } from "./command";
import { usage } from "./exit";

export const answerFlags: Readonly<Record<string, Flag>> = {
  size: {
    value: "HxW",
    help: "height and width of the input, instead of the network's own",
  },
  preprocess: {
    value: "P",
    help: "unit (0..1), signed (-1..1), imagenet (0..1 less mean over std, RGB), caffe (0..255 less means, BGR) or a JSON file with order, mean, std",
  },
  labels: {
    value: "FILE",
    help: "names of the classes: a file (text, JSON, CSV), imagenet or none",
  },
};

/** What the flags say; what they leave out is not there. */
export async function readAnswers(values: Values): Promise<GivenAnswers> {
  const size = values.one("size");
  const preprocess = values.one("preprocess");
  const labels = values.one("labels");
  return {
    ...(size !== undefined && { size: readSize(size) }),
    ...(preprocess !== undefined && {
      preprocessing: await readPreprocessing(preprocess),
    }),
    ...(labels !== undefined && { labels: await readNames(labels) }),
  };
}

async function readNames(text: string): Promise<ClassNames> {
  if (text === "none" || text === "imagenet") return { kind: text };
  return { kind: "list", labels: await readLabelsFile(text) };
}

async function readPreprocessing(
  text: string,
): Promise<Preset | Preprocessing> {
  const preset = presetSchema.safeParse(text);
  if (preset.success) return preset.data;
  const read = await readPreprocessingFile(text);
  if (read) return read;
  throw usage(
    `--preprocess: "${text}" is neither a preset nor a file.`,
    `Presets are ${presetSchema.options.join(", ")}.`,
  );
}
