/**
 * Weights that are stored as what they are computed from: PyTorch's pruning, weight normalisation and spectral
 * normalisation, in their old and new spellings.
 *
 * | keys                                                            | the weight                                   |
 * | --------------------------------------------------------------- | -------------------------------------------- |
 * | `w_orig`, `w_mask`                                              | w_orig w_mask                                |
 * | `w_g`, `w_v`; `parametrizations.w.original0`, `.original1`      | v g / ‖v‖, the norm over the axes g has not  |
 * | `w_orig`, `w_u`, `w_v`; `parametrizations.w.original`, `.0._u`  | w_orig / (uᵀ W v), W with u's axis first     |
 */
import { Fault } from "../../shared/fault";
import { computedTensor } from "./computed-tensor";
import { exportAdvice } from "./state-dict/advice";
import { countOf, type StoredTensor } from "./state-dict/stored-tensor";

type Tensors = ReadonlyMap<string, StoredTensor>;

/** A weight, and the keys it is computed from. */
interface Made {
  readonly key: string;
  readonly from: readonly string[];
  readonly tensor: StoredTensor;
}

/** The same tensors with every such weight in place of its parts; what was done, in a sentence each. */
export function withWeights(tensors: Tensors): {
  readonly tensors: Tensors;
  readonly warnings: readonly string[];
} {
  const result = new Map(tensors);
  const done = new Map<string, number>();
  for (const key of tensors.keys())
    for (const [way, make] of ways) {
      const made = make(key, tensors);
      if (!made) continue;
      if (tensors.has(made.key)) break;
      for (const part of made.from) result.delete(part);
      result.set(made.key, made.tensor);
      done.set(way, (done.get(way) ?? 0) + 1);
      break;
    }
  const unknown = [...result.keys()].find((key) =>
    /(^|\.)parametrizations\./.test(key),
  );
  if (unknown !== undefined)
    throw new Fault(
      "unsupported-network",
      `The weight under "${unknown.slice(0, 200)}" is computed in a way that keys do not tell.`,
      exportAdvice,
    );
  const warnings = [...done].map(
    ([way, count]) =>
      `${count} weight${count === 1 ? " was" : "s were"} computed from ${way}, as PyTorch does in each pass.`,
  );
  return { tensors: done.size > 0 ? result : tensors, warnings };
}

type Way = (key: string, tensors: Tensors) => Made | null;

const ways: readonly (readonly [string, Way])[] = [
  ["a pruning mask", pruned],
  ["a direction and a length (weight normalisation)", weightNormed],
  ["its largest singular value (spectral normalisation)", spectralNormed],
];

function pruned(key: string, tensors: Tensors): Made | null {
  const name = ending(key, "_orig");
  const mask = name === null ? undefined : tensors.get(`${name}_mask`);
  const orig = tensors.get(key);
  if (name === null || !orig || !mask) return null;
  checkAlike(key, orig, mask);
  return {
    key: name,
    from: [key, `${name}_mask`],
    tensor: computedTensor(orig.shape, [orig, mask], ([w = none, m = none]) =>
      w.map((value, i) => value * (m[i] ?? NaN)),
    ),
  };
}

function weightNormed(key: string, tensors: Tensors): Made | null {
  const old = ending(key, "_g");
  const parametrized = /^(.*?)parametrizations\.([^.]+)\.original0$/.exec(key);
  const name = old ?? (parametrized && `${parametrized[1]}${parametrized[2]}`);
  const direction =
    old === null ? key.replace(/original0$/, "original1") : `${old}_v`;
  const g = tensors.get(key);
  const v = tensors.get(direction);
  if (name === null || !g || !v) return null;
  const fits =
    g.shape.length === 0 ||
    (g.shape.length === v.shape.length &&
      g.shape.every((size, axis) => size === 1 || size === v.shape[axis]));
  if (!fits) throw unlike(key);
  return {
    key: name,
    from: [key, direction],
    tensor: computedTensor(
      v.shape,
      [g, v],
      ([lengths = none, values = none]) => {
        const place = placesIn(v.shape, g.shape);
        const sums = new Float64Array(lengths.length);
        values.forEach((value, i) => {
          const at = place(i);
          sums[at] = (sums[at] ?? 0) + value * value;
        });
        return values.map((value, i) => {
          const at = place(i);
          return (value * (lengths[at] ?? NaN)) / Math.sqrt(sums[at] ?? NaN);
        });
      },
    ),
  };
}

/** For the index of an element, the index of the one of `small` that stands for it; axes of size 1 stand for all. */
function placesIn(
  shape: readonly number[],
  small: readonly number[],
): (index: number) => number {
  const axes = shape.map((size, axis) => ({
    size,
    kept: (small[axis] ?? 1) > 1,
  }));
  return (index) => {
    let rest = index;
    let at = 0;
    let step = 1;
    for (const { size, kept } of [...axes].reverse()) {
      if (kept) {
        at += (rest % size) * step;
        step *= size;
      }
      rest = Math.floor(rest / size);
    }
    return at;
  };
}

function spectralNormed(key: string, tensors: Tensors): Made | null {
  const old = ending(key, "_orig");
  const parametrized = /^(.*?)parametrizations\.([^.]+)\.original$/.exec(key);
  const name = old ?? (parametrized && `${parametrized[1]}${parametrized[2]}`);
  const base = key.replace(/original$/, "0.");
  const [left, right] =
    old === null ? [`${base}_u`, `${base}_v`] : [`${old}_u`, `${old}_v`];
  const weight = tensors.get(key);
  const u = tensors.get(left);
  const v = tensors.get(right);
  if (name === null || !weight || !u || !v) return null;
  const rows = countOf(u.shape);
  const columns = countOf(v.shape);
  // rows are the first axis, of transposed convolutions the second; a square one says neither
  const axis = weight.shape[0] === rows ? 0 : 1;
  if (weight.shape[axis] !== rows || rows * columns !== countOf(weight.shape))
    throw unlike(key);
  return {
    key: name,
    from: [key, left, right],
    tensor: computedTensor(
      weight.shape,
      [weight, u, v],
      ([w = none, a = none, b = none]) => {
        const inner = countOf(weight.shape.slice(axis + 1));
        let sigma = 0;
        w.forEach((value, i) => {
          const row = Math.floor(i / inner) % rows;
          const column =
            axis === 0
              ? i % columns
              : Math.floor(i / (inner * rows)) * inner + (i % inner);
          sigma += (a[row] ?? NaN) * value * (b[column] ?? NaN);
        });
        return w.map((value) => value / sigma);
      },
    ),
  };
}

const none = new Float32Array();

/** The name without its ending; null where it ends otherwise. */
function ending(key: string, end: string): string | null {
  return key.endsWith(end) ? key.slice(0, -end.length) : null;
}

function checkAlike(key: string, a: StoredTensor, b: StoredTensor): void {
  if (
    a.shape.length !== b.shape.length ||
    a.shape.some((size, i) => size !== b.shape[i])
  )
    throw unlike(key);
}

function unlike(key: string): Fault {
  return new Fault(
    "damaged-file",
    `What "${key.slice(0, 200)}" is computed from does not have its shape.`,
    "Save the weights again.",
  );
}
