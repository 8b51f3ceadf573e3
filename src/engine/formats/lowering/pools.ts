/** Pools over windows, and PyTorch's to a size that is asked for. */
import { spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { padsOf, reach, type Pads, type Pair } from "../../network/ops/window";
import { damaged } from "./checks";
import type { MapOrder, PoolSettings, Value } from "./lowering";
import { asMap, checkedPadding, checkSize, mapView } from "./maps";
import { meanMatrix } from "./matrices";
import { resample } from "./resizing";
import type { View } from "./view";
import type { Work } from "./work";

export function pool(
  work: Work,
  name: string,
  kind: "max" | "average",
  x: Value,
  settings: PoolSettings,
): View {
  const { order, strides, dilations } = settings;
  const map = asMap(work, name, x, order, true);
  const window = {
    size: settings.window,
    strides,
    dilations,
    padding: checkedPadding(name, settings.padding),
  };
  const whole = [...settings.window, ...strides, ...dilations];
  if (!whole.every((n) => Number.isSafeInteger(n) && n >= 1))
    damaged(name, `its window, strides or dilations are ${spell(whole)}.`);
  const pads = padsOf(window, map.size);
  const padding: Pads = settings.ceil ? [ceiled(0), ceiled(1)] : pads;
  /** The padding that makes the last window whole that still starts within the map or the padding before it. */
  function ceiled(axis: 0 | 1): Pair {
    const [before, after] = pads[axis];
    const stride = strides[axis];
    const size = map.size[axis];
    const over = reach(settings.window[axis], dilations[axis]);
    const steps = Math.ceil((size + before + after - over) / stride);
    const last = steps * stride >= size + before ? steps - 1 : steps;
    return [before, Math.max(0, last * stride + over - size - before)];
  }
  const attributes = { window: settings.window, strides, dilations, padding };
  const counted = settings.countPadding ? pads : none;
  const node =
    kind === "max"
      ? work.assembler.add(ops.maxPool, name, [map.node], attributes)
      : work.assembler.add(ops.averagePool, name, [map.node], {
          ...attributes,
          counted,
        });
  return mapView(work, node, order, map, true);
}

const none: Pads = [
  [0, 0],
  [0, 0],
];

/** PyTorch's: the window of output o is [floor(o in / out), ceil((o + 1) in / out)). */
export function adaptiveAveragePool(
  work: Work,
  name: string,
  x: Value,
  size: Pair,
  order: MapOrder,
): View {
  checkSize(name, size);
  const map = asMap(work, name, x, order, true);
  const windows = ([0, 1] as const).map((axis) =>
    adaptiveWindows(map.size[axis], size[axis]),
  );
  const [rows, columns] = windows.map(regular);
  if (size[0] === 1 && size[1] === 1) {
    const attributes = { keepDims: true };
    const node = work.assembler.add(
      ops.globalAverage,
      name,
      [map.node],
      attributes,
    );
    return mapView(work, node, order, map, true);
  }
  if (rows && columns) {
    const node = work.assembler.add(ops.averagePool, name, [map.node], {
      window: [rows.size, columns.size],
      strides: [rows.stride, columns.stride],
      padding: none,
      counted: none,
    });
    return mapView(work, node, order, map, true);
  }
  const [tall, wide] = ([0, 1] as const).map((axis) =>
    meanMatrix(map.size[axis], windows[axis] ?? []),
  );
  return mapView(work, resample(work, name, map, tall, wide), order, map, true);
}

/** The places of every window. */
function adaptiveWindows(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, o) => {
    const start = Math.floor((o * from) / to);
    const end = Math.ceil(((o + 1) * from) / to);
    return Array.from({ length: end - start }, (_, i) => start + i);
  });
}

/** Size and stride where all windows have the same and the pool's own arithmetic finds as many. */
function regular(
  windows: readonly (readonly number[])[],
): { size: number; stride: number } | null {
  const [first, second] = windows;
  const size = first?.length ?? 1;
  const stride = second?.[0] ?? size;
  const even = windows.every(
    (places, i) => places.length === size && places[0] === i * stride,
  );
  return even && stride >= 1 ? { size, stride } : null;
}
