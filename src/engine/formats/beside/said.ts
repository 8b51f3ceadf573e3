/** What files beside a network say of it, in the app's terms. */
import type { AssumptionValues, Preprocessing } from "../../../shared/domain";
import type { Fault } from "../../../shared/fault";

export interface Beside {
  /** Names of the files that said something, the one that names the network first. */
  readonly sources: readonly string[];
  /** The network's name there: timm's "resnetblur50.bt_in1k", transformers' "ResNetForImageClassification"; null: none. */
  readonly architecture: string | null;
  /** What weights do not say and the files do: { activation: "gelu" }. */
  readonly assume: AssumptionValues;
  /** Thrown for weights that the files are about: what the files say of them cannot be followed. */
  readonly refusal: Fault | null;
  /** Null: the files do not say how many. */
  readonly classes: number | null;
  /** Names by class index; null: none, or only numbers. */
  readonly labels: readonly string[] | null;
  /** [height, width] of the input. */
  readonly size: readonly [number, number] | null;
  readonly preprocessing: BesidePreprocessing | null;
  /** What in the files cannot be followed, in sentences. */
  readonly warnings: readonly string[];
}

export interface BesidePreprocessing {
  /** For so many channels; null where the numbers are made for others. */
  forChannels(channels: number): Preprocessing | null;
  /** "file": the numbers are written there; "guess": they are what the program that wrote the file uses. */
  readonly from: "file" | "guess";
  /** A sentence for people. */
  readonly because: string;
}

/** Thrown by a reader where what lies beside a file is about another network: the file is read again without it. */
export class Misfit extends Error {
  /** `why`: a sentence that names the file. */
  constructor(why: string) {
    super(`${why} It is about another network, and was not used.`);
    this.name = "Misfit";
  }
}

/** The name of the first source in quotes. */
export function spellSource({ sources }: Beside): string {
  return `"${sources[0] ?? ""}"`;
}
