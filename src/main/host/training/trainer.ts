/** What of the engine training is done with; tests bring their own. */
import {
  architectures,
  compileTrainStep,
  type Network,
  type TrainOptions,
  type TrainStep,
} from "../../../engine";
import {
  architectureTitles,
  type Architecture,
} from "../../../shared/training";
import { Fault } from "../../../shared/fault";
import { checkPrecision, type Backend } from "../backend";
import { checkBatch } from "../memory";

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

/**
 * `limitMiB`: what the user allows a batch; 0: the machine's memory. Throws a Fault `invalid-request` on a fallback
 * backend, which cannot train; compiling throws for a precision that is not there, and `out-of-memory` for a batch
 * that cannot fit.
 */
export function trainerOf({ runtime, status }: Backend, limitMiB = 0): Trainer {
  if (!runtime)
    throw new Fault(
      "invalid-request",
      "Training needs native TensorFlow, which does not run here.",
      status.reason ?? "",
    );
  return {
    build: (architecture, input, classes, seed) => ({
      ...architectures[architecture].build({ input, classes, seed }),
      name: architectureTitles[architecture],
    }),
    compile(options) {
      checkPrecision(status, options.precision);
      checkBatch(options.network, options.batch, limitMiB);
      return compileTrainStep(options, runtime);
    },
  };
}
