import { randomUUID } from "node:crypto";
import type { Purpose } from "../shared/contract";

/** Enough for a day of opening and exporting; the oldest is forgotten first. */
const maxTokens = 1000;

/** A path, and what it was chosen for: what is to be read is never written to. */
export interface Grant {
  readonly path: string;
  readonly purpose: Purpose;
}

/** Which path a token stands for. The window holds tokens, never paths. */
export class Tokens {
  readonly #grants = new Map<string, Grant>();

  add(grant: Grant): string {
    const token = randomUUID();
    this.#grants.set(token, grant);
    const [oldest] = this.#grants.keys();
    if (this.#grants.size > maxTokens && oldest !== undefined)
      this.#grants.delete(oldest);
    return token;
  }

  /** Undefined for a token that was never given, or forgotten. */
  get(token: string): Grant | undefined {
    return this.#grants.get(token);
  }

  /** Every grant, oldest first: a restarted engine is told them again. */
  entries(): [token: string, grant: Grant][] {
    return [...this.#grants];
  }
}
