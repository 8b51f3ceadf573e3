/** SqueezeNet 1.0 and 1.1: their pools stand at different places, which the missing numbers show. */
import type { Value } from "../../lowering/index";
import type { Family } from "../family";
import type { Modules } from "../modules";

export const squeezenet: Family = {
  title: "torchvision's SqueezeNet",

  recognises: (keys) =>
    keys.rank("features.0") === 4 &&
    keys.has("features.3.squeeze.weight") &&
    keys.rank("classifier.1") === 4,

  member: (keys) => ({
    name: keys.kernel("features.0") === 7 ? "squeezenet1_0" : "squeezenet1_1",
    stem: "features.0",
    usual: [224, 224],
    async build(m, input) {
      let x = await m.conv("features.0", input, { stride: 2, padding: 0 });
      x = m.relu("features.1", x);
      const last = m.keys.indices("features").at(-1) ?? 0;
      for (let i = 2; i <= last; i++) {
        const name = `features.${i}`;
        // a single number left out is a pool
        const pools = !m.keys.has(name) && m.keys.has(`features.${i + 1}`);
        x = pools
          ? m.maxPool(name, x, { window: 3, stride: 2, ceil: true })
          : await fire(m, name, x);
      }
      x = m.relu("classifier.2", await m.conv("classifier.1", x));
      return m.globalAverage("classifier.3", x);
    },
  }),
};

async function fire(m: Modules, name: string, x: Value): Promise<Value> {
  const layer = async (part: string, input: Value) =>
    m.relu(
      `${name}.${part}_activation`,
      await m.conv(`${name}.${part}`, input),
    );
  const few = await layer("squeeze", x);
  const one = await layer("expand1x1", few);
  const three = await layer("expand3x3", few);
  return m.concat(`${name}.concat`, [one, three]);
}
