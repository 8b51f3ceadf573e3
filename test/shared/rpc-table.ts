/** A small table for the tests of typed calls, and a handler that waits to be told. */
import { z } from "zod";

export const table = {
  add: {
    request: z.strictObject({ a: z.int(), b: z.int() }),
    reply: z.int(),
  },
  reverse: {
    request: z.strictObject({}),
    reply: z.strictObject({ length: z.int() }),
  },
  keep: { request: z.json(), reply: z.boolean() },
  wait: { request: z.strictObject({}), reply: z.string() },
  count: {
    request: z.strictObject({ to: z.int().min(0) }),
    reply: z.strictObject({ state: z.enum(["done", "cancelled"]) }),
    progress: z.strictObject({ at: z.int() }),
    frame: z.strictObject({ step: z.int() }),
  },
} as const;

export type TestTable = typeof table;

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Never settles before the signal aborts; resolves at once where it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener("abort", () => {
        resolve();
      });
  });
}
