/** Inception v3 as torchvision has it, and the one that the FID is computed with (Heusel et al., NeurIPS 2017). */
import type { Value } from "../../lowering/index";
import type { Unknown } from "../assumptions";
import type { Family, Member } from "../family";
import type { Modules } from "../modules";
import { imagenetStem, oneOf, stemStride } from "../unknowns";
import { activationOf } from "./activations";
import { lastLayer } from "./head";
import { Layers, transformed } from "./inception-parts";
import type { Activation } from "./parts";

export const inception: Family = {
  title: "torchvision's Inception v3",

  recognises: (keys) =>
    keys.rank("Conv2d_1a_3x3.conv") === 4 &&
    keys.has("Mixed_5b.branch5x5_1.conv"),

  architectures: [[/^(?:tf_|adv_|gluon_)?inception_v3$/i, {}]],

  member(keys, assume) {
    const head = lastLayer(keys, "fc");
    const fid = keys.shape(`${head}.weight`)?.[0] === 1008;
    const activation = assume.take(activationOf("relu"));
    const stride = assume.take(stemStride(2, imagenetStem));
    const kind = assume.take(pools(fid));
    return {
      name: kind === "fid" ? "the Inception v3 of the FID" : "inception_v3",
      stem: "Conv2d_1a_3x3.conv",
      usual: [299, 299],
      ignored: /^AuxLogits\./,
      preprocessing: kind === "fid" ? signed : transformed("inception_v3"),
      async build(m, input) {
        const l = new Blocks(m, activation, kind);
        const pool = (name: string, x: Value) =>
          m.maxPool(name, x, { window: 3, stride: 2 });
        let x = await l.basic("Conv2d_1a_3x3", input, stride, 0);
        x = await l.basic("Conv2d_2a_3x3", x, 1, 0);
        x = pool("maxpool1", await l.basic("Conv2d_2b_3x3", x));
        x = await l.basic("Conv2d_3b_1x1", x);
        x = pool("maxpool2", await l.basic("Conv2d_4a_3x3", x, 1, 0));
        for (const part of ["5b", "5c", "5d"]) x = await inceptionA(l, part, x);
        x = await inceptionB(l, "6a", x);
        for (const part of ["6b", "6c", "6d", "6e"])
          x = await inceptionC(l, part, x);
        x = await inceptionD(l, "7a", x);
        for (const part of ["7b", "7c"]) x = await inceptionE(l, part, x);
        return m.dense(head, m.globalAverage("avgpool", x));
      },
    };
  },
};

type Kind = "torchvision" | "fid";

/** Which pools stand within the blocks. */
function pools(fid: boolean): Unknown<Kind> {
  const kinds: Readonly<Record<Kind, Kind>> = {
    torchvision: "torchvision",
    fid: "fid",
  };
  return oneOf(
    "pooling",
    kinds,
    fid ? "fid" : "torchvision",
    fid
      ? {
          from: "evidence",
          because:
            "There are 1008 outputs, so the network is assumed to be the Inception that the FID is computed with: its average pools leave the padding out, and the last block has a max pool.",
        }
      : {
          because:
            "The pools within the blocks are assumed to be torchvision's; those of the FID's Inception (1008 outputs) leave the padding out.",
        },
  );
}

const signed: Member["preprocessing"] = {
  preset: "signed",
  because: "The Inception that the FID is computed with takes pixels in -1..1.",
};

/** Layers, and the pool of a block beside its convolutions. */
class Blocks extends Layers {
  readonly #kind: Kind;

  constructor(m: Modules, activation: Activation, kind: Kind) {
    super(m, activation);
    this.#kind = kind;
  }

  /**
   * What lies around every pixel, and a convolution of it: the mean, with the padding in the divisor, or without it in
   * the FID's network, which has the maximum in its last block.
   */
  async around(block: string, x: Value): Promise<Value> {
    const name = `${block}.pool`;
    const options = { window: 3, stride: 1, padding: 1 };
    const fid = this.#kind === "fid";
    const y =
      fid && block === "Mixed_7c"
        ? this.m.maxPool(name, x, options)
        : this.m.averagePool(name, x, { ...options, countPadding: !fid });
    return this.basic(`${block}.branch_pool`, y);
  }
}

/** Names of a branch: "branch5x5_1", "branch5x5_2" ... */
function branch(block: string, name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${block}.${name}_${i + 1}`);
}

async function inceptionA(l: Blocks, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  return l.m.concat(`${block}.concat`, [
    await l.basic(`${block}.branch1x1`, x),
    await l.chain(branch(block, "branch5x5", 2), x),
    await l.chain(branch(block, "branch3x3dbl", 3), x),
    await l.around(block, x),
  ]);
}

/** Every branch ends with stride 2 and no padding. */
async function inceptionB(l: Blocks, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  const double = await l.chain(branch(block, "branch3x3dbl", 2), x);
  return l.m.concat(`${block}.concat`, [
    await l.basic(`${block}.branch3x3`, x, 2, 0),
    await l.basic(`${block}.branch3x3dbl_3`, double, 2, 0),
    l.m.maxPool(`${block}.pool`, x, { window: 3, stride: 2 }),
  ]);
}

async function inceptionC(l: Blocks, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  return l.m.concat(`${block}.concat`, [
    await l.basic(`${block}.branch1x1`, x),
    await l.chain(branch(block, "branch7x7", 3), x),
    await l.chain(branch(block, "branch7x7dbl", 5), x),
    await l.around(block, x),
  ]);
}

async function inceptionD(l: Blocks, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  const three = await l.basic(`${block}.branch3x3_1`, x);
  const seven = await l.chain(branch(block, "branch7x7x3", 3), x);
  return l.m.concat(`${block}.concat`, [
    await l.basic(`${block}.branch3x3_2`, three, 2, 0),
    await l.basic(`${block}.branch7x7x3_4`, seven, 2, 0),
    l.m.maxPool(`${block}.pool`, x, { window: 3, stride: 2 }),
  ]);
}

async function inceptionE(l: Blocks, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  const both = async (name: string, input: Value) => [
    await l.basic(`${block}.${name}a`, input),
    await l.basic(`${block}.${name}b`, input),
  ];
  const three = await l.basic(`${block}.branch3x3_1`, x);
  const double = await l.chain(branch(block, "branch3x3dbl", 2), x);
  return l.m.concat(`${block}.concat`, [
    await l.basic(`${block}.branch1x1`, x),
    ...(await both("branch3x3_2", three)),
    ...(await both("branch3x3dbl_3", double)),
    await l.around(block, x),
  ]);
}
