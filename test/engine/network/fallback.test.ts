/** Every operation on the backends of machines without the native library. */
import { beforeAll, describe, expect, it } from "vitest";
import { openBackend } from "../../../src/main/host/backend";
import { error } from "./error";
import { inputsOf, opCases } from "./op-cases";
import { randomValues } from "./random-values";
import { centralDifferences, computeReference } from "./reference";
import { runEager } from "./run-op";

describe.each(["wasm", "cpu"] as const)("on %s", (force) => {
  beforeAll(async () => {
    expect((await openBackend({ force })).status.backend).toBe(force);
  });

  it.each(opCases)("$title", (one) => {
    const { node, constants } = one;
    const inputs = inputsOf(one);
    const expected = computeReference(inputs, node);
    const dy = randomValues(expected.shape, 99).data;
    const both = runEager(node, inputs, dy);
    expect(both.shape).toEqual(expected.shape);
    expect(error(both.value, expected.data)).toBeLessThan(2e-4);
    const samples = centralDifferences(inputs, node, dy, 40);
    inputs.forEach((_, input) => {
      if (constants.includes(input)) return;
      const own = samples.filter((sample) => sample.input === input);
      const gradient = both.gradients[input] ?? [];
      expect(
        error(
          own.map(({ index }) => gradient[index] ?? NaN),
          own.map(({ slope }) => slope),
        ),
      ).toBeLessThan(2e-4);
    });
  });
});
