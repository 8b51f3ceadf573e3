/** B-trees of version 2: the index over what lies in a fractal heap. Only the records are of interest, in any order. */
import type { Bytes } from "./bytes";
import { damaged } from "./fields";
import { bytesFor } from "./fractal-heap";

const mostRecords = 1_000_000;
const deepest = 16;
/** Signature, version, type, checksum. */
const overhead = 10;

/** All records of the tree at an address. */
export async function readRecords(
  bytes: Bytes,
  address: number,
): Promise<Uint8Array[]> {
  const header = await bytes.fields(address, 38);
  header.signature("BTHD").skip(2);
  const nodeBytes = header.u32();
  const recordBytes = header.u16();
  const depth = header.u16();
  header.skip(2);
  const root = header.address();
  const rootRecords = header.u16();
  const total = header.length();
  if (root === null || total === 0) return [];
  if (depth > deepest || recordBytes === 0 || total > mostRecords)
    throw damaged("an index has impossible sizes");
  const pointers = pointerBytes(nodeBytes, recordBytes, depth);
  const found: Uint8Array[] = [];
  let nodes = 0;
  const waiting = [{ address: root, records: rootRecords, level: depth }];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (++nodes > mostRecords) throw damaged("an index has no end");
    const { records, level } = node;
    const fields = await bytes.fields(node.address, nodeBytes);
    fields.signature(level === 0 ? "BTLF" : "BTIN").skip(2);
    for (let i = 0; i < records; i++) found.push(fields.bytes(recordBytes));
    if (found.length > total) throw damaged("an index is too long");
    if (level === 0) continue;
    const { count, sum } = pointers(level);
    for (let i = 0; i <= records; i++) {
      const child = fields.address();
      const inside = fields.uint(count);
      fields.skip(sum);
      if (child === null) throw damaged("an index has a hole");
      waiting.push({ address: child, records: inside, level: level - 1 });
    }
  }
  return found;
}

/** Bytes of the two counts beside a pointer of a level: records in the child, and in all below it. */
function pointerBytes(nodeBytes: number, recordBytes: number, depth: number) {
  const most = [Math.floor((nodeBytes - overhead) / recordBytes)];
  const below = [most[0] ?? 0];
  const count = bytesFor(most[0] ?? 0);
  const sumAt = (level: number) =>
    level <= 1 ? 0 : bytesFor(below[level - 1] ?? 0);
  for (let level = 1; level <= depth; level++) {
    const pointer = 8 + count + sumAt(level);
    const own = Math.floor(
      (nodeBytes - overhead - pointer) / (recordBytes + pointer),
    );
    most.push(own);
    below.push((own + 1) * (below[level - 1] ?? 0) + own);
  }
  return (level: number) => ({ count, sum: sumAt(level) });
}
