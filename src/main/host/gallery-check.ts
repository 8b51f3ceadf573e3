/** Whether a run is one that its gallery asks for: the place of a folder alone says nothing. */
import { isDeepStrictEqual } from "node:util";
import type { GalleryRecord, RunRecord } from "../../shared/domain";
import { runIdIn } from "./run-id";

/** A run, and the name of its folder. */
export interface NamedRun {
  readonly name: string;
  readonly run: RunRecord;
}

/** Why a run is none of the gallery's: "its method is not that of column 2"; null where it is. */
export function misplaced(
  run: RunRecord,
  { id, request, networks }: GalleryRecord,
): string | null {
  const { row, column, seed } = run.tile;
  const asked = request.columns[column];
  if (run.gallery !== id) return `it belongs to the gallery ${run.gallery}`;
  if (!isDeepStrictEqual(run.target, request.targets[row]))
    return `its class is not that of row ${row + 1}`;
  if (!asked || !isDeepStrictEqual(run.method, asked.method))
    return `its method is not that of column ${column + 1}`;
  if (seed >= request.seeds || run.seed !== request.settings.seed + seed)
    return `its seed ${run.seed} is not the gallery's`;
  // one that is to be extended has fewer
  const { steps } = run.settings;
  if (
    steps > request.settings.steps ||
    !isDeepStrictEqual({ ...request.settings, steps }, run.settings)
  )
    return "its settings are not the gallery's";
  const { network } = run;
  const known = networks?.[asked.network];
  const differs =
    network.id !== asked.network ||
    (known &&
      (known.hash !== network.hash || known.identity !== network.identity));
  return differs
    ? `its network ${network.name} is not that of column ${column + 1}, or was opened with other answers`
    : null;
}

/** Divides runs into those of the gallery, one a place, and sentences about those that are left out. */
export function checkRuns(
  found: readonly NamedRun[],
  gallery: GalleryRecord,
): { readonly sound: readonly NamedRun[]; readonly left: readonly string[] } {
  const places = new Map<string, NamedRun>();
  const left: string[] = [];
  const identities = usualIdentities(found, gallery);
  for (const one of sorted(found, gallery)) {
    const { name, run } = one;
    const { row, column, seed } = run.tile;
    const place = `${row} ${column} ${seed}`;
    const usual = identities.get(run.network.id);
    const why =
      misplaced(run, gallery) ??
      (usual !== undefined && identityOf(run) !== usual
        ? "its network is not that of the gallery's other runs"
        : null) ??
      (places.has(place) ? "another run has its place" : null);
    if (why === null) places.set(place, one);
    else left.push(`${name}: ${why}.`);
  }
  return { sound: [...places.values()], left };
}

/** First those that are named as this Proxima names them. */
function sorted(
  found: readonly NamedRun[],
  { request }: GalleryRecord,
): readonly NamedRun[] {
  const named = ({ name, run: { target, tile } }: NamedRun) =>
    request.columns[tile.column] !== undefined &&
    runIdIn(request, { target, ...tile }) === name;
  return [...found].sort((a, b) => Number(named(b)) - Number(named(a)));
}

/** Of networks about which the record says nothing: what most of their runs were made with, or the first. */
function usualIdentities(
  found: readonly NamedRun[],
  gallery: GalleryRecord,
): ReadonlyMap<string, string> {
  const usual = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { run } of found) {
    const { id } = run.network;
    if (gallery.networks?.[id] || misplaced(run, gallery)) continue;
    const identity = identityOf(run);
    const count = (counts.get(`${id} ${identity}`) ?? 0) + 1;
    counts.set(`${id} ${identity}`, count);
    const most = counts.get(`${id} ${usual.get(id)}`) ?? 0;
    if (count > most) usual.set(id, identity);
  }
  return usual;
}

/** Records of version 1 have hash and preprocessing only. */
export function identityOf({ network }: Pick<RunRecord, "network">): string {
  const { hash, identity, preprocessing } = network;
  return identity ?? `${hash} ${JSON.stringify(preprocessing ?? null)}`;
}
