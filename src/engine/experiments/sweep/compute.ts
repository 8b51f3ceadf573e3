import { slopesOf } from "../../../shared/method";
import type { SweepRow, SweepSettings } from "../../../shared/lab/sweep";
import { nameRowTarget, targetOfRow } from "../../../shared/lab/targets";
import { climb, type Lane } from "../../ascent/climb";
import type { Network } from "../../network/network";
import type { RectifierAttributes } from "../../network/ops/rectifier";
import { makeStep } from "../../step/make-step";
import type { Cell, Happening, World } from "../experiment";
import { groupedBy } from "../grouped";
import {
  methodOf,
  regularizationOf,
  resolve,
  rotatesAtRandom,
  type Resolved,
  type SweepAsk,
} from "./plan";

type SweepCell = Cell<SweepAsk>;
type News = Happening<SweepRow>;

/** Ascents that go together through one batch: by lane, and for each lane by milestone, the cells they are for. */
interface Batch {
  readonly lanes: readonly Lane[];
  readonly milestones: readonly number[];
  readonly cells: readonly (readonly SweepCell[])[];
}

/**
 * A method at a time, its classes and seeds together in full batches. Where methods are the same to the network
 * (slope 0 and ReLU), or scores are taken after several numbers of steps, an ascent is made once.
 */
export async function* computeSweep(
  cells: readonly SweepCell[],
  settings: SweepSettings,
  world: World,
  options: { signal: AbortSignal },
): AsyncGenerator<News, void, void> {
  const resolved = resolve(settings, world);
  const { network, runtime } = world;
  if (!network) return;
  for (const group of sameMethod(cells, network)) {
    const [{ ask } = {}] = group;
    if (!ask || options.signal.aborted) return;
    const regularization = regularizationOf(ask.regularized, resolved);
    // one method a step: it is compiled in a fraction of what its ascents take, and memory stays flat
    const step = makeStep(
      {
        network,
        methods: [methodOf(ask.method, ask.slope)],
        batch: resolved.batch,
        precision: settings.precision,
        regularization,
      },
      runtime,
    );
    try {
      for (const batch of batchesOf(group, resolved)) {
        const request = {
          ...resolved,
          step,
          method: 0,
          shape: network.input,
          regularization,
          head: world.head,
          lanes: batch.lanes,
          milestones: batch.milestones,
          // under random rotation the score of one step is noisy
          ...(rotatesAtRandom(regularization) && {
            tails: { exact: settings.precision === "float32" },
          }),
        };
        yield* told(batch, climb(request, options));
      }
    } finally {
      step.dispose();
    }
  }
}

/** Rows and work of a batch's cells. */
async function* told(
  { cells }: Batch,
  climbing: ReturnType<typeof climb>,
): AsyncGenerator<News, void, void> {
  const open = new Set(cells.flat());
  let told = 0;
  for await (const { updates, scored } of climbing) {
    let work = 0;
    const rows: News[] = [];
    for (const { lane, milestone, score, tail, top1, silent } of scored)
      for (const cell of cells[lane] ?? []) {
        const { key, ask } = cell;
        if (ask.steps !== milestone || !open.delete(cell)) continue;
        work += cell.work - told;
        rows.push({
          kind: "row",
          key,
          row: { ...ask, score, ...(tail && { tail }), top1, silent },
        });
      }
    work += open.size * (updates - told);
    told = updates;
    yield { kind: "work", work };
    yield* rows;
  }
}

/** Cells by what moves their images, in the order they come. */
function sameMethod(
  cells: readonly SweepCell[],
  network: Network,
): readonly (readonly SweepCell[])[] {
  const own = ownSlopes(network);
  return groupedBy(cells, ({ ask }) => {
    const method = methodOf(ask.method, ask.slope);
    return JSON.stringify([
      ask.regularized,
      own.map((slope) => slopesOf(method, slope)),
    ]);
  });
}

/** Every slope that a rectifier of the network has of its own. */
function ownSlopes({ nodes }: Network): readonly number[] {
  const slopes = nodes
    .filter(({ op }) => op.rectifier)
    // the only operation that says it is a rectifier is the one with these attributes
    .map(({ attributes }) => (attributes as RectifierAttributes).slope);
  return [...new Set(slopes)];
}

/** Ascents that are scored after the same numbers of steps, and turned alike, in full batches. */
function batchesOf(
  cells: readonly SweepCell[],
  { batch, regularization }: Resolved,
): readonly Batch[] {
  const ascents = groupedBy(
    cells,
    ({ ask }) => `${nameRowTarget(ask)} ${ask.seed}`,
  ).map((group) => ({
    cells: group,
    milestones: [...new Set(group.map(({ ask }) => ask.steps))].toSorted(
      (a, b) => a - b,
    ),
    lane: laneOf(group),
    // a step's angle depends on the seed
    turned:
      group.some(({ ask }) => ask.regularized) && regularization.rotate > 0,
  }));
  return groupedBy(ascents, ({ milestones, turned, lane }) =>
    JSON.stringify([milestones, turned && lane.seed]),
  ).flatMap((alike) =>
    chunked(alike, batch).map((chunk) => ({
      lanes: chunk.map(({ lane }) => lane),
      milestones: chunk[0]?.milestones ?? [],
      cells: chunk.map((ascent) => ascent.cells),
    })),
  );
}

function laneOf([cell]: readonly SweepCell[]): Lane {
  if (!cell) throw new RangeError("an ascent of no cell");
  return { target: targetOfRow(cell.ask), seed: cell.ask.seed };
}

function chunked<T>(items: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
