/** Well-known networks and where their makers offer them: data, from the makers' own sources. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { cardSchema } from "../../../shared/card";
import { idSchema, type Preset } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { parseJson } from "../../../shared/json";
import { presetFor } from "../../../shared/presets";

const entrySchema = z.strictObject({
  id: idSchema,
  name: z.string().min(1).max(200),
  /** For people. */
  format: z.string().max(200),
  url: z.url().max(2000),
  licence: z.string().max(200),
  /** About as many as its maker says. */
  bytes: z.int().min(0),
  /** What the hash of the file begins with, as its maker's own source states it. */
  checksum: z
    .strictObject({
      algorithm: z.enum(["sha256", "md5"]),
      begins: z.string().regex(/^[0-9a-f]{4,64}$/),
    })
    .nullable(),
  /** What the file does not say of the network, and its maker does. */
  card: cardSchema.default({}),
  /** Its classes are ImageNet's 1,000. */
  imagenet: z.boolean().default(false),
});
export type KnownEntry = z.infer<typeof entrySchema>;

const mebibyte = 2 ** 20;

/** torchvision's models/*.py: the url of `..._Weights.IMAGENET1K_V1`, whose file name ends in the hash, and `_file_size` in MiB. */
function torchvision(
  id: string,
  name: string,
  sha256: string,
  mebibytes: number,
): KnownEntry {
  return {
    id: `torchvision-${id.replaceAll("_", "-")}`,
    name: `${name}, torchvision`,
    format: "PyTorch state dict",
    url: `https://download.pytorch.org/models/${id}-${sha256}.pth`,
    licence: "BSD-3-Clause",
    bytes: Math.round(mebibytes * mebibyte),
    checksum: { algorithm: "sha256", begins: sha256 },
    card: {
      name: `${name}, torchvision`,
      source: "torchvision, IMAGENET1K_V1, trained on ImageNet",
      licence: "BSD-3-Clause",
      ...imagenetCard("imagenet"),
    },
    imagenet: true,
  };
}

/** Both makers train and test at 224 px. */
function imagenetCard(preset: Preset) {
  const preprocessing = presetFor(preset, 3) ?? undefined;
  return { input: { height: 224, width: 224, channels: 3 }, preprocessing };
}

export const knownNetworks: readonly KnownEntry[] = [
  torchvision("resnet18", "ResNet-18", "f37072fd", 44.661),
  torchvision("resnet50", "ResNet-50", "0676ba61", 97.781),
  torchvision("vgg16", "VGG-16", "397923af", 527.796),
  torchvision("squeezenet1_1", "SqueezeNet 1.1", "b8a52dc0", 4.729),
  torchvision("mobilenet_v2", "MobileNet v2", "b0353104", 13.555),
  torchvision("densenet121", "DenseNet-121", "a639ec97", 30.845),
  {
    // keras/src/applications/resnet.py: BASE_WEIGHTS_PATH, WEIGHTS_HASHES; the size from keras.io/api/applications
    id: "keras-resnet50",
    name: "ResNet-50, Keras",
    format: "Keras weights",
    url: "https://storage.googleapis.com/tensorflow/keras-applications/resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5",
    licence: "Apache-2.0",
    bytes: 98 * mebibyte,
    checksum: { algorithm: "md5", begins: "2cb95161c43110f7111970584f804107" },
    card: {
      name: "ResNet-50, Keras",
      source: "Keras Applications, trained on ImageNet",
      licence: "Apache-2.0",
      ...imagenetCard("caffe"),
    },
    imagenet: true,
  },
];

/** The name the file has in the app's data; it is the one its maker gave it. */
export function fileNameOf({ url }: KnownEntry): string {
  return basename(new URL(url).pathname);
}

/** A list in a file in place of ours, for tests. Throws a Fault `invalid-request`. */
export async function readKnownNetworks(
  path: string,
): Promise<readonly KnownEntry[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const parsed = z.array(entrySchema).max(100).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Fault(
    "invalid-request",
    `${path} holds no list of networks: ${z.prettifyError(parsed.error)}`,
  );
}
