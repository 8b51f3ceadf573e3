/** The tables of arguments: all that Keras writes stands in them, and what they do not read is refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ArgumentUse } from "../../../src/engine/formats/arguments";
import {
  layerKinds,
  type LayerKind,
} from "../../../src/engine/formats/keras/layers/index";
import { functions } from "../../../src/engine/formats/keras/layers/functions";
import { operations } from "../../../src/engine/formats/keras/layers/operations";
import {
  layerSettings,
  usualCall,
} from "../../../src/engine/formats/keras/settings";
import {
  layerCases,
  operationCases,
  readAround,
  type Given,
} from "./keras-cases";
import { faultOf } from "./memory-files";

const names = z.array(z.string());
const layersSchema = z.record(
  z.string(),
  z.object({ settings: names, call: names }),
);
/** Made by test/references/make-keras-arguments.py. */
const listed = z
  .object({
    layers: z.object({ "2": layersSchema, "3": layersSchema }),
    operations: layersSchema,
    functions: z.record(z.string(), names),
  })
  .parse(
    JSON.parse(
      readFileSync(
        join(import.meta.dirname, "../../references/keras-arguments.json"),
        "utf8",
      ),
    ),
  );

/** What none of the tables has, and nothing takes. */
const odd = { odd: [1, "value"] };

const layers = Object.entries(layerKinds);

function layerGiven(className: string, more: Partial<Given> = {}): Given {
  const { settings, ...rest } = layerCases[className] ?? {};
  return { className, ...rest, settings: { ...settings }, ...more };
}

const operationModule = "keras.src.ops.numpy";

function operationGiven(
  className: string,
  { settings = {}, named = {} }: Partial<Given> = {},
): Given {
  const own = operationCases[className] ?? {};
  // whatever shape axis 4 has to have
  const inputs = className === "Squeeze" ? { inputs: [[6, 6, 4, 1]] } : {};
  return {
    className,
    module: operationModule,
    settings: { ...own.settings, ...settings },
    named: { ...own.named, ...named },
    ...(own.list ? { list: true } : {}),
    ...inputs,
  };
}

/** An operation's arguments under TensorFlow's names. */
function functionGiven(name: string, named: Given["named"] = {}): Given {
  const kind = functions[name];
  const operation = Object.entries(operations).find(
    ([key, { build }]) =>
      kind !== undefined &&
      (build === kind.build || key === operationBehind[name]),
  )?.[0];
  const own = operationCases[operation ?? ""] ?? {};
  const theirs = new Map(
    Object.entries(kind?.names ?? {}).map(([tf, keras]) => [keras, tf]),
  );
  const renamed = Object.fromEntries(
    Object.entries({ ...own.settings, ...own.named }).map(([key, value]) => [
      theirs.get(key) ?? key,
      value,
    ]),
  );
  return {
    className: "TFOpLambda",
    version: 2,
    settings: { function: name },
    named: { ...renamed, ...named },
    ...(own.list ? { list: true } : {}),
    ...(operation === "Squeeze" ? { inputs: [[6, 6, 4, 1]] } : {}),
  };
}
/** Functions whose values are others where the file gives none. */
const operationBehind: Readonly<Record<string, string>> = { "nn.gelu": "Gelu" };

async function expectRefused(given: Given, ...words: readonly string[]) {
  const { message } = await faultOf(readAround(given));
  for (const word of ["the-odd-one", ...words]) expect(message).toContain(word);
}

function isRead(use: ArgumentUse | undefined): boolean {
  return use === "read";
}

function onlyOf(table: LayerKind["settings"]): string[] {
  return Object.keys(table).filter((name) => typeof table[name] === "object");
}

