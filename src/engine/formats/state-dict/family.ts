/** What a recogniser is: a family of networks that is told by the names of its weights. */
import type {
  AssumptionValues,
  Head,
  Preprocessing,
  Preset,
} from "../../../shared/domain";
import type { Value } from "../lowering/index";
import type { Assumptions } from "./assumptions";
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
  /** What is worth knowing and is no assumption, in sentences. */
  readonly warnings?: readonly string[];
  /** Keys of what only training needs. */
  readonly ignored?: RegExp;
  /** Other than ImageNet's mean and std, and why, in a sentence. */
  readonly preprocessing?: {
    readonly preset: Preset | Preprocessing;
    readonly because: string;
  };
  /** What the outputs mean, where the keys show it; `value` keeps a last sigmoid. */
  readonly head?: Head;
  /** Adds all layers, from the input to the logits [1, class]. */
  build(modules: Modules, input: Value): Promise<Value>;
}

/** A pattern of architectures' names, and what such a name says of choices that weights leave open; null: refused. */
export type Architecture = readonly [
  name: RegExp,
  implied: AssumptionValues | null,
];

export interface Family {
  /** "torchvision's ResNet" */
  readonly title: string;
  /** Whether the keys look like this family's; only then {@link member} is asked. */
  recognises(keys: Keys): boolean;
  /** A key as the family has it today, where files have older names too. */
  readonly spelling?: (key: string) => string;
  /**
   * Names that a file beside the weights may give members which can be built, without what follows a dot; the first
   * pattern that fits counts. A name that fits none is another network's.
   */
  readonly architectures?: readonly Architecture[];
  /**
   * Takes every choice that its weights leave open from `assume`.
   * Throws a Fault `unsupported-network` for a member that cannot be done.
   */
  member(keys: Keys, assume: Assumptions): Member;
}
