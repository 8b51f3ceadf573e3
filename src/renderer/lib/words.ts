import type { Method, NetworkSummary } from "../../shared/domain";
import { titleMethod } from "../../shared/method";

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
  return `${width} × ${height}${colours} · ${rectifiers} · ${network.classes} classes`;
}

/** Said where a gradient rule changes nothing; null where it does. */
export function inertText(network: NetworkSummary): string | null {
  if (network.rectifiers > 0) return null;
  return network.activations > 0
    ? `ProxyGrad has no effect here: 0 of ${network.activations} activations are ReLU.`
    : "ProxyGrad has no effect here: this network has no activations.";
}

/** What a screen reader hears of a tile. */
export function tileName(label: string, method: Method): string {
  return `${label}, ${titleMethod(method)}`;
}
