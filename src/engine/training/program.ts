/** One training step as a graph: forward with the batch's statistics, loss, reverse with the rule, update. */
import { Fault } from "../../shared/fault";
import { classCount, shapeOf } from "../network/network";
import type { Node } from "../network/op";
import { join } from "../network/ops/emitting";
import { preprocessOf } from "../network/preprocess";
import { emitForward, emitGradients, valueOf } from "../step/differentiate";
import { GraphBuilder, type Ref } from "../step/graph";
import { emitPreprocess } from "../step/preprocess";
import { emitUpdate, settingsOf } from "./optimizer";
import type { Parameters, Slot, Vector } from "./parameters";
import type { TrainOptions } from "./train-step";

/** Running statistics move by so much of the way to the batch's, as PyTorch's batch norm does by default. */
const momentum = 0.1;

export interface TrainProgram {
  readonly graph: GraphBuilder;
  /** What is fed beside the image, the labels and the rates, and what it has become after the step. */
  readonly moving: readonly { readonly feed: string; readonly fetch: string }[];
  /** Cross-entropies [batch]. */
  readonly losses: string;
  /** [batch, class] */
  readonly logits: string;
}

export function emitTrainStep(
  options: TrainOptions,
  parameters: Parameters,
): TrainProgram {
  const { network, batch, slopes, precision, labelSmoothing } = options;
  const graph = new GraphBuilder();
  const image = graph.placeholder("image", [batch, ...network.input]);
  const labels = graph.placeholder("labels", [batch], "int32");
  const rates = {
    learningRate: graph.placeholder("learningRate", []),
    correction1: graph.placeholder("correction1", []),
    correction2: graph.placeholder("correction2", []),
  };
  const precisionOf = (node: Node) =>
    shapeOf(network, node.name).length > 1 ? precision : "float32";
  const feed = (name: string, { length }: Vector) =>
    graph.placeholder(name, [length]);
  const trained = [parameters.kernels, parameters.shifts]
    .filter(({ length }) => length > 0)
    .map((vector) => ({
      vector,
      before: {
        weights: feed(vector.name, vector),
        first: feed(`${vector.name}_first`, vector),
        second: feed(`${vector.name}_second`, vector),
      },
    }));
  const slots = new Map(
    trained.flatMap(({ vector, before: { weights } }) => {
      const values = { float32: weights, bfloat16: weights };
      if (precision === "bfloat16")
        values.bfloat16 = graph.cast(weights, precision);
      return vector.slots.map((slot) => [slot.key, { slot, values }]);
    }),
  );
  const input = emitPreprocess(graph, image, preprocessOf(network));
  const forward = emitForward(network, input, {
    graph,
    training: true,
    precisionOf,
    forwardSlope: () => slopes.forward,
    weight(node, name) {
      // scale and shift of batch norm are float32 in any precision
      const dtype = node.op.running ? "float32" : precisionOf(node);
      const found = slots.get(`${node.name}/${name}`);
      if (found) return view(graph, found.values[dtype], found.slot);
      const weight = node.weights[name];
      if (!weight)
        throw new RangeError(`"${node.name}" has no weight "${name}"`);
      return graph.weight(weight, dtype);
    },
  });
  const logits = graph.cast(valueOf(forward.values, network.output), "float32");
  const { losses, gradient } = emitLoss(
    graph,
    logits,
    labels,
    classCount(network),
    labelSmoothing,
  );
  const gradients = emitGradients(
    network,
    forward,
    new Map([[network.output, gradient]]),
    { graph, backwardSlope: () => slopes.backward },
  );
  const settings = settingsOf(options.optimizer);
  const moving: { feed: string; fetch: string }[] = [];
  for (const { vector, before } of trained) {
    const flat = flatten(graph, vector, ({ node, name, key }) => {
      const found = gradients.weights.get(node)?.[name];
      if (!found)
        throw new Fault(
          "unsupported-network",
          `The loss does not depend on "${key}".`,
          "Train a network in which every layer counts.",
        );
      return found;
    });
    const after = emitUpdate(graph, before, flat, rates, settings, {
      decays: vector === parameters.kernels,
      slots: vector.slots,
    });
    for (const part of ["weights", "first", "second"] as const)
      moving.push({ feed: before[part].name, fetch: after[part].name });
  }
  if (parameters.statistics.length > 0) {
    const before = feed("statistics", parameters.statistics);
    const measured = flatten(graph, parameters.statistics, ({ node, name }) => {
      const value = forward.emissions.get(node)?.statistics?.[name];
      if (!value) throw new RangeError(`"${node}" measures no "${name}"`);
      return value;
    });
    const change = graph.binary(
      "Mul",
      graph.binary("Sub", measured, before),
      graph.scalar(momentum),
    );
    const after = graph.binary("AddV2", before, change);
    moving.push({ feed: before.name, fetch: after.name });
  }
  return { graph, moving, losses: losses.name, logits: logits.name };
}

/** Softmax cross-entropy with smoothed labels, and the derivative of its mean over the batch by the logits. */
function emitLoss(
  graph: GraphBuilder,
  logits: Ref,
  labels: Ref,
  classes: number,
  smoothing: number,
): { losses: Ref; gradient: Ref } {
  const [batch = 1] = logits.shape;
  const rest = smoothing / classes;
  const targets = graph.add(
    "OneHot",
    [
      labels,
      graph.ints([classes], []),
      graph.scalar(1 - smoothing + rest),
      graph.scalar(rest),
    ],
    { T: { type: "float32" }, TI: { type: "int32" }, axis: { int: -1 } },
    { shape: logits.shape, dtype: "float32" },
  );
  const [losses, each] = graph.addMany(
    "SoftmaxCrossEntropyWithLogits",
    [logits, targets],
    { T: { type: "float32" } },
    [{ shape: [batch], dtype: "float32" }, logits],
  );
  if (!losses || !each) throw new RangeError("no outputs");
  return {
    losses,
    gradient: graph.binary("Mul", each, graph.scalar(1 / batch)),
  };
}

/** A weight out of its vector, without a copy. */
function view(graph: GraphBuilder, vector: Ref, slot: Slot): Ref {
  return graph.reshape(
    graph.slice(vector, [slot.offset], [slot.size]),
    slot.shape,
  );
}

/** Values of all slots in one vector of float32, zeros between them. */
function flatten(
  graph: GraphBuilder,
  { slots, length }: Vector,
  valueOfSlot: (slot: Slot) => Ref,
): Ref {
  const parts = slots.flatMap((slot, i) => {
    const value = graph.cast(valueOfSlot(slot), "float32");
    const gap = (slots[i + 1]?.offset ?? length) - slot.offset - slot.size;
    const flat = graph.reshape(value, [slot.size]);
    return gap > 0
      ? [flat, graph.floats(new Float32Array(gap), [gap])]
      : [flat];
  });
  return join(graph, parts, 0);
}
