/** The class table as its pages show it: which cell stands where, what is best, how far it is. */
import { experimentClasses } from "../../../../../shared/class-sets";
import type {
  Method,
  NetworkInfo,
  Regularization,
  Target,
} from "../../../../../shared/domain";
import type { LabSettings } from "../../../../../shared/lab";
import { clearlyBest } from "../../../../../shared/lab/class-scores";
import {
  tableMethods,
  type ClassRow,
  type ClassTableSummary,
  type TableMethod,
} from "../../../../../shared/lab/class-table";
import { weakRegularization } from "../../../../../shared/lab/sweep";
import { nameRowTarget, targetOfLab } from "../../../../../shared/lab/targets";
import { titleMethod } from "../../../../../shared/method";
import {
  differenceOf,
  type Score,
  type ScoreDifference,
} from "../../../../../shared/scores";
import {
  logitTarget,
  nameTarget,
  titleTarget,
} from "../../../../../shared/target";

export type TableSettings = LabSettings<"class-table">;

export interface TableEntry {
  readonly key: string;
  readonly row: ClassRow;
  readonly partial?: true;
}

export interface TableCell {
  readonly method: TableMethod;
  /** Null: nothing has come of it yet. */
  readonly key: string | null;
  readonly row: ClassRow | null;
  readonly whole: boolean;
}

/** One class under the three methods. */
export interface TableLine {
  readonly target: Target;
  /** The target as text, different for every line. */
  readonly name: string;
  /** With a minus sign in front where it is minimised. */
  readonly label: string;
  readonly cells: readonly TableCell[];
  /** Above both others by more than the uncertainty, once every method is at the same step or has ended. */
  readonly best: TableMethod | null;
}

export function targetsOf(
  settings: TableSettings,
  network: Pick<NetworkInfo, "labels" | "classes">,
): readonly Target[] {
  return (
    settings.targets?.map(targetOfLab) ??
    experimentClasses(network.labels, network.classes).map((index) =>
      logitTarget(index),
    )
  );
}

/**
 * The lines of the table, also of classes that have not begun. `live` are keys of pictures on their way, of cells that
 * may have no row yet.
 */
export function linesOf(
  targets: readonly Target[],
  labels: readonly string[],
  entries: readonly TableEntry[],
  live: Iterable<string>,
): readonly TableLine[] {
  const cells = new Map<string, Omit<TableCell, "method">>();
  for (const key of live) {
    const place = placeOf(key);
    if (place !== null) cells.set(place, { key, row: null, whole: false });
  }
  for (const { key, row, partial } of entries)
    cells.set(`${nameRowTarget(row)} ${row.method}`, {
      key,
      row,
      whole: !partial,
    });
  return targets.map((target) => {
    const name = nameTarget(target);
    const line = tableMethods.map((method): TableCell => ({
      method,
      ...(cells.get(`${name} ${method}`) ?? {
        key: null,
        row: null,
        whole: false,
      }),
    }));
    return {
      target,
      name,
      label: titleTarget(labels[target.index] ?? String(target.index), target),
      cells: line,
      best: bestOf(line),
    };
  });
}

/** "144 relu", "minus144 relu" of a cell's key; null for another picture's key of the cell. */
function placeOf(key: string): string | null {
  try {
    const { target, minimise, method } = JSON.parse(key) as {
      target?: unknown;
      minimise?: unknown;
      method?: { kind?: unknown };
    }; // anything: all of it is looked at
    return typeof target === "number" && typeof method?.kind === "string"
      ? `${nameTarget(logitTarget(target, minimise === true))} ${method.kind}`
      : null;
  } catch {
    return null;
  }
}

function bestOf(cells: readonly TableCell[]): TableMethod | null {
  const rows = cells.flatMap(({ row }) => row ?? []);
  const moving = rows.filter(({ state }) => state !== "silent");
  const together = moving.every(({ step }) => step === moving[0]?.step);
  if (rows.length < tableMethods.length || !together) return null;
  return clearlyBest(rows);
}

/** A method's mean over the classes against ReLU's; null where there is none. */
export function meanDifference(
  one: MethodMean,
  base: MethodMean,
): ScoreDifference | null {
  if (one.mean === null || base.mean === null) return null;
  const score = (value: number, std: number | null): Score => ({
    step: 0,
    value,
    std,
    steps: 1,
  });
  const [mean, other] = [one.mean, base.mean];
  return differenceOf(score(mean, one.std), score(other, base.std), () => [
    mean,
    other,
  ]);
}

type MethodMean = Pick<ClassTableSummary["methods"][number], "mean" | "std">;

function methodOf(
  method: TableMethod,
  settings: Pick<TableSettings, "leaky" | "proxygrad">,
): Method {
  return method === "relu"
    ? { kind: method }
    : { kind: method, slope: settings[method] };
}

export function titleOf(
  method: TableMethod,
  settings: Pick<TableSettings, "leaky" | "proxygrad">,
): string {
  return titleMethod(methodOf(method, settings));
}

/** A picture's size in CSS px, its longer side given. */
export function pictureSize(
  input: Pick<NetworkInfo["input"], "height" | "width"> | undefined,
  side: number,
): { readonly width: number; readonly height: number } {
  const { height = 1, width = 1 } = input ?? {};
  const scale = side / Math.max(height, width);
  return { width: width * scale, height: height * scale };
}

/** The network's own regularization, or a weak one where it has none. */
export function usualRegularization(own: Regularization): Regularization {
  return isOff(own) ? weakRegularization : own;
}

export const noRegularization: Regularization = {
  blur: 0,
  rotate: 0,
  rotateProbability: 0,
};

export function isOff({ blur, rotate, rotateProbability }: Regularization) {
  return blur === 0 && (rotate === 0 || rotateProbability === 0);
}

/** "blur 0.5 px, rotation ±5°" */
export function spellRegularization(regularization: Regularization): string {
  const { blur, rotate, rotateProbability } = regularization;
  if (isOff(regularization)) return "off";
  return [
    ...(blur > 0 ? [`blur ${blur} px`] : []),
    ...(rotate > 0 && rotateProbability > 0 ? [`rotation ±${rotate}°`] : []),
  ].join(", ");
}

/** Steps done on those that have begun and not ended, the fewest and the most; null where there are none. */
export function reachedBy(
  entries: readonly TableEntry[],
): { readonly low: number; readonly high: number } | null {
  const steps = entries.flatMap(({ partial, row }) =>
    partial ? [row.step] : [],
  );
  return steps.length > 0
    ? { low: Math.min(...steps), high: Math.max(...steps) }
    : null;
}
