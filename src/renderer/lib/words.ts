import type { Head, Method, NetworkSummary } from "../../shared/domain";
import { hasProbability, unitWords } from "../../shared/head";
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
  return `${width} × ${height}${colours} · ${rectifiers} · ${unitCount(network)}`;
}

/** "Opened resnet18.onnx: ONNX · 224 × 224 · 1,000 classes" */
export function openedText(network: NetworkSummary): string {
  const { name, format, input } = network;
  return `Opened ${name}: ${format} · ${input.width} × ${input.height} · ${unitCount(network)}`;
}

/** "1,000 classes", "1 output" */
export function unitCount({
  classes,
  head,
}: Pick<NetworkSummary, "classes" | "head">): string {
  const [one, many] = unitWords(head);
  return `${formatWhole(classes)} ${classes === 1 ? one : many}`;
}

/** What stands above a network's largest outputs on a picture. */
export function seenTitle(head: Head): string {
  return hasProbability(head)
    ? "What the network sees"
    : `Largest ${unitWords(head)[1]}`;
}

/** The first letter as a capital. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
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
