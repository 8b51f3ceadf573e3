/**
 * What the objects of a pickle mean: the whole list of what is understood.
 * Anything else becomes an inert {@link Opaque} that carries its name, so that checkpoints with settings beside the
 * weights open, and a weight made by something else is refused by name. Nothing is ever called.
 */
import { Fault } from "../../../shared/fault";
import { isCount } from "../json";
import type { NumberType } from "../floats";
import {
  isKind,
  type Dict,
  type Global,
  type List,
  type Opaque,
  type Storage,
  type Tensor,
  type Value,
} from "./values";

/** A dimension more than any layer has. */
const mostDimensions = 8;

const storageTypes: ReadonlyMap<string, NumberType | null> = new Map([
  ["DoubleStorage", "float64"],
  ["FloatStorage", "float32"],
  ["HalfStorage", "float16"],
  ["BFloat16Storage", "bfloat16"],
  ["LongStorage", "int64"],
  ["IntStorage", "int32"],
  ["ShortStorage", "int16"],
  ["CharStorage", "int8"],
  ["ByteStorage", "uint8"],
  ["BoolStorage", "bool"],
  ["UntypedStorage", null],
]);

const numberTypes: ReadonlyMap<string, NumberType> = new Map([
  ["torch.float64", "float64"],
  ["torch.float32", "float32"],
  ["torch.float16", "float16"],
  ["torch.bfloat16", "bfloat16"],
  ["torch.int64", "int64"],
  ["torch.int32", "int32"],
  ["torch.int16", "int16"],
  ["torch.int8", "int8"],
  ["torch.uint64", "uint64"],
  ["torch.uint32", "uint32"],
  ["torch.uint16", "uint16"],
  ["torch.uint8", "uint8"],
  ["torch.bool", "bool"],
]);

type Maker = (args: readonly Value[], name: string) => Value;

const makers: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["collections.OrderedDict", dictOf],
  ["collections.defaultdict", () => emptyDict()],
  ["builtins.dict", dictOf],
  ["__builtin__.dict", dictOf],
  ["torch.Size", ([items = null]) => (isKind(items, "list") ? items : null)],
  ["torch._utils._rebuild_tensor", tensorOf],
  ["torch._utils._rebuild_tensor_v2", tensorOf],
  ["torch._utils._rebuild_tensor_v3", typedTensorOf],
  ["torch._utils._rebuild_parameter", ([data = null]) => data],
  ["torch._utils._rebuild_parameter_with_state", ([data = null]) => data],
  ["torch._tensor._rebuild_from_type_v2", plainTensorOf],
  // as PyTorch wrote parameters before 0.4
  ["torch.nn.parameter.Parameter", ([data = null]) => data],
  ["torch.autograd.variable.Variable", ([data = null]) => data],
]);

/** What harmful files call; no checkpoint needs them (but `getattr`, for enums). */
const harmful =
  /^((os|posix|nt|subprocess|sys|importlib|imp|runpy|shutil|socket|webbrowser|pty|ctypes|commands|marshal|pip|asyncio|pdb|timeit|cProfile|pydoc)(\..*)?|(builtins|__builtin__)\.(eval|exec|execfile|compile|open|file|input|__import__|setattr|delattr|globals|locals|vars|apply|breakpoint))$/;

/** The name of a class or function. Throws a Fault `damaged-file` for those that only harmful files name. */
export function built(module: string, name: string): Global {
  const full = `${module}.${name}`;
  if (harmful.test(full))
    throw new Fault(
      "damaged-file",
      `The file would have ${full} called by whoever opens it, as harmful files do. Proxima calls nothing.`,
      "Do not open it in Python. Get the weights again from where you trust it, best as .safetensors.",
    );
  return { kind: "global", name: full };
}

/** What a call would give. */
export function reduce(callable: Value, args: readonly Value[]): Value {
  const name = nameOf(callable);
  return makers.get(name)?.(args, name) ?? opaque(name);
}

/** What a class would make. */
export function create(type: Value, args: readonly Value[]): Value {
  return reduce(type, args);
}

function nameOf(value: Value): string {
  return isKind(value, "global") || isKind(value, "opaque")
    ? value.name
    : "something without a name";
}

