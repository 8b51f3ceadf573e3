/** What of a transformer's tokens [1, token, width] goes into the last layer. */
import type { Value } from "../../lowering/index";
import type { Unknown } from "../assumptions";
import type { Modules } from "../modules";
import { oneOf } from "../unknowns";

/**
 * `prefix`: tokens before those of the patches; `norm` is over each token.
 * Gives features [1, width], several where each has a layer of its own.
 */
type Pool = (
  m: Modules,
  x: Value,
  prefix: number,
  norm: (x: Value) => Promise<Value>,
) => Promise<Value[]>;

/** A choice of its own, or where there is none the only way. */
export interface TokenPooling {
  readonly unknown: Unknown<Pool> | null;
  readonly pool: Pool;
}

const means: Readonly<Record<string, Pool>> = {
  avg: overPatches((m, x) =>
    m.lowering.reduce("avgpool", "mean", x, [1], false),
  ),
  max: overPatches((m, x) =>
    m.lowering.reduce("maxpool", "max", x, [1], false),
  ),
  avgmax: overPatches((m, x) => {
    const mean = m.lowering.reduce("avgpool", "mean", x, [1], false);
    const most = m.lowering.reduce("maxpool", "max", x, [1], false);
    return m.scale("pool/half", m.add("pool", mean, most), 0.5);
  }),
};
const classToken: Pool = tokens(1);
/** The class token and the distillation token. */
const both: Pool = tokens(2);

export function tokenPooling({
  distilled,
  hasClass,
  normsPooled,
}: {
  readonly distilled: boolean;
  readonly hasClass: boolean;
  /** The last norm stands behind the pool. */
  readonly normsPooled: boolean;
}): TokenPooling {
  if (distilled) return { unknown: null, pool: both };
  const [usual, from, because] = !hasClass
    ? ([
        "avg",
        "assumed",
        "The mean over the patches is assumed to go into the last layer: there is no class token.",
      ] as const)
    : normsPooled
      ? ([
          "avg",
          "evidence",
          "The last norm is called fc_norm, as timm has it after a mean over the patches: that mean is assumed.",
        ] as const)
      : ([
          "token",
          "assumed",
          "The class token is assumed to go into the last layer, as published: weights are the same with a mean over the patches.",
        ] as const);
  const options = hasClass ? { token: classToken, ...means } : means;
  const unknown = oneOf("pooling", options, usual, { from, because });
  return { unknown, pool: classToken };
}

/** The first tokens, each by itself. */
function tokens(count: number): Pool {
  return async (m, x, _prefix, norm) => {
    const [, , width = 0] = x.dims;
    const found: Value[] = [];
    for (let i = 0; i < count; i++) {
      const one = m.lowering.slice(
        "class",
        x,
        [0, i, 0],
        [1, 1, width],
        [1, 1, 1],
      );
      found.push(m.lowering.reshape("class", await norm(one), [1, width]));
    }
    return found;
  };
}

function overPatches(pool: (m: Modules, x: Value) => Value): Pool {
  return async (m, x, prefix, norm) => {
    const [, count = 0, width = 0] = x.dims;
    const patches =
      prefix === 0
        ? x
        : m.lowering.slice(
            "patches",
            x,
            [0, prefix, 0],
            [1, count - prefix, width],
            [1, 1, 1],
          );
    return [pool(m, await norm(patches))];
  };
}
