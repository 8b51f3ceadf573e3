/** What a recogniser is: a family of networks that is told by the names of its weights. */
import type { Preset } from "../../../shared/domain";
import type { Value } from "../lowering/index";
import type { Keys } from "./keys";
import type { Modules } from "./modules";

/** What a family's member of these keys is, before any weight is read. */
export interface Member {
  /** "resnet50", or in words what it is a variant of. */
  readonly name: string;
  /** The first layer, whose weight [out, channel, height, width] tells the image's channels. */
  readonly stem: string;
  /** [height, width] that the member is usually fed with. */
  readonly usual: readonly [number, number];
  /** [height, width] that its weights fix; null: any. */
  readonly fixed?: readonly [number, number] | null;
  /** What cannot be seen in the weights, in sentences. */
  readonly warnings?: readonly string[];
  /** Keys of what only training needs. */
  readonly ignored?: RegExp;
  /** Other than ImageNet's mean and std, and why, in a sentence. */
  readonly preprocessing?: {
    readonly preset: Preset;
    readonly because: string;
  };
  /** Adds all layers, from the input to the logits [1, class]. */
  build(modules: Modules, input: Value): Promise<Value>;
}

export interface Family {
  /** "torchvision's ResNet" */
  readonly title: string;
  /** Whether the keys look like this family's; only then {@link member} is asked. */
  recognises(keys: Keys): boolean;
  /** A key as the family has it today, where files have older names too. */
  readonly spelling?: (key: string) => string;
  /** Throws a Fault `unsupported-network` for a member that cannot be done. */
  member(keys: Keys): Member;
}
