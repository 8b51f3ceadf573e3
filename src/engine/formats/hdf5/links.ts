/** What lies in a group: names and addresses. Links to other places, files among them, are never followed. */
import { readRecords } from "./btree2";
import type { Bytes } from "./bytes";
import { damaged, Fields, textOf } from "./fields";
import { FractalHeap } from "./fractal-heap";
import { messages, type Message } from "./object-header";

const mostLinks = 1_000_000;
const mostNodes = 100_000;
/** A cached soft link. */
const softLink = 2;

type Links = Map<string, number>;

/** Object addresses by name; none where the object is no group. */
export async function readLinks(
  bytes: Bytes,
  header: readonly Message[],
): Promise<ReadonlyMap<string, number>> {
  const links: Links = new Map();
  for (const { type, body } of header) {
    const fields = new Fields(body);
    if (type === messages.symbolTable) await fromTable(bytes, fields, links);
    else if (type === messages.link) readLink(fields, links);
    else if (type === messages.linkInfo) await fromHeap(bytes, fields, links);
  }
  return links;
}

function put(links: Links, name: string, address: number | null): void {
  if (address === null) throw damaged(`"${name.slice(0, 100)}" lies nowhere`);
  links.set(name, address);
  if (links.size > mostLinks) throw damaged("a group has too many members");
}

/** The old way: a B-tree of tables of symbols, whose names lie in a heap. */
async function fromTable(
  bytes: Bytes,
  fields: Fields,
  links: Links,
): Promise<void> {
  const root = fields.address();
  const heap = fields.address();
  if (root === null || heap === null) throw damaged("a group has no table");
  const header = (await bytes.fields(heap, 32)).signature("HEAP").skip(4);
  const heapBytes = header.length();
  const names = header.skip(8).address();
  if (names === null) throw damaged("a group has no names");
  const text = (await bytes.fields(names, heapBytes)).bytes(heapBytes);
  const nameAt = (offset: number) => {
    if (offset >= heapBytes) throw damaged("a name is outside its heap");
    return textOf(text.subarray(offset));
  };
  const seen = new Set<number>();
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node) || seen.size >= mostNodes)
      throw damaged("a group's table has no end");
    seen.add(node);
    const head = await bytes.fieldsUpTo(node, 24);
    const letters = textOf(head.bytes(4));
    if (letters === "TREE") {
      head.skip(2);
      const used = head.u16();
      const list = await bytes.fields(node + 24, 16 * used + 8);
      for (let i = 0; i < used; i++) {
        const child = list.skip(8).address();
        if (child === null) throw damaged("a group's table has a hole");
        waiting.push(child);
      }
    } else if (letters === "SNOD") {
      const used = head.skip(2).u16();
      const list = await bytes.fields(node + 8, 40 * used);
      for (let i = 0; i < used; i++) {
        const name = nameAt(list.length());
        const address = list.address();
        const kind = list.u32();
        list.skip(20);
        if (kind !== softLink) put(links, name, address);
      }
    } else throw damaged("a group's table is none");
  }
}

/** The newer way: a message for each link. */
function readLink(fields: Fields, links: Links): void {
  fields.skip(1);
  const flags = fields.u8();
  const type = flags & 0x08 ? fields.u8() : 0;
  if (flags & 0x04) fields.skip(8);
  if (flags & 0x10) fields.skip(1);
  const length = fields.uint(1 << (flags & 0x03));
  const name = new TextDecoder().decode(fields.bytes(length));
  if (type === 0) put(links, name, fields.address());
}

/** The newer way for many links: messages in a heap, with an index by name. */
async function fromHeap(
  bytes: Bytes,
  fields: Fields,
  links: Links,
): Promise<void> {
  fields.skip(1);
  if (fields.u8() & 0x01) fields.skip(8);
  const heapAddress = fields.address();
  const index = fields.address();
  if (heapAddress === null || index === null) return;
  const heap = await FractalHeap.open(bytes, heapAddress);
  for (const record of await readRecords(bytes, index)) {
    // a hash of the name, then the object
    const id = new Fields(record).skip(4).bytes(heap.idBytes);
    readLink(await heap.object(id), links);
  }
}
