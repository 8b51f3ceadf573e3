/** The pool after the first layers. */
import type { Value } from "../../lowering/index";
import type { Modules } from "../modules";
import type { StemPool } from "../unknowns";
import type { AntiAlias } from "./anti-alias";

/** The map at the pool's stride; where strides are blurred, a max pool goes over every pixel and the blur takes its stride. */
export function pooled(
  m: Modules,
  name: string,
  x: Value,
  pool: StemPool | null,
  antiAlias: AntiAlias | null = null,
): Value {
  if (!pool) return x;
  const { kind, window, stride, padding, ceil } = pool;
  const blurs =
    kind === "max" && antiAlias?.kind === "blur" && antiAlias.at(stride);
  const options = { window, stride: blurs ? 1 : stride, padding, ceil };
  const y =
    kind === "max"
      ? m.maxPool(name, x, options)
      : m.averagePool(name, x, options);
  return blurs ? antiAlias.apply(m, `${name}/blur`, y, stride) : y;
}
