/** What a gallery's computation needs, checked before it begins. */
import {
  batchesOf,
  checkTarget,
  type ascend,
  type Batch,
  type StepCache,
} from "../../engine";
import {
  limits,
  type GalleryRecord,
  type GalleryRequest,
  type Shard,
  type Target,
} from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { unitWords } from "../../shared/head";
import { nameTarget } from "../../shared/target";
import { checkPrecision, type Backend } from "./backend";
import type { OpenedNetwork } from "./networks";

type Networks = ReadonlyMap<string, OpenedNetwork>;

export interface GalleryPlan {
  readonly record: GalleryRecord;
  /** The gallery's folder; it exists, with the record in it. */
  readonly folder: string;
  /** Throws where another process has taken the folder over: nothing more may be written. */
  readonly check?: () => void;
  /** Names of runs that are there and stay; a batch is computed as a whole or not at all, so that its bytes are the same. */
  readonly finished?: ReadonlySet<string>;
  /** Every column's network, by the column's reference. */
  readonly networks: Networks;
  readonly backend: Backend;
  /** Steps that outlive the gallery; missing: they are let go of at its end. */
  readonly steps?: StepCache;
  /** The engine's, unless a test brings its own. */
  readonly ascend?: typeof ascend;
}

/** Checks a request against its networks and makes the gallery's record. Throws `invalid-request`. */
export function planGallery(
  id: string,
  request: GalleryRequest,
  networks: Networks,
  { status }: Pick<Backend, "status">,
  shard: Shard | null = null,
): GalleryRecord {
  const { targets, columns, settings, seeds } = request;
  const { info } = networkOf(networks, columns[0]?.network);
  const [one] = unitWords(info.head);
  const seen = new Set<string>();
  for (const target of targets) {
    const name = nameTarget(target);
    if (seen.has(name))
      throw new Fault(
        "invalid-request",
        `The ${one} ${target.index} is asked for twice.`,
      );
    seen.add(name);
  }
  const runs = targets.length * columns.length * seeds;
  if (runs > limits.runs)
    throw new Fault(
      "invalid-request",
      `${targets.length} targets under ${columns.length} methods with ${seeds} seeds are ${runs} runs; a gallery holds at most ${limits.runs}.`,
      "Take fewer seeds or targets.",
    );
  checkPrecision(status, settings.precision);
  for (const { network } of columns)
    for (const target of targets)
      checkTarget(networkOf(networks, network).network, target);
  return {
    format: "proxima-gallery",
    version: 3,
    id,
    createdAt: new Date().toISOString(),
    request,
    networks: networksIn(columns, networks),
    labels: targets.map(({ index }) => info.labels[index] ?? ""),
    shard,
  };
}

/** What the runs' records will say of the columns' networks. */
function networksIn(
  columns: GalleryRequest["columns"],
  networks: Networks,
): GalleryRecord["networks"] {
  return Object.fromEntries(
    columns.map(({ network: ref }) => {
      const { network, info } = networkOf(networks, ref);
      const { hash } = network.provenance;
      return [ref, { name: network.name, hash, identity: info.identity }];
    }),
  );
}

/** A target under one seed; all its columns move together. */
export interface GalleryItem {
  readonly row: number;
  readonly target: Target;
  /** Counts the request's seeds from 0. */
  readonly seed: number;
}

/** The batches of a request, row by row and in each row seed by seed; of a shard only its own. */
export function galleryBatches(
  { targets, seeds, settings, padBatch }: GalleryRequest,
  shard: Shard | null,
): Batch<GalleryItem>[] {
  const items = targets.flatMap((target, row) =>
    Array.from({ length: seeds }, (_, seed) => ({ row, target, seed })),
  );
  return batchesOf(items, settings.batch, { pad: padBatch, shard });
}

/** Images in the largest native call of a request. */
export function largestBatch(request: GalleryRequest): number {
  const [{ size } = { size: 1 }] = galleryBatches(request, null);
  return size;
}

/** Indices of the columns that share a network, group by group in the order of their first. */
export function columnsByNetwork({ columns }: GalleryRequest): number[][] {
  const groups = new Map<string, number[]>();
  for (const [index, { network }] of columns.entries())
    groups.set(network, [...(groups.get(network) ?? []), index]);
  return [...groups.values()];
}

export function networkOf(
  networks: Networks,
  ref: string | undefined,
): OpenedNetwork {
  const opened = networks.get(ref ?? "");
  if (!opened)
    throw new Fault("unknown-network", `The network "${ref}" is not open.`);
  return opened;
}
