/** What opening weights alone says of the network, and what it says where the weights are not enough. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { openNetwork, type OpenedFiles } from "../../../src/engine";
import { Assumptions } from "../../../src/engine/formats/state-dict/assumptions";
import { inception } from "../../../src/engine/formats/state-dict/families/inception";
import { mobilenetV2 } from "../../../src/engine/formats/state-dict/families/mobilenet";
import {
  networkOf,
  type Beside,
} from "../../../src/engine/formats/state-dict/index";
import { Keys } from "../../../src/engine/formats/state-dict/keys";
import type { StoredTensor } from "../../../src/engine/formats/state-dict/stored-tensor";
import { openBackend } from "../../../src/main/host/backend";
import { openNetworkFiles } from "../../../src/main/host/network-files";
import { faultOf, memoryFiles, readOptions } from "./memory-files";
import { torchZip, type State } from "./torch-files";

const references = fileURLToPath(
  new URL("../../references/torch", import.meta.url),
);

beforeAll(async () => {
  await openBackend();
});

async function open(
  name: string,
  size: readonly [number, number] | null = null,
): Promise<OpenedFiles> {
  const safe = [
    "googlenet",
    "vit",
    "inception-v3",
    "resnet-timm",
    "resnet-transformers",
  ].includes(name);
  const file = `network.${safe ? "safetensors" : "pth"}`;
  const files = await openNetworkFiles(join(references, name, file));
  return openNetwork(files, { ...readOptions, size });
}

describe("the card of weights alone", () => {
  it.each([
    ["alexnet", "alexnet", [224, 224]],
    ["resnet18", "resnet18", [224, 224]],
    ["resnet-timm", "1-2-1-1 bottleneck blocks, deep stem", [224, 224]],
    ["resnet-transformers", "resnet10", [224, 224]],
    ["resnet-cifar", "1-2-1-1 basic blocks", [32, 32]],
    ["vgg13-bn", "vgg13_bn", [224, 224]],
    ["squeezenet1-0", "squeezenet1_0", [224, 224]],
    ["squeezenet1-1", "squeezenet1_1", [224, 224]],
    ["densenet", "DenseNet of 2-3-2-2 layers", [224, 224]],
    ["inception-v3", "inception_v3", [299, 299]],
    ["mobilenet-v3-small", "mobilenet_v3_small", [224, 224]],
    ["efficientnet-lite", "EfficientNet of 9 blocks", [224, 224]],
    ["convnext-published", "ConvNeXt of 1-2-1 blocks", [224, 224]],
    ["swin", "swin of 2-2 blocks", [224, 224]],
    ["vit", "vit of 1 blocks, 128 wide, patches of 4", [16, 16]],
  ])("of %s names it and its usual size", async (name, told, size) => {
    const { network } = await open(name);
    expect(network.provenance.producer).toContain(told);
    expect(network.input).toEqual([...size, 3]);
  });

  it("guesses -1..1 where torchvision computes with it, and says why", async () => {
    for (const name of ["googlenet", "inception-v3"]) {
      const { network } = await open(name, [75, 75]);
      expect(network.told.preprocessing).toMatchObject({
        from: "guess",
        value: { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
      });
      expect(network.told.preprocessing?.because).toContain("transform_input");
    }
  });

  it("names what the weights cannot tell", async () => {
    const cifar = await open("resnet-cifar");
    expect(cifar.network.provenance.warnings).toContain(
      "stem-pool=none: The first convolution is 3 x 3, as in ResNets for small pictures: no pool is assumed after it.",
    );
    expect(cifar.network.told.assumptions).toContainEqual({
      key: "stem-pool",
      value: "none",
      from: "evidence",
      because: expect.stringMatching(/3 x 3.*assumed/) as string,
      choices: expect.arrayContaining(["max", "none"]) as string[],
    });
    expect(cifar.network.told.preprocessing?.because).toContain("CIFAR");
    const { network } = await open("vit");
    expect(network.told.assumptions).toContainEqual(
      expect.objectContaining({ key: "heads", value: "2", from: "assumed" }),
    );
  });

  it("has a fixed size where the weights have one, and refuses another", async () => {
    const { network } = await open("vit");
    expect(network.told.fixedSize).toEqual([16, 16]);
    const fault = await faultOf(open("vit", [32, 32]));
    expect(fault.code).toBe("invalid-request");
    expect(fault.message).toContain("16 x 16 pixels, not for 32 x 32");
    expect((await open("resnet18")).network.told.fixedSize).toBeNull();
  });
});

/** Tensors of zeros by shape. */
function zeros(shapes: Readonly<Record<string, readonly number[]>>): State {
  return Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => [
      key,
      { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
    ]),
  );
}

