/** What the command line says of a network's input and classes: --size, --preprocess, --labels. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { GivenAnswers } from "../engine";
import { readLabelsFile } from "../main/host/labels-file";
import {
  answersFileSchema,
  preprocessingSchema,
  presetSchema,
  type ClassNames,
  type Preprocessing,
  type Preset,
} from "../shared/domain";
import { cardSchema } from "../shared/card";
import { parseJson } from "../shared/json";
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
  return preset.success ? preset.data : readPreprocessingFile(text);
}

const mostBytes = 64 * 2 ** 20;

/** mean and std of p in 0..255; a card.json, or the answers beside a network, will do as well. */
async function readPreprocessingFile(path: string): Promise<Preprocessing> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null)
    throw usage(
      `--preprocess: "${path}" is neither a preset nor a file that can be read.`,
      `Presets are ${presetSchema.options.join(", ")}.`,
    );
  const content =
    bytes.length <= mostBytes ? parseJson(bytes.toString("utf8")) : undefined;
  const direct = preprocessingSchema.safeParse(content);
  if (direct.success) return direct.data;
  const { preprocessing } = cardSchema.safeParse(content).data ?? {};
  if (preprocessing) {
    const { order, mean, std } = preprocessing;
    return { order, mean, std };
  }
  const answers = answersFileSchema.safeParse(content).data?.answers;
  if (answers?.preprocessing) return answers.preprocessing;
  throw usage(
    `--preprocess: "${path}" does not hold { "order": "RGB", "mean": [...], "std": [...] }: ${z.prettifyError(direct.error).replaceAll("\n", " ")}`,
    "mean and std are of pixels in 0..255, one value or one a channel.",
  );
}
