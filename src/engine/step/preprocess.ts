/** A network's preprocessing as graph nodes, and its adjoint. */
import type { Preprocess } from "../network/preprocess";
import type { DType, GraphBuilder, Ref } from "./graph";

/** x in [-1, 1] -> what the network reads. */
export function emitPreprocess(
  graph: GraphBuilder,
  image: Ref,
  preprocess: Preprocess | null,
): Ref {
  if (!preprocess) return image;
  const { reversed, scale, offset } = preprocess;
  const ordered = reversed ? reverseChannels(graph, image) : image;
  const shifts = graph.floats(offset, [offset.length]);
  return graph.binary("AddV2", emitScale(graph, ordered, scale), shifts);
}

/** The gradient by x. */
export function emitPreprocessAdjoint(
  graph: GraphBuilder,
  dy: Ref,
  preprocess: Preprocess | null,
): Ref {
  if (!preprocess) return dy;
  const { reversed, scale } = preprocess;
  const scaled = emitScale(graph, dy, scale);
  return reversed ? reverseChannels(graph, scaled) : scaled;
}

function emitScale(graph: GraphBuilder, x: Ref, scale: readonly number[]): Ref {
  if (scale.every((factor) => factor === 1)) return x;
  return graph.binary("Mul", x, graph.floats(scale, [scale.length]));
}

function reverseChannels(graph: GraphBuilder, x: Ref): Ref {
  const type: DType = x.dtype;
  return graph.add(
    "ReverseV2",
    [x, graph.ints([3])],
    { T: { type }, Tidx: { type: "int32" } },
    { shape: x.shape },
  );
}
