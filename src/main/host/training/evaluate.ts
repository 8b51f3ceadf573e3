import { setImmediate as macrotask } from "node:timers/promises";
import type { TrainStep } from "../../../engine";
import type { Measured } from "../../../shared/training";
import { plainBatches, type TrainingBatches } from "./batches";

/** Loss and accuracy over pictures as they are; null where it was cancelled before its end. */
export async function evaluate(
  step: TrainStep,
  data: TrainingBatches,
  chosen: readonly number[],
  {
    signal,
    progress,
  }: {
    readonly signal: AbortSignal;
    readonly progress: (done: number, steps: number) => void;
  },
): Promise<Measured | null> {
  const batches = plainBatches(data, chosen);
  const steps = Math.ceil(chosen.length / data.batch);
  let lossSum = 0;
  let correct = 0;
  for (let done = 0; done < steps; done++) {
    if (signal.aborted) return null;
    const { images, labels } = await batches.next();
    const result = step.evaluate(images, labels, labels.length);
    lossSum += result.loss * labels.length;
    correct += result.correct;
    progress(done + 1, steps);
    // the step blocks: whoever cancels is heard here
    await macrotask();
  }
  const count = chosen.length;
  return { loss: lossSum / count, accuracy: correct / count };
}
