/** Less than this part of the largest step is no way to white. */
const least = 0.001;

/**
 * Tells which pixels no longer get anywhere: not white, and over the last tenth of the steps so far the gain per
 * step was, on average, below a thousandth of the largest step. The gain is the mean of the image over that tenth
 * less its mean over the tenth before, so that pixels that swing to and fro across a rectifier's edge count.
 * Tenths are rounded to the points at which the share was asked for.
 */
export class StuckPixels {
  readonly #x: Float64Array;
  readonly #largest: number;
  readonly #white: number;
  /** Of all images since the start. */
  readonly #sum: Float64Array;
  /** The sums at the points before, the oldest first; from the beginning of the tenth before the last on. */
  readonly #before: { readonly step: number; readonly sum: Float64Array }[];

  /** `x` is the image that moves, `largest` the largest step, `white` where white begins. */
  constructor(x: Float64Array, largest: number, white: number) {
    this.#x = x;
    this.#largest = largest;
    this.#white = white;
    this.#sum = new Float64Array(x.length);
    this.#before = [];
  }

  /** After every update. */
  saw(): void {
    const [x, sum] = [this.#x, this.#sum];
    for (let i = 0; i < x.length; i++) sum[i] = (sum[i] ?? 0) + (x[i] ?? 0);
  }

  /** The share after `step` updates; 0 until two updates are there to compare. */
  share(step: number): number {
    const before = this.#before;
    while ((before[1]?.step ?? Infinity) <= 0.8 * step) before.shift();
    const now = { step, sum: this.#sum };
    const [first] = before;
    const middle =
      before.findLast((point, i) => i > 0 && point.step <= 0.9 * step) ??
      before[1];
    const stuck = first && middle ? this.#count(first, middle, now) : 0;
    before.push({ step, sum: this.#sum.slice() });
    return stuck / this.#x.length;
  }

  #count(first: Sum, middle: Sum, now: Sum): number {
    const early = middle.step - first.step;
    const late = now.step - middle.step;
    const enough = least * this.#largest * ((early + late) / 2);
    let count = 0;
    for (const [i, value] of this.#x.entries()) {
      const [a = 0, b = 0, c = 0] = [first.sum[i], middle.sum[i], now.sum[i]];
      if (value <= this.#white && (c - b) / late - (b - a) / early < enough)
        count++;
    }
    return count;
  }
}

interface Sum {
  readonly step: number;
  readonly sum: Float64Array;
}
