/** What a layer is given to make its nodes, and what the layers' files share. */
import { Fault } from "../../../../shared/fault";
import type { Op, Shape, Weight, Weights } from "../../../network/op";
import type { Arguments } from "../../arguments";
import type { Argument } from "../arguments";
import type { Config } from "../config";
import type { WeightNames } from "../weights";

export interface LayerContext {
  /** The name its last node should have. */
  readonly name: string;
  readonly config: Config;
  /** Of Keras: some defaults and formulas changed. */
  readonly version: 2 | 3;
  /** Names of the nodes it reads, in order. */
  readonly inputs: readonly string[];
  /** What it is called with, nodes by their names. An operation's are all in `named`. */
  readonly args: readonly Argument<string>[];
  readonly named: ReadonlyMap<string, Argument<string>>;
  shapeOf(node: string): Shape;
  /** One of the kind's {@link LayerKind.weights}. Throws a Fault `damaged-file` where there is none. */
  weight(name: string): Weight;
  add<A extends object>(
    op: Op<A>,
    name: string,
    inputs: readonly string[],
    attributes: A,
    weights?: Weights,
  ): string;
}

export interface LayerKind {
  /** Every setting it may have beside those of all layers. */
  readonly settings: Arguments;
  /**
   * Of an operation written between layers: what it is called with, in the order of the call; it may stand among the
   * settings as well. Missing: it is a layer, called as all layers are.
   */
  readonly parameters?: Arguments;
  /**
   * Whether Keras 3 calls it with `training` true unless told otherwise, and writes that: using the network (`predict`)
   * overrules it.
   */
  readonly trainsByDefault?: boolean;
  /** Where a file calls the parameters by other names: those of `parameters` to those `build` reads. */
  readonly names?: Readonly<Record<string, string>>;
  /** What of this layer cannot be done, in words that follow its name; null: everything can. */
  refuses?(config: Config): string | null;
  /** Its weights in Keras' own order, each by all its names. */
  weights?(config: Config): readonly WeightNames[];
  /** Whether it prepares pixels by numbers that were written into it: what goes in before is told by them. */
  readonly preparation?: boolean;
  /** Adds the nodes; returns the name of the one that holds the layer's value. */
  build(context: LayerContext): string;
}

/** The one node it reads. */
export function only(context: LayerContext): string {
  const [first, ...others] = context.inputs;
  if (first === undefined)
    throw damaged(`The layer "${context.name}" reads no output of a layer.`);
  if (others.length > 0)
    throw refused(
      context,
      `has ${context.inputs.length} inputs`,
      "It is supported with one.",
    );
  return first;
}

/** The shape of the one node it reads. */
export function inputShape(context: LayerContext): Shape {
  return context.shapeOf(only(context));
}

/** The map it reads: [height, width, channel]. */
export function inputMap(context: LayerContext): [number, number, number] {
  const shape = inputShape(context);
  const [height, width, channels] = shape;
  if (
    shape.length !== 3 ||
    height === undefined ||
    width === undefined ||
    channels === undefined
  )
    throw refused(
      context,
      `reads a value of the shape [${shape.join(", ")}]`,
      "It works on maps [height, width, channel].",
    );
  return [height, width, channels];
}

/**
 * An axis as Keras counts them, with the batch as the first, in a value of this shape, where the batch is left out.
 * Throws a Fault `unsupported-network` for the batch's.
 */
export function axisOf(
  context: LayerContext,
  axis: unknown,
  shape: Shape,
): number {
  const rank = shape.length + 1;
  const whole =
    typeof axis === "number" && Number.isInteger(axis)
      ? axis < 0
        ? axis + rank
        : axis
      : NaN;
  if (whole >= 1 && whole < rank) return whole - 1;
  throw refused(
    context,
    `works along axis ${JSON.stringify(axis)?.slice(0, 100)} of ${rank}`,
    "Supported are all axes but that of the images.",
  );
}

/** Its axis (or axes) as they count in the shape. */
export function axesOf(
  context: LayerContext,
  axes: unknown,
  shape: Shape,
): number[] {
  const list: unknown[] = Array.isArray(axes) ? axes : [axes];
  return list.map((axis) => axisOf(context, axis, shape));
}

/** Refuses an axis other than the last. */
export function needLast(context: LayerContext, fallback = -1): void {
  const shape = context.shapeOf(context.inputs[0] ?? "");
  const axes = context.config.raw("axis") ?? fallback;
  const [axis, ...others] = axesOf(context, axes, shape);
  if (axis !== shape.length - 1 || others.length > 0)
    throw refused(
      context,
      `works along axis ${JSON.stringify(axes)}`,
      "Supported is the last axis, the channels.",
    );
}

/** The same number so many times, or the numbers given, which must be so many. */
export function each(
  context: LayerContext,
  numbers: readonly number[],
  count: number,
): Weight {
  const [first = 0] = numbers;
  if (numbers.length !== 1 && numbers.length !== count)
    throw damaged(
      `The layer "${context.name}" has ${numbers.length} numbers for ${count} channels.`,
    );
  const data =
    numbers.length === 1
      ? new Float32Array(count).fill(first)
      : Float32Array.from(numbers);
  return { shape: [count], data };
}

/**
 * Refuses a weight whose shape is not what the settings say; null: they leave it open. `said` are the settings, for
 * people.
 */
export function needShape(
  context: LayerContext,
  weight: Weight,
  shape: readonly (number | null)[],
  said: string,
): void {
  if (
    weight.shape.length !== shape.length ||
    shape.some((d, i) => d !== null && d !== weight.shape[i])
  )
    throw damaged(
      `The layer "${context.name}" has ${said}, and a weight of the shape [${weight.shape.join(", ")}].`,
    );
}

export function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

/** `what` follows the layer's name. */
export function refused(
  { name }: Pick<LayerContext, "name">,
  what: string,
  supported: string,
): Fault {
  return new Fault(
    "unsupported-network",
    `The layer "${name}" ${what}.`,
    supported,
  );
}
