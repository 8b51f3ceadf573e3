/** What a graph says of the pixels it is made for: its input's type, or what it does with them first. */
import type { Told } from "../../network/network";
import type { TensorSource } from "./attributes";
import { reached, type FlatNode, type Source } from "./flatten";
import type { ImageInput } from "./inputs";

type Prepared = NonNullable<Told["preprocessing"]>;

const bytes = { order: "RGB", mean: [0], std: [1] } as const;
const unit = { order: "RGB", mean: [0], std: [255] } as const;

/** Operations that leave the pixels' scale as it is. */
const moving =
  /^(Identity|Cast|Transpose|Reshape|ExpandDims|Squeeze|Pad|PadV2|Resize\w+|StridedSlice)$/;
/** More steps than any preparation has. */
const mostSteps = 12;

/** Null where neither says anything. `ends`: the outputs of the network. */
export async function preprocessingTold(
  image: ImageInput,
  ends: readonly FlatNode[],
  tensorOf: (node: FlatNode) => TensorSource | null,
): Promise<Told["preprocessing"]> {
  if (image.bytes)
    return told(
      bytes,
      "file",
      "The input takes whole numbers from 0 to 255 (its type says so).",
    );
  const readers = [...reached(ends)];
  let node = image.node;
  for (let steps = 0; steps < mostSteps; steps++) {
    const next = readers.filter((n) => n.inputs.some((i) => i.node === node));
    const [only] = next.filter((n) => n.op !== "Shape");
    if (!only || next.filter((n) => n.op !== "Shape").length > 1) return null;
    if (moving.test(only.op)) {
      node = only;
      continue;
    }
    const other = only.inputs.find((i) => i.node !== node);
    const values = other ? await smallConstant(other, tensorOf) : null;
    return values && scaleOf(only.op, values);
  }
  return null;
}

/** [height, width] that pictures of any size are resized to first; null where they are not. */
export async function sizeAfter(
  image: FlatNode,
  ends: readonly FlatNode[],
  tensorOf: (node: FlatNode) => TensorSource | null,
): Promise<readonly [number, number] | null> {
  const readers = [...reached(ends)];
  let node = image;
  for (let steps = 0; steps < mostSteps; steps++) {
    const [only, second] = readers.filter((n) =>
      n.inputs.some((i) => i.node === node),
    );
    if (!only || second) return null;
    node = only;
    if (!moving.test(only.op)) return null;
    if (!only.op.startsWith("Resize")) continue;
    const tensor = tensorOf(only.inputs[1]?.node ?? only);
    if (tensor?.dims.join() !== "2") return null;
    const { data } = await tensor.load(`The size of "${only.name}"`);
    const [height = 0, width = 0] = data;
    const fits = [height, width].every((d) => Number.isInteger(d) && d >= 1);
    return fits ? [height, width] : null;
  }
  return null;
}

function told(
  { order, mean, std }: typeof bytes | typeof unit,
  from: Prepared["from"],
  because: string,
): Prepared {
  return { value: { order, mean: [...mean], std: [...std] }, from, because };
}

/** A product or a quotient that makes 0..255 small, or a mean that is taken off, gives the scale away. */
function scaleOf(op: string, values: readonly number[]): Prepared | null {
  const of255 = told(
    bytes,
    "guess",
    "The network itself brings pixels of 0 to 255 to the scale it works in.",
  );
  const of1 = told(
    unit,
    "guess",
    "The network itself brings pixels of 0 to 1 to the scale it works in.",
  );
  const within = (low: number, high: number) =>
    values.every((v) => v > low && v < high);
  switch (op) {
    case "Mul":
      return within(0, 0.05) ? of255 : within(1.99, 2.01) ? of1 : null;
    case "RealDiv":
    case "Div":
      return within(40, 300) ? of255 : within(0.1, 0.6) ? of1 : null;
    case "Sub":
      return within(40, 200) ? of255 : within(0.3, 0.7) ? of1 : null;
    case "Add":
    case "AddV2":
    case "BiasAdd":
      return within(-200, -40) ? of255 : within(-0.7, -0.3) ? of1 : null;
    default:
      return null;
  }
}

/** The values of a constant of a number for each channel at most. */
async function smallConstant(
  { node }: Source,
  tensorOf: (node: FlatNode) => TensorSource | null,
): Promise<readonly number[] | null> {
  let found = node;
  for (
    let i = 0;
    i < mostSteps && /^(Identity|Cast|Reshape)$/.test(found.op);
    i++
  )
    found = found.inputs[0]?.node ?? found;
  const tensor = tensorOf(found);
  const size = tensor?.dims.reduce((product, d) => product * d, 1) ?? 0;
  if (!tensor || size < 1 || size > 4 || tensor.type !== "float") return null;
  return [...(await tensor.load(`The tensor "${found.name}"`)).data];
}
