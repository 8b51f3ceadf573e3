/** Where a Keras model's weights come from: each format has its own way to store and name them. */
import type { Weight } from "../../network/op";
import type { Step } from "./plan";

/** A weight of a layer, by all its names: Keras 2 says "depthwise_kernel" where Keras 3 says "kernel". */
export type WeightNames = readonly string[];

export interface WeightSource {
  /**
   * A layer's weights, one for each of `wanted`, in Keras' own order; null where there is none.
   * Throws a Fault `damaged-file` for one that holds values which are not finite.
   */
  read(
    layer: Pick<Step, "layer" | "path">,
    wanted: readonly WeightNames[],
  ): Promise<readonly (Weight | null)[]>;
}
