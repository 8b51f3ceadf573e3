/** SqueezeNet 1.0 and 1.1: their pools stand at different places, which the missing numbers show. */
import { Fault } from "../../../../shared/fault";
import type { Value } from "../../lowering/index";
import { exportAdvice } from "../advice";
import type { Family } from "../family";
import type { Modules } from "../modules";
import { imagenetStem, stemPool, stemStride, type StemPool } from "../unknowns";
import { activationOf } from "./activations";
import { headPooling } from "./head";
import type { Activation } from "./parts";
import { pooled } from "./stem";

/** The numbers of the fires: each number left out between them is a pool. */
const versions: ReadonlyMap<string, string> = new Map([
  ["0,3,4,5,7,8,9,10,12", "squeezenet1_0"],
  ["0,3,4,6,7,9,10,11,12", "squeezenet1_1"],
]);

const pool: StemPool = {
  kind: "max",
  window: 3,
  stride: 2,
  padding: 0,
  ceil: true,
};

export const squeezenet: Family = {
  title: "torchvision's SqueezeNet",

  recognises: (keys) =>
    keys.rank("features.0") === 4 &&
    keys.has("features.3.squeeze.weight") &&
    keys.rank("classifier.1") === 4,

  architectures: [[/^squeezenet1_[01]$/i, {}]],

  member(keys, assume) {
    const places = keys.indices("features");
    const name = versions.get(places.join());
    if (name === undefined)
      throw new Fault(
        "unsupported-network",
        `The keys look like ${this.title}, but layers at the places ${places.slice(0, 20).join(", ")} are those of neither version: pools have no weights.`,
        exportAdvice,
      );
    const activation = assume.take(activationOf("relu"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const first = assume.take(
      stemPool(pool, "max", {
        because:
          "A pool of stride 2 is assumed after the first convolution, as published: it has no weights.",
      }),
    );
    const pooling = assume.take(headPooling());
    return {
      name,
      stem: "features.0",
      usual: [224, 224],
      async build(m, input) {
        let x = await m.conv("features.0", input, { stride, padding: 0 });
        x = pooled(m, "features.2", activation(m, "features.1", x), first);
        for (let i = 3; i <= 12; i++) {
          const at = `features.${i}`;
          x = m.keys.has(at)
            ? await fire(m, at, x, activation)
            : pooled(m, at, x, pool);
        }
        x = await m.conv("classifier.1", x);
        return pooling(m, "classifier.3", activation(m, "classifier.2", x));
      },
    };
  },
};

async function fire(
  m: Modules,
  name: string,
  x: Value,
  activation: Activation,
): Promise<Value> {
  const layer = async (part: string, input: Value) =>
    activation(
      m,
      `${name}.${part}_activation`,
      await m.conv(`${name}.${part}`, input),
    );
  const few = await layer("squeeze", x);
  const one = await layer("expand1x1", few);
  const three = await layer("expand3x3", few);
  return m.concat(`${name}.concat`, [one, three]);
}
