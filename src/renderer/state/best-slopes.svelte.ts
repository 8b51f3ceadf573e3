import { SvelteMap } from "svelte/reactivity";
import type { LabSummary } from "../../shared/lab";
import { fields, numberIn, type Reader } from "../lib/readers";
import type { LabRun } from "./lab-run.svelte";
import type { RememberedChoices } from "./remembered.svelte";

/** The backward slope under which ProxyGrad climbed highest in a sweep. */
export interface BestSlope {
  readonly slope: number;
  /** After so many steps. */
  readonly steps: number;
}

const bestSlope: Reader<BestSlope> = fields<BestSlope>({
  slope: numberIn(0, 1),
  steps: numberIn(1, 1e9),
});
const keyOf = (identity: string) => `best-slope:${identity}`;
/** A sweep over fewer slopes finds no best one. */
const fewest = 3;

/** The best slope of each network that was swept, by its identity: the newest sweep's. */
export class BestSlopes {
  readonly #known = new SvelteMap<string, BestSlope>();
  readonly #remembered: RememberedChoices;

  constructor(remembered: RememberedChoices) {
    this.#remembered = remembered;
  }

  /** Null where it is not known. */
  of(identity: string): BestSlope | null {
    return (
      this.#known.get(identity) ??
      this.#remembered.get(keyOf(identity), bestSlope)
    );
  }

  /** Takes what a sweep says that is complete. */
  learn(run: LabRun<"sweep">): void {
    const { subject, missing, summary, busy } = run;
    if (busy || missing !== 0 || !subject || !summary) return;
    const best = concludedSlope(summary);
    if (!best) return;
    const { slope, steps } = best;
    this.#known.set(subject.identity, { slope, steps });
    this.#remembered.set(keyOf(subject.identity), { slope, steps });
  }
}

/** The answer of a sweep to "which slope": of its first curve, where enough slopes were compared. */
function concludedSlope(summary: LabSummary<"sweep">) {
  const [best] = summary.bestProxygrad;
  if (!best) return null;
  const compared = summary.cells.filter(
    ({ method, steps, regularized }) =>
      method === "proxygrad" &&
      steps === best.steps &&
      regularized === best.regularized,
  );
  // without rectifiers every slope is the same
  const differ = compared.some(({ mean }) => mean !== best.score);
  return compared.length < fewest || !differ ? null : best;
}
