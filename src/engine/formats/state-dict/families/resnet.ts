/**
 * ResNet, ResNeXt, Wide ResNet (torchvision, timm), with timm's deep stems, averaging shortcuts and squeeze-excitation.
 * Widths, groups and the number of blocks are the shapes'; strides, pools, dilation and the activation are assumed.
 */
import type { Value } from "../../lowering/index";
import type { Assumptions } from "../assumptions";
import type { Family, Member } from "../family";
import type { Keys } from "../keys";
import type { Modules } from "../modules";
import {
  dilations,
  imagenetStem,
  maxPool,
  oneOf,
  stageStrides,
  stemPool,
  stemStride,
  type StemPool,
} from "../unknowns";
import { activationOf } from "./activations";
import { antiAliasing, type AntiAlias } from "./anti-alias";
import { headPooling, lastLayer } from "./head";
import type { Activation } from "./parts";
import { block, deepStem, projects } from "./resnet-blocks";
import {
  architectures,
  nameOf,
  spelling,
  stagesOf,
  type Stage,
} from "./resnet-names";
import { pooled } from "./stem";

export const resnet: Family = {
  title: "torchvision's and timm's ResNet",

  recognises: (keys) =>
    (keys.has("bn1.running_mean") &&
      keys.has("layer1.0.conv1.weight") &&
      (keys.rank("conv1") === 4 || keys.rank("conv1.0") === 4)) ||
    keys.has("resnet.embedder.embedder.convolution.weight"),

  spelling,
  architectures,

  member(keys, assume) {
    const deep = keys.rank("conv1") === 0;
    const small = !deep && keys.kernel("conv1") <= 3;
    const stages = stagesOf(keys);
    const plan = planOf(keys, stages, assume, small);
    const head = lastLayer(keys, "fc", "linear");
    return {
      name: nameOf(keys, stages, deep),
      stem: deep ? "conv1.0" : "conv1",
      usual: small ? [32, 32] : [224, 224],
      ...(small && { preprocessing: ownImages }),
      async build(m, input) {
        const { activation, stride, pool, antiAlias, pooling } = plan;
        let x = deep
          ? await deepStem(m, input, stride, activation)
          : await m.conv("conv1", input, { stride });
        x = activation(m, "relu", await m.batchNorm("bn1", x));
        x = pooled(m, "maxpool", x, pool, antiAlias);
        x = await body(m, x, stages, plan);
        return m.dense(head, pooling(m, "avgpool", x));
      },
    };
  },
};

const ownImages: Member["preprocessing"] = {
  preset: "imagenet",
  because:
    "ResNets with a small first convolution are usually trained with the mean and std of their own images; ImageNet's are close to CIFAR's.",
};

/** What the weights leave open. */
interface Plan {
  readonly activation: Activation;
  readonly stride: number;
  readonly pool: StemPool | null;
  readonly antiAlias: AntiAlias;
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly strided: "first" | "second";
  readonly pooling: (m: Modules, name: string, x: Value) => Value;
}

function planOf(
  keys: Keys,
  stages: readonly Stage[],
  assume: Assumptions,
  small: boolean,
): Plan {
  const activation = assume.take(activationOf("relu"));
  const stride = assume.take(
    small
      ? stemStride(1, {
          from: "evidence",
          because:
            "The first convolution is 3 x 3, as in ResNets for small pictures: stride 1 is assumed.",
        })
      : stemStride(2, imagenetStem),
  );
  const antiAlias = assume.take(antiAliasing());
  const pool = assume.take(
    small
      ? stemPool(maxPool, "none", {
          from: "evidence",
          because:
            "The first convolution is 3 x 3, as in ResNets for small pictures: no pool is assumed after it.",
        })
      : stemPool(maxPool, antiAlias.kind === "avg" ? "avg:2/2" : "max", {
          because:
            "A pool of stride 2 is assumed after the first convolution, as published: it has no weights.",
        }),
  );
  const dilation = assume.take(dilations(stages.length));
  const strides = assume.take(
    stageStrides(
      // a stage that is dilated more than the one before keeps the map's size instead
      stages.map((_, i) =>
        i === 0 || (dilation[i] ?? 1) > (dilation[i - 1] ?? 1) ? 1 : 2,
      ),
      {
        fits: (values) =>
          stages.every(
            ({ name }, i) => values[i] === 1 || projects({ keys }, `${name}.0`),
          ),
      },
    ),
  );
  const bottleneck = keys.has("layer1.0.conv3");
  const strided = bottleneck
    ? assume.take(
        oneOf(
          "bottleneck-stride",
          { first: "first", second: "second" } as const,
          "second",
          {
            because:
              "The stride of a bottleneck is assumed to be in its 3 x 3 convolution, as torchvision and timm have it; the first publication and Caffe have it in the first, with the same shapes.",
          },
        ),
      )
    : "second";
  const pooling = assume.take(headPooling());
  return {
    ...{ activation, stride, pool, antiAlias },
    ...{ strides, dilation, strided, pooling },
  };
}

async function body(
  m: Modules,
  input: Value,
  stages: readonly Stage[],
  { activation, strides, dilation, strided, antiAlias }: Plan,
): Promise<Value> {
  let x = input;
  for (const [index, { name, blocks }] of stages.entries()) {
    const own = dilation[index] ?? 1;
    const before = index === 0 ? own : (dilation[index - 1] ?? 1);
    for (let i = 0; i < blocks; i++)
      x = await block(m, `${name}.${i}`, x, {
        stride: i === 0 ? (strides[index] ?? 1) : 1,
        dilation: own,
        firstDilation: i === 0 ? before : own,
        activation,
        strided,
        antiAlias,
      });
  }
  return x;
}
