/**
 * Networks beside what the framework they come from computed. A reference is a folder with the network and
 * `reference.json` { network, target, size? }, `input.npy` [height, width, channel] as the network takes it (no
 * preprocessing), `logits.npy` [class] and `gradient.npy`, d logits[target] / d input. A reference with a `tolerance`
 * was computed in half precision, and has no gradient.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import { gradientOf, openNetwork, type Network } from "../../src/engine";
import type { Backend } from "../../src/main/host/backend";
import { openNetworkFiles } from "../../src/main/host/network-files";
import { readNpy } from "../../src/main/host/npy";
import { cosine, norm } from "./vectors";

const referenceSchema = z.strictObject({
  /** File or folder beside reference.json. */
  network: z.string(),
  target: z.int().min(0),
  size: z.tuple([z.int(), z.int()]).optional(),
  /** Largest difference of logits, relative to the largest logit. */
  tolerance: z.number().optional(),
});

/** Opens a reference's network, and expects the framework's logits and gradient of it. Returns it. */
export async function expectParity(
  folder: string,
  { runtime }: Pick<Backend, "runtime">,
): Promise<Network> {
  const text = await readFile(join(folder, "reference.json"), "utf8");
  const { target, size, tolerance, ...rest } = referenceSchema.parse(
    JSON.parse(text),
  );
  const files = await openNetworkFiles(join(folder, rest.network));
  const { network: opened } = await openNetwork(files, {
    signal: new AbortController().signal,
    progress: () => undefined,
    size: size ?? null,
  });
  const network = { ...opened, preprocessing: null };
  const read = async (name: string) =>
    readNpy(await readFile(join(folder, name)), name);
  const input = await read("input.npy");
  expect(network.input).toEqual(input.shape);
  const ours = gradientOf(
    {
      network,
      runtime,
      method: { kind: "relu" },
      target: { kind: "logit", index: target },
    },
    input.values,
  );
  const logits = (await read("logits.npy")).values;
  const largest = Math.max(...logits.map(Math.abs));
  const apart = Math.max(
    ...logits.map((logit, i) => Math.abs(logit - (ours.logits[i] ?? NaN))),
  );
  expect(ours.logits.length).toBe(logits.length);
  expect(apart / largest).toBeLessThan(tolerance ?? 1e-4);
  if (tolerance !== undefined) return network;
  const gradient = (await read("gradient.npy")).values;
  expect(cosine(ours.gradient, gradient)).toBeGreaterThan(0.9999);
  expect(Math.abs(ours.norm / norm(gradient) - 1)).toBeLessThan(1e-3);
  return network;
}
