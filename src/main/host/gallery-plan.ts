/** What a gallery's computation needs, checked before it begins. */
import { checkTarget, type ascend } from "../../engine";
import type { GalleryRecord, GalleryRequest, Shard } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { checkPrecision, type Backend } from "./backend";
import type { OpenedNetwork } from "./networks";
import { labelsOf } from "./summary";

type Networks = ReadonlyMap<string, OpenedNetwork>;

export interface GalleryPlan {
  readonly record: GalleryRecord;
  /** The gallery's folder; it exists, with the record in it. */
  readonly folder: string;
  /** Every column's network, by the column's reference. */
  readonly networks: Networks;
  readonly backend: Backend;
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
  const { targets, columns, settings } = request;
  const seen = new Set<number>();
  for (const { index } of targets) {
    if (seen.has(index))
      throw new Fault(
        "invalid-request",
        `The class ${index} is asked for twice.`,
      );
    seen.add(index);
  }
  checkPrecision(status, settings.precision);
  for (const { network } of columns)
    for (const target of targets)
      checkTarget(networkOf(networks, network).network, target);
  const labels = labelsOf(networkOf(networks, columns[0]?.network).network);
  return {
    format: "proxima-gallery",
    version: 2,
    id,
    createdAt: new Date().toISOString(),
    request,
    labels: targets.map(({ index }) => labels[index] ?? ""),
    shard,
  };
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
