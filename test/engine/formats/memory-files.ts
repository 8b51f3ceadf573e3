/** A network folder in memory, with the checks the host makes. */
import { createHash } from "node:crypto";
import type { NetworkFiles, ReadOptions } from "../../../src/engine";
import { Fault } from "../../../src/shared/fault";

/** Objects are written as JSON. */
export type Contents = Readonly<Record<string, unknown>>;

export function memoryFiles(
  contents: Contents,
  title = "folder",
  chosen: string | null = null,
): NetworkFiles {
  const files = new Map(
    Object.entries(contents).map(([name, value]) => [name, bytesOf(value)]),
  );
  const read = new Map<string, Uint8Array>();
  return {
    title,
    chosen,
    names: [...files.keys()],
    async open(name) {
      const bytes = await this.read(name);
      return {
        size: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
        read: (offset, length) =>
          offset + length <= bytes.length
            ? Promise.resolve(bytes.slice(offset, offset + length))
            : Promise.reject(
                new Fault("damaged-file", `"${name}" ends too soon.`),
              ),
      };
    },
    read(name, limit = Infinity) {
      const bytes = files.get(name);
      if (!bytes)
        return Promise.reject(
          new Fault("damaged-file", `The file "${name}" is missing.`),
        );
      if (bytes.length > limit)
        return Promise.reject(
          new Fault("damaged-file", `"${name}" has more than ${limit} bytes.`),
        );
      read.set(name, bytes);
      return Promise.resolve(bytes);
    },
    hash() {
      const hash = createHash("sha256");
      for (const [name, bytes] of [...read].sort())
        hash.update(name).update(bytes);
      return hash.digest("hex");
    },
  };
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return new TextEncoder().encode(
    typeof value === "string" ? value : JSON.stringify(value),
  );
}

export const readOptions: ReadOptions = {
  signal: new AbortController().signal,
  progress: () => undefined,
};

/** What a promise is rejected with. */
export async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof Fault) return error;
  throw new Error("no fault", { cause: error });
}
