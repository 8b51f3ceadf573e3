/** What the command line says of a network: --size, --preprocess, --labels, --assume, --output, --head. */
import type { GivenAnswers } from "../engine";
import { readLabelsFile } from "../main/host/labels-file";
import {
  readPreprocessingFile,
  readPreprocessingText,
} from "../main/host/preprocessing-file";
import {
  assumptionValuesSchema,
  headSchema,
  presetSchema,
  type AssumptionValues,
  type ClassNames,
  type Preprocessing,
  type Preset,
} from "../shared/domain";
import { readChoice, readSize } from "./arguments";
import type { Flag, Values } from "./command";
import { usage } from "./exit";

export const answerFlags: Readonly<Record<string, Flag>> = {
  size: {
    value: "HxW",
    help: "height and width of the input, instead of the network's own",
  },
  preprocess: {
    value: "P",
    help: 'unit (0..1), signed (-1..1), imagenet (0..1 less mean over std, RGB), caffe (0..255 less means, BGR) or JSON, typed or in a file: {"order": "RGB", "mean": [0.5], "std": [0.5], "unit": "0..1"}; the unit is 0..1 or 0..255',
  },
  labels: {
    value: "FILE",
    help: "names of the classes: a file (text, JSON, CSV), imagenet or none",
  },
  assume: {
    value: "KEY=VALUE",
    repeated: true,
    help: 'correct what the file does not say, such as activation=leaky:0.1; "proxima inspect" lists the keys; may be repeated',
  },
  output: {
    value: "NAME",
    help: 'the output to use; "proxima inspect" lists those there are',
  },
  head: {
    value: "H",
    help: "what the output means: softmax (classes), sigmoid (units), value (numbers) or map (the mean of a map)",
  },
};

/** What the flags say; what they leave out is not there. */
export async function readAnswers(values: Values): Promise<GivenAnswers> {
  const size = values.one("size");
  const preprocess = values.one("preprocess");
  const labels = values.one("labels");
  const output = values.one("output");
  const head = values.one("head");
  return {
    ...(size !== undefined && { size: readSize(size) }),
    ...(preprocess !== undefined && {
      preprocessing: await readPreprocessing(preprocess),
    }),
    ...(labels !== undefined && { labels: await readNames(labels) }),
    ...(values.has("assume") && {
      assumptions: readAssumptions(values.all("assume")),
    }),
    ...(output !== undefined && { output }),
    ...(head !== undefined && {
      head: readChoice("--head", head, headSchema.options),
    }),
  };
}

/** "activation=leaky:0.1", one after the other. */
export function readAssumptions(texts: readonly string[]): AssumptionValues {
  const found: Record<string, string> = {};
  for (const text of texts) {
    const cut = text.indexOf("=");
    const key = text.slice(0, Math.max(cut, 0)).trim().toLowerCase();
    const value = text.slice(cut + 1).trim();
    if (!assumptionValuesSchema.safeParse({ [key]: value }).success)
      throw usage(
        `--assume must be KEY=VALUE, such as activation=leaky:0.1, not "${text}".`,
      );
    if (Object.hasOwn(found, key)) throw usage(`--assume gives ${key} twice.`);
    found[key] = value;
  }
  return found;
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
  if (text.trimStart().startsWith("{")) return readPreprocessingText(text);
  const read = await readPreprocessingFile(text);
  if (read) return read;
  throw usage(
    `--preprocess: "${text}" is neither a preset nor a file.`,
    `Presets are ${presetSchema.options.join(", ")}.`,
  );
}
