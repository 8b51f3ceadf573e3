/** What of the engine training is done with; tests bring their own. */
import {
  architectures,
  compileTrainStep,
  type Network,
  type TrainOptions,
  type TrainStep,
} from "../../../engine";
import type { Architecture } from "../../../shared/training";
import { Fault } from "../../../shared/fault";
import type { Backend } from "../backend";

export interface Trainer {
  /** An untrained network for images [height, width, channel]; its start is the seed's. */
  build(
    architecture: Architecture,
    input: readonly [number, number, number],
    classes: number,
    seed: number,
  ): Network;
  compile(options: TrainOptions): TrainStep;
}

/** Throws a Fault `invalid-request` on a fallback backend, which cannot train. */
export function trainerOf({ runtime, status }: Backend): Trainer {
  if (!runtime)
    throw new Fault(
      "invalid-request",
      "Training needs native TensorFlow, which does not run here.",
      status.reason ?? "",
    );
  return {
    build: (architecture, input, classes, seed) =>
      architectures[architecture].build({ input, classes, seed }),
    compile: (options) => compileTrainStep(options, runtime),
  };
}
