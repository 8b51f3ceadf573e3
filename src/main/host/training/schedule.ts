import type { TrainingPlan } from "../../../shared/training";

/**
 * Learning rate of step `step` of `steps`, both over the whole run, counted from 0: linear from 1/w of the largest
 * over the w steps of the warm-up, then half a cosine towards 0 (Loshchilov and Hutter 2017, without restarts), or constant.
 */
export function learningRateAt(
  step: number,
  stepsPerEpoch: number,
  plan: Pick<
    TrainingPlan,
    "epochs" | "learningRate" | "warmUpEpochs" | "schedule"
  >,
): number {
  const warm = Math.round(plan.warmUpEpochs * stepsPerEpoch);
  if (step < warm) return (plan.learningRate * (step + 1)) / warm;
  if (plan.schedule === "constant") return plan.learningRate;
  const part = (step - warm) / (plan.epochs * stepsPerEpoch - warm);
  return (plan.learningRate * (1 + Math.cos(Math.PI * part))) / 2;
}
