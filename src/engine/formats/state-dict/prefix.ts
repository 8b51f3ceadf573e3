/** Which part of a state dict is the network: all of it, or what lies under a prefix such as "backbone.". */
import { Fault } from "../../../shared/fault";
import { saveAdvice } from "./advice";
import type { Family } from "./family";
import { Keys } from "./keys";
import type { StoredTensor } from "./stored-tensor";

export interface Part {
  /** "backbone." or nothing. */
  readonly prefix: string;
  readonly keys: Keys;
  /** By key without the prefix, wrappers' names and old spellings. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The keys as the file has them, by those of {@link tensors}. */
  readonly originals: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

export interface Found {
  readonly family: Family;
  readonly part: Part;
}

/** "model.", "backbone." and the like, one in the other. */
const deepest = 4;
/** What DataParallel and torch.compile put into the names of whatever they wrap, at any depth. */
const wrappers = /(^|\.)(?:(?:module|_orig_mod)\.)+/g;
/** Names at one level that are looked under; networks have a few hundred at most. */
const mostBranches = 1000;

/** The first family that knows the keys, or those under a prefix; null where none does. */
export function findNetwork(
  tensors: ReadonlyMap<string, StoredTensor>,
  families: readonly Family[],
): Found | null {
  const all = unwrapped(tensors);
  let parts = [all];
  for (let depth = 0; depth <= deepest; depth++) {
    const found = parts.flatMap((part) => {
      const family = families.find((one) => one.recognises(part.keys));
      return family ? [{ family, part: respelled(part, family) }] : [];
    });
    const [first, ...others] = found;
    if (first && others.length > 0) throw several(found);
    if (first) return withRest(first, all);
    parts = parts.flatMap((part) => branchesOf(part));
  }
  return null;
}

/** All tensors, their names without wrappers; as they are where two would get the same name. */
function unwrapped(tensors: ReadonlyMap<string, StoredTensor>): Part {
  const bare = (key: string) => key.replace(wrappers, "$1");
  const names = new Set([...tensors.keys()].map(bare));
  return names.size === tensors.size
    ? renamed(tensors, bare)
    : renamed(tensors, (key) => key);
}

/** The tensors by the first part of their names, without it. */
function branchesOf({ prefix, keys, tensors, originals }: Part): Part[] {
  if (keys.below("").length > mostBranches) return [];
  const branches = new Map<string, Map<string, string>>();
  for (const key of tensors.keys()) {
    const dot = key.indexOf(".");
    if (dot < 0) continue;
    const name = key.slice(0, dot + 1);
    const branch = branches.get(name) ?? new Map<string, string>();
    branches.set(name, branch.set(key.slice(dot + 1), key));
  }
  return [...branches].map(([name, branch]) =>
    partOf(branch, { prefix: prefix + name, tensors, originals }),
  );
}

/** `names`: the new names, and those that tensors and originals have. */
function partOf(
  names: ReadonlyMap<string, string>,
  from: Pick<Part, "prefix" | "tensors" | "originals">,
): Part {
  const tensors = new Map<string, StoredTensor>();
  const originals = new Map<string, string>();
  for (const [name, old] of names) {
    const tensor = from.tensors.get(old);
    if (!tensor) continue;
    tensors.set(name, tensor);
    originals.set(name, from.originals.get(old) ?? old);
  }
  const shapes = new Map([...tensors].map(([key, { shape }]) => [key, shape]));
  const keys = new Keys(shapes);
  return { prefix: from.prefix, keys, tensors, originals, warnings: [] };
}

function renamed(
  tensors: ReadonlyMap<string, StoredTensor>,
  name: (key: string) => string,
  { prefix, originals }: Pick<Part, "prefix" | "originals"> = {
    prefix: "",
    originals: new Map(),
  },
): Part {
  const names = new Map([...tensors.keys()].map((key) => [name(key), key]));
  return partOf(names, { prefix, tensors, originals });
}

function respelled(part: Part, { spelling }: Family): Part {
  return spelling ? renamed(part.tensors, spelling, part) : part;
}

function withRest({ family, part }: Found, all: Part): Found {
  const used = new Set(part.originals.values());
  const rest = [...all.originals.values()].filter((key) => !used.has(key));
  if (rest.length === 0) return { family, part };
  const warning = `The network is what lies under "${part.prefix}"; left out: ${rest.length} other tensors, "${rest[0]}" first.`;
  return { family, part: { ...part, warnings: [warning] } };
}

function several(found: readonly Found[]): Fault {
  const names = found
    .slice(0, 4)
    .map(({ family, part }) => `${family.title} under "${part.prefix}"`);
  return new Fault(
    "unsupported-network",
    `The file holds ${found.length} networks: ${names.join(", ")}.`,
    `Save the one you mean: ${saveAdvice}`,
  );
}
