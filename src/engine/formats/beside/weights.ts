/** What a config.json says of bare weights, once it is clear that it is about them. */
import { known } from "../state-dict/families/index";
import type { Beside as Wanted } from "../state-dict/index";
import { findNetwork } from "../state-dict/prefix";
import type { StoredTensor } from "../state-dict/stored-tensor";
import { Misfit, spellSource, type Beside } from "./said";

/** Kinds of networks, by the names architectures have and by the titles of our families; the first that fits. */
const kinds: readonly (readonly [name: RegExp, title: RegExp])[] = [
  [/inception|googlenet/, /Inception|GoogLeNet/],
  [/densenet/, /DenseNet/],
  [/squeezenet/, /SqueezeNet/],
  [/shufflenet/, /ShuffleNet/],
  [/mobilenet|mnasnet|efficientnet/, /MobileNet|MNASNet|EfficientNet/],
  [/convnext/, /ConvNeXt/],
  [/regnet/, /RegNet/],
  [/swin/, /Swin/],
  [/vgg/, /VGG/],
  [/alexnet/, /AlexNet/],
  [/res(ne(t|xt)|t|xt)/, /ResNet/],
  [/(^|_)(vit|deit)|^(vit|deit)/, /Vision Transformer/],
];

/**
 * As the reader of state dicts takes it; null where there is nothing.
 * Throws a {@link Misfit} where the weights are of another kind of network, or of another number of classes; the
 * refusal where the file says what cannot be followed.
 */
export function fittingWeights(
  beside: Beside | null | undefined,
  tensors: ReadonlyMap<string, StoredTensor>,
): Wanted | null {
  if (!beside) return null;
  const { architecture, assume, classes, sources, refusal } = beside;
  if (classes !== null && !lengths(tensors).has(classes))
    throw new Misfit(
      `${spellSource(beside)} speaks of ${classes} classes, and no layer of the file has so many outputs.`,
    );
  const title = findNetwork(tensors, known)?.family.title ?? "";
  const name = architecture?.toLowerCase() ?? "";
  const said = kinds.find(([pattern]) => pattern.test(name));
  const kept = kinds.find(([, pattern]) => pattern.test(title));
  if (said && kept && said !== kept)
    throw new Misfit(
      `${spellSource(beside)} speaks of ${architecture}, and the keys are those of ${title}.`,
    );
  if (refusal) throw refusal;
  return { architecture, assume, source: sources[0] ?? "" };
}

/** Numbers of outputs that a last layer could have. */
function lengths(tensors: ReadonlyMap<string, StoredTensor>): Set<number> {
  return new Set(
    [...tensors.values()].flatMap(({ shape }) => shape.slice(0, 1)),
  );
}
