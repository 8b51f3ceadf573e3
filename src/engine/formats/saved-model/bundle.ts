/** TensorFlow's checkpoints ("tensor bundles"): an index of tensors, and their values in shards. */
import { Fault } from "../../../shared/fault";
import type { NetworkFile, NetworkFiles } from "../format";
import { decode, message, one, repeated } from "../protobuf";
import type { TensorSource } from "../tensorflow/attributes";
import { dataTypeOf, nameOfType } from "../tensorflow/data-types";
import { tensorShapeProto } from "../tensorflow/protos";
import {
  checkedTensor,
  closedDims,
  openDimsOf,
  valuesOf,
  widthOf,
} from "../tensorflow/tensor";
import { readTable } from "./sstable";

const header = message("BundleHeaderProto", {
  shards: one(1, "int32"),
  /** 0: little, 1: big. */
  endianness: one(2, "int32"),
});

const entry = message("BundleEntryProto", {
  dtype: one(1, "int32"),
  shape: one(2, tensorShapeProto),
  shard: one(3, "int32"),
  offset: one(4, "int64"),
  size: one(5, "int64"),
  slices: repeated(7, "bytes"),
});

const mostIndexBytes = 64 * 2 ** 20;
const mostShards = 10_000;

/** A checkpoint whose index was read; values are read when they are asked for. */
export class Bundle {
  readonly #files: NetworkFiles;
  readonly #prefix: string;
  readonly #shards: number;
  readonly #entries: ReadonlyMap<string, Uint8Array>;
  readonly #opened = new Map<string, Promise<NetworkFile>>();

  private constructor(
    files: NetworkFiles,
    prefix: string,
    shards: number,
    entries: ReadonlyMap<string, Uint8Array>,
  ) {
    this.#files = files;
    this.#prefix = prefix;
    this.#shards = shards;
    this.#entries = entries;
  }

  /** `prefix`: what the names of its files start with: "variables/variables". Throws a Fault `damaged-file`. */
  static async open(files: NetworkFiles, prefix: string): Promise<Bundle> {
    const name = `${prefix}.index`;
    const bytes = await files.read(name, mostIndexBytes);
    const entries = readTable(bytes, name);
    const first = decode(header, entries.get("") ?? new Uint8Array(0), name);
    if (first.endianness !== 0)
      throw new Fault(
        "unsupported-network",
        `"${name}" is of a machine that writes numbers the other way round (big-endian).`,
      );
    if (!(first.shards >= 1 && first.shards <= mostShards))
      throw new Fault(
        "damaged-file",
        `"${name}" says that there are ${first.shards} files of values.`,
        "Export the network again.",
      );
    return new Bundle(files, prefix, first.shards, entries);
  }

  has(key: string): boolean {
    return key !== "" && this.#entries.has(key);
  }

  /** Null where there is no such tensor. Throws a Fault `damaged-file`. */
  tensor(key: string): TensorSource | null {
    const bytes = key === "" ? undefined : this.#entries.get(key);
    if (!bytes) return null;
    const name = `${this.#prefix}.index`;
    const { dtype, shape, shard, offset, size, slices } = decode(
      entry,
      bytes,
      name,
    );
    const type = dataTypeOf(dtype);
    const dims = (openDimsOf(shape) ?? []).map((d) => d ?? -1);
    return {
      dims,
      type,
      stored: nameOfType(dtype),
      load: async (about) => {
        const closed = closedDims(dims, about);
        const width = widthOf(dtype);
        if (slices.length > 0 || width === null || !isNumber(type))
          throw new Fault(
            "unsupported-network",
            `${about} is stored ${slices.length > 0 ? "in slices" : `as ${nameOfType(dtype)}`}.`,
            "Weights are whole tensors of numbers.",
          );
        const total = closed.reduce((product, d) => product * d, 1);
        const file = await this.#shard(shard);
        if (
          size !== total * width ||
          !(offset >= 0) ||
          offset + size > file.size
        )
          throw new Fault(
            "damaged-file",
            `${about} of shape [${closed.join(", ")}] is said to lie in ${size} bytes from ${offset} on, in a file of ${file.size}.`,
            "The copy is incomplete: copy or export the network again.",
          );
        const data = valuesOf(await file.read(offset, size), dtype);
        return checkedTensor(closed, type, data, about);
      },
      strings: () => [],
    };
  }

  #shard(index: number): Promise<NetworkFile> {
    const five = (n: number) => String(n).padStart(5, "0");
    const name = `${this.#prefix}.data-${five(index)}-of-${five(this.#shards)}`;
    let file = this.#opened.get(name);
    if (!file) {
      file = this.#files.open(name);
      this.#opened.set(name, file);
    }
    return file;
  }
}

function isNumber(
  type: ReturnType<typeof dataTypeOf>,
): type is "float" | "int" | "bool" {
  return type === "float" || type === "int" || type === "bool";
}
