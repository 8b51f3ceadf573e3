/** Every family that is told by its keys, beside what PyTorch computes: test/references/make-torch.py made them. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { findTorch } from "../../../scripts/bench/torch-twin";
import { openBackend, type Backend } from "../../../src/main/host/backend";
import { expectParity } from "../../support/reference";
import { temporaryFolders } from "../../support/temporary-folder";

const references = fileURLToPath(new URL("../../references", import.meta.url));
const small = join(references, "torch");
let backend: Backend;

beforeAll(async () => {
  backend = await openBackend();
});

describe("small networks of every family", () => {
  it.each(readdirSync(small))("%s", async (name) => {
    const { told } = await expectParity(join(small, name), backend);
    expect(told.preprocessing?.from).toBe("guess");
  });
});

/** A network, what its producer is to hold, and the size of its reference. */
type Full = readonly [name: string, told: string, size: number];
const full: readonly Full[] = [
  ["alexnet", "alexnet", 224],
  ["vgg11_bn", "vgg11_bn", 224],
  ["resnet18", "resnet18", 224],
  ["resnet50", "resnet50", 224],
  ["resnext50_32x4d", "resnext50_32x4d", 224],
  ["squeezenet1_0", "squeezenet1_0", 224],
  ["squeezenet1_1", "squeezenet1_1", 224],
  ["densenet121", "densenet121", 224],
  ["googlenet", "googlenet", 224],
  ["inception_v3", "inception_v3", 299],
  ["mobilenet_v2", "mobilenet_v2", 224],
  ["mobilenet_v3_small", "mobilenet_v3_small", 224],
  ["mnasnet0_5", "mnasnet", 224],
  ["shufflenet_v2_x0_5", "shufflenet_v2", 224],
  ["efficientnet_b0", "efficientnet_b0", 224],
  ["efficientnet_b2", "efficientnet_b2", 224],
  ["convnext_tiny", "convnext_tiny", 224],
  ["timm:resnet50d", "resnet50, deep stem", 224],
  ["timm:seresnet50", "seresnet50", 224],
  ["timm:convnext_tiny", "convnext_tiny", 224],
  ["timm:vit_tiny_patch16_224", "timm's vit of 12 blocks", 224],
];

const python = findTorch();

// skipped where no Python with torchvision and timm is at hand: PROXIMA_TORCH_PYTHON names one
describe.skipIf(!hasPackages())("networks of full size", () => {
  const newFolder = temporaryFolders();

  it.each(full)(
    "%s",
    async (name, told, size) => {
      const folder = await newFolder();
      const script = join(references, "make-torch.py");
      const { status, stderr } = spawnSync(
        python ?? "",
        [script, folder, name],
        {
          encoding: "utf8",
        },
      );
      expect(status, stderr).toBe(0);
      const made = join(folder, name.replace(":", "-"));
      const network = await expectParity(made, backend);
      expect(network.provenance.producer).toContain(`: ${told}`);
      expect(network.input).toEqual([size, size, 3]);
    },
    300_000,
  );
});

function hasPackages(): boolean {
  const needed = "import torchvision, timm, safetensors";
  return python !== null && spawnSync(python, ["-c", needed]).status === 0;
}
