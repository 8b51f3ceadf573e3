/** The rule by which every format takes one of several outputs. */
import { describe, expect, it } from "vitest";
import {
  chooseOutput,
  type OutputCandidate,
} from "../../../src/engine/formats/choose-output";

function candidates(
  ...parts: readonly [string, readonly number[], number][]
): OutputCandidate[] {
  return parts.map(([name, shape, depth], order) => ({
    name,
    shape,
    depth,
    order,
  }));
}
const namesOf = (outputs: readonly { readonly name: string }[]) =>
  outputs.map(({ name }) => name);

describe("by the rule", () => {
  it.each([
    ["a vector before a deeper map", ["map", [8, 8, 512], 90], ["v", [10], 50]],
    ["the deeper vector", ["features", [512], 50], ["v", [10], 51]],
    ["the deeper of equal ones", ["aux", [1000], 40], ["v", [1000], 80]],
    ["the deeper map", ["low", [16, 16, 4], 3], ["v", [8, 8, 4], 9]],
    [
      "a map of one pixel as a vector",
      ["map", [2, 2, 9], 9],
      ["v", [1, 1, 9], 2],
    ],
  ] as [string, [string, number[], number], [string, number[], number]][])(
    "%s",
    (_, other, best) => {
      for (const parts of [
        [other, best],
        [best, other],
      ] as const) {
        const { chosen, outputs } = chooseOutput(candidates(...parts));
        expect(chosen.name).toBe("v");
        expect(namesOf(outputs)).toEqual(["v", other[0]]);
      }
    },
  );

  it("the first declared of equally deep ones", () => {
    const { chosen } = chooseOutput(
      candidates(["b", [3], 7], ["a", [900], 7], ["c", [3], 7]),
    );
    expect(chosen.name).toBe("b");
  });

  it("lists shapes, the others in the file's order, and nothing of rank 4", () => {
    const { outputs } = chooseOutput(
      candidates(
        ["boxes", [3, 8, 8, 85], 90],
        ["map", [8, 8, 4], 9],
        ["rows", [197, 64], 8],
        ["classes", [10], 12],
      ),
    );
    expect(outputs).toEqual([
      { name: "classes", shape: [10] },
      { name: "map", shape: [8, 8, 4] },
      { name: "rows", shape: [197, 64] },
    ]);
  });
});

describe("by name", () => {
  const some = candidates(
    ...["a", "b", "c", "d", "e"].map(
      (name, i): [string, readonly number[], number] => [name, [4], i],
    ),
    ["boxes", [3, 8, 8, 85], 90],
  );

  it("takes it against the rule", () => {
    const { chosen, outputs } = chooseOutput(some, "b");
    expect(chosen.name).toBe("b");
    expect(namesOf(outputs)).toEqual(["b", "a", "c", "d", "e"]);
  });

  it("names a few that are there for one that is not", () => {
    expect(() => chooseOutput(some, "logits")).toThrow(
      expect.objectContaining({
        code: "invalid-request",
        message: 'The network has no output "logits".',
        remedy: 'Its outputs are "a", "b", "c" and 2 more.',
      }),
    );
  });

  it("says why one that is there cannot be taken", () => {
    expect(() => chooseOutput(some, "boxes")).toThrow(
      /"boxes" has the shape \[3, 8, 8, 85\]/,
    );
  });

  it("refuses a network without a vector or a map", () => {
    expect(() =>
      chooseOutput(candidates(["boxes", [3, 8, 8, 85], 90])),
    ).toThrow(expect.objectContaining({ code: "unsupported-network" }));
  });
});
