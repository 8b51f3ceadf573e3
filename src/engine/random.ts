/**
 * Seeded randomness, drawn in TypeScript so that every backend sees the same numbers.
 * A stream depends on the seed and its own words alone, never on what was drawn before.
 */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

/** A stream of its own for each seed and list of words, for example (seed, step). */
export function randomStream(
  seed: number,
  ...words: readonly number[]
): RandomStream {
  let hash = 0x9e3779b9;
  const state = Array.from({ length: 4 }, (_, i) => {
    for (const word of [seed, words.length, ...words, i])
      hash = mix(hash ^ mix(word));
    return hash | 0;
  });
  // xoroshiro must not start from all zeros
  state[3] = (state[3] ?? 0) | 1;
  const generator = xoroshiro128plusFromState(state);
  const uniform = () => uniformFloat64(generator);
  let spare: number | null = null;
  return {
    uniform,
    normal() {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      // Box and Muller, 1958; 1 - u keeps the logarithm finite
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

/** The 32-bit finaliser of MurmurHash3 (public domain): every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
