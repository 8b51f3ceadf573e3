/** The table of what TensorFlow's operations may have, held against its own definitions: test/references/make-operators.py. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createLowering } from "../../../src/engine/formats/lowering/index";
import {
  Attributes,
  type AttributeValue,
} from "../../../src/engine/formats/tensorflow/attributes";
import {
  Call,
  type Outcome,
} from "../../../src/engine/formats/tensorflow/call";
import { checkArguments } from "../../../src/engine/formats/tensorflow/ops/arguments";
import { operationNames } from "../../../src/engine/formats/tensorflow/ops/index";

const path = join(import.meta.dirname, "../../references/operators");
const standard = z
  .record(z.string(), z.object({ attributes: z.array(z.string()) }))
  .parse(JSON.parse(readFileSync(join(path, "tensorflow.json"), "utf8")));

/** A node that reads one value. */
function call(
  op: string,
  values: Readonly<Record<string, AttributeValue>>,
  read?: Outcome,
): Call {
  const none = new Attributes("none", new Map());
  const source = { name: "x", op: "Placeholder", attributes: none, inputs: [] };
  const attributes = new Attributes("it", new Map(Object.entries(values)));
  return new Call(
    { name: "it", op, attributes, inputs: [{ node: source, output: 0 }] },
    {
      lowering: createLowering([2, 2, 1]),
      openBatch: true,
      outcome: () => read,
    },
  );
}
const type = (value: number): AttributeValue => ({ kind: "type", value });

describe.each([...operationNames()])("%s", (op) => {
  it("refuses another attribute by name", () => {
    const given = { made_up: { kind: "float", value: 0.5 } } as const;
    expect(() => {
      checkArguments(call(op, given));
    }).toThrow(
      expect.objectContaining({
        code: "unsupported-network",
        message: `Node "it" (${op}): its attribute made_up = 0.5 is unknown.`,
      }),
    );
  });

  it("may have the attributes that TensorFlow defines", () => {
    const { attributes = [] } = standard[op] ?? {};
    for (const name of attributes) {
      const given: AttributeValue = { kind: "string", value: "HWIO" };
      checkArguments(call(op, { [name]: given, T: type(1) }));
    }
  });
});

it("types, and what TensorFlow notes for itself, may stand anywhere", () => {
  const noted: AttributeValue = { kind: "string", value: "loc:@a" };
  checkArguments(call("Relu", { T: type(1), _class: noted }));
});

describe("whole numbers", () => {
  const lowering = createLowering([2, 2, 1]);
  const image = lowering.input("NHWC");
  const int = type(3);

  it("that depend on the image are not computed with", () => {
    expect(() => {
      checkArguments(call("Mul", { T: int }, image));
    }).toThrow(/whole numbers that depend on the image/);
  });

  it("may be moved, and computed with where they are known", () => {
    checkArguments(call("Transpose", { T: int }, image));
    const known = lowering.constant([1], Float64Array.of(1), "int");
    checkArguments(call("Mul", { T: int }, known));
    checkArguments(call("Mul", { T: type(1) }, image));
  });
});

it("another order of a kernel's axes is refused with the value", () => {
  const given: AttributeValue = { kind: "string", value: "OHWI" };
  expect(() => {
    checkArguments(call("_FusedConv2D", { filter_format: given }));
  }).toThrow(/its attribute filter_format = "OHWI" is not supported/);
});
