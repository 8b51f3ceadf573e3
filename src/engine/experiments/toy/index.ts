import {
  toy as spec,
  toyFilmKey,
  type SlopePair,
} from "../../../shared/lab/toy";
import { startImage } from "../../ascent/start";
import { cellKey, defineExperiment, type Cell } from "../experiment";
import { climb, pointsOf, type ClimbPoint } from "./climb";
import { guaranteedSteps, toyOf, type ToySettings } from "./facts";

/** One run. */
interface Run extends SlopePair {
  readonly film: boolean;
}

export const toy = defineExperiment({
  spec,
  plan(settings): readonly Cell<Run>[] {
    const { toy, lambda, kernel, steps, size, start, seed, film } = settings;
    const { step } = toyOf(settings);
    const shown = settings.runs.map((slopes) => ({ ...slopes, film }));
    const swept = settings.sweep.map((backward) => ({
      forward: settings.sweepForward,
      backward,
      film: false,
    }));
    const cells = new Map<string, Cell<Run>>();
    for (const ask of [...shown, ...swept]) {
      const key = cellKey({
        ...{ toy, steps, size, start, seed, step, ...ask },
        ...(toy === "T3" && { lambda }),
        ...(toy === "T4" && { kernel }),
      });
      cells.set(key, { key, work: steps, ask });
    }
    return [...cells.values()];
  },

  async *compute(cells, settings, _world, { signal }) {
    const { toy, size, steps, start: noise, seed } = settings;
    const problem = toyOf(settings);
    const { objective, step, threshold } = problem;
    const start = startImage([size, size, 1], noise, seed);
    for (const { key, ask } of cells) {
      const { forward, backward, film } = ask;
      const optimum = problem.optimum(forward);
      const trace = new Trace(optimum);
      const reel = film
        ? new Float32Array(pointsOf(steps).length * start.length)
        : null;
      let last: ClimbPoint | null = null;
      const request = { objective, slopes: ask, step, steps, start };
      for await (const point of climb(request, { signal })) {
        reel?.set(point.x, trace.length * start.length);
        trace.add(point);
        yield { kind: "work", work: point.step - (last?.step ?? 0) };
        yield picture(key, point, size, false);
        last = point;
      }
      if (last?.step !== steps) return;
      yield picture(key, last, size, true);
      if (reel)
        yield {
          ...picture(toyFilmKey(key), last, size, true),
          shape: [trace.length * size, size, 1] as const,
          image: reel,
        };
      const { white, black, stuck, mean, value } = last;
      yield {
        kind: "row",
        key,
        row: {
          ...{ toy, forward, backward, film, threshold },
          ...{ white, black, stuck, mean, value, optimum, step },
          guaranteed: guaranteedSteps(problem, backward, start),
          proven: problem.proven(forward),
          trace: trace.columns,
        },
      };
    }
  },

  summarize(settings: ToySettings) {
    const { objective, threshold, peak } = toyOf(settings);
    const { positive, negative } = objective;
    return { threshold, positive, negative, peak };
  },
});

function picture(key: string, point: ClimbPoint, size: number, final: boolean) {
  return {
    kind: "picture" as const,
    key,
    step: point.step,
    shape: [size, size, 1] as const,
    image: Float32Array.from(point.x),
    final,
  };
}

/** What is told of the points of a run, a list a kind. */
class Trace {
  readonly columns = {
    step: [] as number[],
    white: [] as number[],
    black: [] as number[],
    stuck: [] as number[],
    value: [] as number[],
  };
  readonly #optimum: number;

  constructor(optimum: number) {
    this.#optimum = optimum;
  }

  get length(): number {
    return this.columns.step.length;
  }

  add({ step, white, black, stuck, value }: ClimbPoint): void {
    this.columns.step.push(step);
    this.columns.white.push(white);
    this.columns.black.push(black);
    this.columns.stuck.push(stuck);
    // T3 with lambda = s = 1 is 0 everywhere: every image is the best
    this.columns.value.push(this.#optimum === 0 ? 1 : value / this.#optimum);
  }
}