function opaque(name: string): Opaque {
  return { kind: "opaque", name, state: null };
}

function emptyDict(): Dict {
  return { kind: "dict", keys: [], values: [] };
}

/** A dict of pairs, as Python 2 wrote it; usually there are none yet. */
function dictOf([pairs = null]: readonly Value[]): Dict {
  const dict = emptyDict();
  if (isKind(pairs, "list"))
    for (const pair of pairs.items) {
      const [key, value] = isKind(pair, "list") ? pair.items : [];
      if (key === undefined || value === undefined)
        throw damaged("a dict of what are no pairs");
      dict.keys.push(key);
      dict.values.push(value);
    }
  return dict;
}

/** (storage, offset, size, strides, ...) */
function tensorOf(args: readonly Value[], name: string): Value {
  const [storage = null, offset, size, strides] = args;
  if (isKind(storage, "opaque")) return storage;
  if (!isKind(storage, "storage") || storage.type === null)
    throw damaged(`a tensor (${name}) without a storage`);
  return tensor(storage, storage.type, [offset, size, strides]);
}

/** (storage, offset, size, strides, requires gradient, hooks, type, ...) */
function typedTensorOf(args: readonly Value[], name: string): Value {
  const [storage = null, offset, size, strides, , , type = null] = args;
  if (isKind(storage, "opaque")) return storage;
  if (!isKind(storage, "storage"))
    throw damaged(`a tensor (${name}) without a storage`);
  const known = numberTypes.get(nameOf(type));
  if (!known) return opaque(nameOf(type));
  return tensor(storage, known, [offset, size, strides]);
}

/** (function, type, arguments, state): a plain tensor with attributes of its own. */
function plainTensorOf([
  fn = null,
  type = null,
  args = null,
]: readonly Value[]) {
  const plain = [
    "torch.Tensor",
    "torch._tensor.Tensor",
    "torch.nn.parameter.Parameter",
  ];
  if (!isKind(args, "list") || !plain.includes(nameOf(type)))
    return opaque(nameOf(type));
  return nameOf(fn).startsWith("torch._utils._rebuild_")
    ? reduce(fn, args.items)
    : opaque(nameOf(fn));
}

function tensor(
  storage: Storage,
  type: NumberType,
  [offset, size, strides]: readonly (Value | undefined)[],
): Tensor {
  const shape = countsIn(size);
  const steps = countsIn(strides);
  if (!isCount(offset) || !shape || !steps || steps.length !== shape.length)
    throw damaged("a tensor of an impossible size");
  if (shape.length > mostDimensions)
    throw damaged(`a tensor of ${shape.length} dimensions`);
  return {
    kind: "tensor",
    storage,
    type,
    view: { shape, strides: steps, offset: storage.start + offset },
  };
}

function countsIn(value: Value | undefined): number[] | null {
  if (!isKind(value, "list") || !value.items.every(isCount)) return null;
  return value.items;
}

/** ("storage", type, key, place, numbers[, part]): what lies outside the pickle. */
export function persistent(id: Value): Value {
  const items: List["items"] = isKind(id, "list") ? id.items : [];
  const [what, type = null, key, , numbers, part = null] = items;
  // ("module", class, source file, source): a class with its source code, in whole modules of long ago
  if (what === "module") return type;
  if (what !== "storage" || typeof key !== "string" || !isCount(numbers))
    throw damaged("a reference to something that is no storage");
  const name = nameOf(type);
  const short = /^torch(?:\.cuda|\.storage)?\.(\w+)$/.exec(name)?.[1] ?? "";
  const known = storageTypes.get(short);
  if (known === undefined) return opaque(name);
  return { kind: "storage", key, type: known, numbers, start: startOf(part) };
}

/** (key of the part, start, numbers): of a storage that was part of another, as PyTorch wrote before 1.0. */
function startOf(part: Value): number {
  if (part === null) return 0;
  const start = isKind(part, "list") ? part.items[1] : null;
  if (!isCount(start)) throw damaged("a part of a storage without a start");
  return start;
}

function damaged(what: string): Fault {
  return new Fault(
    "damaged-file",
    `The file holds ${what}.`,
    "Save the weights again: torch.save(model.state_dict(), ...).",
  );
}
