import { randomStream } from "../../../src/engine/random";
import { size, type Values } from "./reference";

/** N(0, 1.5^2), rounded to float32, so that every implementation sees the same numbers. */
export function randomValues(shape: readonly number[], seed: number): Values {
  const random = randomStream(seed, shape.length);
  const data = Float64Array.from({ length: size(shape) }, () =>
    Math.fround(1.5 * random.normal()),
  );
  return { shape, data };
}
