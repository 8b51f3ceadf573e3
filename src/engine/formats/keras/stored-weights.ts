/** Weights in an HDF5 file, as all of Keras' formats keep them. */
import { Fault } from "../../../shared/fault";
import type { Weight } from "../../network/op";
import { spell } from "../../network/ops/check";
import { firstBad } from "../floats";
import type { Hdf5Object } from "../hdf5/index";

const floats: readonly string[] = ["float32", "float16", "bfloat16", "float64"];

/** Reads weights; what they take together is held against the file's size. */
export class StoredWeights {
  #left: number;
  /** By address: a weight may have several names. */
  readonly #known = new Map<number, Weight>();

  /** `size`: of the file, in bytes. */
  constructor(size: number) {
    this.#left = size;
  }

  /** The weight at a path below a group; null where there is none. `name` is for faults. */
  async read(
    group: Hdf5Object,
    path: string,
    name: string,
  ): Promise<Weight | null> {
    const found = await group.find(path);
    if (!found) return null;
    const known = this.#known.get(found.address);
    if (known) return known;
    const dataset = await found.dataset();
    if (!dataset || !floats.includes(dataset.type))
      throw damaged(
        `The weight "${name}" does not hold floats${dataset ? `, but ${dataset.type}` : ""}.`,
      );
    this.#left -= dataset.bytes;
    if (this.#left < 0)
      throw damaged("The weights promise more values than the file holds.");
    const weight = { shape: dataset.shape, data: await dataset.read() };
    const bad = firstBad(weight.data);
    if (bad !== null)
      throw new Fault(
        "damaged-file",
        `The weight "${name}" of shape ${spell(weight.shape)} holds ${weight.data[bad]} at position ${bad}.`,
        "The network was damaged, or training diverged: export a sound one.",
      );
    this.#known.set(found.address, weight);
    return weight;
  }
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Save the network again.");
}
