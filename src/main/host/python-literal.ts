/** The few Python literals that lists of names are printed as: `{0: 'tench', 1: "it's"}`, `['tench', 'ray']`. */

const deepest = 8;
const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};

/**
 * Dictionaries, lists, tuples, texts, whole numbers and None; a dictionary becomes an object, of whose keys the later
 * one counts. Undefined for anything else.
 */
export function parsePythonLiteral(text: string): unknown {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    return reader.isAtEnd() ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#blanks();
    return this.#at === this.#text.length;
  }

  value(depth: number): unknown {
    if (depth > deepest) throw new SyntaxError("too deep");
    this.#blanks();
    if (this.#takes("{")) return this.#dictionary(depth);
    if (this.#takes("[")) return this.#items("]", depth);
    if (this.#takes("(")) return this.#items(")", depth);
    const quote = /[uUbBrR]?(['"])/y;
    quote.lastIndex = this.#at;
    if (quote.test(this.#text)) return this.#string();
    const word = this.#match(/-?\d{1,15}(?![\d.\w])|None/y);
    return word === "None" ? null : Number(word);
  }

  #dictionary(depth: number): Record<string, unknown> {
    // no prototype: a name may be "__proto__"
    const found = Object.create(null) as Record<string, unknown>;
    for (;;) {
      this.#blanks();
      if (this.#takes("}")) return found;
      const key = this.value(depth + 1);
      if (typeof key !== "string" && typeof key !== "number")
        throw new SyntaxError("a key");
      this.#blanks();
      if (!this.#takes(":")) throw new SyntaxError("a colon");
      found[String(key)] = this.value(depth + 1);
      this.#separator("}");
    }
  }

  #items(end: string, depth: number): unknown[] {
    const found: unknown[] = [];
    for (;;) {
      this.#blanks();
      if (this.#takes(end)) return found;
      found.push(this.value(depth + 1));
      this.#separator(end);
    }
  }

  /** A comma, or the end, which stays. */
  #separator(end: string): void {
    this.#blanks();
    if (!this.#takes(",") && this.#text[this.#at] !== end)
      throw new SyntaxError("a comma");
  }

  #string(): string {
    if (
      this.#match(/[uU]?/y) === "" &&
      /[bBrR]/.test(this.#text[this.#at] ?? "")
    )
      throw new SyntaxError("raw or bytes");
    const quote = this.#text[this.#at++] ?? "";
    let text = "";
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === undefined || char === "\n") throw new SyntaxError("open");
      if (char === quote) return text;
      text += char === "\\" ? this.#escape() : char;
    }
  }

  #escape(): string {
    const char = this.#text[this.#at++] ?? "";
    const known = escapes[char];
    if (known !== undefined) return known;
    const digits = { x: 2, u: 4, U: 8 }[char];
    if (digits === undefined) return `\\${char}`;
    const hex = this.#text.slice(this.#at, this.#at + digits);
    this.#at += digits;
    const code = Number.parseInt(hex, 16);
    if (!/^[0-9a-f]+$/i.test(hex) || hex.length < digits || code > 0x10ffff)
      throw new SyntaxError("an escape");
    return String.fromCodePoint(code);
  }

  /** Blanks and comments. */
  #blanks(): void {
    this.#match(/(?:\s|#[^\n]*)*/y);
  }

  #takes(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new SyntaxError("unexpected");
    this.#at += found.length;
    return found;
  }
}
