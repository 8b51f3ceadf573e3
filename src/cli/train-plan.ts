/** The flags of a training as a plan. */
import { precisionSchema } from "../shared/domain";
import {
  architectureSchema,
  defaultTrainingPlan,
  trainingLimits,
  trainingPlanSchema,
  type Augmentation,
  type TrainingPlan,
  type TrainingSlopes,
} from "../shared/training";
import { readChoice, readNumber, type NumberRange } from "./arguments";
import type { Flag, Values } from "./command";
import { usage } from "./exit";

const standard = defaultTrainingPlan;

/** What decides the numbers; a training that goes on has them already. */
export const planFlags: Readonly<Record<string, Flag>> = {
  network: {
    value: standard.network,
    help: architectureSchema.options.join(", "),
  },
  backward: {
    value: "P",
    many: true,
    help: "slope of the rectifiers in the backward pass; several make an experiment (default 0)",
  },
  forward: {
    value: "S",
    many: true,
    help: "slope in the forward pass: one for all, or one for each --backward (default 0)",
  },
  seeds: { value: "N", many: true, help: "of the start and of chance (1)" },
  seed: { value: "N", help: "one seed, as --seeds" },
  epochs: { value: String(standard.epochs), help: "passes over the pictures" },
  size: { value: String(standard.size), help: "height and width in pixels" },
  batch: { value: String(standard.batch), help: "pictures in one step" },
  lr: { value: String(standard.learningRate), help: "largest learning rate" },
  optimizer: { value: standard.optimizer, help: "adamw or lamb" },
  "weight-decay": {
    value: String(standard.weightDecay),
    help: "decoupled weight decay of the kernels",
  },
  "warm-up": {
    value: String(standard.warmUpEpochs),
    help: "epochs over which the learning rate rises",
  },
  schedule: { value: standard.schedule, help: "cosine or constant" },
  "label-smoothing": {
    value: String(standard.labelSmoothing),
    help: "0 is off",
  },
  crop: {
    value: "area:0.4",
    help: "none, padding:PIXELS, or area:LEAST (a part of at least so much of the picture)",
  },
  flip: { value: "on", help: "on or off: left and right exchanged at random" },
  colour: {
    value: String(standard.augmentation.colour),
    help: "change of brightness, contrast and saturation; 0 is off",
  },
  rotate: {
    value: "DEGREES",
    help: `turned at random by up to so many degrees either way (${standard.augmentation.rotation}: off)`,
  },
  noise: {
    value: "STD",
    help: `normal noise of this standard deviation, of pixels in -1 to 1 (${standard.augmentation.noise}: off)`,
  },
  precision: { value: "float32", help: "float32 or bfloat16" },
  validation: {
    value: String(standard.validation),
    help: "share of the training part that chooses the best epoch",
  },
  test: {
    value: String(standard.test),
    help: "share of the pictures that is only tested on",
  },
  "test-list": {
    value: "FILE.json",
    help: "names of the pictures of the test part, instead of --test",
  },
  "split-seed": {
    value: String(standard.splitSeed),
    help: "divides the parts",
  },
};

