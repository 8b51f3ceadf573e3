import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { identityOf } from "../../main/host/gallery-check";
import {
  readGallery,
  runFiles,
  type StoredGallery,
} from "../../main/host/gallery-folder";
import { galleryBatches } from "../../main/host/gallery-plan";
import { PartFolder } from "../../main/host/part-folder";
import { runIdIn } from "../../main/host/run-id";
import type { GalleryRecord, GalleryRequest } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { needed } from "../arguments";
import type { Command, Context } from "../command";
import { exitCodes, usage } from "../exit";
import { checkOut, prepareOut } from "../gallery-out";
import { ProgressLine } from "../progress-line";

interface Part extends StoredGallery {
  readonly folder: string;
}

export const merge: Command = {
  name: "merge",
  synopsis: "DIR... --out DIR",
  summary: "Put the shards of one render together into one gallery.",
  positionals: { min: 1, max: 10_000 },
  flags: {
    out: { value: "DIR", help: "the merged gallery's folder" },
    force: { help: "also where the folder is not empty" },
  },
  async run(folders, values, context) {
    const out = needed("--out", values.one("out"));
    const place = await realpath(out).catch(() => null);
    for (const folder of folders)
      if (place !== null && place === (await realpath(folder).catch(() => "")))
        throw usage(
          "--out must be a folder of its own, not one of the shards.",
        );
    await checkOut(out, { force: values.has("force") });
    const parts: Part[] = [];
    for (const folder of folders)
      parts.push({ ...(await readGallery(folder)), folder });
    const record = agree(parts);
    const missing = complain(parts, record, context);
    const lock = await prepareOut(out, record, {
      force: values.has("force"),
    });

    const line = new ProgressLine(context.stderr, "merge");
    const runs = parts.flatMap(({ folder, runs: stored }) =>
      stored.map((run) => ({ folder, run })),
    );
    try {
      for (const [done, { folder, run }] of runs.entries()) {
        if (context.signal.aborted) return exitCodes.cancelled;
        lock.check();
        await copyRun(join(folder, run.id), out, run.id);
        line.show(done + 1, runs.length);
      }
    } finally {
      lock.release();
      line.clear();
    }
    context.emit({
      out,
      gallery: record.id,
      shards: parts.length,
      runs: runs.length,
      missing,
    });
    context.print(
      `${runs.length} runs of ${parts.length} shards are in ${out}.`,
    );
    return exitCodes.done;
  },
};

/** What all shards of a render have in common, and what a message calls it. */
const agreed = {
  settings: "settings",
  targets: "targets",
  columns: "network or methods",
  seeds: "seeds",
  padBatch: "batches",
} as const satisfies Record<keyof GalleryRequest, string>;
type Pairs = [keyof GalleryRequest, string][];

/** The unsharded gallery's record. Throws where the parts are not shards of one render. */
function agree(parts: readonly Part[]): GalleryRecord {
  const [first] = parts;
  if (!first) throw usage("There is nothing to merge.");
  const refused = (part: Part, why: string) =>
    new Fault(
      "damaged-file",
      `${part.folder} does not belong to the same render as ${first.folder}: ${why}.`,
      "Merge the shards of one render only.",
    );
  const identities = parts.map(identitiesOf).find(({ length }) => length > 0);
  const seen = new Map<number, Part>();
  for (const part of parts) {
    const { gallery } = part;
    const { request, shard } = first.gallery;
    // first, since settings that were measured on another network differ too
    if (identitiesOf(part).some((identity) => !identities?.includes(identity)))
      throw refused(part, "its network's files or answers differ");
    for (const [key, what] of Object.entries(agreed) as Pairs)
      if (!same(gallery.request[key], request[key]))
        throw refused(part, `its ${what} differ`);
    if ((gallery.shard?.count ?? 1) !== (shard?.count ?? 1))
      throw refused(part, "it counts another number of shards");
    // shards without a run have no record of their network
    if (gallery.id !== first.gallery.id)
      throw refused(part, "its network's files, answers or request differ");
    const index = gallery.shard?.index ?? 1;
    const twin = seen.get(index);
    if (twin)
      throw usage(`${twin.folder} and ${part.folder} are both shard ${index}.`);
    seen.set(index, part);
  }
  const createdAt = parts.map((p) => p.gallery.createdAt).sort()[0];
  return {
    ...first.gallery,
    createdAt: createdAt ?? first.gallery.createdAt,
    shard: null,
  };
}

/** Warns of what is missing or differs; returns the ids of runs that no part holds. */
function complain(
  parts: readonly Part[],
  { request }: GalleryRecord,
  context: Context,
): string[] {
  const present = new Set(parts.flatMap((p) => p.runs.map((run) => run.id)));
  const missing = galleryBatches(request, null)
    .flatMap(({ items }) => items)
    .flatMap(({ target, seed }) =>
      request.columns.map((_, column) =>
        runIdIn(request, { target, column, seed }),
      ),
    )
    .filter((id) => !present.has(id));
  if (missing.length > 0)
    context.warn(
      `${missing.length} runs are missing, the first is ${missing[0]}: the merged gallery is not complete.`,
    );
  for (const { damaged, folder } of parts)
    for (const why of damaged) context.warn(`Left out of ${folder}: ${why}`);
  const backends = new Set(
    parts.flatMap((p) => p.runs.map((run) => run.backend)),
  );
  if (backends.size > 1)
    context.warn(
      `The shards were computed on different backends (${[...backends].join(", ")}): their last bits may differ from an unsharded render's.`,
    );
  return missing;
}

/** Of the networks with their answers. */
function identitiesOf(part: Part): string[] {
  return [...new Set(part.runs.map(identityOf))];
}

async function copyRun(from: string, out: string, id: string): Promise<void> {
  const part = await PartFolder.create(out, id);
  try {
    for (const file of Object.values(runFiles))
      await part.copy(file, join(from, file));
    await part.commit();
  } catch (error) {
    await part.discard();
    throw error;
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