describe("all that Keras writes is known", () => {
  it.each(["2", "3"] as const)("of layers, Keras %s", (version) => {
    const known = Object.entries(listed.layers[version]);
    expect(known.length).toBeGreaterThan(50);
    for (const [name, { settings, call }] of known) {
      const table = layerKinds[name]?.settings ?? { sparse: "read" };
      if (name === "InputLayer") continue;
      const all = { ...layerSettings, ...table };
      expect([
        name,
        settings.filter((key) => !Object.hasOwn(all, key)),
      ]).toEqual([name, []]);
      // the first is the input, whatever it is called
      const others = call
        .slice(1)
        .filter((key) => !Object.hasOwn(usualCall, key));
      expect([name, others]).toEqual([name, []]);
    }
  });

  it("of operations", () => {
    const known = Object.entries(listed.operations);
    expect(known.length).toBeGreaterThan(45);
    for (const [name, { settings, call }] of known) {
      const table = operations[name]?.parameters ?? {};
      const inOrder = Object.keys(table);
      const missing = settings.filter(
        (key) => key !== "name" && !Object.hasOwn(table, key),
      );
      expect([name, missing]).toEqual([name, []]);
      // what it works on comes first, whatever it is called; the others by their names
      const others = call.slice(1);
      expect([name, inOrder.slice(1, call.length)]).toEqual([name, others]);
    }
  });

  it("of functions", () => {
    for (const [name, kind] of Object.entries(functions)) {
      const parameters = listed.functions[name] ?? [];
      expect(parameters.length).toBeGreaterThan(0);
      const known = Object.keys(kind.parameters ?? {});
      const missing = parameters.filter((key) => !known.includes(key));
      expect([name, missing]).toEqual([name, []]);
    }
  });

  it("and layers that Keras does not list are few", () => {
    const unlisted = Object.keys(layerKinds).filter(
      (name) =>
        !Object.hasOwn(listed.layers[2], name) &&
        !Object.hasOwn(listed.layers[3], name),
    );
    expect(unlisted.sort()).toEqual([
      "CustomScaleLayer",
      "DropPath",
      "FixedDropout",
      "LayerScale",
      "StochasticDepth",
    ]);
  });
});

describe.each(layers)("the layer %s", (className, kind) => {
  const all = { ...layerSettings, ...kind.settings };

  it("opens with its usual settings", async () => {
    const network = await readAround(layerGiven(className));
    expect(network.nodes.length).toBeGreaterThan(0);
  });

  it("refuses a setting that nobody reads, and one at a value nobody implements", async () => {
    const { settings } = layerGiven(className);
    for (const name of ["never_heard_of", ...onlyOf(all)])
      await expectRefused(
        layerGiven(className, { settings: { ...settings, [name]: "else" } }),
        `${name} = "else"`,
      );
  });

  it("reads every setting it says it reads", async () => {
    const { settings } = layerGiven(className);
    for (const name of Object.keys(all).filter((key) => isRead(all[key]))) {
      const given = { settings: { ...settings, [name]: odd } };
      await expectRefused(layerGiven(className, given));
    }
  });

  it("refuses what it is called with", async () => {
    for (const version of [2, 3] as const) {
      const called = (named: Given["named"]) =>
        layerGiven(className, { named: { ...named }, version });
      await expectRefused(called({ mask: 1 }), "mask = 1");
      await expectRefused(called({ never_heard_of: 2 }), "never_heard_of = 2");
      if (version === 3 && kind.trainsByDefault)
        await readAround(called({ training: true }));
      else await expectRefused(called({ training: true }), "training = true");
      await readAround(called({ training: false }));
    }
  });
});

describe.each(Object.entries(operations))("the operation %s", (name, kind) => {
  const table = kind.parameters ?? {};

  it("opens with its usual arguments", async () => {
    const network = await readAround(operationGiven(name));
    expect(network.nodes.length).toBeGreaterThan(0);
  });

  it("refuses arguments that nobody reads, in its settings and its call", async () => {
    for (const key of ["never_heard_of", ...onlyOf(table)]) {
      const value = { [key]: "else" };
      for (const given of [{ settings: value }, { named: value }])
        await expectRefused(operationGiven(name, given), `${key} = "else"`);
    }
    await expectRefused(
      operationGiven(name, { named: { training: true } }),
      "training = true",
    );
  });

  it("reads every argument it says it reads", async () => {
    const [, ...others] = Object.keys(table);
    for (const key of others.filter((one) => isRead(table[one])))
      await expectRefused(operationGiven(name, { named: { [key]: odd } }));
  });
});

describe.each(Object.entries(functions))("TensorFlow's %s", (name, kind) => {
  const table = kind.parameters ?? {};

  it("opens with its usual arguments", async () => {
    const network = await readAround(functionGiven(name));
    expect(network.nodes.length).toBeGreaterThan(0);
  });

  it("refuses arguments that nobody reads", async () => {
    for (const key of ["never_heard_of", ...onlyOf(table)])
      await expectRefused(
        functionGiven(name, { [key]: "else" }),
        `${key} = "else"`,
      );
  });

  it("reads every argument it says it reads", async () => {
    const [, ...others] = Object.keys(table);
    for (const key of others.filter((one) => isRead(table[one])))
      await expectRefused(functionGiven(name, { [key]: odd }));
  });
});

describe("functions of TensorFlow 1", () => {
  it("are refused where they compute something else", async () => {
    const given = functionGiven("image.resize");
    const old = { ...given, settings: { function: "compat.v1.image.resize" } };
    await expectRefused(old, "compat.v1.image.resize");
    const same = functionGiven("nn.relu");
    await readAround({ ...same, settings: { function: "compat.v1.nn.relu" } });
  });
});
