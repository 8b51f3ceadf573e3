import { expect, it } from "vitest";
import { proxima } from "./run";

it("tells a run as one line of JSON, stuck below p* and white above", async () => {
  const run = (backward: string) =>
    proxima(["lab", "toy", "T4", "--forward", "0", "--backward", backward, "--steps", "3000", "--seed", "1", "--json"]); // prettier-ignore
  const [below, above] = [await run("0.1"), await run("0.2")];
  expect(below.code).toBe(0);
  expect(above.lines()).toEqual([
    {
      ...{ toy: "T4", forward: 0, backward: 0.2 },
      ...{ white: 1, black: 0, stuck: 0, threshold: 1 / 6 },
      ...{ value: 20, optimum: 20 },
    },
  ]);
  const [row] = below.lines();
  expect(Object.keys(row ?? {})).toEqual(Object.keys(above.lines()[0] ?? {}));
  expect(row).toMatchObject({ threshold: 1 / 6, optimum: 20 });
  expect(row?.["white"]).toBeGreaterThan(0.5);
  expect(row?.["white"]).toBeLessThan(0.75);
  expect(row?.["stuck"]).toBeGreaterThan(0.25);
});

it("takes every setting from its flag", async () => {
  const tell = async (...argv: string[]) => {
    const ran = await proxima(["lab", "toy", ...argv, "--json"]);
    expect(ran.err.replace(/^lab \d+ %$/gm, "").trim()).toBe("");
    return ran.lines();
  };
  const small = ["--size", "8", "--steps", "300"];
  const [t3] = await tell("T3", "--backward", "0.3", "--lambda", "0.25", ...small); // prettier-ignore
  expect(t3).toMatchObject({ forward: 0, backward: 0.3, threshold: 0.25 });
  const [leaky] = await tell("T3", "--forward", "0.2", ...small);
  expect(leaky).toMatchObject({ forward: 0.2, backward: 0.2, optimum: 0.9 });
  const [kernel] = await tell("T4", "--backward", "0.5", "--kernel", "0,-1,0;0,4,0;0,-1,0", ...small); // prettier-ignore
  expect(kernel).toMatchObject({ threshold: 0.5, optimum: 2 });
  const negative = await tell("T4", "--backward", "0.5", "--kernel=-1,0,0,0,4,0,0,0,0", ...small); // prettier-ignore
  expect(negative[0]).toMatchObject({ threshold: 0.25, optimum: 3 });
  // a start without noise is grey: at 0 the slope acts
  const [still, moving] = [
    await tell("T1", "--backward", "0", "--start", "0", ...small),
    await tell("T1", "--backward", "0.5", "--start", "0", "--step", "0.1", ...small), // prettier-ignore
  ];
  expect(still[0]).toMatchObject({ white: 0, stuck: 1, value: 0 });
  expect(moving[0]).toMatchObject({ white: 1, stuck: 0, value: 1 });
  const swept = await tell("T3", "--sweep", "0.2,0.8", ...small);
  expect(swept.map((row) => [row["forward"], row["backward"]])).toEqual([
    [0, 0.2],
    [0, 0.8],
  ]);
});

it("shows the runs of the page where no slope is said", async () => {
  const { out, code } = await proxima(["lab", "toy", "T3", "--size", "8", "--steps", "100"]); // prettier-ignore
  expect(code).toBe(0);
  expect(out).toContain("p* = 0.5");
  expect(out.trimEnd().split("\n")).toHaveLength(6);
});

it.each([
  [["toy"], "needs T1|T2|T3|T4"],
  [["toy", "T5"], "T1, T2, T3, T4"],
  [["toy", "T4", "--backward", "1.5"], "--backward must be"],
  [["toy", "T4", "--kernel", "1,2"], "odd side"],
  [["toy", "T4", "--kernel=-1"], "no positive weight"],
  [["backward", "--x", "1,2;3"], "not equally long"],
  [["backward", "--x", "1,2"], "The gradient is 2 x 2 and the input 1 x 2"],
])("refuses lab %j as usage", async (argv, said) => {
  const { code, out, err } = await proxima(["lab", ...argv]);
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toContain(said);
});

it("follows the backward pass by hand", async () => {
  const ran = await proxima(["lab", "backward", "--x", "1.5,-0.5;-2,3", "--g", "2,-1;4,.5", "--slope", ".25", "--json"]); // prettier-ignore
  expect(ran.code).toBe(0);
  const rest = { slope: 0.25 };
  expect(ran.lines()).toEqual([
    { ...rest, method: "relu", forward: [[1.5, 0], [0, 3]], backward: [[2, 0], [0, 0.5]] },
    { ...rest, method: "leaky", forward: [[1.5, -0.125], [-0.5, 3]], backward: [[2, -0.25], [1, 0.5]] },
    { ...rest, method: "proxygrad", forward: [[1.5, 0], [0, 3]], backward: [[2, -0.25], [1, 0.5]] },
  ]); // prettier-ignore
  const text = await proxima(["lab", "backward"]);
  expect(text.out).toContain("ProxyGrad 0.3");
});
