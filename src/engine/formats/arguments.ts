/** Arguments (settings, attributes) of a file's operations: which an importer reads, and which it may leave unread. */

/**
 * What an importer does with an argument.
 *
 * | use | meaning |
 * | --- | --- |
 * | `read` | the importer reads it, and refuses the values it cannot do |
 * | `ignored` | no value of it changes what a trained network computes: names, initializers, regularizers |
 * | `{ only }` | nothing changes at these values; every other one is refused |
 */
export type ArgumentUse =
  "read" | "ignored" | { readonly only: readonly unknown[] };

/** Every argument an operation may have, by its name; an argument that is not here is unknown. */
export type Arguments = Readonly<Record<string, ArgumentUse>>;

/** An argument that would be left unread although it may change what is computed. */
export interface Unread {
  readonly name: string;
  readonly value: unknown;
  /** Whether the argument is known, and only its value is not supported. */
  readonly known: boolean;
}

/** The arguments that must be refused, in the order they are given. */
export function unreadArguments(
  given: Iterable<readonly [name: string, value: unknown]>,
  known: Arguments,
): Unread[] {
  const unread: Unread[] = [];
  for (const [name, value] of given) {
    // a plain object has names of its own, such as "constructor"
    const use = Object.hasOwn(known, name) ? known[name] : undefined;
    if (use === undefined) unread.push({ name, value, known: false });
    else if (typeof use === "object" && !isOneOf(value, use.only))
      unread.push({ name, value, known: true });
  }
  return unread;
}

function isOneOf(value: unknown, values: readonly unknown[]): boolean {
  const text = JSON.stringify(value);
  return values.some((other) => JSON.stringify(other) === text);
}

/** `the argument beta = 2`, as a refusal names it; long values are cut. */
export function spellArgument({ name, value }: Unread): string {
  const text = JSON.stringify(value) ?? "undefined";
  return `${name.slice(0, 100)} = ${text.length > 60 ? `${text.slice(0, 60)}...` : text}`;
}
