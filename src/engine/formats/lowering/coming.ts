/** Operations that the engine is still being given; until then what needs them is refused. */
import { defineOp, type Op } from "../../network/op";
import { refuse } from "../../network/ops/check";

function coming<A extends object>(kind: string): Op<A> {
  const none = (): never => {
    throw new RangeError(`no operation ${kind}`);
  };
  return defineOp<A>({
    kind,
    infer: (_, node) =>
      refuse(node, "this operation is not there yet.", "It comes soon."),
    eager: none,
    emit: none,
  });
}

type None = Record<string, never>;
export const gather = coming<{ axis: number; indices: readonly number[] }>(
  "gather",
);
export const pad = coming<object>("pad");
export const layerNorm = coming<{ epsilon: number }>("layer-norm");
export const localResponseNorm = coming<object>("local-response-norm");
export const matmul = coming<{ transposeA: boolean; transposeB: boolean }>(
  "matmul",
);
export const reduce = coming<{
  kind: string;
  axes: readonly number[];
  keepDims: boolean;
}>("reduce");
export const resample = coming<None>("resample");
