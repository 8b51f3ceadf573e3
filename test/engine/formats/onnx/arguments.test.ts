/** The table of what ONNX operators may have, held against ONNX's own definitions: test/references/make-operators.py. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { AttributeProto } from "../../../../src/engine/formats/onnx/model";
import { OnnxNode } from "../../../../src/engine/formats/onnx/node";
import {
  checkArguments,
  operatorArguments,
} from "../../../../src/engine/formats/onnx/operators/arguments";
import { operators } from "../../../../src/engine/formats/onnx/operators/index";
import { topScope } from "../../../../src/engine/formats/onnx/graph";

const path = join(import.meta.dirname, "../../../references/operators");
const standard = z
  .record(
    z.string(),
    z.strictObject({
      inputs: z.int().nullable(),
      attributes: z.array(z.string()),
    }),
  )
  .parse(JSON.parse(readFileSync(join(path, "onnx.json"), "utf8")));

const scope = topScope({
  irVersion: 8,
  producerName: "",
  producerVersion: "",
  graph: null,
  opsetImport: [],
  metadata: [],
  functions: [],
});

function attribute(change: Partial<AttributeProto> = {}): AttributeProto {
  return {
    name: "",
    refAttrName: "",
    type: 2,
    f: 0,
    i: 2,
    s: new Uint8Array(),
    t: null,
    g: null,
    floats: [],
    ints: [],
    ...change,
  };
}

function node(
  op: string,
  attributes: Readonly<Record<string, AttributeProto>>,
  inputs = 0,
  opset = 24,
): OnnxNode {
  return new OnnxNode({
    name: "it",
    domain: "",
    op,
    opset,
    inputs: Array.from({ length: inputs }, (_, i) => `x${i}`),
    outputs: ["y"],
    attributes: new Map(Object.entries(attributes)),
    scope,
  });
}

const known = [...operators.keys(), "If"];

it("there is a row for every operator, and for nothing else", () => {
  expect(Object.keys(operatorArguments).sort()).toEqual([...known].sort());
});

describe.each(known)("%s", (op) => {
  const row = operatorArguments[op];

  it("has the attributes and inputs that ONNX defines", () => {
    expect(Object.keys(row?.attributes ?? {}).sort()).toEqual(
      standard[op]?.attributes,
    );
    const inputs = [row?.inputs ?? NaN].flat();
    const most = inputs.at(-1);
    expect(most === Infinity ? null : most).toBe(standard[op]?.inputs);
  });

  it("refuses another attribute by name", () => {
    const given = { made_up: attribute() };
    expect(() => {
      checkArguments(node(op, given));
    }).toThrow(
      expect.objectContaining({
        code: "unsupported-network",
        message: `Node "it" (${op}, opset 24): its attribute made_up = 2 is unknown.`,
      }),
    );
  });

  it("refuses one more input", () => {
    const most = standard[op]?.inputs ?? null;
    if (most === null) return;
    checkArguments(node(op, {}, most));
    expect(() => {
      checkArguments(node(op, {}, most + 1));
    }).toThrow(/inputs, and/);
  });
});

describe("attributes that became inputs", () => {
  it.each([
    ["Squeeze", "axes", 13],
    ["Unsqueeze", "axes", 13],
    ["Clip", "min", 11],
    ["Slice", "starts", 10],
    ["Split", "split", 13],
    ["Pad", "pads", 11],
    ["ReduceMean", "axes", 18],
    ["ReduceSum", "axes", 13],
    ["Upsample", "scales", 9],
  ])("of %s, %s is refused from opset %i on", (op, name, opset) => {
    const given = { [name]: attribute() };
    checkArguments(node(op, given, 1, opset - 1));
    expect(() => {
      checkArguments(node(op, given, 1, opset));
    }).toThrow(`its attribute ${name} = 2 is unknown in opset ${opset}`);
  });

  it("and inputs that were none yet are refused before", () => {
    expect(() => {
      checkArguments(node("Squeeze", {}, 2, 12));
    }).toThrow(/2 inputs, and 1 are known in opset 12/);
  });
});

it("values that are not supported are refused with the value", () => {
  const given = { left_window_size: attribute({ i: 4 }) };
  expect(() => {
    checkArguments(node("Attention", given, 3, 25));
  }).toThrow(/its attribute left_window_size = 4 is not supported/);
  const usual = { left_window_size: attribute({ i: -1 }) };
  checkArguments(node("Attention", usual, 3, 25));
});
