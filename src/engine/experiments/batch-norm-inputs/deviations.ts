import { slopesOf } from "../../../shared/method";
import type { Network } from "../../network/network";
import type { Node } from "../../network/op";
import { batchNorm } from "../../network/ops/index";
import { valueOf } from "../../step/differentiate";
import type { GraphBuilder, Ref } from "../../step/graph";
import type { NativeRuntime } from "../../step/runtime";
import type { Batch } from "../training-pass/batch";
import { PassBuilder, TrainingPasses } from "../training-pass/training-pass";

export interface Deviation {
  /** Over all values, the batch's and all channels' together. */
  readonly deviation: number;
  /** The root of the channels' mean variance. */
  readonly within: number;
}

/** Deviations of what enters the batch norms of a Leaky network, of one network structure. To be disposed. */
export interface Deviations {
  feed(network: Network, batch: Batch): void;
  /** One for each of {@link batchNormsOf}, in their order. One native call. */
  measure(slope: number): readonly Deviation[];
  dispose(): void;
}

/** In the order of the network. */
export function batchNormsOf({ nodes }: Network): readonly Node[] {
  return nodes.filter(({ op }) => op.kind === batchNorm.kind);
}

/** Weights are fed; of `network` the structure counts. */
export function compileDeviations(
  {
    network,
    slopes,
    batch,
  }: {
    readonly network: Network;
    readonly slopes: readonly number[];
    readonly batch: number;
  },
  runtime: NativeRuntime,
): Deviations {
  const builder = new PassBuilder(network, batch);
  const fetches = new Map<number, readonly Ref[]>();
  for (const slope of slopes) {
    const { values } = builder.forward(
      (own) => slopesOf({ kind: "leaky", slope }, own).forward,
    );
    fetches.set(
      slope,
      batchNormsOf(network).flatMap(({ inputs: [input = ""] }) => {
        const x = valueOf(values, input);
        const axes = x.shape.map((_, axis) => axis);
        return [
          emitDeviation(builder.graph, x, axes),
          emitDeviation(builder.graph, x, axes.slice(0, -1)),
        ];
      }),
    );
  }
  const passes = new TrainingPasses(builder, runtime);
  return {
    feed: (of, fed) => {
      passes.feed(of, fed);
    },
    measure(slope) {
      const wanted = fetches.get(slope);
      if (!wanted) throw new RangeError(`the slope ${slope} is not there`);
      const found = passes.run(wanted);
      return Array.from({ length: found.length / 2 }, (_, i) => ({
        deviation: found[2 * i] ?? NaN,
        within: found[2 * i + 1] ?? NaN,
      }));
    },
    dispose: () => {
      passes.dispose();
    },
  };
}

/** The root of the mean square distance from the mean over some axes. */
function emitDeviation(
  graph: GraphBuilder,
  x: Ref,
  axes: readonly number[],
): Ref {
  const all = x.shape.map((_, axis) => axis);
  const centred = graph.binary("Sub", x, graph.reduce("Mean", x, axes, true));
  return graph.unary(
    "Sqrt",
    graph.reduce("Mean", graph.unary("Square", centred), all, false),
  );
}
