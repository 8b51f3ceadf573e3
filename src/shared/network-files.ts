/** Names of files: for dialogs, drops and what lies beside a network. Lower case, without the dot. */

/** Of every format that is read. */
export const networkExtensions: readonly string[] = [
  "onnx",
  "pth",
  "pt",
  "bin",
  "ckpt",
  "safetensors",
  "h5",
  "hdf5",
  "keras",
  "pb",
  "json",
];

/** Pictures that can be decoded, and arrays. */
export const pictureExtensions: readonly string[] = [
  "png",
  "jpg",
  "jpeg",
  "webp",
  "gif",
  "tif",
  "tiff",
  "avif",
  "npy",
];

export const labelExtensions: readonly string[] = ["txt", "json", "csv", "tsv"];
