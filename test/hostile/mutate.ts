/**
 * node mutate.js [--count N] [--seed S] [--only SUBSTRING] FOLDER...
 *
 * Opens mutated copies of the networks of references (see test/support/reference.ts), one after the other, and says on
 * stdout, a JSON line each, what is about to be tried and what came of it. Whoever started it ends it where it hangs.
 */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openNetwork, type Network } from "../../src/engine";
import { randomStream } from "../../src/engine/random";
import { openNetworkFiles } from "../../src/main/host/network-files";
import { Fault } from "../../src/shared/fault";

interface Subject {
  readonly name: string;
  /** The network's file or folder. */
  readonly path: string;
  /** Files that are mutated, relative to the subject's folder. */
  readonly files: readonly string[];
  readonly folder: string;
  readonly network: string;
  readonly size: readonly [number, number] | null;
}

function subjectsIn(folder: string): Subject[] {
  return (
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith("reference.json"))
      .sort()
      .map((name) => {
        const home = join(folder, name, "..");
        // written by the references' own scripts
        const reference = JSON.parse(
          readFileSync(join(folder, name), "utf8"),
        ) as { network: string; size?: [number, number] };
        const files = readdirSync(home, { recursive: true, encoding: "utf8" })
          .filter((file) => !/(reference\.json|\.npy)$/.test(file))
          .filter((file) => statSync(join(home, file)).isFile());
        return {
          name: name.replace("/reference.json", ""),
          path: join(home, reference.network),
          files,
          folder: home,
          network: reference.network,
          size: reference.size ?? null,
        };
      })
      // corrections of a network that lies elsewhere have no files of their own
      .filter(({ files }) => files.length > 0)
  );
}

type Random = (low: number, high: number) => number;

/** A changed copy of the bytes; headers and ends are hit more often, as sizes and offsets live there. */
function mutated(bytes: Uint8Array, pick: Random): Uint8Array {
  const length = bytes.length;
  const place = (): number => {
    const zone = pick(0, 3);
    const edge = Math.min(length, 4096) - 1;
    if (zone === 0) return pick(0, Math.max(0, edge));
    if (zone === 1) return Math.max(0, length - 1 - pick(0, Math.max(0, edge)));
    return pick(0, Math.max(0, length - 1));
  };
  const copy = bytes.slice();
  const at = place();
  switch (pick(0, 8)) {
    case 0: // a flipped bit
      copy[at] = (copy[at] ?? 0) ^ (1 << pick(0, 7));
      return copy;
    case 1: // another byte
      copy[at] = pick(0, 255);
      return copy;
    case 2: // a run of one value
      return copy.fill(
        pick(0, 1) ? 0xff : 0,
        at,
        Math.min(length, at + pick(1, 16)),
      );
    case 3: // cut off
      return copy.slice(0, at);
    case 4: // cut out
      return joined([copy.slice(0, at), copy.slice(at + pick(1, 64))]);
    case 5: {
      // a piece from elsewhere, put in between
      const from = place();
      const piece = copy.slice(from, from + pick(1, 64));
      return joined([copy.slice(0, at), piece, copy.slice(at)]);
    }
    case 6: {
      // a number that is huge, or negative, or just too large
      const view = new DataView(copy.buffer);
      const width = pick(0, 1) ? 8 : 4;
      const spot = Math.min(at, length - width);
      if (spot < 0) return copy;
      const values = [
        2n ** 63n - 1n,
        2n ** 31n - 1n,
        2n ** 32n,
        -1n,
        2n ** 53n,
      ];
      const value = values[pick(0, values.length - 1)] ?? 0n;
      if (width === 8) view.setBigInt64(spot, value, true);
      else view.setInt32(spot, Number(BigInt.asIntN(32, value)), true);
      return copy;
    }
    case 7: {
      // a piece over another
      const from = place();
      copy.copyWithin(at, from, from + pick(1, 256));
      return copy;
    }
    default: {
      // another digit where a number is written in words
      for (let i = at; i < Math.min(length, at + 4096); i++) {
        const byte = copy[i] ?? 0;
        if (byte >= 0x30 && byte <= 0x39) {
          copy[i] = 0x30 + pick(0, 9);
          return copy;
        }
      }
      return copy;
    }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** "opened", or the fault's code; anything else that is thrown is thrown on. */
async function attempt(
  path: string,
  size: readonly [number, number] | null,
): Promise<string> {
  try {
    const files = await openNetworkFiles(path);
    const { network } = await openNetwork(files, {
      signal: new AbortController().signal,
      progress: () => undefined,
      size,
    });
    requireFinite(network);
    return "opened";
  } catch (error) {
    if (error instanceof Fault && error.code !== "internal") return error.code;
    throw error;
  }
}

function requireFinite(network: Network): void {
  for (const { name, weights } of network.nodes)
    for (const [key, { data }] of Object.entries(weights))
      if (!data.every(Number.isFinite))
        throw new Error(`the weight "${key}" of "${name}" is not finite`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      count: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      only: { type: "string", default: "" },
    },
    allowPositionals: true,
  });
  const subjects = positionals
    .flatMap(subjectsIn)
    .filter(({ name }) => name.includes(values.only));
  const random = randomStream(Number(values.seed));
  const pick: Random = (low, high) =>
    low + Math.floor(random.uniform() * (high - low + 1));
  const home = mkdtempSync(join(tmpdir(), "proxima-mutations-"));
  const say = (line: unknown) =>
    process.stdout.write(`${JSON.stringify(line)}\n`);
  try {
    for (const { path, size } of subjects) await attempt(path, size);
    const idle = process.memoryUsage.rss();
    for (let i = 0; i < Number(values.count); i++) {
      const subject = subjects[i % subjects.length];
      if (!subject) throw new Error("there are no references to mutate");
      const file = subject.files[pick(0, subject.files.length - 1)] ?? "";
      const folder = join(home, String(i));
      cpSync(subject.folder, folder, { recursive: true });
      const target = join(folder, file);
      const times = pick(0, 2) === 0 ? pick(2, 4) : 1;
      let bytes: Uint8Array = readFileSync(target);
      for (let t = 0; t < times; t++) bytes = mutated(bytes, pick);
      writeFileSync(target, bytes);
      say({ trying: i, subject: subject.name, file });
      const before = performance.now();
      let outcome: string;
      try {
        outcome = await attempt(join(folder, subject.network), subject.size);
        rmSync(folder, { recursive: true });
      } catch (error) {
        const text = error instanceof Error ? error.stack : String(error);
        outcome = `failed: ${text}`;
        // kept where somebody wants to look
        if (!process.env["PROXIMA_KEEP_MUTATIONS"])
          rmSync(folder, { recursive: true });
      }
      say({
        tried: i,
        outcome,
        ms: performance.now() - before,
        growth: process.memoryUsage.rss() - idle,
      });
    }
  } finally {
    if (!process.env["PROXIMA_KEEP_MUTATIONS"])
      rmSync(home, { recursive: true, force: true });
  }
}

void main();
