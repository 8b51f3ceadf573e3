/**
 * Files people bring that hold a network in a way Proxima does not read, or none: how each is told, and what to do
 * instead. To add one: a row of {@link kinds}, and its case in the test that walks them.
 */
import type { FaultCode } from "../../../shared/fault";
import { exportAdvice } from "../state-dict/advice";

/** What is known of a file before its content is read. */
export interface Look {
  readonly name: string;
  /** The first bytes, {@link headBytes} of them where there are so many. */
  readonly head: Uint8Array;
  /** The same as text, a character for each byte. */
  readonly text: string;
  /** Names of the files around it. */
  readonly names: readonly string[];
}

export interface Kind {
  /** "a TensorFlow Lite model" */
  readonly title: string;
  /** Why that does not do, in a few words after the title; missing: Proxima does not read it. */
  readonly why?: string;
  readonly remedy: string;
  readonly code?: FaultCode;
  /** The name's end. Of a folder's files only those with such a name are looked into. */
  readonly name?: RegExp;
  /** What its first bytes are, whatever it is called; it says more than any name. */
  readonly magic?: (look: Look) => boolean;
  /** Where bytes alone could be another's: what else holds of a file with such a name. */
  readonly looks?: (look: Look) => boolean;
}

export const headBytes = 4096;

const fromKeras =
  'Open the Keras model it was made from: model.save("network.keras").';
const unpack = "Unpack it, and open what is inside.";

