/** Finds the weights in what was saved: a state dict, or one inside a checkpoint. */
import { Fault } from "../../../shared/fault";
import { objectKind, type ObjectKind } from "../foreign/index";
import { exportAdvice, saveAdvice } from "../state-dict/advice";
import { numberWidths } from "../floats";
import { storedTensor, type StoredTensor } from "../state-dict/stored-tensor";
import type { TorchFile } from "./container";
import {
  isKind,
  textEntries,
  type Dict,
  type Tensor,
  type Value,
} from "./values";

export interface Weights {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Values that are no tensors, by key: the class of each. */
  readonly foreign: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** Where trainers put the weights, the likeliest first; then any other name. */
const usualNames = [
  "state_dict",
  "model_state_dict",
  "model_state",
  "model",
  "net",
  "network",
  "weights",
  "params",
  "module",
  "ema",
  "model_ema",
  "ema_state_dict",
  "state_dict_ema",
  "params_ema",
];
/** What holds tensors too, but no weights. */
const otherNames =
  /optim|sched|scaler|loss|criterion|rng|callback|loops|history|metric/i;
const deepest = 3;
const mostDicts = 1000;

interface Found {
  readonly path: readonly string[];
  readonly dict: Dict;
  readonly tensors: number;
}

/** Throws a Fault `unsupported-network` where there are no weights, or `damaged-file` where a tensor is. */
export function weightsIn(file: TorchFile, name: string): Weights {
  const { root } = file;
  if (!isKind(root, "dict")) throw noDict(root, name);
  const [best, ...others] = candidates(root);
  if (!best) throw noWeights(root, name);
  const tensors = new Map<string, StoredTensor>();
  const foreign = new Map<string, string>();
  for (const [key, value] of textEntries(best.dict))
    if (isKind(value, "tensor")) tensors.set(key, lazily(value, key, file));
    else if (isKind(value, "opaque")) foreign.set(key, value.name);
  return { tensors, foreign, warnings: warningsFor(best, others) };
}

/** Dicts with tensors, the best first. */
function candidates(root: Dict): Found[] {
  const found: Found[] = [];
  const waiting: { path: readonly string[]; dict: Dict }[] = [
    { path: [], dict: root },
  ];
  for (let next; (next = waiting.shift()) && found.length < mostDicts;) {
    const { path, dict } = next;
    const entries = textEntries(dict);
    const tensors = [...entries.values()].filter((v) => isKind(v, "tensor"));
    if (tensors.length > 0) found.push({ path, dict, tensors: tensors.length });
    if (path.length < deepest && waiting.length < mostDicts)
      for (const [key, value] of entries)
        if (isKind(value, "dict") && !otherNames.test(key))
          waiting.push({ path: [...path, key], dict: value });
  }
  // a checkpoint may carry a tensor or two beside its weights
  const most = Math.max(0, ...found.map(({ tensors }) => tensors));
  return found
    .filter(({ tensors }) => tensors * 2 >= most)
    .sort((a, b) => rankOf(a) - rankOf(b) || b.tensors - a.tensors);
}

function rankOf({ path }: Found): number {
  const ranks = path.map((name) => {
    const rank = usualNames.indexOf(name);
    return rank < 0 ? usualNames.length : rank;
  });
  return Math.max(-1, ...ranks);
}

function warningsFor(best: Found, others: readonly Found[]): string[] {
  if (others.length === 0) return [];
  const spell = ({ path }: Found) =>
    path.length > 0 ? `"${path.join(".")}"` : "the outermost dict";
  const rest = others.slice(0, 3).map(spell).join(", ");
  return [
    `The checkpoint holds several sets of weights; ${spell(best)} was opened, not ${rest}.`,
  ];
}

function lazily(value: Tensor, key: string, file: TorchFile): StoredTensor {
  const { storage, type, view } = value;
  const encoding = { type, littleEndian: file.littleEndian };
  return storedTensor(key, view, numbersOf(value), encoding, () =>
    file.open(storage),
  );
}

/** Numbers of the tensor's type that its storage has room for. */
function numbersOf({ storage, type }: Tensor): number {
  const bytes =
    storage.numbers * (storage.type ? numberWidths[storage.type] : 1);
  return Math.floor(bytes / numberWidths[type]);
}

function noDict(root: Value, name: string): Fault {
  const known = isKind(root, "opaque") ? objectKind(root.name) : null;
  if (known) return ofKind(known, name);
  if (isKind(root, "opaque"))
    return new Fault(
      "unsupported-network",
      `"${name}" holds a whole Python object (${root.name}), not weights alone: to open it, its code would have to run.`,
      `Where that code is, save the weights: ${saveAdvice} ${exportAdvice}`,
    );
  const what = isKind(root, "tensor") ? "a single tensor" : "no weights";
  return new Fault(
    "unsupported-network",
    `"${name}" holds ${what}.`,
    `Save a model's weights: ${saveAdvice} ${exportAdvice}`,
  );
}

function ofKind({ title, remedy }: ObjectKind, name: string): Fault {
  return new Fault("unsupported-network", `"${name}" holds ${title}.`, remedy);
}

/** A checkpoint without weights: it may hold the whole model as an object. */
function noWeights(root: Dict, name: string): Fault {
  const entries = [...textEntries(root)];
  for (const [, value] of entries) {
    const known = isKind(value, "opaque") ? objectKind(value.name) : null;
    if (known) return ofKind(known, name);
  }
  const object = entries.flatMap(([key, value]) =>
    isKind(value, "opaque") && !otherNames.test(key)
      ? [`"${key}" is a whole Python object (${value.name})`]
      : [],
  );
  const keys = entries.slice(0, 6).map(([key]) => `"${key}"`);
  const found =
    object[0] ??
    (keys.length > 0 ? `it has ${keys.join(", ")}` : "it has no keys");
  return new Fault(
    "unsupported-network",
    `"${name}" holds a dict without weights: ${found}.`,
    `Save the weights: ${saveAdvice} ${exportAdvice}`,
  );
}
