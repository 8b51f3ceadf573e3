/**
 * Weights without a topology: PyTorch's state dicts and safetensors name tensors and say nothing of how the layers
 * hang together. So the networks of known families are told by their keys, and built anew by the family's rules.
 */
import { Fault } from "../../../shared/fault";
import { presetFor } from "../../../shared/presets";
import type { Network } from "../../network/network";
import type { NetworkFiles, ReadOptions } from "../format";
import { fixedSizeOf, inputOf } from "../input";
import { createLowering } from "../lowering/index";
import { exportAdvice, saveAdvice } from "./advice";
import { Assumptions, type Beside } from "./assumptions";
import { impliedBy } from "./architecture";
import { known } from "./families/index";
import type { Family, Member } from "./family";
import { Modules } from "./modules";
import { findNetwork, type Found, type Part } from "./prefix";
import type { StoredTensor } from "./stored-tensor";
import { meaningOf } from "./surplus";
import { WeightReader } from "./weight-reader";

/** Weights as a container held them. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Values that are no tensors, by key: the class of each. */
  readonly foreign: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

export interface StateDictFile extends StateDict {
  readonly files: NetworkFiles;
  /** The format's title, for people. */
  readonly format: string;
  /** What wrote the file. */
  readonly producer: string;
  /** Of the file. */
  readonly bytes: number;
  /** What a file beside the weights says of the network; missing: nothing. */
  readonly beside?: Beside | null;
}

export type { Beside } from "./assumptions";

/** In a file, and read from it: the largest networks have two thousand. */
const mostTensors = 50_000;
const mostRead = 5000;

/** Keys of counters that only training and profilers need. */
const counters = /(^|\.)(num_batches_tracked|total_ops|total_params)$/;

/**
 * The network whose weights these are.
 * Throws a Fault `unsupported-network` where the keys are of no known family, or are too few or too many for it, and
 * where the file beside them names another network; `damaged-file` for weights that are not finite; `invalid-request`
 * for a size that the weights do not allow, and for an assumption that the network does not make.
 */
export async function networkOf(
  file: StateDictFile,
  options: ReadOptions,
): Promise<Network> {
  const { files, tensors } = file;
  if (tensors.size > mostTensors)
    throw new Fault("damaged-file", `The file names ${tensors.size} tensors.`);
  const found = findNetwork(tensors, known);
  if (!found) throw unknownFamily(file);
  const { family, part } = found;
  const beside = file.beside ?? null;
  const assume = new Assumptions(
    options.assume ?? {},
    beside,
    impliedBy(beside, family),
  );
  const member = family.member(part.keys, assume);
  assume.checkKeys(member.name);
  const channels = channelsOf(member, family, part);
  const fixed = member.fixed ?? null;
  checkSize(member, options);
  const shape = [fixed?.[0] ?? null, fixed?.[1] ?? null, channels] as const;
  const lowering = createLowering(inputOf(shape, options, member.usual));
  const weights = readerOf(found, file, options);
  const modules = new Modules(weights, lowering);
  const logits = await member.build(modules, lowering.input("NCHW"));
  checkSurplus(weights, member, found);
  const { stripped, head, ...assembly } = lowering.finish(
    logits,
    options.head ?? member.head,
  );
  return {
    ...assembly,
    name: files.title,
    labels: [],
    preprocessing: null,
    provenance: {
      format: file.format,
      hash: files.hash(),
      producer: `${family.title}: ${member.name}; ${file.producer}`,
      stripped,
      warnings: [
        ...file.warnings,
        ...part.warnings,
        ...(member.warnings ?? []),
      ],
    },
    told: {
      fixedSize: fixedSizeOf(shape),
      preprocessing: preprocessingOf(member, family, channels),
      assumptions: assume.used,
      head: member.head ? { value: member.head, from: "assumed" } : head,
    },
  };
}

