/** Decoded training pictures: bytes [size, size, 3], kept in memory as far as a budget goes. */
import { Fault } from "../../../shared/fault";
import { decodePicture } from "../images";
import type { PictureSource, SourceFile } from "./source";

export class Pixels {
  readonly #source: PictureSource;
  readonly #files: readonly SourceFile[];
  readonly #size: number;
  readonly #kept = new Map<number, Uint8Array>();
  #room: number;

  /** `budget` in bytes. Every epoch wants every picture once: those that found room stay, the others are decoded again. */
  constructor(
    source: PictureSource,
    files: readonly SourceFile[],
    { size, budget }: { readonly size: number; readonly budget: number },
  ) {
    this.#source = source;
    this.#files = files;
    this.#size = size;
    this.#room = budget;
  }

  /** The picture of that index. Throws a Fault `damaged-file` where it cannot be read any more. */
  async get(picture: number): Promise<Uint8Array> {
    const kept = this.#kept.get(picture);
    if (kept) return kept;
    const file = this.#files[picture];
    if (!file) throw new RangeError(`no picture ${picture}`);
    const bytes = await decodeTrainingPicture(this.#source, file, this.#size);
    if (bytes.length <= this.#room && !this.#kept.has(picture)) {
      this.#room -= bytes.length;
      this.#kept.set(picture, bytes);
    }
    return bytes;
  }
}

/** The whole picture, scaled to [size, size, 3]. Throws a Fault `damaged-file`. */
export async function decodeTrainingPicture(
  source: PictureSource,
  file: SourceFile,
  size: number,
): Promise<Uint8Array> {
  if (file.bytes === 0)
    throw new Fault("damaged-file", `${file.path} is empty.`);
  const content = await source.read(file);
  return decodePicture(content, file.path, [size, size, 3]);
}
