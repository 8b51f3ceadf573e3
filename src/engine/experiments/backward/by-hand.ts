import {
  grad,
  mul,
  sum,
  tensor2d,
  tidy,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { Method } from "../../../shared/domain";
import { slopesOf } from "../../../shared/method";
import { node } from "../../network/op";
import { rectifier } from "../../network/ops/rectifier";

type Rows = readonly (readonly number[])[];

/**
 * Output and passed-on gradient of a ReLU under a method, by the rectifier the networks are made of,
 * on tfjs-core's present backend: float32. Both matrices have the same shape.
 */
export function throughRectifier(
  x: Rows,
  g: Rows,
  method: Method,
): { forward: number[][]; backward: number[][] } {
  const relu = node(rectifier, "rectifier", ["input"], {
    slope: 0,
    ceiling: null,
  });
  const context = {
    weight: () => {
      throw new RangeError("a rectifier has no weights");
    },
    slopes: (own: number) => slopesOf(method, own),
  };
  return tidy(() => {
    const input = tensor2d(x.map((row) => [...row]));
    const back = tensor2d(g.map((row) => [...row]));
    const rectify = (of: Tensor) => relu.op.eager([of], relu, context);
    const gradient = grad((of: Tensor) => sum(mul(rectify(of), back)))(input);
    return { forward: rowsOf(rectify(input)), backward: rowsOf(gradient) };
  });
}

function rowsOf(matrix: Tensor): number[][] {
  const [rows = 0, columns = 0] = matrix.shape;
  const values = matrix.dataSync<"float32">();
  return Array.from({ length: rows }, (_, row) =>
    // -0 is 0
    Array.from(
      values.subarray(row * columns, (row + 1) * columns),
      (v) => v + 0,
    ),
  );
}