export const kinds: readonly Kind[] = [
  {
    title: "a Git LFS pointer",
    why: "a few lines of text stand in place of the file",
    code: "damaged-file",
    remedy: "Fetch the file itself: git lfs pull, or its page's download link.",
    magic: begins("version https://git-lfs"),
  },
  {
    title: "a web page",
    why: "the download gave no file",
    code: "damaged-file",
    remedy: "Download it again, by the link that gives the file itself.",
    magic: ({ text }) => /^\s*<(!doctype html|html[\s>])/i.test(text),
  },
  packed("gzip", 0x1f, 0x8b, 0x08),
  packed("xz", 0xfd, 0x37, 0x7a, 0x58, 0x5a),
  packed("bzip2", 0x42, 0x5a, 0x68, 0x39, 0x31, 0x41),
  packed("zstd", 0x28, 0xb5, 0x2f, 0xfd),
  packed("7-Zip", 0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c),
  packed("RAR", 0x52, 0x61, 0x72, 0x21, 0x1a),
  {
    title: "a TensorFlow Lite model",
    remedy: fromKeras,
    name: /\.(tflite|lite)$/i,
    magic: begins("TFL3", 4),
  },
  {
    title: "an ONNX Runtime model (.ort)",
    remedy: "Open the .onnx file it was made from.",
    name: /\.ort$/i,
    magic: begins("ORTM", 4),
  },
  {
    title: "an ExecuTorch program",
    remedy: exportAdvice,
    name: /\.pte$/i,
    magic: begins("ET", 4, /^\d\d/),
  },
  {
    title: "a Core ML model",
    remedy: exportAdvice,
    name: /(\.mlmodel|(^|\/)Manifest\.json)$/i,
    looks: ({ name, head, text }) =>
      (/\.mlmodel$/i.test(name) && head[0] === 0x08) ||
      (/Manifest\.json$/.test(name) && text.includes("com.apple.CoreML")),
  },
  {
    title: "a Caffe model",
    remedy: "Convert it to ONNX, and open the .onnx file.",
    name: /\.(caffemodel|prototxt)$/i,
  },
  {
    title: "a model compiled for TensorRT",
    why: "it runs on one kind of graphics card alone",
    remedy: "Open the .onnx file it was made from.",
    name: /\.(engine|plan|trt)$/i,
    looks: ({ name, text }) =>
      /^[fp]trt/.test(text) || /\.(engine|trt)$/i.test(name),
  },
  {
    title: "an OpenVINO model",
    remedy: "Open the network it was converted from, best as ONNX.",
    name: /\.(xml|bin)$/i,
    looks: ({ name, text, names }) =>
      /^\s*(<\?xml[^>]*>\s*)?<net\s/.test(text) ||
      isBinBeside("xml", name, names),
  },
  {
    title: "an ncnn model",
    remedy: "Open the network it was converted from, best as ONNX.",
    name: /\.(param|bin)$/i,
    looks: ({ name, text, names }) =>
      /^7767517\s/.test(text) || isBinBeside("param", name, names),
  },
  {
    title: "a PaddlePaddle model",
    remedy: "Convert it to ONNX with paddle2onnx, and open the .onnx file.",
    name: /\.(pdmodel|pdiparams|pdparams)$/i,
  },
  {
    title: "an MXNet model",
    remedy: "Convert it to ONNX, and open the .onnx file.",
    name: /(\.params|-symbol\.json)$/i,
    looks: ({ head, text }) =>
      bytes(0x12, 0x01, 0, 0, 0, 0, 0, 0)({ head }) ||
      (/^\s*\{\s*"nodes"/.test(text) && text.includes('"op"')),
  },
  {
    title: "a Darknet network (YOLO)",
    remedy: "Convert it to ONNX, and open the .onnx file.",
    name: /\.(weights|cfg)$/i,
    looks: ({ name, head, text }) =>
      /^\s*(#[^\n]*\n\s*)*\[net(work)?\]/.test(text) ||
      (/\.weights$/i.test(name) &&
        bytes(0, 0, 0, 0)({ head }) &&
        (head[4] ?? 9) <= 5 &&
        bytes(0, 0, 0)({ head: head.subarray(5) })),
  },
  {
    title: "a Flax checkpoint (msgpack)",
    why: "it holds weights alone",
    remedy:
      "Open the same network's safetensors, PyTorch or ONNX file; hubs keep them beside it.",
    name: /\.msgpack$/i,
  },
  {
    title: "a language model (GGUF)",
    why: "it reads text, not pictures",
    remedy: "Proxima opens networks that take pictures.",
    name: /\.gguf$/i,
    magic: ({ text }) => /^(GGUF|lmgg|tjgg|fmgg)/.test(text),
  },
  {
    title: "a NumPy array",
    why: "it holds numbers without a network",
    remedy: "An array of a picture is dropped on a network that is open.",
    name: /\.npy$/i,
    magic: begins("\u0093NUMPY"),
  },
  {
    title: "a MATLAB file",
    remedy:
      "Export the network from MATLAB: exportONNXNetwork(net, 'network.onnx').",
    name: /\.mat$/i,
    magic: begins("MATLAB "),
  },
  {
    title: "a Lua Torch file (.t7)",
    remedy:
      "Load it with torchfile or an older PyTorch, and export it to ONNX.",
    name: /\.t7$/i,
  },
  {
    title: "a part of a TensorFlow checkpoint",
    why: "it holds weights without a graph",
    remedy: `Load it in TensorFlow and save the whole model: ${fromKeras.slice(fromKeras.indexOf("model.save"))}`,
    name: /\.(data-\d{5}-of-\d{5}|index|meta)$|(^|\/)checkpoint$/,
    looks: ({ name, names, text }) =>
      names.some((one) => /\.data-\d{5}-of-\d{5}$/.test(one)) ||
      (/(^|\/)checkpoint$/.test(name) &&
        text.includes("model_checkpoint_path")),
  },
  {
    title: "a pipeline that makes pictures (diffusers)",
    why: "it has no classes",
    remedy: "Proxima opens networks that take pictures, such as classifiers.",
    name: /(^|\/)model_index\.json$/,
    looks: ({ text }) => text.includes("_diffusers_version"),
  },
  {
    title: "a model compiled for a phone or a board",
    remedy: "Open the network it was converted from, best as ONNX.",
    name: /\.(mnn|rknn|hef|dlc|tmfile)$/i,
  },
];

/** Whether a .bin has a file of the same name with this extension beside it, which says what it is. */
function isBinBeside(
  extension: string,
  name: string,
  names: readonly string[],
): boolean {
  return (
    /\.bin$/i.test(name) && names.includes(name.replace(/bin$/i, extension))
  );
}

/** A packed file that is no zip. */
function packed(program: string, ...magic: number[]): Kind {
  return {
    title: `packed with ${program}`,
    why: "what is inside cannot be read from it",
    remedy: unpack,
    magic: bytes(...magic),
  };
}

function begins(words: string, at = 0, then?: RegExp) {
  return ({ text }: Pick<Look, "text">): boolean =>
    text.startsWith(words, at) &&
    (!then || then.test(text.slice(at + words.length)));
}

function bytes(...magic: number[]) {
  return ({ head }: Pick<Look, "head">): boolean =>
    magic.every((byte, i) => head[i] === byte);
}
