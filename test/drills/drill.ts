/** What the drills run in a process of its own, to be killed or to meet a bad disk: `drill NAME FOLDER...`. */
import { prepareOut } from "../../src/cli/gallery-out";
import { finishRun, runFiles } from "../../src/main/host/gallery-folder";
import { Library } from "../../src/main/host/library";
import { PartFolder } from "../../src/main/host/part-folder";
import { runIdIn } from "../../src/main/host/run-id";
import type { Method, RunRecord } from "../../src/shared/domain";
import { encodeFault } from "../../src/shared/fault";
import { toPicture } from "../../src/shared/pictures";
import { galleryRecord, runRecord } from "../support/records";

const image = new Float32Array([-1, -0.5, 0.5, 1]);

async function store(folder: string, run: RunRecord): Promise<void> {
  const part = await PartFolder.create(folder, run.id);
  const { values } = toPicture(run.shape, image);
  const bytes = new Uint8Array(values.buffer);
  for (let i = 0; i < run.kept.length; i++)
    await part.append(runFiles.steps, bytes);
  await finishRun(part, run, image);
}

const drills: Record<string, (folders: string[]) => Promise<unknown>> = {
  /** Another gallery of the same places goes into the folder. */
  async force([folder = "", name = "relu"]) {
    const method: Method =
      name === "relu" ? { kind: "relu" } : { kind: "leaky", slope: 0.1 };
    const columns = [{ network: "toy", method }];
    const { request } = galleryRecord();
    const record = galleryRecord({
      id: `of-${name}`,
      request: { ...request, columns },
    });
    const lock = await prepareOut(folder, record, { force: true });
    for (const [row, target] of request.targets.entries()) {
      const tile = { row, column: 0, seed: 0 };
      const id = runIdIn(record.request, { ...tile, target });
      const run = { id, gallery: record.id, tile, target, method };
      await store(folder, runRecord(run));
    }
    lock.release();
    return "done";
  },
  /** A run is computed again. */
  async replace([folder = "", score = "0"]) {
    const lock = await prepareOut(folder, galleryRecord(), { force: true });
    await store(folder, runRecord({ score: Number(score) }));
    lock.release();
    return "done";
  },
  async list([folder = ""]) {
    const library = await Library.open(folder);
    const { galleries } = await library.list();
    const stored = await library.get(galleries[0]?.id ?? null);
    return {
      galleries: galleries.map(({ id }) => id),
      runs: stored?.runs.length,
    };
  },
  async import([folder = "", from = ""]) {
    const library = await Library.open(folder);
    const { signal } = new AbortController();
    return library.import(from, { signal });
  },
};

const [name = "", ...folders] = process.argv.slice(2);
try {
  console.log(JSON.stringify(await drills[name]?.(folders)));
} catch (error) {
  console.log(JSON.stringify(encodeFault(error)));
  process.exitCode = 1;
}
