/** Weights of TF.js models: a manifest in model.json, values in shards beside it. */
import { Fault } from "../../shared/fault";
import type { Weight } from "../network/op";
import { count, spell } from "../network/ops/check";
import {
  firstBad,
  float16s,
  joined,
  float32s,
  integers,
  mapped,
  uint16s,
} from "./floats";
import type { NetworkFiles, ReadOptions } from "./format";
import { isCount, isObject, type Json } from "./json";

/** Where a weight lies in its group's bytes, and how its values are stored. */
interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly group: number;
  readonly offset: number;
  readonly bytes: number;
  /** What the values are, however they are stored; null: a type that holds no numbers. */
  readonly type: "float" | "int" | "bool" | null;
  /** What each stored number is; null: a type that holds no numbers, refused only where it is asked for. */
  readonly stored: Stored | null;
  readonly scale: number;
  readonly min: number;
}

type Stored = "float32" | "float16" | "uint8" | "uint16" | "int32" | "bool";

interface Group {
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** What a manifest promises; nothing is allocated before its sums are checked. */
export interface Manifest {
  readonly groups: readonly Group[];
  readonly specs: ReadonlyMap<string, Spec>;
  /** Weights listed twice, as those of a model are that is in another and beside it. */
  readonly twins: readonly (readonly [Spec, Spec])[];
}

/** Of all values as float32; more than any network Proxima can run has. */
const mostBytes = 4 * 2 ** 30;
const deepestRank = 8;
const widths: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  float16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/** Throws a Fault `damaged-file` where the manifest contradicts itself. */
export function readManifest(manifest: unknown, modelName: string): Manifest {
  if (!Array.isArray(manifest))
    throw damaged(`"${modelName}" has no weights manifest.`);
  const specs = new Map<string, Spec>();
  const twins: [Spec, Spec][] = [];
  let total = 0;
  const groups = manifest.map((entry: unknown, group): Group => {
    if (
      !isObject(entry) ||
      !Array.isArray(entry["paths"]) ||
      !Array.isArray(entry["weights"])
    )
      throw damaged(
        `Group ${group} of the weights manifest has no paths or no weights.`,
      );
    let bytes = 0;
    for (const weight of entry["weights"]) {
      const spec = readSpec(weight, group, bytes);
      const first = specs.get(spec.name);
      if (first && !isTwin(first, spec)) throw listedTwice(spec);
      if (first) twins.push([first, spec]);
      else specs.set(spec.name, spec);
      bytes += spec.bytes;
      total += 4 * count(spec.shape);
      if (!(total <= mostBytes))
        throw damaged(
          `The weights manifest asks for more than ${mostBytes / 2 ** 30} GiB of weights.`,
        );
    }
    return { paths: entry["paths"].map((p) => pathOf(p, modelName)), bytes };
  });
  return { groups, specs, twins };
}

function isTwin(a: Spec, b: Spec): boolean {
  return (
    a.shape.join() === b.shape.join() &&
    a.stored === b.stored &&
    a.bytes === b.bytes &&
    a.scale === b.scale &&
    a.min === b.min
  );
}

function listedTwice({ name }: Spec): Fault {
  return damaged(`The weight "${name}" is listed twice, and differs.`);
}

function readSpec(entry: unknown, group: number, offset: number): Spec {
  if (!isObject(entry) || typeof entry["name"] !== "string")
    throw damaged("The weights manifest lists a weight without a name.");
  const { name, shape, dtype, quantization } = entry;
  const about = `The weight "${name}"`;
  const isShape =
    Array.isArray(shape) && shape.length <= deepestRank && shape.every(isCount);
  if (!isShape)
    throw damaged(`${about} has the shape ${JSON.stringify(shape)}.`);
  const type = isObject(quantization) ? quantization["dtype"] : dtype;
  const width = typeof type === "string" ? widths[type] : undefined;
  if (typeof type !== "string" || width === undefined)
    throw damaged(
      `${about} is stored as ${JSON.stringify(type)}, which is none of the types ${Object.keys(widths).join(", ")}.`,
    );
  const { scale, min } = affineOf(quantization, type, about);
  const holds =
    typeof dtype === "string" && Object.hasOwn(types, dtype)
      ? (types[dtype] ?? null)
      : null;
  const stored = storedAs(type);
  const fits = isObject(quantization)
    ? stored !== null && packs[stored].includes(holds)
    : stored !== null && stored === dtype;
  return {
    name,
    shape,
    group,
    offset,
    bytes: count(shape) * width,
    type: holds,
    stored: fits ? stored : null,
    scale,
    min,
  };
}

const types: Readonly<Record<string, Spec["type"]>> = {
  float32: "float",
  int32: "int",
  bool: "bool",
};

/** What a quantised number may stand for. */
const packs: Readonly<Record<Stored, readonly Spec["type"][]>> = {
  float32: [],
  float16: ["float"],
  uint8: ["float", "int"],
  uint16: ["float", "int"],
  int32: [],
  bool: [],
};

function storedAs(type: string): Stored | null {
  return Object.hasOwn(packs, type)
    ? // it is one of the keys
      (type as Stored)
    : null;
}

/** value = number * scale + min, for the integer types. */
function affineOf(quantization: unknown, type: string, about: string) {
  if (!isObject(quantization) || (type !== "uint8" && type !== "uint16"))
    return { scale: 1, min: 0 };
  const { scale, min } = quantization;
  if (!isFiniteNumber(scale) || !isFiniteNumber(min))
    throw damaged(`${about} is quantised but has no finite scale and min.`);
  return { scale, min };
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** A shard's name in the folder; never an address, never outside. */
function pathOf(path: unknown, modelName: string): string {
  const plain =
    typeof path === "string" &&
    path.length > 0 &&
    path.length <= 1000 &&
    !/^[a-z][a-z0-9+.-]*:/i.test(path) &&
    !/[\\\0]/.test(path) &&
    !path.startsWith("/") &&
    !path.split("/").includes("..");
  if (!plain)
    throw damaged(
      `The weights manifest names the file ${JSON.stringify(path)}, which is outside the network's folder.`,
      "Put all files of the network into one folder and name them without a path.",
    );
  return modelName.slice(0, modelName.lastIndexOf("/") + 1) + path;
}

/** The weights of an opened model, decoded when they are asked for. */
export class WeightStore {
  readonly #manifest: Manifest;
  readonly #groups: readonly Uint8Array[];

  private constructor(manifest: Manifest, groups: readonly Uint8Array[]) {
    this.#manifest = manifest;
    this.#groups = groups;
  }

  /** Reads all shards; their lengths are checked against the manifest. */
  static async read(
    manifest: Manifest,
    files: NetworkFiles,
    { signal, progress }: ReadOptions,
  ): Promise<WeightStore> {
    const total = manifest.groups.reduce((sum, g) => sum + g.bytes, 0);
    const groups: Uint8Array[] = [];
    let done = 0;
    for (const group of manifest.groups) {
      const shards: Uint8Array[] = [];
      let missing = group.bytes;
      for (const path of group.paths) {
        signal.throwIfAborted();
        progress("Reading weights", done, total);
        const shard = await readShard(files, path, missing);
        shards.push(shard);
        missing -= shard.length;
        done += shard.length;
      }
      if (missing > 0)
        throw damaged(
          `The weight files ${group.paths.map((p) => `"${p}"`).join(", ")} hold ${group.bytes - missing} bytes and the manifest asks for ${group.bytes}.`,
          "The copy is incomplete: copy or export the network again.",
        );
      groups.push(joined(shards));
    }
    progress("Reading weights", done, total);
    const store = new WeightStore(manifest, groups);
    for (const [first, second] of manifest.twins)
      if (!isEqual(store.#bytesOf(first), store.#bytesOf(second)))
        throw listedTwice(first);
    return store;
  }

  /**
   * The weight `layer/name`, or the only one that ends so (models inside models have longer names); null where there is none.
   * Throws a Fault `damaged-file` that names a weight with a value that is not finite.
   */
  find(layer: string, name: string): Weight | null {
    const wanted = `${layer}/${name}`;
    const { specs } = this.#manifest;
    const exact = specs.get(wanted);
    if (exact) return this.#decode(exact);
    const longer = [...specs.values()].filter((s) =>
      s.name.endsWith(`/${wanted}`),
    );
    const [only] = longer;
    return only && longer.length === 1 ? this.#decode(only) : null;
  }

  /** The values of any weight by its whole name, whole numbers and truths as float64; not checked for being finite. */
  constant(name: string): {
    readonly dims: readonly number[];
    readonly type: "float" | "int" | "bool";
    readonly data: Float32Array | Float64Array;
  } {
    const spec = this.#manifest.specs.get(name);
    const bytes = spec && this.#bytesOf(spec);
    if (!spec?.type || !spec.stored || bytes?.length !== spec.bytes)
      throw damaged(`The weight "${name}" holds no numbers.`);
    const { shape: dims, type, stored } = spec;
    if (type === "float")
      return { dims, type, data: decoders[stored](bytes, spec) };
    if (stored === "int32" || stored === "bool")
      return { dims, type, data: integers(bytes, stored) };
    const { scale, min } = spec;
    const numbers = stored === "uint8" ? bytes : uint16s(bytes);
    const data = Float64Array.from(numbers, (n) => Math.round(n * scale + min));
    return { dims, type, data };
  }

  #bytesOf({ group, offset, bytes }: Spec): Uint8Array | undefined {
    return this.#groups[group]?.subarray(offset, offset + bytes);
  }

  #decode(spec: Spec): Weight {
    const bytes = this.#bytesOf(spec);
    if (!spec.stored || spec.type !== "float" || bytes?.length !== spec.bytes)
      throw damaged(`The weight "${spec.name}" does not hold floats.`);
    const data = decoders[spec.stored](bytes, spec);
    const bad = firstBad(data);
    if (bad !== null)
      throw damaged(
        `The weight "${spec.name}" of shape ${spell(spec.shape)} holds ${data[bad]} at position ${bad}.`,
        "The network was damaged, or training diverged: export a sound one.",
      );
    return { shape: spec.shape, data };
  }
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array | undefined) {
  return a?.length === b?.length && !!a?.every((byte, i) => byte === b?.[i]);
}

async function readShard(
  files: NetworkFiles,
  path: string,
  missing: number,
): Promise<Uint8Array> {
  const bytes = await files.read(path, missing);
  if (bytes.length > missing)
    throw damaged(
      `The weight file "${path}" holds ${bytes.length} bytes and the manifest asks for ${missing}.`,
      "The files do not belong together, or a shape in the manifest is wrong: export the network again.",
    );
  return bytes;
}

const decoders: Readonly<
  Record<Stored, (b: Uint8Array, s: Spec) => Float32Array>
> = {
  float32: float32s,
  float16: float16s,
  uint8: (bytes, { scale, min }) => mapped(bytes, (n) => n * scale + min),
  uint16: (bytes, { scale, min }) =>
    mapped(uint16s(bytes), (n) => n * scale + min),
  int32: (bytes) => Float32Array.from(integers(bytes, "int32")),
  bool: (bytes) => Float32Array.from(integers(bytes, "bool")),
};

function damaged(message: string, remedy = "Export the network again."): Fault {
  return new Fault("damaged-file", message, remedy);
}

/** model.json's producer, for people. */
export function producerOf(model: Json): string {
  return ["generatedBy", "convertedBy"]
    .map((key) => model[key])
    .filter((v) => typeof v === "string")
    .join(", ")
    .slice(0, 500);
}