describe("weights that are not enough", () => {
  const conv = [2, 3, 3, 3];
  it.each<[string, Record<string, readonly number[]>, string]>([
    [
      "timm's EfficientNet",
      { "conv_stem.weight": conv, "blocks.0.0.conv_dw.weight": [2, 1, 3, 3] },
      "timm's EfficientNet and MobileNet",
    ],
    [
      "timm's RegNet",
      { "stem.conv.weight": conv, "s1.b1.conv1.conv.weight": conv },
      "timm's RegNet",
    ],
    [
      "timm's Swin",
      {
        "patch_embed.proj.weight": conv,
        "layers.0.blocks.0.attn.qkv.weight": [6, 2],
      },
      "timm's Swin",
    ],
    [
      "YOLO",
      { "model.model.0.conv.weight": conv, "model.model.1.conv.weight": conv },
      "a YOLO network",
    ],
    [
      "a MobileNet v2 of another length",
      {
        "features.0.0.weight": conv,
        "features.1.conv.0.0.weight": [2, 1, 3, 3],
        "features.2.0.weight": [4, 2, 1, 1],
      },
      "in 1 blocks in place of 17",
    ],
    [
      "a MobileNet v3 of another length",
      {
        "features.0.0.weight": conv,
        "features.1.block.0.0.weight": [2, 1, 3, 3],
        "features.2.0.weight": [4, 2, 1, 1],
      },
      "in 1 blocks in place of 15 or 11",
    ],
    [
      "an EfficientNet of other stages",
      {
        "_conv_stem.weight": conv,
        "_blocks.0._depthwise_conv.weight": [2, 1, 3, 3],
      },
      "in 1 stages in place of 7",
    ],
    [
      "a Vision Transformer without a square of patches",
      {
        "conv_proj.weight": [64, 3, 4, 4],
        "encoder.pos_embedding": [1, 6, 64],
      },
      "6 tokens",
    ],
    [
      "a VGG whose map is no square",
      {
        "features.0.weight": conv,
        ...Object.fromEntries(
          [3, 6, 8, 11, 13, 16, 18].map((i) => [
            `features.${i}.weight`,
            [2, 2, 3, 3],
          ]),
        ),
        "classifier.0.weight": [4, 10],
        "classifier.3.weight": [4, 4],
        "classifier.6.weight": [4, 4],
      },
      "10 features, which the last convolution's channels do not give",
    ],
    [
      "a VGG with a pool at another place",
      {
        "features.0.weight": conv,
        ...Object.fromEntries(
          [2, 5, 7, 10, 12, 15, 17].map((i) => [
            `features.${i}.weight`,
            [2, 2, 3, 3],
          ]),
        ),
        "classifier.0.weight": [4, 98],
        "classifier.3.weight": [4, 4],
        "classifier.6.weight": [4, 4],
      },
      "8 convolutions and 3 linear layers at these places",
    ],
    [
      "a VGG with one linear layer",
      {
        "features.0.weight": conv,
        ...Object.fromEntries(
          [3, 6, 8, 11, 13, 16, 18].map((i) => [
            `features.${i}.weight`,
            [2, 2, 3, 3],
          ]),
        ),
        "classifier.weight": [4, 2],
      },
      "8 convolutions and 1 linear layer at these places",
    ],
    [
      "an AlexNet of another map",
      {
        "features.0.weight": [4, 3, 11, 11],
        "features.3.weight": [4, 4, 5, 5],
        ...Object.fromEntries(
          [6, 8, 10].map((i) => [`features.${i}.weight`, [4, 4, 3, 3]]),
        ),
        "classifier.1.weight": [4, 4],
        "classifier.4.weight": [4, 4],
        "classifier.6.weight": [4, 4],
      },
      "AlexNet",
    ],
    [
      "a ResNet with two linear layers in its head",
      {
        "conv1.weight": [2, 3, 7, 7],
        "bn1.running_mean": [2],
        "layer1.0.conv1.weight": [2, 2, 3, 3],
        "fc.0.weight": [4, 2],
        "fc.3.weight": [4, 4],
      },
      'The head "fc" has 2 linear layers, fc.0, fc.3',
    ],
    [
      "a ResNet without projections, as CIFAR's first had none,",
      {
        ...resnetShapes(),
        "layer2.0.conv1.weight": [4, 2, 3, 3],
        "layer2.0.bn1.weight": [4],
        "layer2.0.bn1.bias": [4],
        "layer2.0.bn1.running_mean": [4],
        "layer2.0.bn1.running_var": [4],
        "layer2.0.conv2.weight": [4, 4, 3, 3],
        "layer2.0.bn2.weight": [4],
        "layer2.0.bn2.bias": [4],
        "layer2.0.bn2.running_mean": [4],
        "layer2.0.bn2.running_var": [4],
        "fc.weight": [3, 4],
      },
      '"layer2.0.downsample.0.weight" is missing: under "layer2.0" there are conv1, bn1, conv2, bn2',
    ],
    [
      "a ResNet of no stages",
      {
        "resnet.embedder.embedder.convolution.weight": conv,
        "classifier.1.weight": [3, 2],
      },
      "no value",
    ],
    [
      "a Vision Transformer of no width",
      {
        "conv_proj.weight": [0, 3, 4, 4],
        class_token: [1, 1, 0],
        "encoder.pos_embedding": [1, 5, 0],
      },
      "no value",
    ],
    [
      "a SqueezeNet of other places",
      {
        "features.0.weight": conv,
        "features.3.squeeze.weight": [1, 2, 1, 1],
        "features.3.expand1x1.weight": [1, 1, 1, 1],
        "features.3.expand3x3.weight": [1, 1, 3, 3],
        "features.6.squeeze.weight": [1, 2, 1, 1],
        "classifier.1.weight": [3, 2, 1, 1],
      },
      "places 0, 3, 6 are those of neither version",
    ],
    [
      "a Swin with a window that is none",
      {
        "features.0.0.weight": conv,
        "features.0.2.weight": [2],
        "features.0.2.bias": [2],
        "features.1.0.norm1.weight": [2],
        "features.1.0.norm1.bias": [2],
        "features.1.0.attn.qkv.weight": [6, 2],
        "features.1.0.attn.relative_position_bias_table": [10, 1],
      },
      "no square window",
    ],
    [
      "a Swin with windows larger than memory",
      {
        "features.0.0.weight": conv,
        "features.0.2.weight": [2],
        "features.0.2.bias": [2],
        "features.1.0.norm1.weight": [2],
        "features.1.0.norm1.bias": [2],
        "features.1.0.attn.qkv.weight": [6, 2],
        "features.1.0.attn.relative_position_bias_table": [399 * 399, 1],
      },
      "1600000000 numbers",
    ],
  ])("of %s are refused by name", async (_, shapes, words) => {
    const files = memoryFiles(
      { "net.pth": torchZip(zeros(shapes)) },
      "net.pth",
      "net.pth",
    );
    const fault = await faultOf(openNetwork(files, readOptions));
    expect(fault.message).toContain(words);
    expect(fault.code).toBe("unsupported-network");
    expect(fault.remedy).toContain("torch.onnx.export");
  });
});

