/** What a step of a network costs, from its shapes alone: a clock would make the recipe depend on the machine's mood. */
import { shapeOf, type Network } from "../network/network";

/** A value that is written and read again costs about as much as so many multiply-adds. */
const perValue = 20;
/** And calling an operation, forth and back, as much as so many; a batch shares it. */
const perNode = 5e5;

/**
 * Multiply-adds of one forward pass of one image, and what moving its values costs on top. Products of two values
 * (attention) are not counted.
 */
export function workOf(network: Network): number {
  let work = perNode * network.nodes.length;
  for (const { name, weights } of network.nodes) {
    const shape = shapeOf(network, name);
    const values = shape.reduce((a, b) => a * b, 1);
    const channels = shape.at(-1) ?? 1;
    const largest = Object.values(weights).reduce(
      (most, { shape: { length }, data }) =>
        length >= 2 ? Math.max(most, data.length) : most,
      0,
    );
    work += (values / channels) * largest + perValue * values;
  }
  return work;
}
