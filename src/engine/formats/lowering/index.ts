/** Makes a {@link Lowering}: a foreign tensor graph, method by method, becomes nodes. */
import { inputName } from "../../network/network";
import { simplify } from "../../network/simplify";
import { Assembler, type Graph, type Input } from "../assembler";
import { Arranging } from "./arranging";
import { binary, clip, elementwise, prelu, unary } from "./elementwise";
import { outputOf, outputShape } from "./finish";
import { Folding } from "./folding";
import { concat, reshape, transpose } from "./layout";
import { expand, gather, pad } from "./picking";
import { slice, split } from "./slicing";
import type { Lowering } from "./lowering";
import {
  batchNorm,
  layerNorm,
  localResponseNorm,
  softmax,
} from "./normalizations";
import { matmul } from "./products";
import { reduce } from "./reductions";
import { permuted, plainView } from "./view";
import { conv2d, convTranspose2d } from "./convolutions";
import { adaptiveAveragePool, pool } from "./pools";
import { resize } from "./resizing";
import { isConstant, viewOf, type Work } from "./work";

export { Folding } from "./folding";
export type * from "./lowering";

/** A lowering that starts from an input of [height, width, channel]; `improve` goes over the finished graph. */
export function createLowering(
  input: Input,
  improve: (graph: Graph) => Graph = simplify,
): Lowering {
  const assembler = new Assembler(input);
  const folding = new Folding();
  const work: Work = {
    assembler,
    arranging: new Arranging(assembler),
    folding,
  };
  return {
    input(order) {
      const view = plainView(inputName, [1, ...input]);
      return order === "NHWC" ? view : permuted(view, [0, 3, 1, 2]);
    },
    constant: (...given) => folding.constant(...given),
    conv2d: (...given) => conv2d(work, ...given),
    convTranspose2d: (...given) => convTranspose2d(work, ...given),
    matmul: (...given) => matmul(work, ...given),
    pool: (...given) => pool(work, ...given),
    adaptiveAveragePool: (...given) => adaptiveAveragePool(work, ...given),
    batchNorm: (...given) => batchNorm(work, ...given),
    layerNorm: (...given) => layerNorm(work, ...given),
    localResponseNorm: (...given) => localResponseNorm(work, ...given),
    activation: (...given) => elementwise(work, ...given),
    prelu: (...given) => prelu(work, ...given),
    unary: (...given) => unary(work, ...given),
    binary: (...given) => binary(work, ...given),
    clip: (...given) => clip(work, ...given),
    softmax: (...given) => softmax(work, ...given),
    reduce: (...given) => reduce(work, ...given),
    reshape: (...given) => reshape(work, ...given),
    transpose: (...given) => transpose(work, ...given),
    slice: (...given) => slice(work, ...given),
    concat: (...given) => concat(work, ...given),
    split: (...given) => split(work, ...given),
    gather: (...given) => gather(work, ...given),
    pad: (...given) => pad(work, ...given),
    expand: (...given) => expand(work, ...given),
    resize: (...given) => resize(work, ...given),
    mapConstant: (...given) => folding.map(...given),
    zipConstants: (...given) => folding.zip(...given),
    outputShape: (output) => outputShape(work, output),
    depthOf: (value) =>
      isConstant(value) ? 0 : assembler.depthOf(viewOf(value).node),
    finish(output, head) {
      const node = outputOf(work, output);
      return assembler.finish(node, { improve, head: head ?? null });
    },
  };
}
