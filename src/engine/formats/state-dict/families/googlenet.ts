/** GoogLeNet and Inception v3, as torchvision has them. Auxiliary classifiers serve training alone. */
import type { Value } from "../../lowering/index";
import type { Family, Member } from "../family";
import type { Modules, Size } from "../modules";
import { convNorm, relu } from "./parts";

const epsilon = 0.001;

/**
 * torchvision's own weights are fed with ImageNet's mean and std, and turn that back into -1..1 at once
 * (`transform_input`). The weights do not show whether a network does.
 */
function transformed(name: string): Member["preprocessing"] {
  return {
    preset: "signed",
    because: `torchvision's own ${name} computes with pixels in -1..1: it turns ImageNet's mean and std back (transform_input). The file does not say whether this network does; if it was trained anew, ImageNet's mean and std are likelier.`,
  };
}

/** Convolution `name.conv`, batch norm `name.bn`, ReLU. */
async function basic(
  m: Modules,
  name: string,
  x: Value,
  stride: Size = 1,
  padding?: Size,
): Promise<Value> {
  return convNorm(m, [`${name}.conv`, `${name}.bn`], x, {
    stride,
    padding,
    epsilon,
    activation: relu,
  });
}

/** One after the other. */
async function chain(m: Modules, names: readonly string[], input: Value) {
  let x = input;
  for (const name of names) x = await basic(m, name, x);
  return x;
}

export const googlenet: Family = {
  title: "torchvision's GoogLeNet",

  recognises: (keys) =>
    keys.rank("conv1.conv") === 4 && keys.has("inception3a.branch1.conv"),

  member: () => ({
    name: "googlenet",
    stem: "conv1.conv",
    usual: [224, 224],
    ignored: /^aux[12]\./,
    preprocessing: transformed("googlenet"),
    async build(m, input) {
      const pool = (name: string, x: Value, window = 3) =>
        m.maxPool(name, x, { window, stride: 2, ceil: true });
      let x = pool("maxpool1", await basic(m, "conv1", input, 2));
      x = pool("maxpool2", await chain(m, ["conv2", "conv3"], x));
      for (const part of ["3a", "3b"]) x = await mixed(m, part, x);
      x = pool("maxpool3", x);
      for (const part of ["4a", "4b", "4c", "4d", "4e"])
        x = await mixed(m, part, x);
      x = pool("maxpool4", x, 2);
      for (const part of ["5a", "5b"]) x = await mixed(m, part, x);
      return m.dense("fc", m.globalAverage("avgpool", x));
    },
  }),
};

async function mixed(m: Modules, part: string, x: Value): Promise<Value> {
  const name = `inception${part}`;
  const pooled = m.maxPool(`${name}.branch4.0`, x, {
    window: 3,
    stride: 1,
    padding: 1,
    ceil: true,
  });
  return m.concat(`${name}.concat`, [
    await basic(m, `${name}.branch1`, x),
    await chain(m, [`${name}.branch2.0`, `${name}.branch2.1`], x),
    await chain(m, [`${name}.branch3.0`, `${name}.branch3.1`], x),
    await basic(m, `${name}.branch4.1`, pooled),
  ]);
}

export const inception: Family = {
  title: "torchvision's Inception v3",

  recognises: (keys) =>
    keys.rank("Conv2d_1a_3x3.conv") === 4 &&
    keys.has("Mixed_5b.branch5x5_1.conv"),

  member: () => ({
    name: "inception_v3",
    stem: "Conv2d_1a_3x3.conv",
    usual: [299, 299],
    ignored: /^AuxLogits\./,
    preprocessing: transformed("inception_v3"),
    async build(m, input) {
      const pool = (name: string, x: Value) =>
        m.maxPool(name, x, { window: 3, stride: 2 });
      let x = await basic(m, "Conv2d_1a_3x3", input, 2, 0);
      x = await basic(m, "Conv2d_2a_3x3", x, 1, 0);
      x = pool("maxpool1", await basic(m, "Conv2d_2b_3x3", x));
      x = await basic(m, "Conv2d_3b_1x1", x);
      x = pool("maxpool2", await basic(m, "Conv2d_4a_3x3", x, 1, 0));
      for (const part of ["5b", "5c", "5d"]) x = await inceptionA(m, part, x);
      x = await inceptionB(m, "6a", x);
      for (const part of ["6b", "6c", "6d", "6e"])
        x = await inceptionC(m, part, x);
      x = await inceptionD(m, "7a", x);
      for (const part of ["7b", "7c"]) x = await inceptionE(m, part, x);
      return m.dense("fc", m.globalAverage("avgpool", x));
    },
  }),
};

/** Names of a branch: "branch5x5_1", "branch5x5_2" ... */
function branch(block: string, name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${block}.${name}_${i + 1}`);
}

/** The mean around every pixel, with the padding in the divisor, and a convolution of it. */
async function averaged(m: Modules, block: string, x: Value): Promise<Value> {
  const mean = m.averagePool(`${block}.pool`, x, {
    window: 3,
    stride: 1,
    padding: 1,
  });
  return basic(m, `${block}.branch_pool`, mean);
}

async function inceptionA(m: Modules, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  return m.concat(`${block}.concat`, [
    await basic(m, `${block}.branch1x1`, x),
    await chain(m, branch(block, "branch5x5", 2), x),
    await chain(m, branch(block, "branch3x3dbl", 3), x),
    await averaged(m, block, x),
  ]);
}

/** Every branch ends with stride 2 and no padding. */
async function inceptionB(m: Modules, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  const double = await chain(m, branch(block, "branch3x3dbl", 2), x);
  return m.concat(`${block}.concat`, [
    await basic(m, `${block}.branch3x3`, x, 2, 0),
    await basic(m, `${block}.branch3x3dbl_3`, double, 2, 0),
    m.maxPool(`${block}.pool`, x, { window: 3, stride: 2 }),
  ]);
}

async function inceptionC(m: Modules, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  return m.concat(`${block}.concat`, [
    await basic(m, `${block}.branch1x1`, x),
    await chain(m, branch(block, "branch7x7", 3), x),
    await chain(m, branch(block, "branch7x7dbl", 5), x),
    await averaged(m, block, x),
  ]);
}

async function inceptionD(m: Modules, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  const three = await basic(m, `${block}.branch3x3_1`, x);
  const seven = await chain(m, branch(block, "branch7x7x3", 3), x);
  return m.concat(`${block}.concat`, [
    await basic(m, `${block}.branch3x3_2`, three, 2, 0),
    await basic(m, `${block}.branch7x7x3_4`, seven, 2, 0),
    m.maxPool(`${block}.pool`, x, { window: 3, stride: 2 }),
  ]);
}

async function inceptionE(m: Modules, part: string, x: Value): Promise<Value> {
  const block = `Mixed_${part}`;
  const both = async (name: string, input: Value) => [
    await basic(m, `${block}.${name}a`, input),
    await basic(m, `${block}.${name}b`, input),
  ];
  const three = await basic(m, `${block}.branch3x3_1`, x);
  const double = await chain(m, branch(block, "branch3x3dbl", 2), x);
  return m.concat(`${block}.concat`, [
    await basic(m, `${block}.branch1x1`, x),
    ...(await both("branch3x3_2", three)),
    ...(await both("branch3x3dbl_3", double)),
    await averaged(m, block, x),
  ]);
}
