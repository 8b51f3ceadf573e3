import { randomUUID } from "node:crypto";

/** Enough for a day of opening and exporting; the oldest is forgotten first. */
const maxTokens = 1000;

/** Which path a token stands for. The window holds tokens, never paths. */
export class Tokens {
  readonly #paths = new Map<string, string>();

  add(path: string): string {
    const token = randomUUID();
    this.#paths.set(token, path);
    const [oldest] = this.#paths.keys();
    if (this.#paths.size > maxTokens && oldest !== undefined)
      this.#paths.delete(oldest);
    return token;
  }

  /** Undefined for a token that was never given, or forgotten. */
  pathOf(token: string): string | undefined {
    return this.#paths.get(token);
  }

  /** Every grant, oldest first: a restarted engine is told them again. */
  entries(): [token: string, path: string][] {
    return [...this.#paths];
  }
}
