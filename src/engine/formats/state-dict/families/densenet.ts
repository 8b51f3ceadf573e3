/** DenseNet: every layer of a block reads all that came before it in the block. Names as torchvision and timm have them. */
import type { Value } from "../../lowering/index";
import type { Assumptions } from "../assumptions";
import type { Family, Member } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";
import {
  imagenetStem,
  maxPool,
  oneOf,
  stemPool,
  stemStride,
} from "../unknowns";
import { activationOf } from "./activations";
import { headPooling, lastLayer } from "./head";
import { sigmoid, type Activation } from "./parts";
import { pooled } from "./stem";

export const densenet: Family = {
  title: "torchvision's DenseNet",

  recognises: (keys) =>
    keys.rank("features.conv0") === 4 &&
    keys.has("features.denseblock1.denselayer1"),

  // as torchvision's own files still have them: "denselayer1.norm.1.weight"
  spelling: (key) =>
    key.replace(/(denselayer\d+\.(?:norm|conv))\.([12]\.\w+)$/, "$1$2"),

  architectures: [[/^(?:tv_)?densenet\d+d?$/i, {}]],

  member(keys, assume) {
    const blocks = sizesOf(keys);
    const sizes = blocks.join("-");
    const name = names.get(sizes) ?? `DenseNet of ${sizes} layers`;
    const small = keys.kernel("features.conv0") <= 3;
    const { activation, stride, pool, pooling } = planOf(assume, small);
    const head = lastLayer(keys, "classifier");
    const xray = ofXrays(keys, head);
    const findings = isChexnet(keys, head);
    const last = findings ? assume.take(lastActivation) : null;
    return {
      name: xray ? `torchxrayvision's ${name}` : name,
      stem: "features.conv0",
      usual: small ? [32, 32] : [224, 224],
      ignored: /^op_threshs$/,
      ...xray,
      ...(findings && { head: "sigmoid" }),
      async build(m, input) {
        let x = await m.conv("features.conv0", input, { stride });
        x = await m.batchNorm("features.norm0", x);
        x = activation(m, "features.relu0", x);
        x = pooled(m, "features.pool0", x, pool);
        for (const [index, size] of blocks.entries()) {
          const at = String(index + 1);
          x = await block(m, `features.denseblock${at}`, x, size, activation);
          if (index < blocks.length - 1)
            x = await transition(m, `features.transition${at}`, x, activation);
        }
        x = await m.batchNorm("features.norm5", x);
        x = pooling(m, "avgpool", activation(m, "relu", x));
        const logits = await m.dense(head, x);
        return last ? last(m, "classifier.1", logits) : logits;
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

const smallStem =
  "The first convolution is 3 x 3, as in DenseNets for small pictures:";

function planOf(assume: Assumptions, small: boolean) {
  const from = small ? ("evidence" as const) : ("assumed" as const);
  return {
    activation: assume.take(activationOf("relu")),
    stride: assume.take(
      small
        ? stemStride(1, { from, because: `${smallStem} stride 1 is assumed.` })
        : stemStride(2, imagenetStem),
    ),
    pool: assume.take(
      stemPool(maxPool, small ? "none" : "max", {
        from,
        because: small
          ? `${smallStem} no pool is assumed after it.`
          : "A pool of stride 2 is assumed after the first convolution, as published: it has no weights.",
      }),
    ),
    pooling: assume.take(headPooling()),
  };
}

/** torchxrayvision's: one grey channel in -1024..1024, a sigmoid each for 18 findings, thresholds for reading them. */
function ofXrays(
  keys: Keys,
  head: string,
): Pick<Member, "preprocessing" | "head"> | null {
  const [, channels] = keys.shape("features.conv0.weight") ?? [];
  const [outputs] = keys.shape(`${head}.weight`) ?? [];
  if (channels !== 1 || (outputs !== 18 && !keys.has("op_threshs")))
    return null;
  return {
    head: "sigmoid",
    preprocessing: {
      preset: { order: "RGB", mean: [127.5], std: [127.5 / 1024] },
      because:
        "A DenseNet of one channel and 18 outputs is torchxrayvision's, whose pixels are in -1024..1024.",
    },
  };
}

/** 14 outputs from the first layer of a Sequential: CheXNet as it is usually trained, with a sigmoid behind it. */
function isChexnet(keys: Keys, head: string): boolean {
  const [outputs] = keys.shape(`${head}.weight`) ?? [];
  return head === "classifier.0" && outputs === 14;
}

const lastActivation = oneOf<Activation | null>(
  "last-activation",
  { sigmoid, none: null },
  "sigmoid",
  {
    from: "evidence",
    because:
      "A DenseNet whose classifier is a Sequential of 14 outputs is CheXNet (14 findings in chest X-rays), which has a sigmoid after the last layer: that is assumed.",
  },
);

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
  activation: Activation,
): Promise<Value> {
  let all = input;
  for (let i = 1; i <= size; i++) {
    const layer = `${name}.denselayer${i}`;
    let y = all;
    for (const part of [1, 2]) {
      y = await m.batchNorm(`${layer}.norm${part}`, y);
      y = activation(m, `${layer}.relu${part}`, y);
      y = await m.conv(`${layer}.conv${part}`, y);
    }
    all = m.concat(`${layer}.concat`, [all, y]);
  }
  return all;
}

/** Fewer channels on a map of half the size. */
async function transition(
  m: Modules,
  name: string,
  x: Value,
  activation: Activation,
) {
  const normed = await m.batchNorm(`${name}.norm`, x);
  const active = activation(m, `${name}.relu`, normed);
  return m.averagePool(`${name}.pool`, await m.conv(`${name}.conv`, active), {
    window: 2,
    stride: 2,
  });
}
