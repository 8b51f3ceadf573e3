import { nextFrame } from "@tensorflow/tfjs-core";
import { randomStream } from "../../random";

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Mean and variance of y = x for x > 0, slope * x else, with x ~ N(0, sigma^2), in closed form:
 * mean (1 - s) sigma / sqrt(2 pi), variance sigma^2 ((1 + s^2) / 2 - (1 - s)^2 / (2 pi)).
 * Linse, Barth, Martinetz 2024, appendix 11.3.
 */
export function rectifiedMoments(slope: number, sigma: number): Moments {
  const short = 1 - slope;
  return {
    mean: (short * sigma) / Math.sqrt(2 * Math.PI),
    variance: sigma ** 2 * ((1 + slope ** 2) / 2 - short ** 2 / (2 * Math.PI)),
  };
}

/** Samples drawn between two looks at the signal. */
const chunk = 1 << 18;

/**
 * The same from `samples` draws; the variance is the unbiased one. The draws depend on the seed alone, so every
 * slope sees the same ones. Yields work done; returns null once the signal is aborted.
 */
export async function* sampledMoments(
  {
    slope,
    sigma,
    samples,
    seed,
  }: {
    readonly slope: number;
    readonly sigma: number;
    readonly samples: number;
    readonly seed: number;
  },
  { signal }: { signal: AbortSignal },
): AsyncGenerator<{ kind: "work"; work: number }, Moments | null, void> {
  const stream = randomStream(seed);
  let mean = 0;
  let squares = 0;
  for (let done = 0; done < samples;) {
    const end = Math.min(samples, done + chunk);
    yield { kind: "work", work: end - done };
    for (; done < end; done++) {
      const x = sigma * stream.normal();
      const y = x > 0 ? x : slope * x;
      // Welford's recurrence: no cancellation, however many samples
      const off = y - mean;
      mean += off / (done + 1);
      squares += off * (y - mean);
    }
    await nextFrame();
    if (signal.aborted) return null;
  }
  return { mean, variance: squares / (samples - 1) };
}