function readerOf(
  { family, part }: Found,
  file: StateDictFile,
  { signal, progress }: ReadOptions,
): WeightReader {
  const foreign = new Map(
    [...file.foreign].flatMap(([key, name]) =>
      key.startsWith(part.prefix)
        ? [[key.slice(part.prefix.length), name] as const]
        : [],
    ),
  );
  const total = [...part.tensors.values()].reduce((n, t) => n + t.bytes, 0);
  // tensors may share storages, but a small file must not become gigabytes
  const most = 2 * file.bytes + 2 ** 20;
  let done = 0;
  let count = 0;
  return new WeightReader(part.keys, part.tensors, {
    title: family.title,
    prefix: part.prefix,
    originals: part.originals,
    foreign,
    signal,
    read(bytes) {
      done += bytes;
      if (++count > mostRead)
        throw new Fault(
          "unsupported-network",
          `The network has more than ${mostRead} weights.`,
          exportAdvice,
        );
      if (done > most)
        throw new Fault(
          "damaged-file",
          `The weights are more than ${most} bytes, from a file of ${file.bytes}.`,
        );
      progress("Reading the weights", done, total);
    },
  });
}

function channelsOf(member: Member, family: Family, { keys }: Part): number {
  const shape = keys.shape(`${member.stem}.weight`);
  const channels = shape?.[1];
  if (shape?.length === 4 && channels !== undefined) return channels;
  throw new Fault(
    "unsupported-network",
    `The keys are those of ${family.title}, but "${member.stem}.weight" is no convolution's.`,
    exportAdvice,
  );
}

function checkSize({ fixed, name }: Member, { size }: ReadOptions): void {
  if (!fixed || !size) return;
  if (size[0] === fixed[0] && size[1] === fixed[1]) return;
  throw new Fault(
    "invalid-request",
    `The weights of ${name} are made for ${fixed.join(" x ")} pixels, not for ${size.join(" x ")}.`,
    `Leave the size out, or ask for ${fixed.join(" x ")}.`,
  );
}

/** Weights that no layer asked for: the network is another than its keys seem to say. */
function checkSurplus(
  weights: WeightReader,
  { ignored }: Member,
  { family, part }: Found,
): void {
  const surplus = weights
    .unused()
    .filter((key) => !counters.test(key) && !ignored?.test(key));
  if (surplus.length === 0) return;
  const names = surplus.map((key) => part.originals.get(key) ?? key);
  throw new Fault(
    "unsupported-network",
    `The keys are those of ${family.title}, which has no place for ${spell(names)}${meaningOf(names)}.`,
    exportAdvice,
  );
}

function unknownFamily({ files, tensors, foreign }: StateDictFile): Fault {
  const [maker] = foreign;
  if (maker)
    return new Fault(
      "unsupported-network",
      `"${files.title}" holds "${maker[0]}", made by ${maker[1]}, which Proxima does not know and does not run.`,
      `Save the weights as plain tensors of floats: ${saveAdvice}`,
    );
  return new Fault(
    "unsupported-network",
    tensors.size > 0
      ? `"${files.title}" holds weights alone, and their keys are those of no network Proxima knows: ${spell([...tensors.keys()])}.`
      : `"${files.title}" holds no weights.`,
    exportAdvice,
  );
}

function spell(keys: readonly string[]): string {
  const some = keys.slice(0, 6).map((key) => `"${key.slice(0, 100)}"`);
  const more = keys.length - some.length;
  return some.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function preprocessingOf(
  { preprocessing, name }: Member,
  family: Family,
  channels: number,
): Network["told"]["preprocessing"] {
  const known = preprocessing?.preset ?? "imagenet";
  if (typeof known === "string" && channels !== 3) return null;
  const value = typeof known === "string" ? presetFor(known, channels) : known;
  if (!value) return null;
  const because =
    preprocessing?.because ??
    `The keys are those of ${family.title} (${name}), which is usually trained with ImageNet's mean and std.`;
  return { value, from: "guess", because };
}
