import type { Method } from "../../../shared/domain";
import { slopesOf, spellMethod } from "../../../shared/method";
import { classCount, type Network } from "../../network/network";
import { emitGradients, valueOf, type Forward } from "../../step/differentiate";
import type { Ref } from "../../step/graph";
import type { NativeRuntime } from "../../step/runtime";
import type { Batch } from "../training-pass/batch";
import { PassBuilder, TrainingPasses } from "../training-pass/training-pass";

/** Gradients' magnitudes of one network structure under several methods. To be disposed. */
export interface Magnitudes {
  feed(network: Network, batch: Batch): void;
  /** Mean of |d loss / d value| at the node, and the loss: the batch's mean cross-entropy. One native call. */
  measure(method: Method): { readonly meanAbs: number; readonly loss: number };
  dispose(): void;
}

/** `node`: after which the gradient is measured. Weights are fed; of `network` the structure counts. */
export function compileMagnitudes(
  {
    network,
    node,
    methods,
    batch,
  }: {
    readonly network: Network;
    readonly node: string;
    readonly methods: readonly Method[];
    readonly batch: number;
  },
  runtime: NativeRuntime,
): Magnitudes {
  const builder = new PassBuilder(network, batch);
  const losses = new Map<Forward, Loss>();
  const fetches = new Map<string, readonly Ref[]>();
  for (const method of methods) {
    const forward = builder.forward((own) => slopesOf(method, own).forward);
    let loss = losses.get(forward);
    if (!loss) losses.set(forward, (loss = emitLoss(builder, forward)));
    const { graph } = builder;
    const gradient = emitGradients(
      network,
      forward,
      new Map([[network.output, loss.gradient]]),
      {
        graph,
        backwardSlope: (own) => slopesOf(method, own).backward,
        weights: false,
      },
    ).of(node);
    // no gradient flows there: the loss does not depend on the node
    const size = gradient?.shape.map((_, axis) => axis) ?? [];
    const meanAbs = gradient
      ? graph.reduce("Mean", graph.unary("Abs", gradient), size, false)
      : graph.scalar(0);
    fetches.set(spellMethod(method), [meanAbs, loss.mean]);
  }
  const passes = new TrainingPasses(builder, runtime);
  return {
    feed: (of, fed) => {
      passes.feed(of, fed);
    },
    measure(method) {
      const wanted = fetches.get(spellMethod(method));
      if (!wanted) throw new RangeError(`${spellMethod(method)} is not there`);
      const [meanAbs = NaN, loss = NaN] = passes.run(wanted);
      return { meanAbs, loss };
    },
    dispose: () => {
      passes.dispose();
    },
  };
}

interface Loss {
  /** Scalar. */
  readonly mean: Ref;
  /** Its derivative by the logits. */
  readonly gradient: Ref;
}

function emitLoss(
  { network, graph, labels, batch }: PassBuilder,
  forward: Forward,
): Loss {
  const logits = graph.reshape(valueOf(forward.values, network.output), [
    batch,
    classCount(network),
  ]);
  const [losses, each] = graph.addMany(
    "SparseSoftmaxCrossEntropyWithLogits",
    [logits, labels],
    { T: { type: "float32" }, Tlabels: { type: "int32" } },
    [{ shape: [batch], dtype: "float32" }, logits],
  );
  if (!losses || !each) throw new RangeError("no outputs");
  return {
    mean: graph.reduce("Mean", losses, [0], false),
    gradient: graph.binary("Mul", each, graph.scalar(1 / batch)),
  };
}
