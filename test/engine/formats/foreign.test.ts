/** Known files of others: each is refused by what it is, in few words, with one remedy. */
import { describe, expect, it } from "vitest";
import { openNetwork } from "../../../src/engine";
import { archiveKinds } from "../../../src/engine/formats/foreign/archives";
import { kinds } from "../../../src/engine/formats/foreign/kinds";
import { objectKinds } from "../../../src/engine/formats/foreign/objects";
import { weightKinds } from "../../../src/engine/formats/foreign/weights";
import type { Fault } from "../../../src/shared/fault";
import {
  faultOf,
  memoryFiles,
  readOptions,
  type Contents,
} from "./memory-files";
import { call, op, pickleOf, sequence, text } from "./pickle-bytes";
import {
  dataOf,
  headerOf,
  safetensorsOf,
  tinyResnet,
  torchZip,
  type State,
} from "./torch-files";
import { join, utf8, zipOf } from "./zip-bytes";

async function refusal(
  contents: Contents,
  chosen: string | null,
): Promise<Fault> {
  const fault = await faultOf(
    openNetwork(memoryFiles(contents, chosen ?? "folder", chosen), readOptions),
  );
  // cause first, one remedy, and no more than three lines of some hundred characters
  expect(fault.message).toMatch(/^".+" (is|holds) /);
  expect(fault.remedy).not.toBe("");
  expect(`${fault.message} ${fault.remedy}`.length).toBeLessThan(320);
  return fault;
}

const rest = new Uint8Array(200).fill(7);
const with4 = (magic: string) => join([utf8("\x1c\0\0\0"), utf8(magic), rest]);

interface Case {
  /** The first is the file in question. */
  readonly files: Contents;
  /** Whether only a name like this is known; else any name is, where it is chosen. */
  readonly byName?: boolean;
}

/** By title, a case for every row of the table. */
const fileCases: Readonly<Record<string, readonly Case[]>> = {
  "a Git LFS pointer": [
    {
      files: {
        "model.safetensors":
          "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
      },
    },
  ],
  "a web page": [
    { files: { "net.pth": "\n<!DOCTYPE html><html><body>404</body></html>" } },
    { files: { "net.onnx": "<html lang='en'>" } },
  ],
  "packed with gzip": [
    { files: { "net.tar.gz": join([Uint8Array.of(0x1f, 0x8b, 8), rest]) } },
  ],
  "packed with xz": [
    {
      files: {
        "net.xz": join([Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a), rest]),
      },
    },
  ],
  "packed with bzip2": [
    { files: { "net.bz2": join([utf8("BZh91AY"), rest]) } },
  ],
  "packed with zstd": [
    {
      files: { "net.zst": join([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), rest]) },
    },
  ],
  "packed with 7-Zip": [
    {
      files: {
        "net.7z": join([
          Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c),
          rest,
        ]),
      },
    },
  ],
  "packed with RAR": [
    { files: { "net.rar": join([utf8("Rar!\x1a\x07"), rest]) } },
  ],
  "a TensorFlow Lite model": [{ files: { "net.tflite": with4("TFL3") } }],
  "an ONNX Runtime model (.ort)": [{ files: { "net.ort": with4("ORTM") } }],
  "an ExecuTorch program": [{ files: { "net.pte": with4("ET12") } }],
  "a Core ML model": [
    {
      files: { "net.mlmodel": Uint8Array.of(8, 5, 18, 2, 10, 0) },
      byName: true,
    },
    {
      files: {
        "Manifest.json": {
          itemInfoEntries: { a: { author: "com.apple.CoreML" } },
        },
        "Data/com.apple.CoreML/model.mlmodel": Uint8Array.of(8, 5),
      },
      byName: true,
    },
  ],
  "a Caffe model": [
    {
      files: { "net.caffemodel": rest, "deploy.prototxt": "layer {}" },
      byName: true,
    },
  ],
  "a model compiled for TensorRT": [
    { files: { "net.engine": join([utf8("ftrt"), rest]) }, byName: true },
  ],
  "an OpenVINO model": [
    {
      files: {
        "net.xml": '<?xml version="1.0"?>\n<net name="x" version="11">',
        "net.bin": rest,
      },
      byName: true,
    },
    { files: { "net.bin": rest, "net.xml": "<net >" }, byName: true },
  ],
  "an ncnn model": [
    {
      files: { "net.param": "7767517\n75 83\n", "net.bin": rest },
      byName: true,
    },
  ],
  "a PaddlePaddle model": [
    {
      files: { "inference.pdmodel": rest, "inference.pdiparams": rest },
      byName: true,
    },
  ],
  "an MXNet model": [
    {
      files: {
        "net-0000.params": join([
          Uint8Array.of(0x12, 1, 0, 0, 0, 0, 0, 0),
          rest,
        ]),
      },
      byName: true,
    },
    {
      files: { "net-symbol.json": { nodes: [{ op: "null", name: "data" }] } },
      byName: true,
    },
  ],
  "a Darknet network (YOLO)": [
    {
      files: {
        "yolov3.weights": join([
          Uint8Array.of(0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0),
          rest,
        ]),
      },
      byName: true,
    },
    { files: { "yolov3.cfg": "# yolo\n[net]\nbatch=1\n" }, byName: true },
  ],
  "a Flax checkpoint (msgpack)": [
    { files: { "flax_model.msgpack": rest }, byName: true },
  ],
  "a language model (GGUF)": [
    { files: { "llama.gguf": join([utf8("GGUF"), rest]) } },
  ],
  "a NumPy array": [
    { files: { "x.npy": join([Uint8Array.of(0x93), utf8("NUMPY"), rest]) } },
  ],
  "a MATLAB file": [
    { files: { "net.mat": join([utf8("MATLAB 5.0 MAT-file"), rest]) } },
  ],
  "a Lua Torch file (.t7)": [{ files: { "net.t7": rest }, byName: true }],
  "a part of a TensorFlow checkpoint": [
    {
      files: {
        "model.ckpt.data-00000-of-00001": rest,
        "model.ckpt.index": rest,
        "model.ckpt.meta": rest,
      },
      byName: true,
    },
  ],
  "a pipeline that makes pictures (diffusers)": [
    {
      files: {
        "model_index.json": { _class_name: "X", _diffusers_version: "0.1" },
      },
      byName: true,
    },
  ],
  "a model compiled for a phone or a board": [
    { files: { "net.rknn": rest }, byName: true },
  ],
};

