import type { Method } from "./domain";

export interface Slopes {
  readonly forward: number;
  readonly backward: number;
}

/**
 * The slopes a method gives a rectifier whose own slope is `own` (0 for ReLU and ReLU6).
 *
 * | method | forward | backward |
 * |---|---|---|
 * | relu (plain) | own | own |
 * | leaky s | s | s |
 * | proxygrad p | own | p |
 * | slopes s p | s | p |
 *
 * Linse, Barth, Martinetz, IJCNN 2024.
 */
export function slopesOf(method: Method, own = 0): Slopes {
  switch (method.kind) {
    case "relu":
      return { forward: own, backward: own };
    case "leaky":
      return { forward: method.slope, backward: method.slope };
    case "proxygrad":
      return { forward: own, backward: method.slope };
    case "slopes":
      return { forward: method.forward, backward: method.backward };
  }
}

/** The spelling of the command line and of file names: relu, leaky:0.1, proxygrad:0.1, slopes:0:0.1. */
export function spellMethod(method: Method): string {
  switch (method.kind) {
    case "relu":
      return "relu";
    case "leaky":
    case "proxygrad":
      return `${method.kind}:${method.slope}`;
    case "slopes":
      return `slopes:${method.forward}:${method.backward}`;
  }
}

/** Title of a column: ReLU, Leaky ReLU 0.1, ProxyGrad 0.1, Slopes 0 / 0.1. */
export function titleMethod(method: Method): string {
  switch (method.kind) {
    case "relu":
      return "ReLU";
    case "leaky":
      return `Leaky ReLU ${method.slope}`;
    case "proxygrad":
      return `ProxyGrad ${method.slope}`;
    case "slopes":
      return `Slopes ${method.forward} / ${method.backward}`;
  }
}
