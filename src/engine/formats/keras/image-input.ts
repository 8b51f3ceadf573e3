/** The picture a network takes: a map, a grey one without an axis of channels, or one laid out as a row of numbers. */
import type { Assumption, AssumptionValues } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { inputName } from "../../network/network";
import * as ops from "../../network/ops/index";
import type { Assembler } from "../assembler";
import type { OpenShape } from "../input";
import { isCount } from "../json";
import { Assumptions, type Unknown } from "../state-dict/assumptions";
import type { Config } from "./config";
import type { Topology } from "./topology";

export interface ImageInput {
  /** [height, width, channel]; open dimensions are null. */
  readonly shape: OpenShape;
  /** What the file's input is: [height, width, channel], [height, width] or [value]. */
  readonly axes: 3 | 2 | 1;
  readonly assumptions: readonly Assumption[];
}

type Dims = readonly (number | null)[];

/** Throws a Fault `damaged-file` where there is no shape, `unsupported-network` for one that is no picture's. */
export function imageInput(
  topology: Topology,
  assume: AssumptionValues = {},
): ImageInput {
  const dims = shapeIn(topology);
  if (!dims)
    throw new Fault(
      "damaged-file",
      "The topology does not say what shape its input has.",
      "Export the network again.",
    );
  const [first = null, second = null, third = null] = dims;
  switch (dims.length) {
    case 3:
      return { shape: [first, second, third], axes: 3, assumptions: [] };
    case 2:
      return { shape: [first, second, 1], axes: 2, assumptions: [] };
    case 1:
      if (first !== null) return rowInput(first, assume);
  }
  throw new Fault(
    "unsupported-network",
    `The input has the shape [${dims.map((d) => d ?? "any").join(", ")}].`,
    "Supported are pictures: [height, width, channel], or [height, width] in grey.",
  );
}

/** Adds what brings the picture into the shape the file's input has. Returns the node that stands for it. */
export function addInput(assembler: Assembler, { axes }: ImageInput): string {
  if (axes === 3) return inputName;
  const [height = 0, width = 0, channels = 0] = assembler.shapeOf(inputName);
  const shape = axes === 2 ? [height, width] : [height * width * channels];
  return assembler.add(ops.reshape, `${inputName}/laid out`, [inputName], {
    shape,
  });
}

/** The smallest side a row of numbers is taken for a picture from. */
const smallestSide = 8;

type Side = readonly [height: number, width: number, channels: number];

/** A picture whose rows stand one after the other, channels last, as Keras flattens it. */
function rowInput(values: number, assume: AssumptionValues): ImageInput {
  const usual = squareOf(values, 1) ?? squareOf(values, 3);
  const key = "input-shape";
  if (!usual && assume[key] === undefined)
    throw new Fault(
      "unsupported-network",
      `The input is a row of ${values} numbers, which are those of no square picture.`,
      `Give the picture's shape (--assume ${key}=HEIGHTxWIDTHxCHANNELS), if it is one.`,
    );
  const [height, width, channels] = usual ?? [1, values, 1];
  const choices = [
    spell([height, width, channels]),
    ...(height % 2 === 0 ? [spell([height / 2, width * 2, channels])] : []),
  ];
  const unknown: Unknown<Side> = {
    key,
    usual: spell([height, width, channels]),
    because: `The input is a row of ${values} numbers: it is assumed to be a ${channels === 1 ? "grey" : "colour"} picture of ${height} x ${width}, row by row.`,
    choices,
    read: (text) => readSide(text, values),
  };
  const assumptions = new Assumptions(
    assume[key] === undefined ? {} : { [key]: assume[key] },
    null,
  );
  const shape = assumptions.take(unknown);
  return { shape, axes: 1, assumptions: assumptions.used };
}

function squareOf(values: number, channels: number): Side | null {
  const side = Math.sqrt(values / channels);
  return Number.isInteger(side) && side >= smallestSide
    ? [side, side, channels]
    : null;
}

function spell(side: Side): string {
  return side.join("x");
}

/** "28x28" is grey. */
function readSide(text: string, values: number) {
  const [height, width, channels = 1, ...more] = text.split("x").map(Number);
  if (!isCount(height) || !isCount(width) || !isCount(channels)) return null;
  if (more.length > 0 || height * width * channels !== values) return null;
  const means: Side = [height, width, channels];
  return { value: spell(means), means };
}

/** The input's shape without the batch, or that of the model its first layer is; open dimensions are null. */
function shapeIn(topology: Topology): Dims | null {
  const start = topology.layers.get(topology.inputs[0]?.layer ?? "");
  const own = start && batchShapeOf(start.config);
  if (own) return own;
  const inner = [...topology.layers.values()].find(({ model }) => model)?.model;
  return inner ? shapeIn(inner) : null;
}

function batchShapeOf(config: Config): Dims | null {
  const key = ["batch_input_shape", "batch_shape", "input_shape"].find(
    (k) => config.raw(k) !== null,
  );
  if (key === undefined) return null;
  const all = config.dimensions(key);
  return key === "input_shape" ? all : all.slice(1);
}
