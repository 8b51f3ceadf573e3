import { compileStep } from "./compile";
import { eagerStep } from "./eager";
import type { NativeRuntime } from "./runtime";
import type { Step, StepOptions } from "./step";

/** A step: compiled where there is a native runtime, else through tfjs-core's backend. */
export function makeStep(
  options: StepOptions,
  runtime: NativeRuntime | null,
): Step {
  return runtime ? compileStep(options, runtime) : eagerStep(options);
}
