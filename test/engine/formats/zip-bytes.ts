/** Zip archives byte by byte, so that tests can write what no zip program writes. */

export interface Member {
  readonly name: string;
  readonly data: Uint8Array;
  /** 0: as it is, the rule; 8: `data` is a raw deflate stream. */
  readonly method?: number;
  /** Decompressed size, where it is not that of `data`. */
  readonly size?: number;
  readonly flags?: number;
  /** What the local header says instead of `name`. */
  readonly localName?: string;
  /** Unix mode, for links. */
  readonly mode?: number;
  readonly crc?: number;
  /** Where the list of entries says that the member lies, from where it does. */
  readonly shift?: number;
  /** Bytes of an extra field before the data, as PyTorch aligns its storages. */
  readonly gap?: number;
}

export interface Ends {
  /** Zip64 records between list and end, as PyTorch writes them where nothing needs them. */
  readonly zip64?: boolean;
  /** What the zip64 record says of the list's offset, from where it is. */
  readonly zip64Shift?: number;
}

/** An archive of these members in this order. */
export function zipOf(
  members: readonly Member[],
  { zip64 = false, zip64Shift = 0 }: Ends = {},
): Uint8Array<ArrayBuffer> {
  const bodies: Uint8Array[] = [];
  const listed: Uint8Array[] = [];
  let at = 0;
  for (const member of members) {
    const body = join([localHeader(member), member.data]);
    listed.push(centralHeader(member, at + (member.shift ?? 0)));
    bodies.push(body);
    at += body.length;
  }
  const list = join(listed);
  const records = zip64
    ? zip64Records(members.length, list.length, at, zip64Shift)
    : new Uint8Array();
  return join([...bodies, list, records, end(members.length, list.length, at)]);
}

/** The zip64 end record and its locator. */
function zip64Records(
  count: number,
  bytes: number,
  offset: number,
  shift: number,
): Uint8Array {
  return join([
    words([0x06064b50, 44, 0]),
    shorts([0x031e, 45]),
    words([0, 0, count, 0, count, 0, bytes, 0, offset + shift, 0]),
    words([0x07064b50, 0, offset + bytes, 0, 1]),
  ]);
}

function localHeader(member: Member): Uint8Array {
  const name = utf8(member.localName ?? member.name);
  const gap = member.gap ?? 0;
  const extra = gap
    ? join([shorts([0x4246, gap - 4]), new Uint8Array(gap - 4)])
    : [];
  return join([
    words([0x04034b50]),
    shorts([20, ...common(member)]),
    sizes(member),
    shorts([name.length, gap]),
    name,
    Uint8Array.from(extra),
  ]);
}

function centralHeader(member: Member, offset: number): Uint8Array {
  const name = utf8(member.name);
  return join([
    words([0x02014b50]),
    shorts([0x0314, 20, ...common(member)]),
    sizes(member),
    shorts([name.length, 0, 0, 0, 0]),
    words([((member.mode ?? 0o100644) << 16) >>> 0, offset]),
    name,
  ]);
}

/** Flags, method, time, date. */
function common({ flags = 0, method = 0 }: Member): number[] {
  return [flags, method, 0, 0x21];
}

function sizes(member: Member): Uint8Array {
  const { data, size = data.length } = member;
  return words([member.crc ?? crc32(data), data.length, size]);
}

function end(count: number, bytes: number, offset: number): Uint8Array {
  return join([
    words([0x06054b50]),
    shorts([0, 0, count, count]),
    words([bytes, offset]),
    shorts([0]),
  ]);
}

export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++)
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** 16-bit numbers, little-endian. */
function shorts(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((v) => [v & 255, (v >>> 8) & 255]));
}

/** 32-bit numbers, little-endian. */
function words(values: readonly number[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((v) => [v, v >>> 8, v >>> 16, v >>> 24].map((b) => b & 255)),
  );
}
