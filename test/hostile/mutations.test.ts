/** Random damage to small real networks of every format: refused with a code, or opened with finite weights. */
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const references = join(root, "test/references");
const out = join(root, "out/mutations");
/** How many: a night's run sets more. */
const count = Number(process.env["PROXIMA_MUTATIONS"] ?? 1000);
const silenceMs = 20_000;

beforeAll(async () => {
  await build({
    root,
    configFile: false,
    logLevel: "error",
    build: { ssr: "test/hostile/mutate.ts", outDir: out },
  });
}, 60_000);
afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

interface Line {
  trying?: number;
  subject?: string;
  file?: string;
  tried?: number;
  outcome?: string;
  ms?: number;
  growth?: number;
}

it.skipIf(!existsSync(references))(
  `${count} damaged networks are refused with a code or opened with finite weights`,
  async () => {
    const child = spawn(
      process.execPath,
      [join(out, "mutate.js"), "--count", String(count), references],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let last = "";
    const problems: string[] = [];
    const outcomes = new Map<string, number>();
    let growth = 0;
    let slowest = 0;
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        problems.push(`hangs: ${last}`);
        child.kill("SIGKILL");
      }, silenceMs);
    };
    arm();
    for await (const text of createInterface({ input: child.stdout })) {
      arm();
      // written by mutate.ts
      const line = JSON.parse(text) as Line;
      if (line.trying !== undefined) last = text;
      const { outcome } = line;
      if (outcome === undefined) continue;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      growth = Math.max(growth, line.growth ?? 0);
      slowest = Math.max(slowest, line.ms ?? 0);
      if (outcome.startsWith("failed")) problems.push(`${last}: ${outcome}`);
    }
    clearTimeout(timer);
    console.log(
      `${JSON.stringify([...outcomes])}, slowest ${slowest.toFixed(0)} ms, ${(growth / 2 ** 20).toFixed(0)} MiB above idle`,
    );
    expect(problems).toEqual([]);
    const sum = [...outcomes.values()].reduce((a, b) => a + b, 0);
    expect(sum).toBe(count);
    expect(outcomes.get("opened")).toBeGreaterThan(0);
    expect(outcomes.get("damaged-file")).toBeGreaterThan(0);
    expect(growth).toBeLessThan(512 * 2 ** 20);
  },
  1_200_000,
);