/** Throws what is wrong on the command line, by the flag's name. */
export function readPlan(values: Values): TrainingPlan {
  const number = (name: string, range: NumberRange, fallback: number) =>
    readNumber(`--${name}`, values.one(name), range, fallback);
  const share = { min: 0, max: 0.9 };
  const seed = { min: 0, max: 0xffffffff, whole: true };
  const plan: TrainingPlan = {
    network: readChoice(
      "--network",
      values.one("network") ?? standard.network,
      architectureSchema.options,
    ),
    size: number(
      "size",
      { min: 16, max: trainingLimits.size, whole: true },
      standard.size,
    ),
    slopes: readSlopes(values),
    seeds: readSeeds(values, seed),
    epochs: number(
      "epochs",
      { min: 1, max: trainingLimits.epochs, whole: true },
      standard.epochs,
    ),
    batch: number("batch", { min: 2, max: 256, whole: true }, standard.batch),
    optimizer: readChoice(
      "--optimizer",
      values.one("optimizer") ?? standard.optimizer,
      ["adamw", "lamb"],
    ),
    learningRate: number(
      "lr",
      { min: 0, above: true, max: 10 },
      standard.learningRate,
    ),
    weightDecay: number(
      "weight-decay",
      { min: 0, max: 10 },
      standard.weightDecay,
    ),
    warmUpEpochs: 0,
    schedule: readChoice(
      "--schedule",
      values.one("schedule") ?? standard.schedule,
      ["cosine", "constant"],
    ),
    labelSmoothing: number("label-smoothing", share, standard.labelSmoothing),
    augmentation: {
      crop: readCrop(values.one("crop")),
      flip:
        readChoice("--flip", values.one("flip") ?? "on", ["on", "off"]) ===
        "on",
      colour: number("colour", share, standard.augmentation.colour),
      rotation: number(
        "rotate",
        { min: 0, max: 180 },
        standard.augmentation.rotation,
      ),
      noise: number("noise", { min: 0, max: 1 }, standard.augmentation.noise),
    },
    precision: readChoice(
      "--precision",
      values.one("precision") ?? standard.precision,
      precisionSchema.options,
    ),
    test: number("test", share, standard.test),
    validation: number("validation", share, standard.validation),
    splitSeed: number("split-seed", seed, standard.splitSeed),
  };
  const warmUpEpochs = number(
    "warm-up",
    { min: 0, max: trainingLimits.epochs },
    // a short training warms up for a part of its length
    Math.min(standard.warmUpEpochs, plan.epochs / 10),
  );
  const parsed = trainingPlanSchema.safeParse({ ...plan, warmUpEpochs });
  if (parsed.success) return parsed.data;
  throw usage(`The training cannot be: ${parsed.error.issues[0]?.message}.`);
}

/** Words behind a flag, also separated by commas. */
function listOf(values: Values, name: string): string[] {
  return values
    .all(name)
    .flatMap((text) => text.split(","))
    .filter((text) => text !== "");
}

function readSlopes(values: Values): TrainingSlopes[] {
  const slopes = (name: string) =>
    listOf(values, name).map((text) =>
      readNumber(`--${name}`, text, { min: 0, max: 1 }, 0),
    );
  const backward = slopes("backward");
  const forward = slopes("forward");
  const count = Math.max(1, backward.length, forward.length);
  const fits = ({ length }: number[]) => length <= 1 || length === count;
  if (!fits(backward) || !fits(forward))
    throw usage(
      `There are ${forward.length} values of --forward for ${backward.length} of --backward.`,
      "Give one for all, or one for each.",
    );
  return Array.from({ length: count }, (_, i) => ({
    forward: forward[i] ?? forward[0] ?? 0,
    backward: backward[i] ?? backward[0] ?? 0,
  }));
}

function readSeeds(values: Values, range: NumberRange): number[] {
  if (values.has("seed") && values.has("seeds"))
    throw usage("--seed and --seeds are given; one of them is enough.");
  const name = values.has("seed") ? "seed" : "seeds";
  const given = listOf(values, name);
  if (given.length === 0) return [...standard.seeds];
  return given.map((text) => readNumber(`--${name}`, text, range, 1));
}

function readCrop(text: string | undefined): Augmentation["crop"] {
  if (text === undefined) return standard.augmentation.crop;
  const [kind, value, ...more] = text.split(":");
  if (kind === "none" && value === undefined) return { kind };
  if (value !== undefined && more.length === 0) {
    if (kind === "padding")
      return {
        kind,
        pixels: readNumber(
          "--crop",
          value,
          { min: 1, max: 64, whole: true },
          1,
        ),
      };
    if (kind === "area")
      return {
        kind,
        least: readNumber("--crop", value, { min: 0.05, max: 1 }, 1),
      };
  }
  throw usage(
    `--crop must be none, padding:PIXELS or area:LEAST, not "${text}".`,
  );
}
