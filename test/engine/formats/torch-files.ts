/** PyTorch's files and safetensors byte by byte, of a ResNet small enough to look at. */
import {
  bytes,
  call,
  int,
  op,
  pickleOf,
  sequence,
  storage,
  tensor,
  text,
} from "./pickle-bytes";
import { join, utf8, zipOf, type Member } from "./zip-bytes";

export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export type State = Readonly<Record<string, Stored>>;

/** One stage of one basic block, two channels wide, for three classes; every value another. */
export function tinyResnet(): State {
  const norm = (name: string) =>
    Object.fromEntries(
      ["weight", "bias", "running_mean", "running_var"].map((part) => [
        `${name}.${part}`,
        [2],
      ]),
    );
  const shapes: Record<string, number[]> = {
    "conv1.weight": [2, 3, 3, 3],
    ...norm("bn1"),
    "layer1.0.conv1.weight": [2, 2, 3, 3],
    ...norm("layer1.0.bn1"),
    "layer1.0.conv2.weight": [2, 2, 3, 3],
    ...norm("layer1.0.bn2"),
    "fc.weight": [3, 2],
    "fc.bias": [3],
  };
  let next = 0;
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => {
      const count = shape.reduce((a, b) => a * b, 1);
      // exact in every type, and positive: some are variances
      const data = Float32Array.from({ length: count }, () => ++next / 64);
      return [key, { shape, data }];
    }),
  );
}

export function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
}

export function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

/** The pickle of an OrderedDict of the tensors, storage "i" for the i-th. */
export function stateDict(state: State): Uint8Array {
  const items = Object.entries(state).flatMap(([key, { shape, data }], i) => [
    text(key),
    tensor(storage("FloatStorage", String(i), data.length), {
      size: shape,
      strides: rowMajor(shape),
    }),
  ]);
  return sequence(
    call("collections", "OrderedDict"),
    op.mark,
    ...items,
    op.setitems,
  );
}

export interface ZipParts {
  /** What is in data.pkl, in place of the state dict. */
  readonly root?: Uint8Array;
  /** By name without "net/"; null: left out. */
  readonly entries?: Readonly<Record<string, Uint8Array | null>>;
  /** The folder within, which torch.save calls as the file without its last extension. */
  readonly folder?: string;
}

/** As torch.save writes today. */
export function torchZip(
  state: State,
  { root = stateDict(state), entries = {}, folder = "net" }: ZipParts = {},
): Uint8Array<ArrayBuffer> {
  const all = new Map<string, Uint8Array | null>([
    ["data.pkl", pickleOf(root)],
    ["byteorder", utf8("little")],
    ...Object.values(state).map(
      ({ data }, i) => [`data/${i}`, bytesOf(data)] as const,
    ),
    ["version", utf8("3\n")],
    ...Object.entries(entries),
  ]);
  const members: Member[] = [];
  for (const [name, data] of all)
    if (data) members.push({ name: `${folder}/${name}`, data, gap: 16 });
  return zipOf(members, { zip64: true });
}

export interface StreamParts {
  readonly root?: Uint8Array;
  readonly protocol?: Uint8Array;
  /** The list of storages. */
  readonly keys?: readonly string[];
  /** Of each storage: its length in numbers. */
  readonly lengths?: readonly number[];
}

/** As torch.save wrote before version 1.6. */
export function torchStream(
  state: State,
  {
    root = stateDict(state),
    protocol = int(1001),
    keys = Object.keys(state).map((_, i) => String(i)),
    lengths = Object.values(state).map(({ data }) => data.length),
  }: StreamParts = {},
): Uint8Array<ArrayBuffer> {
  const magic = bytes(
    ...[0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19],
  );
  const storages = Object.values(state).map(({ data }, i) =>
    join([long(lengths[i] ?? 0), bytesOf(data)]),
  );
  const listed = sequence(op.emptyList, op.mark, ...keys.map(text), op.appends);
  return join([
    pickleOf(magic),
    pickleOf(protocol),
    pickleOf(op.emptyDict),
    pickleOf(root),
    pickleOf(listed),
    ...storages,
  ]);
}

/** A header and what comes after it. */
export function safetensorsOf(
  header: unknown,
  data: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const encoded =
    header instanceof Uint8Array ? header : utf8(JSON.stringify(header));
  return join([long(encoded.length), encoded, data]);
}

/** The header of the tensors, one after the other, as safetensors writes it. */
export function headerOf(state: State): Record<string, unknown> {
  let at = 0;
  return Object.fromEntries(
    Object.entries(state).map(([key, { shape, data }]) => {
      const begin = at;
      at += data.byteLength;
      return [key, { dtype: "F32", shape, data_offsets: [begin, at] }];
    }),
  );
}

export function dataOf(state: State): Uint8Array {
  return join(Object.values(state).map(({ data }) => bytesOf(data)));
}

/** 64 bits, little-endian. */
export function long(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(value), true);
  return new Uint8Array(view.buffer);
}
