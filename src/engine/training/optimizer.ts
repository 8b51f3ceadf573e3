/** AdamW and LAMB on a flat vector of weights, as graph nodes. */

import { join, scale } from "../network/ops/emitting";
import type { GraphBuilder, Ref } from "../step/graph";
import type { Slot } from "./parameters";
import type { Optimizer } from "./train-step";

/** An optimizer with nothing left out. */
export type Settings = Required<Optimizer>;

export function settingsOf(optimizer: Optimizer): Settings {
  const { kind, weightDecay, beta1 = 0.9, beta2 = 0.999 } = optimizer;
  const { epsilon = kind === "adamw" ? 1e-8 : 1e-6 } = optimizer;
  return { kind, weightDecay, beta1, beta2, epsilon };
}

/** Scalars that change from step to step. */
export interface Rates {
  readonly learningRate: Ref;
  /** 1 - beta1^t and 1 - beta2^t after t steps, this one counted: what the moments lack, having begun at zero. */
  readonly correction1: Ref;
  readonly correction2: Ref;
}

export interface Moving {
  readonly weights: Ref;
  readonly first: Ref;
  readonly second: Ref;
}

/** One update. `slots`: where LAMB's layers lie in the vector. Weights that do not decay are not adapted by layer. */
export function emitUpdate(
  graph: GraphBuilder,
  before: Moving,
  gradient: Ref,
  rates: Rates,
  settings: Settings,
  { decays, slots }: { decays: boolean; slots: readonly Slot[] },
): Moving {
  const { beta1, beta2 } = settings;
  const first = graph.binary(
    "AddV2",
    scale(graph, before.first, beta1),
    scale(graph, gradient, 1 - beta1),
  );
  const second = graph.binary(
    "AddV2",
    scale(graph, before.second, beta2),
    scale(graph, graph.unary("Square", gradient), 1 - beta2),
  );
  const moved = { ...before, first, second };
  const decay = decays ? settings.weightDecay : 0;
  const weights =
    settings.kind === "adamw"
      ? adamw(graph, moved, rates, settings, decay)
      : lamb(graph, moved, rates, settings, decay, decays ? slots : null);
  return { weights, first, second };
}

/** w (1 - rate decay) - rate m^ / (sqrt(v^) + epsilon), the corrections of m^ and v^ moved into scalars. */
function adamw(
  graph: GraphBuilder,
  { weights, first, second }: Moving,
  { learningRate, correction1, correction2 }: Rates,
  { epsilon }: Settings,
  decay: number,
): Ref {
  const root = graph.unary("Sqrt", correction2);
  const rate = graph.binary(
    "Mul",
    learningRate,
    graph.binary("RealDiv", root, correction1),
  );
  const denominator = graph.binary(
    "AddV2",
    graph.unary("Sqrt", second),
    graph.binary("Mul", root, graph.scalar(epsilon)),
  );
  const change = graph.binary(
    "Mul",
    graph.binary("RealDiv", first, denominator),
    rate,
  );
  const kept = decay
    ? graph.binary(
        "Mul",
        weights,
        graph.binary(
          "Sub",
          graph.scalar(1),
          graph.binary("Mul", learningRate, graph.scalar(decay)),
        ),
      )
    : weights;
  return graph.binary("Sub", kept, change);
}

/** w - rate |w| / |u| u with u = m^ / (sqrt(v^) + epsilon) + decay w; the factor is 1 where a norm is 0. */
function lamb(
  graph: GraphBuilder,
  { weights, first, second }: Moving,
  { learningRate, correction1, correction2 }: Rates,
  { epsilon }: Settings,
  decay: number,
  layers: readonly Slot[] | null,
): Ref {
  const denominator = graph.binary(
    "AddV2",
    graph.unary("Sqrt", graph.binary("RealDiv", second, correction2)),
    graph.scalar(epsilon),
  );
  const adam = graph.binary(
    "RealDiv",
    graph.binary("RealDiv", first, correction1),
    denominator,
  );
  const update = decay
    ? graph.binary("AddV2", adam, scale(graph, weights, decay))
    : adam;
  if (!layers)
    return graph.binary(
      "Sub",
      weights,
      graph.binary("Mul", update, learningRate),
    );
  const [length = 0] = weights.shape;
  const parts = layers.map(({ offset }, i) => {
    // with the zeros up to the next layer
    const size = (layers[i + 1]?.offset ?? length) - offset;
    const part = (x: Ref) => graph.slice(x, [offset], [size]);
    const [own, change] = [part(weights), part(update)];
    const rate = graph.binary("Mul", learningRate, trust(graph, own, change));
    return graph.binary("Sub", own, graph.binary("Mul", change, rate));
  });
  return join(graph, parts, 0);
}

/** |w| / |u|, 1 where either is 0. */
function trust(graph: GraphBuilder, weights: Ref, update: Ref): Ref {
  // half the sum of squares, without a copy of the squares
  const half = (x: Ref) =>
    graph.add("L2Loss", [x], { T: { type: x.dtype } }, { shape: [] });
  const ratio = graph.unary(
    "Sqrt",
    graph.binary("DivNoNan", half(weights), half(update)),
  );
  const none = graph.binary("Sub", graph.scalar(1), graph.unary("Sign", ratio));
  return graph.binary("AddV2", ratio, none);
}
