/** The last layer, and the pool before it. */
import { Fault } from "../../../../shared/fault";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Unknown } from "../assumptions";
import type { Keys } from "../keys";
import type { Modules } from "../modules";
import { oneOf } from "../unknowns";

/** What the last layer is called by those who put another in its place. */
const usualNames = ["fc", "classifier", "head", "linear", "last_linear"];

/**
 * The last linear layer: `own` itself, or the only linear layer of a Sequential of that name (beside dropout, which
 * has no weights), or the same under another usual name. Throws a Fault `unsupported-network` for several.
 */
export function lastLayer(keys: Keys, ...own: readonly string[]): string {
  const names = [...new Set([...own, ...usualNames])];
  for (const name of names) {
    const layer = onlyLinear(keys, name);
    if (layer !== null) return layer;
  }
  // nothing is there: what is missing is called by its own name
  return own[0] ?? "fc";
}

/** A linear layer of this name, or the only one right below it; null where there is none. */
export function onlyLinear(keys: Keys, name: string): string | null {
  if (keys.rank(name) === 2) return name;
  const layers = keys
    .below(name)
    .map((child) => `${name}.${child}`)
    .filter((layer) => keys.rank(layer) === 2);
  const [first, ...more] = layers;
  if (first === undefined) return null;
  if (more.length === 0) return first;
  throw new Fault(
    "unsupported-network",
    `The head "${name}" has ${layers.length} linear layers, ${layers.slice(0, 3).join(", ")}: weights do not say what stands between them.`,
    exportAdvice,
  );
}

type Pooling = (m: Modules, name: string, x: Value) => Value;

const pools: Readonly<Record<string, Pooling>> = {
  avg: (m, name, x) => m.globalAverage(name, x),
  max: (m, name, x) => m.globalMax(name, x),
  avgmax: (m, name, x) =>
    m.scale(
      `${name}/half`,
      m.add(`${name}/sum`, m.globalAverage(name, x), m.globalMax(name, x)),
      0.5,
    ),
};

/** From the last map [1, channel, height, width] to features [1, channel]. */
export function headPooling(): Unknown<Pooling> {
  return oneOf("pooling", pools, "avg", {
    because:
      "The mean over the last map is assumed to go into the last layer, as published: weights are the same with its maximum.",
  });
}
