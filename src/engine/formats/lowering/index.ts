/** Makes a {@link Lowering} for a network's input. */
import { Fault } from "../../../shared/fault";
import type { Input } from "../assembler";
import type { Lowering } from "./lowering";

export type * from "./lowering";

/** A lowering that starts from an input of [height, width, channel]. */
export function createLowering(_input: Input): Lowering {
  const later = (): never => {
    throw new Fault("internal", "This part of the lowering is not there yet.");
  };
  return {
    input: later,
    constant: later,
    conv2d: later,
    matmul: later,
    pool: later,
    adaptiveAveragePool: later,
    batchNorm: later,
    layerNorm: later,
    localResponseNorm: later,
    activation: later,
    prelu: later,
    unary: later,
    binary: later,
    clip: later,
    softmax: later,
    reduce: later,
    reshape: later,
    transpose: later,
    slice: later,
    concat: later,
    split: later,
    gather: later,
    pad: later,
    expand: later,
    resize: later,
    finish: later,
  };
}
