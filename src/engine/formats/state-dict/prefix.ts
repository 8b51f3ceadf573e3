/** Which part of a state dict is the network: all of it, or what lies under a prefix such as "module.". */
import { Fault } from "../../../shared/fault";
import { saveAdvice } from "./advice";
import type { Family } from "./family";
import { Keys } from "./keys";
import type { StoredTensor } from "./stored-tensor";

export interface Part {
  /** "module." or nothing. */
  readonly prefix: string;
  readonly keys: Keys;
  /** By key without the prefix. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly warnings: readonly string[];
}

export interface Found {
  readonly family: Family;
  readonly part: Part;
}

/** "module.", "model.", "backbone." and the like, one in the other. */
const deepest = 4;
/** Names at one level that are looked under; networks have a few hundred at most. */
const mostBranches = 1000;

/** The first family that knows the keys, or those under a prefix; null where none does. */
export function findNetwork(
  tensors: ReadonlyMap<string, StoredTensor>,
  families: readonly Family[],
): Found | null {
  let parts = [partOf(tensors, "")];
  for (let depth = 0; depth <= deepest; depth++) {
    const found = parts.flatMap((part) => {
      const family = families.find((one) => one.recognises(part.keys));
      return family ? [{ family, part: respelled(part, family) }] : [];
    });
    const [first, ...others] = found;
    if (first && others.length > 0) throw several(found);
    if (first) return withRest(first, tensors);
    parts = parts.flatMap((part) => branchesOf(part));
  }
  return null;
}

/** The tensors by the first part of their names, without it. */
function branchesOf({ prefix, keys, tensors }: Part): Part[] {
  if (keys.below("").length > mostBranches) return [];
  const branches = new Map<string, Map<string, StoredTensor>>();
  for (const [key, tensor] of tensors) {
    const dot = key.indexOf(".");
    if (dot < 0) continue;
    const name = key.slice(0, dot + 1);
    const branch = branches.get(name) ?? new Map<string, StoredTensor>();
    branches.set(name, branch.set(key.slice(dot + 1), tensor));
  }
  return [...branches].map(([name, branch]) => partOf(branch, prefix + name));
}

function partOf(
  tensors: ReadonlyMap<string, StoredTensor>,
  prefix: string,
): Part {
  const shapes = new Map([...tensors].map(([key, { shape }]) => [key, shape]));
  return { prefix, keys: new Keys(shapes), tensors, warnings: [] };
}

function respelled(part: Part, { spelling }: Family): Part {
  if (!spelling) return part;
  const tensors = new Map(
    [...part.tensors].map(([key, tensor]) => [spelling(key), tensor]),
  );
  return partOf(tensors, part.prefix);
}

function withRest(
  { family, part }: Found,
  tensors: ReadonlyMap<string, StoredTensor>,
): Found {
  const rest = [...tensors.keys()].filter(
    (key) => !key.startsWith(part.prefix),
  );
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
