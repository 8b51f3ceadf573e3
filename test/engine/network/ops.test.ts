import { beforeAll, describe, expect, it } from "vitest";
import type { NativeRuntime } from "../../../src/engine";
import { toBfloat16 } from "../../../src/engine/step/graph";
import { openBackend } from "../../../src/main/host/backend";
import { cosine } from "../../support/vectors";
import { error } from "./error";
import { inputsOf, opCases } from "./op-cases";
import { randomValues } from "./random-values";
import { centralDifferences, computeReference, type Sample } from "./reference";
import { runEager, runGraph, type Both } from "./run-op";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

/** To the nearest bfloat16. */
function rounded(values: Float64Array): Float64Array {
  const bits = Uint32Array.from(toBfloat16(values), (upper) => upper << 16);
  return Float64Array.from(new Float32Array(bits.buffer));
}

describe.each(opCases)("$title", (one) => {
  const { node, shapes, constants } = one;
  const inputs = inputsOf(one);
  const expected = computeReference(inputs, node);
  const dy = randomValues(expected.shape, 99).data;
  let samples: readonly Sample[] = [];
  beforeAll(() => {
    samples = centralDifferences(inputs, node, dy);
  });

  function expectClose(both: Both, tolerance: number) {
    expect(both.shape).toEqual(expected.shape);
    expect(error(both.value, expected.data)).toBeLessThan(tolerance);
    inputs.forEach((x, input) => {
      if (constants.includes(input)) return;
      const gradient = both.gradients[input] ?? [];
      expect(gradient.length).toBe(x.data.length);
      const own = samples.filter((sample) => sample.input === input);
      expect(
        error(
          own.map(({ index }) => gradient[index] ?? NaN),
          own.map(({ slope }) => slope),
        ),
      ).toBeLessThan(tolerance);
    });
  }

  it("infers the shape the formula has", () => {
    expect(node.op.infer(shapes, node)).toEqual(expected.shape.slice(1));
  });

  it("computes the formula and its derivative eagerly", () => {
    expectClose(runEager(node, inputs, dy), 2e-4);
  });

  it("computes the formula and its derivative in the graph", ({ skip }) => {
    if (!runtime) return skip("native TensorFlow is not built");
    expectClose(runGraph(runtime, node, inputs, dy), 2e-4);
  });

  it("computes both in bfloat16 within its precision", ({ skip }) => {
    if (!runtime) return skip("native TensorFlow is not built");
    // what both can hold: rounding must not decide which of two values is the larger
    const short = inputs.map(({ shape, data }) => ({
      shape,
      data: rounded(data),
    }));
    const wide = runGraph(runtime, node, short, dy);
    const narrow = runGraph(runtime, node, short, dy, undefined, "bfloat16");
    expect(cosine(narrow.value, wide.value)).toBeGreaterThan(0.9995);
    narrow.gradients.forEach((gradient, i) => {
      if (constants.includes(i)) return;
      expect(cosine(gradient, wide.gradients[i] ?? [])).toBeGreaterThan(0.995);
    });
  });
});
