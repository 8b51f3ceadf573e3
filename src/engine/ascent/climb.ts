/** Many short ascents of one method in one batch, scored only where it is asked for. */
import { nextFrame, tensor4d, type Tensor4D } from "@tensorflow/tfjs-core";
import type { Head, Regularization, Tail, Target } from "../../shared/domain";
import { hasTop1 } from "../../shared/head";
import { objectiveOf, signOf } from "../../shared/target";
import { top1Of } from "../classes";
import type { Step } from "../step/step";
import { LaneTails } from "./lane-tails";
import { transformOf } from "./regularization";
import { startImage } from "./start";

/** One image's ascent. */
export interface Lane {
  readonly target: Target;
  readonly seed: number;
}

export interface ClimbRequest {
  /** Stays the caller's. */
  readonly step: Step;
  /** Index into the step's methods. */
  readonly method: number;
  /** [height, width, channel] */
  readonly shape: readonly [number, number, number];
  /** At most the step's batch. Where images are rotated all lanes have one seed: it decides the angles. */
  readonly lanes: readonly Lane[];
  /** After how many updates to score, ascending. */
  readonly milestones: readonly number[];
  /**
   * Takes a mean over the last tenth of a milestone's steps, too. `exact`: the step computes in float32, so the logits
   * of its own pass are scores, which costs nothing where a method's forward pass is the original network's. Missing: no
   * means.
   */
  readonly tails?: { readonly exact: boolean };
  readonly stepSize: number;
  readonly startNoise: number;
  readonly regularization: Regularization;
  /** What the output means. */
  readonly head: Head;
}

/** A lane's image after the updates of a milestone. */
export interface LaneScore {
  /** Index into the request's lanes. */
  readonly lane: number;
  readonly milestone: number;
  /** The objective in the original network, float32 (see TileUpdate); null where a number is not finite any more. */
  readonly score: number | null;
  /** Over the last tenth of the milestone's steps; null where none was asked for, and for fewer than ten steps. */
  readonly tail: Tail | null;
  /** Null where the head has no first choice, and for a target that is minimised. */
  readonly top1: boolean | null;
  /** Whether the gradient was exactly zero before: the image stayed as it was there. */
  readonly silent: boolean;
}

export interface ClimbNews {
  /** Updates done so far. */
  readonly updates: number;
  /** What has been scored since: all milestones at once for a lane that ended early. */
  readonly scored: readonly LaneScore[];
}

/**
 * The same images as `ascend`'s, without a score a step: for sweeps over many methods, classes and seeds.
 * Yields after every update; returns early once the signal is aborted, with what was scored by then.
 */
export async function* climb(
  request: ClimbRequest,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<ClimbNews, void, void> {
  const { step, method, lanes, milestones, stepSize, regularization } = request;
  const directions = directionsOf(lanes, step);
  const seed = lanes[0]?.seed ?? 0;
  const climbing = new Set(lanes.keys());
  const { tails: asked } = request;
  const tails = new LaneTails(asked ? milestones : []);
  const tailed = (lane: number, end: Ended, milestone: number): LaneScore => ({
    ...end,
    milestone,
    tail: end.score === null ? null : tails.at(lane, milestone),
  });
  let images = startsOf(request);
  try {
    for (let done = 0; !signal.aborted; done++) {
      const scored: LaneScore[] = [];
      const counts = tails.counts(done);
      const milestone = milestones.includes(done);
      const ahead = milestones.filter((milestone) => milestone > done);
      const moves = ahead.length > 0 && climbing.size > 0;
      /** Whether the pass that moves the images gives their scores. */
      const inPassing = counts && !milestone && asked?.exact === true && moves;
      if (milestone || (counts && !inPassing)) {
        const scoreOf = scoresFrom(request, step.score(images));
        for (const lane of climbing) {
          const end = { ...scoreOf(lane), silent: false };
          if (counts) tails.record(lane, done, end.score);
          if (milestone) scored.push(tailed(lane, end, done));
        }
      }
      if (!moves) {
        yield { updates: done, scored };
        return;
      }
      const advanced = inPassing
        ? step.advance(method, images, directions, stepSize)
        : null;
      if (advanced) {
        const scoreOf = scoresFrom(request, advanced.logits);
        for (const lane of climbing)
          tails.record(lane, done, scoreOf(lane).score);
      }
      const moved = advanced ?? step.move(method, images, directions, stepSize);
      const stuck = [...climbing].filter((lane) => !movesOn(moved.norms[lane]));
      const scoreOf =
        stuck.length > 0 ? scoresFrom(request, step.score(images)) : null;
      images.dispose();
      images = step.regularize(
        moved.images,
        transformOf(regularization, seed, done + 1),
      );
      for (const lane of stuck) {
        climbing.delete(lane);
        const end: Ended =
          moved.norms[lane] === 0 && scoreOf
            ? { ...scoreOf(lane), silent: true }
            : {
                lane,
                score: null,
                top1: noTop1(request, lane),
                silent: false,
              };
        // its score holds from here on
        if (asked) tails.record(lane, done, end.score);
        for (const milestone of ahead)
          scored.push(tailed(lane, end, milestone));
      }
      yield { updates: done + 1, scored };
      // a cancel is heard between two native calls only
      await nextFrame();
    }
  } finally {
    images.dispose();
  }
}

/** What became of a lane, at whichever milestone. */
type Ended = Omit<LaneScore, "milestone" | "tail">;

/** Whether a gradient of this norm moves the image: neither exactly zero nor no number. */
function movesOn(norm = NaN): boolean {
  return Number.isFinite(norm) && norm > 0;
}

/** One hot rows, [batch, class]; padded rows are zero. */
function directionsOf(lanes: readonly Lane[], step: Step): Float32Array {
  if (lanes.length > step.batch)
    throw new RangeError(
      `${lanes.length} lanes do not fit a batch of ${step.batch}`,
    );
  const directions = new Float32Array(step.batch * step.classes);
  for (const [lane, { target }] of lanes.entries())
    directions[lane * step.classes + target.index] = signOf(target);
  return directions;
}

function startsOf({ step, shape, lanes, startNoise }: ClimbRequest): Tensor4D {
  const size = shape.reduce((a, b) => a * b);
  const values = new Float32Array(step.batch * size);
  const starts = new Map<number, Float32Array>();
  for (const [lane, { seed }] of lanes.entries()) {
    const start = starts.get(seed) ?? startImage(shape, startNoise, seed);
    starts.set(seed, start);
    values.set(start, lane * size);
  }
  return tensor4d(values, [step.batch, ...shape]);
}

/** Each lane's score, from the batch's logits. */
function scoresFrom(request: ClimbRequest, logits: Float32Array) {
  const { step, lanes, head } = request;
  return (lane: number) => {
    const own = logits.subarray(lane * step.classes, (lane + 1) * step.classes);
    const target = lanes[lane]?.target;
    const score = target ? objectiveOf(target, own) : NaN;
    return target && Number.isFinite(score)
      ? { lane, score, top1: top1Of(own, target, head) }
      : { lane, score: null, top1: noTop1(request, lane) };
  };
}

/** A lane without a finite score is not the first choice, where the head has one. */
function noTop1({ lanes, head }: ClimbRequest, lane: number): false | null {
  return hasTop1(head) && !lanes[lane]?.target.minimise ? false : null;
}
