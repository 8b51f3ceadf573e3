/** A preprocessing as JSON, in a file or typed: its numbers with their unit, a card.json, or the answers beside a network. */
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { cardSchema } from "../../shared/card";
import { preprocessingSchema, type Preprocessing } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import {
  fromUnit,
  pixelUnits,
  suspectedUnit,
  type PixelUnit,
} from "../../shared/pixel-units";
import { parseStored, storedAnswers } from "../../shared/stored";
import { mostShallowBytes, parseShallowJson } from "../../shared/shallow-json";

/** One number stands for all channels. */
const listed = (value: unknown) =>
  typeof value === "number" ? [value] : value;
const { order, mean, std } = preprocessingSchema.shape;
const numbersSchema = z.strictObject({
  order: order.default("RGB"),
  mean: z.preprocess(listed, mean),
  std: z.preprocess(listed, std),
  /** Of the pixels that mean and std are for. */
  unit: z.enum(pixelUnits).optional(),
});

/**
 * mean and std of p in 0..255. Throws a Fault `invalid-request`, also for numbers that do not say their unit and may
 * mean the other one; null where there is no such file.
 */
export async function readPreprocessingFile(
  path: string,
): Promise<Preprocessing | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  const content =
    found.size <= mostShallowBytes
      ? parseShallowJson(await readFile(path, "utf8"))
      : undefined;
  return parsePreprocessing(content, `"${path}"`);
}

/** As {@link readPreprocessingFile}, of JSON as it is typed. */
export function readPreprocessingText(text: string): Preprocessing {
  return parsePreprocessing(parseShallowJson(text), "The preprocessing");
}

function parsePreprocessing(content: unknown, title: string): Preprocessing {
  const direct = numbersSchema.safeParse(content);
  if (direct.success) {
    const { unit, ...numbers } = direct.data;
    const used = unit ?? assuredUnit(numbers, title);
    return { order: numbers.order, ...fromUnit(numbers, used) };
  }
  const { preprocessing } = cardSchema.safeParse(content).data ?? {};
  if (preprocessing) {
    const { order, mean, std } = preprocessing;
    return { order, mean, std };
  }
  const stored = parseStored(storedAnswers, content);
  const answers = stored.ok ? stored.value.answers : null;
  if (answers?.preprocessing) return answers.preprocessing;
  throw new Fault(
    "invalid-request",
    `${title} does not hold { "order": "RGB", "mean": [...], "std": [...], "unit": "0..1" }: ${z.prettifyError(direct.error).replaceAll("\n", " ")}`,
    'mean and std are one value or one a channel; "unit" is "0..1" or "0..255", the range of the pixels they are for.',
  );
}

/** The unit of numbers that do not say it: 0..255, unless they may as well, or only, be meant for pixels in 0..1. */
function assuredUnit(
  numbers: Pick<Preprocessing, "mean" | "std">,
  title: string,
): PixelUnit {
  const suspected = suspectedUnit(numbers, "0..255");
  const either =
    numbers.mean.every((v) => v === 0) && numbers.std.every((v) => v === 1);
  if (!suspected && !either) return "0..255";
  const spelled = (unit: PixelUnit) =>
    JSON.stringify({ mean: numbers.mean, std: numbers.std, unit });
  throw new Fault(
    "invalid-request",
    `${title} does not say whether its numbers are for pixels in 0..1 or in 0..255${suspected ? `; they look like ${suspected}` : ""}.`,
    `Give ${spelled("0..1")} or ${spelled("0..255")}.`,
  );
}
