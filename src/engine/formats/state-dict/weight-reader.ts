/** The weights of a part of a state dict: read once each, checked against what a layer wants, and counted. */
import { Fault } from "../../../shared/fault";
import type { Shape, Weight } from "../../network/op";
import { exportAdvice, saveAdvice } from "./advice";
import type { Keys } from "./keys";
import { readPlain, readTransposed } from "./layout";
import { countOf, type StoredTensor } from "./stored-tensor";

/** How weights are read. */
export interface Reading {
  /** The family, for faults: "torchvision's ResNet". */
  readonly title: string;
  /** What stands before every key in the file: "backbone.". */
  readonly prefix: string;
  /** Keys as the file has them. */
  readonly originals: ReadonlyMap<string, string>;
  /** The classes of values that are no tensors, by key without prefix. */
  readonly foreign: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
  /** Called with the bytes of every weight before it is read; may throw a Fault. */
  read(bytes: number): void;
}

/** Every method throws a Fault `unsupported-network` that names the key where a weight is missing or does not fit. */
export class WeightReader {
  readonly keys: Keys;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #reading: Reading;
  readonly #used = new Set<string>();

  constructor(
    keys: Keys,
    tensors: ReadonlyMap<string, StoredTensor>,
    reading: Reading,
  ) {
    this.keys = keys;
    this.#tensors = tensors;
    this.#reading = reading;
  }

  /** Keys that nothing asked for. */
  unused(): string[] {
    return [...this.keys.all].filter((key) => !this.#used.has(key));
  }

  /** The shape of a weight of this rank. */
  shape(key: string, rank: 4): readonly [number, number, number, number];
  shape(key: string, rank: 2): readonly [number, number];
  shape(key: string, rank: number): Shape;
  shape(key: string, rank: number): Shape {
    const { shape } = this.#tensor(key);
    if (shape.length !== rank || shape.some((size) => size < 1))
      throw this.misfit(key, `a place for ${rank} dimensions`);
    return shape;
  }

  /** [size] */
  async vector(key: string, size: number): Promise<Weight> {
    const shape = this.shape(key, 1);
    if (shape[0] !== size) throw this.misfit(key, `${size} channels`);
    return { shape, data: await this.plain(key) };
  }

  /** [size], or null where there is no such weight. */
  async optional(key: string, size: number): Promise<Weight | null> {
    return this.#tensors.has(key) ? this.vector(key, size) : null;
  }

  /** The values as they lie. */
  async plain(key: string): Promise<Float32Array> {
    return readPlain(key, this.#take(key));
  }

  /** [out, in, area] as [area, in, out]. */
  async transposed(
    key: string,
    sizes: { out: number; inputs: number; area: number },
  ): Promise<Float32Array> {
    return readTransposed(key, this.#take(key), sizes);
  }

  /** A weight that does not fit what it is given. */
  misfit(key: string, found: string): Fault {
    const shape = this.keys.shape(key) ?? [];
    const { title } = this.#reading;
    return new Fault(
      "unsupported-network",
      `The weight "${this.#nameOf(key)}" has the shape [${shape.join(", ")}] and is given ${found}: the keys are those of ${title}, the shapes are not.`,
      exportAdvice,
    );
  }

  #tensor(key: string): StoredTensor {
    const tensor = this.#tensors.get(key);
    if (tensor) return tensor;
    const { title, prefix, foreign } = this.#reading;
    const maker = foreign.get(key);
    if (maker !== undefined)
      throw new Fault(
        "unsupported-network",
        `The weight "${prefix}${key}" is made by ${maker}, which Proxima does not know and does not run.`,
        `Save the weights as plain tensors of floats: ${saveAdvice}`,
      );
    const name = this.#nameOfMissing(key);
    throw new Fault(
      "unsupported-network",
      `The keys are those of ${title}, but "${name}" is missing: ${this.#besideMissing(name, key)}.`,
      exportAdvice,
    );
  }

  /** A key as the file has it. */
  #nameOf(key: string): string {
    const { originals, prefix } = this.#reading;
    return originals.get(key) ?? prefix + key;
  }

  /** A key that is missing, as the file would have it: as what lies beside it, or anywhere, is called. */
  #nameOfMissing(key: string): string {
    const parts = key.split(".");
    for (let depth = parts.length - 1; depth >= 0; depth--) {
      const parent = parts
        .slice(0, depth)
        .map((part) => `${part}.`)
        .join("");
      const [beside] = this.keys.under(parent);
      if (beside === undefined) continue;
      const own = beside.slice(parent.length);
      const name = this.#nameOf(beside);
      if (name.endsWith(own))
        return name.slice(0, -own.length) + key.slice(parent.length);
    }
    return this.#reading.prefix + key;
  }

  /** What lies in the place of a weight that is not there. */
  #besideMissing(name: string, key: string): string {
    const parts = key.split(".").slice(0, -1);
    for (; ; parts.pop()) {
      const parent = parts.join(".");
      const below = this.keys.below(parent);
      if (below.length === 0 && parts.length > 0) continue;
      const some = below.slice(0, 6).map((child) => child.slice(0, 40));
      const more = below.length > some.length ? ", ..." : "";
      const at = name.slice(0, name.length - key.length + parent.length);
      const where = at === "" ? "at the top" : `under "${at}"`;
      return `${where} there ${below.length === 1 ? "is" : "are"} ${some.join(", ")}${more}`;
    }
  }

  /** A tensor that is about to be read. */
  #take(key: string): StoredTensor {
    const tensor = this.#tensor(key);
    this.#reading.signal.throwIfAborted();
    this.#used.add(key);
    this.#reading.read(Math.max(tensor.bytes, countOf(tensor.shape)));
    return tensor;
  }
}
