/**
 * NumPy's .npy files, the one kind Proxima deals in: float32, little-endian, C order.
 * The format: numpy.lib.format in NumPy's documentation, versions 1.0 and 2.0.
 */
import { Fault } from "../../shared/fault";

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row-major; a copy, so that the file's bytes may go. */
  readonly values: Float32Array;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
const longestHeader = 64 * 1024;
const highestRank = 8;

/** The bytes of a version 1.0 file; the data starts at a multiple of 64. */
export function writeNpy(
  shape: readonly number[],
  values: Float32Array,
): Uint8Array {
  const count = shape.reduce((a, b) => a * b, 1);
  if (count !== values.length)
    throw new RangeError(
      `shape [${shape.join()}] holds ${count} values, not ${values.length}`,
    );
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length + values.byteLength);
  bytes.set(magic);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(
    new TextEncoder().encode(`${text.padEnd(length - 11)}\n`.slice(0, length)),
    10,
  );
  // Every machine TensorFlow runs on is little-endian, so the bytes are the values as they lie.
  bytes.set(
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    length,
  );
  return bytes;
}

/** Throws a Fault `damaged-file` that names the file by `title` and says what is wrong with it. */
export function readNpy(bytes: Uint8Array, title: string): NpyArray {
  const { shape, count, start } = readNpyHead(bytes, bytes.byteLength, title);
  // Copied byte by byte: the data may lie at any offset, and a Buffer's slice() is no copy.
  const values = new Float32Array(count);
  new Uint8Array(values.buffer).set(bytes.subarray(start));
  return { shape, values };
}

/** Bytes at a file's begin that hold its whole header. */
export const npyHead = 12 + longestHeader;

/** Checks a file of `size` bytes by its first {@link npyHead}. Throws as `readNpy` does. */
export function readNpyHead(
  bytes: Uint8Array,
  size: number,
  title: string,
): { shape: readonly number[]; count: number; start: number } {
  const { header, start } = splitHeader(bytes, title);
  const shape = readHeader(header, title);
  const count = shape.reduce((a, b) => a * b, 1);
  const present = size - start;
  if (!Number.isSafeInteger(count) || count * 4 !== present)
    throw new Fault(
      "damaged-file",
      `${title} should hold ${count} float32 values of shape [${shape.join(", ")}], but has ${present} bytes of data.`,
      "Save the array again with numpy.save.",
    );
  return { shape, count, start };
}

function splitHeader(bytes: Uint8Array, title: string) {
  if (bytes.byteLength < 10 || magic.some((b, i) => bytes[i] !== b))
    throw new Fault(
      "damaged-file",
      `${title} is not a .npy file.`,
      "Save the array with numpy.save.",
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version !== 1 && version !== 2)
    throw new Fault(
      "damaged-file",
      `${title} is a .npy file of version ${version}; versions 1 and 2 can be read.`,
    );
  const start = version === 1 ? 10 : 12;
  const length =
    version === 1
      ? view.getUint16(8, true)
      : bytes.byteLength >= 12
        ? view.getUint32(8, true)
        : Infinity;
  if (length > longestHeader || start + length > bytes.byteLength)
    throw new Fault("damaged-file", `${title} ends inside its header.`);
  const header = new TextDecoder("latin1").decode(
    bytes.subarray(start, start + length),
  );
  return { header, start: start + length };
}

/** The shape a header gives; the header is a Python literal with exactly three keys. */
function readHeader(header: string, title: string): readonly number[] {
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const tuple = /'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || tuple === undefined)
    throw new Fault(
      "damaged-file",
      `${title} has a header that cannot be read.`,
    );
  if (descr !== "<f4")
    throw new Fault(
      "damaged-file",
      `${title} holds values of type "${descr}"; only float32, little-endian ("<f4"), is read.`,
      'Convert it with array.astype("<f4") before numpy.save.',
    );
  if (order !== "False")
    throw new Fault(
      "damaged-file",
      `${title} is stored in Fortran order.`,
      "Convert it with numpy.ascontiguousarray before numpy.save.",
    );
  const shape = tuple
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(Number);
  if (shape.length > highestRank || !shape.every(Number.isSafeInteger))
    throw new Fault(
      "damaged-file",
      `${title} has the shape (${tuple.trim()}), which cannot be read.`,
    );
  return shape;
}
