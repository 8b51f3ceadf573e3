/** DenseNet: every layer of a block reads all that came before it in the block. Names as torchvision and timm have them. */
import type { Value } from "../../lowering/index";
import type { Family } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";

export const densenet: Family = {
  title: "torchvision's DenseNet",

  recognises: (keys) =>
    keys.rank("features.conv0") === 4 &&
    keys.has("features.denseblock1.denselayer1"),

  // as torchvision's own files still have them: "denselayer1.norm.1.weight"
  spelling: (key) =>
    key.replace(/(denselayer\d+\.(?:norm|conv))\.([12]\.\w+)$/, "$1$2"),

  member(keys) {
    const blocks = sizesOf(keys);
    const sizes = blocks.join("-");
    const name = names.get(sizes) ?? `DenseNet of ${sizes} layers`;
    return {
      name,
      stem: "features.conv0",
      usual: [224, 224],
      async build(m, input) {
        let x = await m.conv("features.conv0", input, { stride: 2 });
        x = await m.batchNorm("features.norm0", x);
        x = m.relu("features.relu0", x);
        x = m.maxPool("features.pool0", x, {
          window: 3,
          stride: 2,
          padding: 1,
        });
        for (const [index, size] of blocks.entries()) {
          x = await block(m, `features.denseblock${index + 1}`, x, size);
          if (index < blocks.length - 1)
            x = await transition(m, `features.transition${index + 1}`, x);
        }
        x = await m.batchNorm("features.norm5", x);
        x = m.globalAverage("avgpool", m.relu("relu", x));
        return m.dense("classifier", x);
      },
    };
  },
};

const names: ReadonlyMap<string, string> = new Map([
  ["6-12-24-16", "densenet121"],
  ["6-12-36-24", "densenet161"],
  ["6-12-32-32", "densenet169"],
  ["6-12-48-32", "densenet201"],
]);

/** Layers of each block. */
function sizesOf(keys: Keys): number[] {
  const sizes: number[] = [];
  for (let i = 1; keys.has(`features.denseblock${i}`); i++)
    sizes.push(keys.below(`features.denseblock${i}`).length);
  return sizes;
}

async function block(
  m: Modules,
  name: string,
  input: Value,
  size: number,
): Promise<Value> {
  let all = input;
  for (let i = 1; i <= size; i++) {
    const layer = `${name}.denselayer${i}`;
    let y = all;
    for (const part of [1, 2]) {
      y = await m.batchNorm(`${layer}.norm${part}`, y);
      y = m.relu(`${layer}.relu${part}`, y);
      y = await m.conv(`${layer}.conv${part}`, y);
    }
    all = m.concat(`${layer}.concat`, [all, y]);
  }
  return all;
}

/** Fewer channels on a map of half the size. */
async function transition(m: Modules, name: string, x: Value) {
  const normed = m.relu(`${name}.relu`, await m.batchNorm(`${name}.norm`, x));
  return m.averagePool(`${name}.pool`, await m.conv(`${name}.conv`, normed), {
    window: 2,
    stride: 2,
  });
}