describe("a file beside the weights", () => {
  const shapes = resnetShapes();
  const read = async (beside: Beside, assume: Record<string, string> = {}) => {
    const files = memoryFiles({ "net.pth": new Uint8Array() }, "net.pth");
    const tensors = new Map(
      Object.entries(shapes).map(([key, shape]) => [key, zeroTensor(shape)]),
    );
    return networkOf(
      {
        files,
        tensors,
        foreign: new Map(),
        warnings: [],
        format: "weights",
        producer: "test",
        bytes: 2 ** 20,
        beside,
      },
      { ...readOptions, assume, size: [32, 32] },
    );
  };
  const config = (
    architecture: string | null,
    assume: Record<string, string> = {},
  ): Beside => ({ architecture, assume, source: "config.json" });

  it.each(["resnet18", "resnet18.a1_in1k", "tv_resnet34", null])(
    "may name what is built: %s",
    async (name) => {
      const { told } = await read(config(name));
      expect(told.assumptions?.map(({ from }) => from)).not.toContain("file");
    },
  );

  it("names an anti-aliased network, which is built as that", async () => {
    const plain = await read(config("resnet18"));
    const { told, nodes } = await read(config("resnetblur18.bt_in1k"));
    expect(told.assumptions).toContainEqual(
      expect.objectContaining({
        key: "anti-alias",
        value: "blur",
        from: "file",
        because: "As config.json says.",
      }),
    );
    expect(nodes.length).toBeGreaterThan(plain.nodes.length);
  });

  it("says values, which the user's overrule", async () => {
    const beside = config(null, { activation: "leaky:0.1" });
    const { told } = await read(beside);
    expect(told.assumptions?.[0]).toMatchObject({
      value: "leaky:0.1",
      from: "file",
    });
    const again = await read(beside, { activation: "relu" });
    expect(again.told.assumptions?.[0]).toMatchObject({
      value: "relu",
      from: "answer",
    });
  });

  it.each<[string, Beside]>([
    ["resnet50_gn", config("resnet50_gn")],
    ["ecaresnet50d", config("ecaresnet50d")],
    ["vgg16", config("vgg16")],
    ["activation=rrelu", config(null, { activation: "rrelu" })],
    ["heads=3", config(null, { heads: "3" })],
  ])("is refused by name where it says %s", async (name, beside) => {
    const fault = await faultOf(read(beside));
    expect(fault.code).toBe("unsupported-network");
    expect(fault.message).toContain(name);
    expect(fault.message).toContain("config.json");
    expect(fault.remedy).toContain("torch.onnx.export");
  });
});

