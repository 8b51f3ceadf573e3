/** Maps in another size, as two matrix products. */
import type { Weight } from "../../network/op";
import * as ops from "../../network/ops/index";
import type { ResizeSettings, Value } from "./lowering";
import { asMap, checkSize, mapView, type MapValue } from "./maps";
import { resizeMatrix } from "./matrices";
import type { View } from "./view";
import type { Work } from "./work";

export function resize(
  work: Work,
  name: string,
  x: Value,
  settings: ResizeSettings,
): View {
  const { order, size } = settings;
  checkSize(name, size);
  const map = asMap(work, name, x, order, true);
  const [tall, wide] = ([0, 1] as const).map((axis) =>
    resizeMatrix(map.size[axis], size[axis], settings, settings.scales?.[axis]),
  );
  return mapView(work, resample(work, name, map, tall, wide), order, map, true);
}

/** Every row and column of the output is a mixture of the input's. */
export function resample(
  { assembler }: Work,
  name: string,
  map: MapValue,
  rows: Weight | undefined,
  columns: Weight | undefined,
): string {
  if (!rows || !columns) throw new RangeError("a matrix for each of two axes");
  return assembler.add(ops.resample, name, [map.node], {}, { rows, columns });
}
