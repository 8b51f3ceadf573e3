/** Small files beside a network, read with bounds. One that cannot be read is left out: it may be anyone's. */
import { Fault } from "../../../shared/fault";
import {
  mostShallowBytes,
  parseShallowJson,
} from "../../../shared/shallow-json";
import type { NetworkFiles } from "../format";
import { isObject, type Json } from "../json";

/** The folder of a name within the network's: "onnx/", or nothing. */
export function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** An object in JSON; null where the file is missing, too large, nested too deep, or no object. */
export async function readObject(
  files: NetworkFiles,
  name: string,
): Promise<Json | null> {
  const text = await readText(files, name);
  const content = text === null ? undefined : parseShallowJson(text);
  return isObject(content) ? content : null;
}

/** Text in UTF-8; null where the file is missing, too large, or no text. */
export async function readText(
  files: NetworkFiles,
  name: string,
): Promise<string | null> {
  if (!files.names.includes(name)) return null;
  try {
    const bytes = await files.read(name, mostShallowBytes);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch (error) {
    if (error instanceof Fault || error instanceof TypeError) return null;
    throw error;
  }
}
