/**
 * ResNets whose last layer lies apart from the rest, as OpenMMLab, Lightning modules and contrastive learning have it:
 * `backbone.conv1`, ..., `head.fc`. Also those that were made of another's children, whose layers are numbers:
 * `nn.Sequential(*list(resnet.children())[:-1])`.
 */
import type { StoredTensor } from "./state-dict/stored-tensor";

type Tensors = ReadonlyMap<string, StoredTensor>;

/** torchvision's children in order; a ReLU and pools have no weights. */
const children: ReadonlyMap<string, string> = new Map([
  ["0", "conv1"],
  ["1", "bn1"],
  ...["4", "5", "6", "7"].map((n, i) => [n, `layer${i + 1}`] as const),
]);
const lastLayers = /^(fc|classifier|head|linear|last_linear)\./;

export function withHead(tensors: Tensors): {
  readonly tensors: Tensors;
  readonly warnings: readonly string[];
} {
  const asTheyAre = { tensors, warnings: [] };
  const named = childrenNamed(tensors);
  const body = /^(.+\.)?layer1\.0\.conv1\.weight$/;
  const prefixes = [...named.keys()].flatMap((key) => {
    const match = body.exec(key);
    return match ? [match[1] ?? ""] : [];
  });
  const [prefix] = prefixes;
  // two of them are two networks
  if (prefix === undefined || prefix === "" || prefixes.length > 1)
    return asTheyAre;
  const own = (key: string) => key.startsWith(prefix);
  const linear = (key: string) =>
    key.endsWith(".weight") && named.get(key)?.shape.length === 2;
  const keys = [...named.keys()];
  const has = keys.some(
    (key) =>
      own(key) && lastLayers.test(key.slice(prefix.length)) && linear(key),
  );
  const [head, ...others] = keys.filter((key) => !own(key) && linear(key));
  if (has || head === undefined || others.length > 0) return asTheyAre;
  const layer = head.slice(0, -"weight".length);
  const wide = Math.max(
    ...keys
      .filter(
        (key) => own(key) && /\.layer\d+\.\d+\.bn\d\.weight$/.test(`.${key}`),
      )
      .map((key) => named.get(key)?.shape[0] ?? 0),
  );
  if (named.get(head)?.shape[1] !== wide) return asTheyAre;
  return {
    tensors: new Map(
      [...named].map(([key, tensor]) => [
        key.startsWith(layer) ? `${prefix}fc.${key.slice(layer.length)}` : key,
        tensor,
      ]),
    ),
    warnings: [
      `The last layer is "${layer.slice(0, -1)}", apart from "${prefix.slice(0, -1)}": it is assumed to take the mean over the last map.`,
    ],
  };
}

/** Numbers in place of torchvision's names, where these are there and make a ResNet; else as they are. */
function childrenNamed(tensors: Tensors): Tensors {
  for (const key of tensors.keys()) {
    const match = /^(.+\.)?4\.0\.conv1\.weight$/.exec(key);
    if (!match) continue;
    const prefix = match[1] ?? "";
    const stem = tensors.get(`${prefix}0.weight`)?.shape.length;
    if (stem !== 4 || !tensors.has(`${prefix}1.running_mean`)) continue;
    return new Map(
      [...tensors].map(([name, tensor]) => {
        const [child = "", ...rest] = name.slice(prefix.length).split(".");
        const known = name.startsWith(prefix) ? children.get(child) : undefined;
        return [
          known === undefined ? name : [prefix + known, ...rest].join("."),
          tensor,
        ];
      }),
    );
  }
  return tensors;
}
