/** Whether a file without a telling name begins like an ONNX model. */
import protobuf from "protobufjs/minimal.js";
import type { NetworkFile } from "../format";

const enough = 4096;
const irVersionTag = 8;
/** Fields of ModelProto. */
const fields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]);
const graphField = 7;
const opsetField = 8;

/** Begins with ir_version, as every writer does, and goes on with fields of a model up to its graph or opsets. */
export async function looksLikeModel(file: NetworkFile): Promise<boolean> {
  const bytes = await file.read(0, Math.min(enough, file.size));
  const reader = new protobuf.Reader(bytes);
  try {
    if (reader.tag() !== irVersionTag) return false;
    const version = reader.uint32();
    if (version < 1 || version > 100) return false;
    while (reader.pos < bytes.length) {
      const tag = reader.tag();
      const field = tag >>> 3;
      if (!fields.has(field)) return false;
      if ((field === graphField || field === opsetField) && (tag & 7) === 2)
        return true;
      reader.skipType(tag & 7, 0, field);
    }
  } catch {
    // ends within a field: not one that names a model
  }
  return false;
}
