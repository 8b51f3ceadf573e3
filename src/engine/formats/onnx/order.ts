/** Nodes in an order in which every value is given before it is read; files do not all keep to one. */
import type { OnnxNode } from "./node";

/**
 * The nodes in the file's order, but each after those it reads. `readBy` names what a node reads, `known` what is there
 * before any node. Throws a Fault `damaged-file` for values that nothing gives, two nodes give, or that depend on themselves.
 */
export function inOrder(
  nodes: readonly OnnxNode[],
  known: ReadonlySet<string>,
  readBy: (node: OnnxNode) => Iterable<string>,
): OnnxNode[] {
  const givers = new Map<string, OnnxNode>();
  for (const node of nodes)
    for (const name of node.outputs) {
      if (name === "") continue;
      if (known.has(name) || givers.has(name))
        node.damaged(`it gives "${name}", which is there already.`);
      givers.set(name, node);
    }
  const done = new Set<OnnxNode>();
  const waiting = new Set<OnnxNode>();
  // a list instead of recursion: a file may be deeper than the stack
  const path = nodes.toReversed();
  for (let node = path.at(-1); node; node = path.at(-1)) {
    const open = done.has(node) ? [] : missing(node);
    if (open.length === 0) {
      done.add(node);
      path.pop();
    } else if (waiting.has(node)) node.damaged("it reads what depends on it.");
    else {
      waiting.add(node);
      path.push(...open.reverse());
    }
  }
  return [...done];

  function missing(node: OnnxNode): OnnxNode[] {
    const open = new Set<OnnxNode>();
    for (const name of readBy(node)) {
      const giver = givers.get(name);
      if (giver && !done.has(giver)) open.add(giver);
      else if (!giver && !known.has(name))
        node.damaged(`it reads "${name}", which nothing gives.`);
    }
    return [...open];
  }
}
