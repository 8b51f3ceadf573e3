import type { Method, NetworkSummary } from "../../shared/domain";
import { titleMethod } from "../../shared/method";
import { formatWhole } from "./format";

/** Short name of a method without its slopes. */
export function methodName(method: Method): string {
  switch (method.kind) {
    case "relu":
      return "ReLU";
    case "leaky":
      return "Leaky ReLU";
    case "proxygrad":
      return "ProxyGrad";
    case "slopes":
      return "Free slopes";
  }
}

export function silentText(method: Method): string {
  return `This unit is silent at this start: ${methodName(method)}’s gradient is exactly zero.`;
}

/** "227 × 227 · 26 rectifiers" */
export function networkFacts(network: NetworkSummary): string {
  const { height, width, channels } = network.input;
  const colours = channels === 3 ? "" : ` × ${channels}`;
  const rectifiers =
    network.rectifiers === 1
      ? "1 rectifier"
      : `${network.rectifiers} rectifiers`;
  return `${width} × ${height}${colours} · ${rectifiers} · ${formatWhole(network.classes)} classes`;
}

/** "Opened resnet18.onnx: ONNX · 224 × 224 · 1,000 classes" */
export function openedText({
  name,
  format,
  input,
  classes,
}: NetworkSummary): string {
  return `Opened ${name}: ${format} · ${input.width} × ${input.height} · ${formatWhole(classes)} classes`;
}

/** Everything that opens, for people. */
export const supportedFormats =
  "ONNX, PyTorch state dicts (.pth, .pt), safetensors, Keras (.h5, .keras), TensorFlow.js, SavedModel and frozen graphs (.pb)";

/** Said where a gradient rule changes nothing; null where it does. */
export function inertText(network: NetworkSummary): string | null {
  if (network.rectifiers > 0) return null;
  const found =
    network.activations > 0
      ? `0 of ${network.activations} activations are ReLU`
      : "this network has no activations";
  return `ProxyGrad and Leaky ReLU have no effect here: ${found}. All columns show the same.`;
}

/** How pictures of other than one or three channels are painted; null where nothing has to be said. */
export function channelsText(channels: number): string | null {
  if (channels === 1 || channels === 3) return null;
  return channels === 2
    ? "The input has 2 channels: pictures show the first one, in grey."
    : `The input has ${channels} channels: pictures show the first three, as red, green and blue.`;
}

/** What a screen reader hears of a tile. */
export function tileName(label: string, method: Method): string {
  return `${label}, ${titleMethod(method)}`;
}
