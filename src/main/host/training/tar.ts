/** Names and places of the plain files of a .tar (POSIX.1-1988 ustar, with the long names of GNU and pax). */
import type { FileHandle } from "node:fs/promises";
import { Fault } from "../../../shared/fault";

export interface TarMember {
  readonly path: string;
  /** Where its bytes begin in the archive. */
  readonly offset: number;
  readonly bytes: number;
}

const block = 512;
/** A longer name is no name. */
const mostNameBytes = 64 * 1024;

/** Throws a Fault `damaged-file` where it is no .tar, ends early, or names something outside itself. */
export async function listTar(
  file: FileHandle,
  title: string,
): Promise<TarMember[]> {
  const damaged = (what: string) =>
    new Fault(
      "damaged-file",
      `${title} is not a .tar that can be read: ${what}.`,
      "Unpack it, and choose the folder.",
    );
  const { size } = await file.stat();
  const members: TarMember[] = [];
  const bytesAt = async (at: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, at);
    if (bytesRead !== length) throw damaged("it ends too early");
    return buffer;
  };
  let longName: string | null = null;
  for (let at = 0; at + block <= size;) {
    const header = await bytesAt(at, block);
    if (header.every((byte) => byte === 0)) break;
    if (!sumFits(header)) throw damaged("a header's sum is wrong");
    const bytes = sizeOf(header);
    const begin = at + block;
    if (!Number.isSafeInteger(bytes) || begin + bytes > size)
      throw damaged("it ends too early");
    const type = header.toString("latin1", 156, 157);
    if (type === "L" || type === "x") {
      if (bytes > mostNameBytes) throw damaged("a name is too long");
      const content = await bytesAt(begin, bytes);
      longName =
        type === "L" ? textOf(content) : (paxPath(content) ?? longName);
    } else {
      const path = cleaned(longName ?? nameOf(header));
      longName = null;
      if (type === "0" || type === "\0") {
        if (path === null) throw damaged("a name leads out of it");
        members.push({ path, offset: begin, bytes });
      }
    }
    at = begin + Math.ceil(bytes / block) * block;
  }
  if (members.length === 0) throw damaged("it holds no files");
  return members;
}

/** The sum of all bytes, those of the sum itself counted as spaces. */
function sumFits(header: Buffer): boolean {
  let sum = 0;
  for (const [i, byte] of header.entries())
    sum += i >= 148 && i < 156 ? 32 : byte;
  return sum === parseInt(textOf(header.subarray(148, 156)).trim(), 8);
}

function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  // GNU writes what does not fit into octal digits as a big-endian number
  if ((field[0] ?? 0) >= 0x80) return Number(field.readBigUInt64BE(4));
  return parseInt(textOf(field).trim() || "0", 8);
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** "25 path=Faces/picture.jpg\n": the length counts itself. */
function paxPath(content: Buffer): string | null {
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(32, at);
    const length = Number(content.toString("latin1", at, space));
    if (space < 0 || !Number.isInteger(length) || length < 1) return null;
    const entry = content.toString("utf8", space + 1, at + length - 1);
    if (entry.startsWith("path=")) return entry.slice(5);
    at += length;
  }
  return null;
}

/** Null for a name that leads out of the archive. */
function cleaned(path: string): string | null {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") || path.startsWith("/") || parts.length === 0
    ? null
    : parts.join("/");
}
