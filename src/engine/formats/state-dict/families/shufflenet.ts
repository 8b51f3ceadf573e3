/** ShuffleNet v2: half of the channels pass by a block, and then the halves are shuffled. */
import type { Value } from "../../lowering/index";
import type { Family } from "../family";
import type { Modules } from "../modules";
import { convNorm, convNormAt, relu } from "./parts";

export const shufflenet: Family = {
  title: "torchvision's ShuffleNet v2",

  recognises: (keys) =>
    keys.rank("conv1.0") === 4 && keys.has("stage2.0.branch1.0.weight"),

  member: () => ({
    name: "shufflenet_v2",
    stem: "conv1.0",
    usual: [224, 224],
    async build(m, input) {
      let x = await convNormAt(m, "conv1", input, {
        stride: 2,
        activation: relu,
      });
      x = m.maxPool("maxpool", x, { window: 3, stride: 2, padding: 1 });
      for (const stage of ["stage2", "stage3", "stage4"])
        for (const i of m.keys.indices(stage))
          x = await block(m, `${stage}.${i}`, x);
      x = await convNormAt(m, "conv5", x, { activation: relu });
      return m.dense("fc", m.globalAverage("mean", x));
    },
  }),
};

/** A block with a first branch halves the map. */
async function block(m: Modules, name: string, x: Value): Promise<Value> {
  if (m.keys.has(`${name}.branch1`)) {
    const layers = `${name}.branch1`;
    let one = await convNorm(m, [`${layers}.0`, `${layers}.1`], x, {
      stride: 2,
    });
    one = await convNorm(m, [`${layers}.2`, `${layers}.3`], one, {
      activation: relu,
    });
    return shuffled(m, name, [one, await second(m, name, x, 2)]);
  }
  const channels = x.dims[1] ?? 0;
  const half = Math.floor(channels / 2);
  const sizes = [half, channels - half];
  const [passed = x, taken = x] = m.lowering.split(
    `${name}.chunk`,
    x,
    sizes,
    1,
  );
  return shuffled(m, name, [passed, await second(m, name, taken, 1)]);
}

async function second(m: Modules, name: string, x: Value, stride: number) {
  const layers = `${name}.branch2`;
  const layer = (i: number, y: Value, by: number, bare = false) =>
    convNorm(m, [`${layers}.${i}`, `${layers}.${i + 1}`], y, {
      stride: by,
      activation: bare ? null : relu,
    });
  let y = await layer(0, x, 1);
  y = await layer(3, y, stride, true);
  y = await layer(5, y, 1);
  return y;
}

/** Channels of both halves in turns. */
function shuffled(m: Modules, name: string, halves: readonly Value[]): Value {
  const { lowering } = m;
  const x = m.concat(`${name}.concat`, halves);
  const [batch = 1, channels = 0, height = 1, width = 1] = x.dims;
  const at = `${name}.shuffle`;
  const grouped = lowering.reshape(at, x, [
    batch,
    2,
    channels / 2,
    height,
    width,
  ]);
  const turned = lowering.transpose(at, grouped, [0, 2, 1, 3, 4]);
  return lowering.reshape(at, turned, [batch, channels, height, width]);
}
