/** Gradients against PyTorch, an implementation that shares no line with ours. */
import { readFileSync, rmSync, writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  findTorch,
  openTorchTwin,
  type TorchTwin,
} from "../../../scripts/bench/torch-twin";
import { gradientOf, type Network } from "../../../src/engine";
import { startImage } from "../../../src/engine/ascent/start";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { openNetworkAt } from "../../../src/main/host/networks";
import type { Method } from "../../../src/shared/domain";
import { slopesOf } from "../../../src/shared/method";
import { bundledNetwork, squeezeNet } from "../../support/networks";
import { cosine, norm } from "../../support/vectors";

const python = findTorch();
const methods: Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.1 },
  { kind: "proxygrad", slope: 0.1 },
  { kind: "proxygrad", slope: 0.3 },
  { kind: "slopes", forward: 0.2, backward: 0.05 },
];

for (const [name, path, targets] of [
  ["the bundled network", bundledNetwork, [3, 50, 99]],
  ["SqueezeNet 1.1", squeezeNet, [144, 409, 736]],
] as const)
  // skipped where no Python with torch, or no SqueezeNet, is at hand
  describe.skipIf(!python || !path)(
    `gradients of ${name} and PyTorch's`,
    () => {
      let backend: Backend;
      let network: Network;
      let twin: TorchTwin;
      const folder = mkdtempSync(join(tmpdir(), "proxima-parity-"));

      beforeAll(async () => {
        backend = await openBackend();
        network = await openNetworkAt(path ?? "");
        twin = await openTorchTwin(python ?? "", network, 2);
      }, 120_000);
      afterAll(() => {
        twin.close();
        rmSync(folder, { recursive: true });
      });

      it.each(methods)(
        "agree under %j",
        async (method) => {
          const image = startImage(network.input, 0.3, 11);
          const imageFile = join(folder, "image.bin");
          const out = join(folder, "gradient.bin");
          writeFileSync(imageFile, new Uint8Array(image.buffer));
          const { forward, backward } = slopesOf(method);
          for (const index of targets) {
            const target = { kind: "logit", index } as const;
            const ours = gradientOf(
              { network, runtime: backend.runtime, method, target },
              image,
            );
            await twin.ask({
              do: "gradient",
              image: imageFile,
              out,
              target: index,
              forward,
              backward,
            });
            const theirs = new Float32Array(
              new Uint8Array(readFileSync(out)).buffer,
            );
            expect(cosine(ours.gradient, theirs)).toBeGreaterThan(0.9999);
            expect(Math.abs(ours.norm / norm(theirs) - 1)).toBeLessThan(1e-3);
            const original = await twin.ask({
              do: "gradient",
              image: imageFile,
              out,
              target: index,
              forward: 0,
              backward: 0,
            });
            expect(
              Math.abs(ours.score / (original["score"] ?? NaN) - 1),
            ).toBeLessThan(1e-3);
          }
        },
        60_000,
      );
    },
  );
