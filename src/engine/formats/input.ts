/** The size of a network's input: asked for, fixed by the file, or any. */
import { Fault } from "../../shared/fault";
import type { Input } from "./assembler";
import { usualSize, type ReadOptions } from "./format";
import { isCount } from "./json";

/** [height, width, channel]; open dimensions are null. */
export type OpenShape = readonly [number | null, number | null, number | null];

const mostPixels = 8192;

/**
 * [height, width, channel]: asked for, else what the file fixes, else what the card says, else `usual`.
 * Throws a Fault `unsupported-network` where a dimension is out of range or the channels are open.
 */
export function inputOf(
  [height, width, channels]: OpenShape,
  { size, cardSize }: ReadOptions,
  usual: readonly [number, number] = usualSize,
): Input {
  if (channels === null)
    throw new Fault(
      "unsupported-network",
      "The network leaves the number of channels of its input open.",
      "Supported are inputs of height, width and a known number of channels.",
    );
  const rows = size?.[0] ?? height ?? cardSize?.[0] ?? usual[0];
  const columns = size?.[1] ?? width ?? cardSize?.[1] ?? usual[1];
  if (!isPixels(rows) || !isPixels(columns) || !isPixels(channels))
    throw new Fault(
      "unsupported-network",
      `The input has the shape [${rows}, ${columns}, ${channels}].`,
      `Supported are whole numbers from 1 to ${mostPixels}.`,
    );
  return [rows, columns, channels];
}

/** What of the size the file fixes; null where it is open. */
export function fixedSizeOf([height, width]: OpenShape):
  readonly [number, number] | null {
  return height !== null && width !== null ? [height, width] : null;
}

function isPixels(n: number): boolean {
  return isCount(n) && n >= 1 && n <= mostPixels;
}