/** Of a ResNet of one block. */
function resnetShapes(): Record<string, readonly number[]> {
  const norm = (name: string) =>
    Object.fromEntries(
      ["weight", "bias", "running_mean", "running_var"].map((part) => [
        `${name}.${part}`,
        [2],
      ]),
    );
  return {
    "conv1.weight": [2, 3, 7, 7],
    ...norm("bn1"),
    "layer1.0.conv1.weight": [2, 2, 3, 3],
    ...norm("layer1.0.bn1"),
    "layer1.0.conv2.weight": [2, 2, 3, 3],
    ...norm("layer1.0.bn2"),
    "fc.weight": [3, 2],
    "fc.bias": [3],
  };
}

function zeroTensor(shape: readonly number[]): StoredTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return {
    shape,
    type: "float32",
    bytes: 4 * count,
    // eslint-disable-next-line @typescript-eslint/require-await -- a file's pieces come later, these are there
    async *pieces() {
      yield new Float32Array(count);
    },
  };
}

it("tells the Inception of the FID by its 1008 outputs", () => {
  const memberOf = (outputs: number) => {
    const assume = new Assumptions({}, null);
    const keys = new Keys(new Map([["fc.weight", [outputs, 64]]]));
    return { name: inception.member(keys, assume).name, used: assume.used };
  };
  expect(memberOf(1008).used).toContainEqual(
    expect.objectContaining({
      key: "pooling",
      value: "fid",
      from: "evidence",
      because: expect.stringMatching(/1008.*assumed.*FID/) as string,
    }),
  );
  expect(memberOf(1000).name).toBe("inception_v3");
});

it("refuses a MobileNet v2 whose width changes within a stage", () => {
  const widths = [
    ...[16, 24, 24, 32, 32, 32, 64, 64, 64, 64],
    ...[96, 96, 96, 160, 160, 160, 320],
  ];
  const memberOf = (all: readonly number[]) => {
    const shapes = new Map<string, readonly number[]>([
      ["features.0.0.weight", [32, 3, 3, 3]],
      ["features.18.0.weight", [1280, 320, 1, 1]],
      ["classifier.1.weight", [5, 1280]],
    ]);
    for (const [i, width] of all.entries()) {
      shapes.set(`features.${i + 1}.conv.0.0.weight`, [8, 8, 1, 1]);
      shapes.set(`features.${i + 1}.conv.2.weight`, [width, 8, 1, 1]);
      shapes.set(`features.${i + 1}.conv.3.weight`, [width]);
    }
    const keys = new Keys(shapes);
    return mobilenetV2.member(keys, new Assumptions({}, null));
  };
  expect(memberOf(widths).name).toBe("mobilenet_v2");
  expect(() => memberOf(widths.with(5, 64))).toThrow(
    "block 6 is 64 channels wide and the one before, of the same stage, 32",
  );
});

it("names what lies in the place of a missing weight, as the file calls it", async () => {
  const missing = zeros({
    "net.module.conv1.weight": [2, 3, 7, 7],
    "net.module.bn1.running_mean": [2],
    "net.module.bn1.running_var": [2],
    "net.module.layer1.0.conv1.weight": [2, 2, 3, 3],
    "net.module.layer1.0.gn1.weight": [2],
  });
  const files = memoryFiles({ "n.pth": torchZip(missing) }, "n.pth", "n.pth");
  const { message, remedy } = await faultOf(openNetwork(files, readOptions));
  expect(message).toContain(
    '"net.module.layer1.0.bn1.running_mean" is missing: under "net.module.layer1.0" there are conv1, gn1',
  );
  expect(remedy).toMatch(/^Export the network as ONNX: torch\.onnx\.export/);
});
