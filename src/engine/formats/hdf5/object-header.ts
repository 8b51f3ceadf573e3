/** Object headers: the messages that say what a group or a dataset is. */
import type { Bytes } from "./bytes";
import { damaged, Fields, unusual } from "./fields";

/** Numbers of the messages that are read; all others are passed over. */
export const messages = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

export interface Message {
  readonly type: number;
  readonly body: Uint8Array;
}

/** More than Keras ever writes: an attribute is a message, and so is a link of a small group. */
const mostBlocks = 1000;
const mostMessages = 100_000;
/** Bit of a message's flags: its content lies elsewhere, shared with others. */
const sharedFlag = 0x02;

interface Block {
  readonly address: number;
  readonly length: number;
}

/** All messages of the object at an address. */
export async function readHeader(
  bytes: Bytes,
  address: number,
): Promise<readonly Message[]> {
  const start = await bytes.fieldsUpTo(address, 40);
  const first = start.u8();
  const header =
    first === 1
      ? version1(start, address)
      : version2(await bytes.fieldsUpTo(address, 40), address);
  const found: Message[] = [];
  const blocks: Block[] = [header.block];
  const seen = new Set<number>();
  for (let block = blocks.pop(); block; block = blocks.pop()) {
    if (seen.has(block.address) || seen.size >= mostBlocks)
      throw damaged("an object's header has no end");
    seen.add(block.address);
    const fields = await bytes.fields(block.address, block.length);
    const isContinued = seen.size > 1;
    for (const message of header.messagesOf(fields, isContinued)) {
      if (message.type === messages.continuation) {
        const next = new Fields(message.body);
        blocks.push({
          address: next.address() ?? 0,
          length: next.length(),
        });
      } else found.push(message);
      if (found.length > mostMessages)
        throw damaged("an object has too many messages");
    }
  }
  return found;
}

interface Header {
  readonly block: Block;
  messagesOf(fields: Fields, isContinued: boolean): Iterable<Message>;
}

function version1(start: Fields, address: number): Header {
  start.skip(7);
  const length = start.u32();
  return {
    block: { address: address + 16, length },
    *messagesOf(fields) {
      while (fields.left >= 8) {
        const type = fields.u16();
        const size = fields.u16();
        const flags = fields.u8();
        const body = fields.skip(3).bytes(size);
        yield checked({ type, body }, flags);
      }
    },
  };
}

function version2(start: Fields, address: number): Header {
  start.signature("OHDR");
  const version = start.u8();
  if (version !== 2) throw damaged(`an object header has version ${version}`);
  const flags = start.u8();
  if (flags & 0x20) start.skip(16);
  if (flags & 0x10) start.skip(4);
  const length = start.uint(1 << (flags & 0x03));
  const isOrdered = (flags & 0x04) !== 0;
  return {
    block: { address: address + start.position, length },
    *messagesOf(fields, isContinued) {
      if (isContinued) fields.signature("OCHK");
      const checksum = isContinued ? 4 : 0;
      // what is left may be a gap, too small for a message
      while (fields.left - checksum >= (isOrdered ? 6 : 4)) {
        const type = fields.u8();
        const size = fields.u16();
        const own = fields.u8();
        if (isOrdered) fields.skip(2);
        yield checked({ type, body: fields.bytes(size) }, own);
      }
    },
  };
}

function checked(message: Message, flags: number): Message {
  const isRead = Object.values<number>(messages).includes(message.type);
  if (isRead && flags & sharedFlag)
    throw unusual("messages that several objects share");
  return message;
}
