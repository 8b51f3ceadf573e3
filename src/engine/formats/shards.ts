/** Weights in several files, as transformers and timm save large networks: NAME-00001-of-00003.EXT and an index. */
import { Fault } from "../../shared/fault";
import { readObject } from "./beside/small-files";
import type { NetworkFiles } from "./format";
import { isObject } from "./json";
import type { StoredTensor } from "./state-dict/stored-tensor";

export interface Shards {
  /** Names of the files, in order; one alone where the weights are in one. */
  readonly names: readonly string[];
  /** By tensor, the file that the index names; null: there is no index. */
  readonly index: { readonly name: string; readonly places: Places } | null;
}

type Places = ReadonlyMap<string, string>;

const mostShards = 1000;
const indexName = /\.(safetensors|bin)\.index\.json$/i;
const shardName = /^(.+)-(\d{5})-of-(\d{5})\.(safetensors|bin)$/i;

/** Whether a name is that of an index of shards of this kind. */
export function isIndex(name: string, kind: "safetensors" | "bin"): boolean {
  return indexName.exec(name)?.[1]?.toLowerCase() === kind;
}

/** The names without what belongs to a shard or its index, but for the index or, where there is none, the first. */
export function withoutShards(names: readonly string[]): string[] {
  return names.filter((name) => {
    const [, stem = "", number, , kind] = shardName.exec(name) ?? [];
    if (number === undefined) return true;
    return number === "00001" && !names.includes(`${stem}.${kind}.index.json`);
  });
}

/**
 * All files that hold the weights of which `name` is one, or the index.
 * Throws a Fault `damaged-file` for an index that cannot be read, or a shard that is missing.
 */
export async function shardsOf(
  files: NetworkFiles,
  name: string,
): Promise<Shards> {
  if (indexName.test(name)) return listed(files, name);
  const [, stem = "", , count = "", kind = ""] = shardName.exec(name) ?? [];
  if (stem === "") return { names: [name], index: null };
  const index = `${stem}.${kind}.index.json`;
  if (files.names.includes(index)) {
    const found = await listed(files, index);
    // another network's index may have the same name
    if (found.names.includes(name)) return found;
  }
  const total = Number(count);
  if (total < 1 || total > mostShards)
    throw damaged(name, "has a number beyond use");
  const names = Array.from(
    { length: total },
    (_, i) => `${stem}-${String(i + 1).padStart(5, "0")}-of-${count}.${kind}`,
  );
  checkThere(files, names, name);
  return { names, index: null };
}

async function listed(files: NetworkFiles, name: string): Promise<Shards> {
  const content = await readObject(files, name);
  const map = content?.["weight_map"];
  if (!isObject(map)) throw damaged(name, "is no index of weights");
  const folder = name.slice(0, name.lastIndexOf("/") + 1);
  const places = new Map<string, string>();
  for (const [key, file] of Object.entries(map)) {
    // plain names beside the index
    if (
      typeof file !== "string" ||
      !/^[^/\\\0]{1,200}\.(safetensors|bin)$/i.test(file)
    )
      throw damaged(name, `gives "${key.slice(0, 100)}" no file beside it`);
    places.set(key, folder + file);
  }
  const names = [...new Set(places.values())].sort();
  if (names.length === 0) throw damaged(name, "names no files");
  if (names.length > mostShards)
    throw damaged(name, `names ${names.length} files`);
  checkThere(files, names, name);
  return { names, index: { name, places } };
}

function checkThere(
  files: NetworkFiles,
  names: readonly string[],
  from: string,
): void {
  const missing = names.filter((name) => !files.names.includes(name));
  if (missing.length === 0) return;
  throw new Fault(
    "damaged-file",
    `"${from}" is a part of weights in ${names.length} files, and "${missing[0]}" is missing.`,
    "Put all of them into one folder.",
  );
}

/** The tensors of all files together. Throws a Fault `damaged-file` where one is there twice, or not where the index says. */
export function joined(
  { names, index }: Shards,
  parts: readonly ReadonlyMap<string, StoredTensor>[],
): ReadonlyMap<string, StoredTensor> {
  const [only] = parts;
  if (only && parts.length === 1 && !index) return only;
  const tensors = new Map<string, StoredTensor>();
  for (const [i, part] of parts.entries())
    for (const [key, tensor] of part) {
      if (tensors.has(key))
        throw damaged(
          names[i] ?? "",
          `holds "${key}", which another file holds too`,
        );
      tensors.set(key, tensor);
    }
  for (const [key, name] of index?.places ?? [])
    if (!parts[names.indexOf(name)]?.has(key))
      throw damaged(
        name,
        `does not hold "${key}", which "${index?.name}" says it does`,
      );
  return tensors;
}

function damaged(name: string, what: string): Fault {
  return new Fault(
    "damaged-file",
    `"${name}" ${what}.`,
    "The copy may be incomplete: copy or save the weights again.",
  );
}
