import labels from "../../../resources/networks/caltech101-resnet18/labels.json";
import type { KnownNetwork } from "../../../src/shared/contract";
import type {
  Answers,
  ImportReport,
  NetworkInfo,
} from "../../../src/shared/domain";
import { presetFor } from "../../../src/shared/presets";

const signed = presetFor("signed", 3);
const fromFile = {
  size: "file",
  preprocessing: "file",
  labels: "file",
} as const;

function report(
  answers: Answers,
  changes: Partial<ImportReport> = {},
): ImportReport {
  return {
    producer: "Keras 2.15, TensorFlow.js 4.22",
    layers: 71,
    fixedSize: [128, 128],
    stripped: ["softmax"],
    answers,
    assumptions: [],
    outputs: [],
    headFrom: "file",
    sources: [],
    offer: null,
    from: fromFile,
    because: "",
    suggested: { answers, from: fromFile },
    ...changes,
  };
}

export const bundled: NetworkInfo = {
  id: "caltech101-resnet18",
  name: "ResNet-18 (half width), Caltech-101",
  format: "TF.js layers model",
  identity: "6454a6c067b567eabf762cfdefb9b585bb08f607f859d9982334c1dcbc7fcbde",
  hash: "6454a6c067b567eabf762cfdefb9b585bb08f607f859d9982334c1dcbc7fcbde",
  bundled: true,
  input: { height: 128, width: 128, channels: 3 },
  preprocessing: signed,
  classes: 101,
  head: "softmax",
  parameters: 2_830_000,
  operations: { conv2d: 20, rectifier: 17 },
  rectifiers: 17,
  activations: 17,
  maximises: "class logit",
  warnings: [],
  source: "trained for this project on Caltech-101 (CC BY 4.0)",
  licence: "Apache-2.0",
  report: report({
    size: null,
    preprocessing: signed,
    labels: { kind: "list", labels },
    assumptions: {},
    output: null,
    head: null,
  }),
  defaults: {
    steps: 300,
    stepSize: 7,
    startNoise: 0.1,
    seed: 1,
    regularization: { blur: 0.5, rotate: 5, rotateProbability: 0.3 },
    batch: 8,
    precision: "float32",
    keep: 16,
    backwardSlope: 0.2,
  },
  defaultsFrom: "card",
  labels,
};

export const thousand: NetworkInfo = {
  ...bundled,
  id: "opened-1",
  name: "SqueezeNet 1.1",
  hash: "aa".repeat(32),
  bundled: false,
  input: { height: 227, width: 227, channels: 3 },
  classes: 1000,
  rectifiers: 26,
  activations: 26,
  warnings: ["The card names no licence."],
  labels: Array.from({ length: 1000 }, (_, i) => {
    const known: Record<number, string> = {
      144: "pelican",
      229: "Old English sheepdog",
      291: "lion",
      409: "analog clock",
      415: "bakery",
      463: "bucket",
      501: "cloak",
      502: "clog",
      530: "digital clock",
      735: "poncho",
      736: "pool table",
      892: "wall clock",
      943: "cucumber",
      972: "cliff",
    };
    return known[i] ?? `${labels[i % labels.length] ?? "class"} ${i}`;
  }),
};

export const inert: NetworkInfo = {
  ...bundled,
  id: "opened-2",
  name: "ViT tiny",
  hash: "bb".repeat(32),
  bundled: false,
  rectifiers: 0,
  activations: 57,
};

/** Ten thousand classes, names and labels as long as they come, seven channels, not square. */
export const extreme: NetworkInfo = {
  ...bundled,
  id: "opened-3",
  name: "efficientnetv2_rw_m_my_own_training_2026-03-14_epoch-0180_val-loss-0.3182_ema.onnx",
  hash: "cc".repeat(32),
  bundled: false,
  format: "ONNX",
  input: { height: 96, width: 192, channels: 7 },
  preprocessing: null,
  classes: 10_000,
  rectifiers: 12,
  activations: 57,
  operations: { conv2d: 90, "depthwise-conv2d": 51, add: 36, sigmoid: 45 },
  warnings: [
    "The node stem_conv_pad has a mode of padding that is taken as zeros.",
  ],
  labels: Array.from({ length: 10_000 }, (_, i) =>
    i % 3 === 0
      ? `Cypripedioideae subtribe number ${i}, the long-petalled lady’s slipper orchid of the eastern slopes, Cypripedium parviflorum var. pubescens`
      : `class ${i}`,
  ),
};

const guessedAnswers: Answers = {
  size: [224, 224],
  preprocessing: presetFor("imagenet", 3),
  labels: { kind: "none" },
  assumptions: {},
  output: null,
  head: null,
};
const guesses = {
  size: "guess",
  preprocessing: "guess",
  labels: "guess",
} as const;

/** A state dict: nothing but weights, so everything is guessed. */
export const guessed: NetworkInfo = {
  ...bundled,
  id: "resnet50-birds-0676ba61",
  name: "resnet50-birds",
  format: "PyTorch state dict",
  hash: "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
  bundled: false,
  input: { height: 224, width: 224, channels: 3 },
  preprocessing: guessedAnswers.preprocessing,
  classes: 1000,
  parameters: 25_557_032,
  rectifiers: 49,
  activations: 49,
  operations: {
    conv2d: 53,
    "batch-norm": 53,
    rectifier: 49,
    add: 16,
    "max-pool": 1,
    "global-average-pool": 1,
    dense: 1,
  },
  maximises: "class logit",
  warnings: ["3 tensors of the file are not used: num_batches_tracked."],
  source: "",
  licence: "",
  labels: Array.from({ length: 1000 }, (_, i) => `class ${i}`),
  report: report(guessedAnswers, {
    producer: "torchvision’s resnet50",
    layers: 174,
    fixedSize: null,
    stripped: [],
    from: guesses,
    because:
      "The file is torchvision’s resnet50: its weights expect ImageNet’s mean and std.",
    suggested: { answers: guessedAnswers, from: guesses },
  }),
};

export const knownNetworks: readonly KnownNetwork[] = [
  {
    id: "torchvision-resnet18",
    name: "ResNet-18",
    format: "PyTorch state dict",
    url: "https://download.pytorch.org/models/resnet18-f37072fd.pth",
    licence: "BSD-3-Clause",
    bytes: 46_830_571,
    checksum: "sha256 begins with f37072fd",
    present: 46_830_571,
    complete: true,
    network: "resnet18-f37072fd",
  },
  {
    id: "torchvision-vgg16",
    name: "VGG-16",
    format: "PyTorch state dict",
    url: "https://download.pytorch.org/models/vgg16-397923af.pth",
    licence: "BSD-3-Clause",
    bytes: 553_433_881,
    checksum: "sha256 begins with 397923af",
    present: 121_000_000,
    complete: false,
    network: null,
  },
  {
    id: "torchvision-mobilenet-v2",
    name: "MobileNet v2",
    format: "PyTorch state dict",
    url: "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
    licence: "BSD-3-Clause",
    bytes: 14_212_972,
    checksum: "sha256 begins with b0353104",
    present: 0,
    complete: false,
    network: null,
  },
  {
    id: "keras-resnet50",
    name: "ResNet-50, Keras",
    format: "Keras weights",
    url: "https://storage.googleapis.com/tensorflow/keras-applications/resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5",
    licence: "MIT",
    bytes: 102_967_424,
    checksum: null,
    present: 0,
    complete: false,
    network: null,
  },
];
