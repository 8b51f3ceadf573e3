/** Networks of a fixed row of blocks: which stage a block is in, and what it does to the map's size. */
import { Fault } from "../../../../shared/fault";
import { exportAdvice } from "../advice";

/** The stage of every block. */
export function stageOfEach(
  stages: readonly { readonly blocks: number }[],
): number[] {
  return stages.flatMap(({ blocks }, stage) =>
    new Array<number>(blocks).fill(stage),
  );
}

/** Every block's stride: the first of a stage has the stage's. */
export function stridesOfBlocks(
  stages: readonly number[],
  strides: readonly number[],
): number[] {
  return stages.map((stage, i) =>
    stage === stages[i - 1] ? 1 : (strides[stage] ?? 1),
  );
}

/**
 * Throws a Fault `unsupported-network` where the width changes within a stage: stages, and with them the strides, are
 * then not the published ones. `widths`: of every block's output.
 */
export function checkStages(
  title: string,
  stages: readonly number[],
  widths: readonly (number | undefined)[],
): void {
  const odd = widths.findIndex(
    (width, i) =>
      i > 0 && stages[i] === stages[i - 1] && width !== widths[i - 1],
  );
  if (odd < 0) return;
  throw new Fault(
    "unsupported-network",
    `The keys are those of ${title}, but block ${odd + 1} is ${widths[odd]} channels wide and the one before, of the same stage, ${widths[odd - 1]}: which blocks halve the map cannot be seen.`,
    exportAdvice,
  );
}

export function otherCount(
  title: string,
  found: number,
  known: readonly number[],
): Fault {
  return new Fault(
    "unsupported-network",
    `The keys are those of ${title}, but in ${found} blocks in place of ${known.join(" or ")}: which of them halve the map cannot be seen.`,
    exportAdvice,
  );
}
