/** What lies where one of the app's own files belongs and is none: it never keeps the app from starting. */
import { lstatSync, renameSync } from "node:fs";
import { basename } from "node:path";

/**
 * Moves it beside, under a name that is free. A sentence for the user that says where it is, or that it could not be
 * moved. Never throws.
 */
export function setAside(path: string): string {
  const name = basename(path);
  let aside = `${path}.damaged`;
  for (let count = 2; isThere(aside); count++)
    aside = `${path}.damaged-${count}`;
  try {
    renameSync(path, aside);
    return `It is kept as ${basename(aside)}, and Proxima starts with its defaults.`;
  } catch {
    return `Proxima starts with its defaults; what is changed is not kept as long as ${name} is in the way.`;
  }
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Why a file of the app's cannot be read, in words: "it is a folder". */
export function whyUnreadable(error: unknown): string {
  const code =
    error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    EISDIR: "it is a folder",
    ELOOP: "it is a link to itself",
    EACCES: "reading it is not allowed",
    EPERM: "reading it is not allowed",
    ENOTDIR: "a part of its path is a file",
    ENAMETOOLONG: "its path is too long",
    EIO: "its disk fails",
  };
  return reasons[code] ?? (code || String(error));
}
