/** Attributes of groups and datasets: texts are all that is read of them. */
import { readRecords } from "./btree2";
import type { Bytes } from "./bytes";
import {
  elementsOf,
  readDataspace,
  readDatatype,
  type Datatype,
} from "./datatype";
import { damaged, Fields, textOf, unusual } from "./fields";
import { FractalHeap } from "./fractal-heap";
import { GlobalHeap } from "./global-heap";
import { messages, type Message } from "./object-header";

interface Attribute {
  readonly name: string;
  readonly datatype: Datatype;
  readonly elements: number;
  readonly data: Uint8Array;
}

/** The texts of an attribute, one where it is a single text; null where there is none, or where it holds no text. */
export async function readTexts(
  bytes: Bytes,
  header: readonly Message[],
  name: string,
): Promise<readonly string[] | null> {
  for await (const attribute of attributesOf(bytes, header))
    if (attribute.name === name) return textsOf(bytes, attribute);
  return null;
}

async function* attributesOf(
  bytes: Bytes,
  header: readonly Message[],
): AsyncGenerator<Attribute> {
  for (const { type, body } of header) {
    if (type === messages.attribute) yield readAttribute(new Fields(body));
    if (type !== messages.attributeInfo) continue;
    const fields = new Fields(body).skip(1);
    if (fields.u8() & 0x01) fields.skip(2);
    const heapAddress = fields.address();
    const index = fields.address();
    if (heapAddress === null || index === null) continue;
    const heap = await FractalHeap.open(bytes, heapAddress);
    for (const record of await readRecords(bytes, index))
      yield readAttribute(
        await heap.object(new Fields(record).bytes(heap.idBytes)),
      );
  }
}

function readAttribute(fields: Fields): Attribute {
  const version = fields.u8();
  if (version < 1 || version > 3)
    throw damaged(`an attribute has version ${version}`);
  const flags = fields.u8();
  // version 1 has no flags; of the others' two, each says that a part lies elsewhere
  if (version > 1 && flags & 0x03)
    throw unusual("types that several objects share");
  const sizes = [fields.u16(), fields.u16(), fields.u16()];
  if (version === 3) fields.skip(1);
  const part = (size = 0) => {
    const bytes = fields.bytes(size);
    if (version === 1) fields.align(8);
    return bytes;
  };
  const name = textOf(part(sizes[0]));
  const datatype = readDatatype(part(sizes[1]));
  const elements = elementsOf(readDataspace(part(sizes[2])));
  return { name, datatype, elements, data: fields.bytes(fields.left) };
}

async function textsOf(
  bytes: Bytes,
  { name, datatype, elements, data }: Attribute,
): Promise<readonly string[] | null> {
  const { kind, size } = datatype;
  if (kind !== "string" && kind !== "long-string") return null;
  if (elements * size > data.length)
    throw damaged(`the attribute "${name.slice(0, 100)}" ends too soon`);
  const heap = new GlobalHeap(bytes);
  const texts: string[] = [];
  for (let i = 0; i < elements; i++) {
    const element = data.subarray(i * size, (i + 1) * size);
    texts.push(
      kind === "string"
        ? textOf(element).trimEnd()
        : textOf(await heap.object(new Fields(element))),
    );
  }
  return texts;
}