describe("a file that is known", () => {
  it("has a case", () => {
    expect(Object.keys(fileCases)).toEqual(kinds.map(({ title }) => title));
  });

  it.each(kinds.map((kind) => [kind.title, kind] as const))(
    "%s",
    async (title, kind) => {
      for (const { files, byName = false } of fileCases[title] ?? []) {
        const [name = "", content] = Object.entries(files)[0] ?? [];
        const fault = await refusal(files, name);
        expect(fault.message).toContain(`"${name}" is ${title}`);
        expect(fault.remedy).toBe(kind.remedy);
        // the folder around it says the same
        if (kind.name)
          expect((await refusal(files, null)).message).toContain(title);
        if (!byName)
          expect((await refusal({ odd: content }, "odd")).message).toContain(
            title,
          );
      }
    },
  );

  it("is not taken for another in a folder of downloads", async () => {
    const state = tinyResnet();
    const weights = safetensorsOf(headerOf(state), dataOf(state));
    const around = Object.assign(
      {},
      ...Object.values(fileCases).flatMap((cases) =>
        cases.map(({ files }) => files),
      ),
    ) as Contents; // files of every kind
    await openNetwork(
      memoryFiles(
        { ...around, "mine.safetensors": weights },
        "x",
        "mine.safetensors",
      ),
      readOptions,
    );
  });
});

describe("an archive that is known", () => {
  const entries = (...names: string[]) =>
    zipOf(names.map((name) => ({ name, data: rest })));
  const cases: readonly [string, string, Uint8Array, string][] = [
    ["NumPy arrays", "x.npz", entries("a.npy", "b/c.npy"), "NumPy archive"],
    [
      "torch.export",
      "x.pt2",
      entries("x/archive_format", "x/models/model.json"),
      "torch.export",
    ],
    [
      "Core ML",
      "x.zip",
      entries("x.mlpackage/Data/com.apple.CoreML/model.mlmodel"),
      "Core ML package",
    ],
    [
      "Teachable Machine's download",
      "converted_keras.zip",
      entries("keras_model.h5", "labels.txt"),
      '"keras_model.h5"',
    ],
    [
      "a SavedModel",
      "x.zip",
      entries("m/variables/variables.index", "m/saved_model.pb"),
      '"m/saved_model.pb"',
    ],
    [
      "TorchServe",
      "x.mar",
      entries("MAR-INF/MANIFEST.json", "handler.py", "weights.pth"),
      'TorchServe archive (.mar) that holds a network: "weights.pth"',
    ],
    ["photographs", "x.zip", entries("a.jpg", "b.jpg"), "without a network"],
  ];

  it.each(cases)("%s", async (_, name, bytes, words) => {
    // also under the names of PyTorch's own archives
    for (const title of [name, "x.pth", "x"]) {
      const fault = await refusal({ [title]: bytes }, title);
      expect(fault.code).toBe("unsupported-network");
      expect(fault.message).toContain(words);
    }
  });

  it("has a case for each row", () => {
    for (const { title } of archiveKinds)
      expect(cases.some(([, , , words]) => title.includes(words))).toBe(true);
  });
});

