/** Anti-aliased strides, as timm has them: a blur, or a mean, takes the stride in place of a convolution or a max pool. */
import type { Value } from "../../lowering/index";
import type { Unknown } from "../assumptions";
import type { Modules } from "../modules";
import { oneOf } from "../unknowns";

export interface AntiAlias {
  readonly kind: "none" | "blur" | "avg";
  /** Whether a step of this stride is anti-aliased. */
  at(stride: number): boolean;
  /** The map [1, channel, height, width] at the stride. */
  apply(m: Modules, name: string, x: Value, stride: number): Value;
}

const kinds: Readonly<Record<string, AntiAlias>> = {
  none: { kind: "none", at: () => false, apply: (_m, _name, x) => x },
  blur: { kind: "blur", at: (stride) => stride > 1, apply: blurred },
  avg: {
    kind: "avg",
    at: (stride) => stride > 1,
    apply: (m, name, x, stride) =>
      m.averagePool(name, x, { window: stride, stride }),
  },
};

export function antiAliasing(): Unknown<AntiAlias> {
  return oneOf("anti-alias", kinds, "none", {
    because:
      "Strides and pools are assumed to be plain: anti-aliased ResNets, which blur before they leave pixels out (timm's resnetblur50, resnetaa50), have the same keys and shapes.",
  });
}

/** A binomial kernel of 3 x 3 over a map that is reflected at its edges (Zhang, ICML 2019, arXiv 1904.11486). */
function blurred(m: Modules, name: string, x: Value, stride: number): Value {
  const channels = x.dims[1] ?? 1;
  const one = [1, 1] as const;
  const none = [0, 0] as const;
  const padded = m.lowering.pad(
    `${name}/pad`,
    x,
    [none, none, one, one],
    "reflect",
    0,
  );
  const row = [0.25, 0.5, 0.25];
  const kernel = row.flatMap((a) => row.map((b) => a * b));
  const data = Float32Array.from(
    { length: 9 * channels },
    (_, i) => kernel[Math.floor(i / channels)] ?? NaN,
  );
  return m.lowering.conv2d(
    name,
    padded,
    { shape: [3, 3, 1, channels], data },
    null,
    {
      order: "NCHW",
      strides: [stride, stride],
      dilations: [1, 1],
      padding: [none, none],
      groups: channels,
    },
  );
}
