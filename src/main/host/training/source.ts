/** Where training pictures come from: a folder, or a .tar read in place. */
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Fault } from "../../../shared/fault";
import { codeOf } from "../folder";
import { listTar } from "./tar";

export interface SourceFile {
  /** Relative, with slashes: "Faces/image_0001.jpg". */
  readonly path: string;
  readonly bytes: number;
}

export interface PictureSource {
  /** The folder's or the archive's name, for people. */
  readonly name: string;
  /** Every plain file, in the order of code units; hidden ones left out. */
  readonly files: readonly SourceFile[];
  /** Throws a Fault `damaged-file` where it is gone or has another size than when it was listed. */
  read(file: SourceFile): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Class folders, perhaps in folders around them; links that lead in circles end here. */
const deepest = 6;
const mostFiles = 4_000_000;

/** Throws a Fault `damaged-file` where there is neither a folder nor a .tar. */
export async function openSource(path: string): Promise<PictureSource> {
  const full = resolve(path);
  const found = await stat(full).catch((error: unknown) => {
    throw gone(full, error);
  });
  if (found.isDirectory()) return openFolder(full);
  if (/\.tar$/i.test(full)) return openTar(full);
  throw new Fault(
    "damaged-file",
    `${basename(full)} is no folder of pictures.`,
    /\.(tgz|zip|gz|xz|7z|rar|bz2)$/i.test(full)
      ? "Unpack it, and choose the folder in which a folder a class lies."
      : "Choose the folder in which a folder a class lies, or a .tar of it.",
  );
}

async function openFolder(root: string): Promise<PictureSource> {
  const files: SourceFile[] = [];
  await walk(root, "", 0, files);
  return {
    name: basename(root),
    files: inOrder(files),
    async read({ path, bytes }) {
      const content = await readFile(join(root, path)).catch(
        (error: unknown) => {
          throw gone(join(root, path), error);
        },
      );
      if (content.length !== bytes) throw changed(path);
      return content;
    },
    close: () => Promise.resolve(),
  };
}

async function walk(
  root: string,
  below: string,
  depth: number,
  files: SourceFile[],
): Promise<void> {
  const entries = await readdir(join(root, below), {
    withFileTypes: true,
  }).catch((error: unknown) => {
    throw gone(join(root, below), error);
  });
  for (const entry of entries) {
    if (isHidden(entry.name)) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    // follows links; one that leads nowhere is no file
    const found = await stat(join(root, path)).catch(() => null);
    if (found?.isDirectory() && depth < deepest)
      await walk(root, path, depth + 1, files);
    else if (found?.isFile()) files.push({ path, bytes: found.size });
    if (files.length > mostFiles)
      throw new Fault(
        "invalid-request",
        `${basename(root)} holds more than ${mostFiles} files.`,
        "Choose the folder in which a folder a class lies.",
      );
  }
}

async function openTar(path: string): Promise<PictureSource> {
  const name = basename(path);
  const file = await open(path, "r").catch((error: unknown) => {
    throw gone(path, error);
  });
  try {
    const members = await listTar(file, name);
    const offsets = new Map(members.map((m) => [m.path, m.offset]));
    const files = members
      .filter((m) => !m.path.split("/").some(isHidden))
      .map((m) => ({ path: m.path, bytes: m.bytes }));
    return {
      name: name.replace(/\.tar$/i, ""),
      files: inOrder(files),
      async read({ path: member, bytes }) {
        const content = Buffer.alloc(bytes);
        const offset = offsets.get(member);
        if (offset === undefined) throw changed(member);
        const read = await file.read(content, 0, bytes, offset);
        if (read.bytesRead !== bytes) throw changed(member);
        return content;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function inOrder(files: SourceFile[]): SourceFile[] {
  // code units, not a language's order: the same everywhere
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function isHidden(name: string): boolean {
  return name.startsWith(".") || name === "__MACOSX";
}

function gone(path: string, error: unknown): Fault {
  return new Fault(
    "damaged-file",
    codeOf(error) === "ENOENT"
      ? `${path} is not there.`
      : `${path} cannot be read (${codeOf(error) || String(error)}).`,
    "Bring the pictures back to where they were, or choose their folder again.",
    { cause: error },
  );
}

function changed(path: string): Fault {
  return new Fault(
    "damaged-file",
    `${path} has changed since the experiment began.`,
    "Bring the pictures back as they were, or begin another experiment.",
  );
}
