/** One program, lowered and run eagerly, beside the naive evaluation of the same program. */
import { tensor, tidy, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import type { Assembly } from "../../../../src/engine/formats/assembler";
import {
  createLowering,
  type Lowering,
  type Value,
} from "../../../../src/engine/formats/lowering/index";
import { forward, WeightTensors } from "../../../../src/engine/step/eager";
import type { Network } from "../../../../src/engine";
import { norm } from "../../../support/vectors";
import { randomValues } from "../../network/random-values";
import { naiveLowering, naiveValue } from "./naive";

export type Program = (lowering: Lowering) => Value;

/** A network around an assembly, for running it. */
export function networkOf(assembly: Assembly): Network {
  return {
    ...assembly,
    name: "program",
    labels: [],
    preprocessing: null,
    provenance: {
      format: "",
      hash: "",
      producer: "",
      stripped: assembly.stripped,
      warnings: [],
    },
    told: { fixedSize: null, preprocessing: null },
  };
}

/** The logits of images [batch, height, width, channel]. */
export function run(assembly: Assembly, images: TfTensor): Float32Array {
  const weights = new WeightTensors();
  const slopes = (own: number) => ({ forward: own, backward: own });
  try {
    return tidy(() =>
      forward(
        networkOf(assembly),
        images,
        weights,
        slopes,
      ).dataSync<"float32">(),
    );
  } finally {
    weights.dispose();
  }
}

/** Lowers a program whose value is taken in row-major order of its logical dimensions. */
export function lower(
  input: readonly [number, number, number],
  program: Program,
): Assembly {
  const lowering = createLowering(input);
  const value = program(lowering);
  const all = value.dims.reduce((a, b) => a * b, 1);
  // the head of plain values keeps a last activation on
  return lowering.finish(lowering.reshape("flat", value, [1, all]), "value");
}

/** Expects that a program means the same lowered and naive, for each image of a batch of two. */
export function expectSame(
  input: readonly [number, number, number],
  program: Program,
  tolerance = 2e-5,
): Assembly {
  const assembly = lower(input, program);
  const images = [3, 4].map((seed) => randomValues(input, seed));
  const batch = tensor(
    Float32Array.from(images.flatMap(({ data }) => [...data])),
    [2, ...input],
  );
  const ours = run(assembly, batch);
  batch.dispose();
  const expected = images.flatMap(({ shape, data }) => {
    const value = program(naiveLowering({ dims: shape, data }));
    return [...naiveValue(value).data];
  });
  expect(ours.length).toBe(expected.length);
  const scale = norm(expected) / Math.sqrt(expected.length) || 1;
  const worst = Math.max(
    ...expected.map((v, i) => Math.abs(v - (ours[i] ?? NaN)) / scale),
  );
  expect(worst).toBeLessThan(tolerance);
  return assembly;
}

export function kindsOf(assembly: Pick<Assembly, "nodes">): string[] {
  return assembly.nodes.map((node) => node.op.kind);
}