describe("a Python object that is known", () => {
  const names = [
    ["fastai.learner", "Learner"],
    ["ultralytics.nn.tasks", "DetectionModel"],
    ["sklearn.ensemble._forest", "RandomForestClassifier"],
    ["numpy.core.multiarray", "_reconstruct"],
    ["keras.engine.sequential", "Sequential"],
    ["torchvision.models.detection.faster_rcnn", "FasterRCNN"],
  ] as const;

  it("has a case", () => {
    expect(names.length).toBe(objectKinds.length);
  });

  it.each(names.map((name, i) => [name, objectKinds[i]] as const))(
    "%s",
    async ([module, name], kind) => {
      const object = call(module, name);
      const inDict = sequence(
        op.emptyDict,
        op.mark,
        text("model"),
        object,
        op.setitems,
      );
      for (const bytes of [
        torchZip({}, { root: object }),
        torchZip({}, { root: inDict }),
        pickleOf(object),
        pickleOf(inDict),
      ]) {
        const fault = await refusal(
          { "export.pkl.pth": bytes },
          "export.pkl.pth",
        );
        expect(fault.message).toContain(kind?.title);
        expect(fault.remedy).toBe(kind?.remedy);
      }
    },
  );

  it("is named where only its class is known", async () => {
    const bytes = torchZip({}, { root: call("my.models", "Net") });
    const { message } = await refusal({ "net.pt": bytes }, "net.pt");
    expect(message).toContain("my.models.Net");
  });
});

describe("weights that are known", () => {
  const keys: Readonly<Record<string, readonly (string | [string, number])[]>> =
    {
      "LoRA weights": [
        "unet.down.attn.to_q.lora_A.weight",
        "x.lora_down.weight",
      ],
      "a quantized network": [
        "conv1.weight",
        "conv1.scale",
        "conv1.zero_point",
      ],
      "a diffusion model": ["down_blocks.0.resnets.0.conv1.weight"],
      CLIP: ["visual.conv1.weight", "text_projection", "logit_scale"],
      "a network of sounds": [["model.encoder.conv1.weight", 3]],
      "a language model": ["bert.embeddings.word_embeddings.weight"],
      "torchvision's Faster R-CNN, Mask R-CNN or Keypoint R-CNN": [
        "backbone.body.conv1.weight",
        "rpn.head.conv.0.0.weight",
        "roi_heads.box_head.fc6.weight",
      ],
      "torchvision's SSD, RetinaNet or FCOS": [
        "backbone.features.0.weight",
        "head.classification_head.module_list.0.weight",
      ],
      "DETR or one of its kin": [
        "backbone.0.body.conv1.weight",
        "bbox_embed.layers.0.weight",
      ],
      "a detector of MMDetection or Detectron2": [
        "backbone.conv1.weight",
        "bbox_head.gfl_cls.weight",
      ],
      EfficientDet: [
        "backbone.conv_stem.weight",
        "class_net.predict.conv_dw.weight",
      ],
      "a YOLO detector": [
        "model.0.conv.weight",
        "model.22.cv2.0.0.conv.weight",
      ],
      "Segment Anything": [
        "image_encoder.pos_embed",
        "mask_decoder.iou_token.weight",
      ],
      "a segmentation network": [
        "backbone.conv1.weight",
        "classifier.4.weight",
        "aux_classifier.4.weight",
      ],
      "torchvision's FCN": ["backbone.conv1.weight", "classifier.4.weight"],
      "a generator (StyleGAN)": ["synthesis.b4.const", "mapping.fc0.weight"],
      "a network with 3-D convolutions": [["stem.0.weight", 5]],
    };

  it("has a case", () => {
    expect(Object.keys(keys)).toEqual(weightKinds.map(({ title }) => title));
  });

  it.each(weightKinds.map((kind) => [kind.title, kind] as const))(
    "%s",
    async (title, kind) => {
      const state: State = Object.fromEntries(
        (keys[title] ?? []).map((entry) => {
          const [key, rank] = typeof entry === "string" ? [entry, 4] : entry;
          const shape = new Array<number>(rank).fill(1);
          return [key, { shape, data: new Float32Array(1) }];
        }),
      );
      const files = {
        "a.safetensors": safetensorsOf(headerOf(state), dataOf(state)),
        "b.bin": torchZip(state),
      };
      for (const name of Object.keys(files)) {
        const fault = await refusal(files, name);
        expect(fault.code).toBe("unsupported-network");
        expect(fault.message).toContain(
          `the weights of ${title}: ${kind.why}.`,
        );
        expect(fault.remedy).toBe(kind.remedy);
      }
    },
  );
});
