/** Names of files: for dialogs, drops and what lies beside a network. Lower case, without the dot. */

/** Of every format that is read. */
export const networkExtensions: readonly string[] = [
  "onnx",
  "pth",
  "pt",
  "bin",
  "ckpt",
  // model_best.pth.tar
  "tar",
  "safetensors",
  "h5",
  "hdf5",
  "keras",
  "pb",
  "json",
];

const imageExtensions: readonly string[] = [
  "png",
  "jpg",
  "jpeg",
  "webp",
  "gif",
  "tif",
  "tiff",
  "avif",
];

/** Pictures that can be decoded, and arrays. */
export const pictureExtensions: readonly string[] = [...imageExtensions, "npy"];

export const labelExtensions: readonly string[] = ["txt", "json", "csv", "tsv"];

/** Whether a file is shown to a network instead of opened as one. */
export function isPictureName(name: string): boolean {
  return pictureExtensions.includes(extensionOf(name));
}

/** Whether a file is an image as a folder of photographs holds them: no array. */
export function isImageName(name: string): boolean {
  return imageExtensions.includes(extensionOf(name));
}

/** "" of a name that is nothing else. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}
