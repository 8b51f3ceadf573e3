/** A network as plain data, to be handed from one thread to another: operations by kind, weights as they lie. */
import type { Network } from "./network";
import type { Node, Op } from "./op";
import * as ops from "./ops/index";

export type PortableNode = Omit<Node, "op"> & { readonly kind: string };
export type PortableNetwork = Omit<Network, "nodes"> & {
  readonly nodes: readonly PortableNode[];
};

/** The network without functions, and the buffers of its weights, each once. */
export function pack(network: Network): {
  network: PortableNetwork;
  buffers: ArrayBuffer[];
} {
  const buffers = new Set<ArrayBuffer>();
  const nodes = network.nodes.map(({ op, ...node }) => {
    for (const { data } of Object.values(node.weights))
      if (data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
    return { ...node, kind: op.kind };
  });
  return { network: { ...network, nodes }, buffers: [...buffers] };
}

export function unpack(network: PortableNetwork): Network {
  const byKind = new Map<string, Op>(
    Object.values(ops).map((op) => [op.kind, op]),
  );
  const nodes = network.nodes.map(({ kind, ...node }): Node => {
    const op = byKind.get(kind);
    if (!op) throw new RangeError(`no operation "${kind}"`);
    return { ...node, op };
  });
  return { ...network, nodes };
}
