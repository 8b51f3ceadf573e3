/**
 * What weights do not say. A family asks for each such choice; the value is the user's, that of a file beside the
 * weights, or the family's usual one, and every value in use is reported with where it is from.
 */
import type { Assumption, AssumptionValues } from "../../../shared/domain";
import { Fault } from "../../../shared/fault";
import { exportAdvice } from "./advice";

/** A choice that weights leave open. */
export interface Unknown<T> {
  /** "activation" */
  readonly key: string;
  /** The family's value, as it is typed: "relu". */
  readonly usual: string;
  /** `evidence`: shapes or the number of classes speak for the usual value. Default `assumed`. */
  readonly from?: "assumed" | "evidence";
  /** A sentence on the usual value, with the word "assumed". */
  readonly because: string;
  /** Values that can be typed; some are examples of a pattern. */
  readonly choices: readonly string[];
  /** A typed value in its one spelling, and what it means; null: it is none. */
  read(text: string): Meaning<T> | null;
}

export interface Meaning<T> {
  /** As it is typed: "leaky:0.1". */
  readonly value: string;
  readonly means: T;
}

/** What a file beside the weights says of them. */
export interface Beside {
  /** The name it gives the network: timm's "resnetblur50"; null: none. */
  readonly architecture: string | null;
  readonly assume: AssumptionValues;
  /** The file's name. */
  readonly source: string;
}

/** Choices and answers of one network. */
export class Assumptions {
  readonly #asked: ReadonlyMap<string, string>;
  readonly #filed: ReadonlyMap<string, string>;
  readonly #source: string;
  readonly #taken = new Map<string, Assumption>();

  /** `implied`: what the architecture's name says; a value that the file spells out comes before it. */
  constructor(
    asked: AssumptionValues,
    beside: Beside | null,
    implied: AssumptionValues = {},
  ) {
    this.#asked = entries(asked);
    this.#filed = entries({ ...implied, ...beside?.assume });
    this.#source = beside?.source ?? "";
  }

  /** In the order they were asked for. */
  get used(): readonly Assumption[] {
    return [...this.#taken.values()];
  }

  /**
   * The meaning of the value in use.
   * Throws a Fault `invalid-request` for a typed value that is none, `unsupported-network` for one in a file.
   */
  take<T>(unknown: Unknown<T>): T {
    const { key, choices } = unknown;
    const asked = this.#asked.get(key);
    const filed = this.#filed.get(key);
    const meaning = unknown.read(asked ?? filed ?? unknown.usual);
    if (!meaning) throw this.#unfit(unknown, asked, filed);
    this.#taken.set(key, {
      key,
      value: meaning.value,
      ...this.#reason(unknown),
      choices: [...choices],
    });
    return meaning.means;
  }

  /** Whether someone says what the value is. */
  has(key: string): boolean {
    return this.#asked.has(key) || this.#filed.has(key);
  }

  /** Throws where a value was given for a key that nothing asked for. `name` is the network's. */
  checkKeys(name: string): void {
    const missed = (keys: ReadonlyMap<string, string>) =>
      [...keys.keys()].find((key) => !this.#taken.has(key));
    const asked = missed(this.#asked);
    if (asked !== undefined)
      throw new Fault(
        "invalid-request",
        `Nothing in ${name} is assumed under "${asked.slice(0, 40)}".`,
        `What is assumed there: ${[...this.#taken.keys()].join(", ")}.`,
      );
    const filed = missed(this.#filed);
    if (filed !== undefined)
      throw new Fault(
        "unsupported-network",
        `${this.#source} says ${filed}=${this.#filed.get(filed)}, which ${name} has no place for.`,
        exportAdvice,
      );
  }

  #reason({
    key,
    from = "assumed",
    because,
  }: Unknown<unknown>): Pick<Assumption, "from" | "because"> {
    if (this.#asked.has(key))
      return { from: "answer", because: "As it was answered." };
    if (this.#filed.has(key))
      return { from: "file", because: `As ${this.#source} says.` };
    return { from, because };
  }

  #unfit(
    { key, choices }: Unknown<unknown>,
    asked: string | undefined,
    filed: string | undefined,
  ): Fault {
    if (asked !== undefined)
      return new Fault(
        "invalid-request",
        `"${asked.slice(0, 100)}" is no value for the assumption "${key}" of this network.`,
        `Values of ${key}: ${choices.join(" ")}.`,
      );
    if (filed === undefined)
      return new Fault(
        "unsupported-network",
        `The shapes of the weights leave no value for "${key}".`,
        exportAdvice,
      );
    return new Fault(
      "unsupported-network",
      `${this.#source} says ${key}=${filed.slice(0, 100)}, which Proxima cannot follow in this network.`,
      exportAdvice,
    );
  }
}

function entries(values: AssumptionValues): ReadonlyMap<string, string> {
  return new Map(Object.entries(values));
}
