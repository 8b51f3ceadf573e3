/** Runs an experiment of the Lab without a host: all its rows and pictures. */
import type {
  Experiment,
  Happening,
  World,
} from "../../src/engine/experiments/experiment";
import type {
  ExperimentSpec,
  RowOf,
  SettingsOf,
} from "../../src/shared/lab/spec";

/** A world without a network, a backend or pictures. */
export const bareWorld: World = {
  network: null,
  head: "softmax",
  defaults: null,
  runtime: null,
  images: null,
  checkpoints: {
    load: () => Promise.resolve(null),
    save: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  },
};

export interface Outcome<S extends ExperimentSpec> {
  readonly rows: RowOf<S>[];
  /** Kept pictures by key, copied. */
  readonly pictures: Map<string, { shape: readonly number[]; image: number[] }>;
  readonly happenings: Happening<RowOf<S>>["kind"][];
  readonly work: number;
}

/** `said` are the settings that are not the defaults. */
export async function runExperiment<S extends ExperimentSpec, C>(
  experiment: Experiment<S, C>,
  said: Partial<SettingsOf<S>>,
  {
    signal = new AbortController().signal,
    world = bareWorld,
    seen,
  }: {
    signal?: AbortSignal;
    world?: World;
    seen?: (happening: Happening<RowOf<S>>) => void;
  } = {},
): Promise<Outcome<S>> {
  // what the experiment's own schema gives are its settings
  const settings = experiment.spec.settings.parse(said) as SettingsOf<S>;
  const outcome = {
    rows: [] as RowOf<S>[],
    pictures: new Map<string, { shape: readonly number[]; image: number[] }>(),
    happenings: [] as Happening<RowOf<S>>["kind"][],
    work: 0,
  };
  const cells = experiment.plan(settings, world);
  for await (const happening of experiment.compute(cells, settings, world, {
    signal,
  })) {
    seen?.(happening);
    outcome.happenings.push(happening.kind);
    if (happening.kind === "work") outcome.work += happening.work;
    if (happening.kind === "row") outcome.rows.push(happening.row);
    if (happening.kind === "picture" && happening.final)
      outcome.pictures.set(happening.key, {
        shape: happening.shape,
        image: [...happening.image],
      });
  }
  return outcome;
}
