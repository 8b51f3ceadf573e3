/** Means over the last tenth of the steps before each milestone, from the scores of those steps alone. */
import type { Tail } from "../../shared/domain";
import { fewestSteps, tailOf, tailSteps } from "../../shared/tail";

export class LaneTails {
  readonly #milestones: readonly number[];
  /** By lane; only steps that count have a score. */
  readonly #traces = new Map<number, number[]>();

  /** `milestones`: numbers of updates. */
  constructor(milestones: readonly number[]) {
    this.#milestones = milestones.filter((one) => one >= fewestSteps);
  }

  /** Whether a mean takes the score after so many updates. */
  counts(step: number): boolean {
    return this.#milestones.some(
      (milestone) =>
        step <= milestone && step > milestone - tailSteps(milestone),
    );
  }

  /** The score after `step` updates, steps ascending; null: no finite number. The last one holds for later steps. */
  record(lane: number, step: number, score: number | null): void {
    const trace = this.#traces.get(lane) ?? [];
    trace[step] = score ?? NaN;
    this.#traces.set(lane, trace);
  }

  /** Null for fewer than ten steps, and where a number is not finite. */
  at(lane: number, milestone: number): Tail | null {
    const tail = tailOf(this.#traces.get(lane) ?? [], milestone);
    return tail && Number.isFinite(tail.std) ? tail : null;
  }
}
