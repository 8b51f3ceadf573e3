/** ONNX files beside what PyTorch and onnxruntime computed with them: test/references/make-onnx.py. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, type Backend } from "../../../../src/main/host/backend";
import { expectParity } from "../../../support/reference";
import { temporaryFolders } from "../../../support/temporary-folder";

const references = fileURLToPath(
  new URL("../../../references/", import.meta.url),
);
const temporaryFolder = temporaryFolders();
let backend: Backend;

beforeAll(async () => {
  backend = await openBackend();
});

describe("small networks", () => {
  const root = join(references, "onnx");

  it.each(readdirSync(root))("%s", async (name) => {
    const network = await expectParity(join(root, name), backend);
    expect(network.provenance.format).toBe("ONNX");
    expect(network.provenance.producer).toMatch(/^pytorch \d|^by hand$/);
  });

  it("takes the deepest vector of several outputs", async () => {
    const { told } = await expectParity(join(root, "features-first"), backend);
    expect(told.outputs).toEqual([
      { name: "18", shape: [7] },
      { name: "onnx::BatchNormalization_12", shape: [8, 8, 8] },
    ]);
    expect(told.head).toEqual({ value: "softmax", from: "assumed" });
  });

  it("says what it did: sizes, batches, what was taken off", async () => {
    const open = await expectParity(join(root, "resnet18"), backend);
    expect(open.told.fixedSize).toBe(null);
    const batch = await expectParity(join(root, "mobilenet-v2"), backend);
    expect(batch.told.fixedSize).toEqual([32, 32]);
    expect(batch.provenance.warnings).toContain(
      "The file fixes batches of 8 images; it was read for single ones.",
    );
    const last = await expectParity(join(root, "softmaxes-11"), backend);
    expect(last.provenance.stripped).toEqual(["log-softmax"]);
  });
});

/** One of each family, by torchvision's name, exporter and opset. */
const families = [
  ...["alexnet:trace:9", "vgg11_bn:dynamo:18", "resnet50:dynamo:18"],
  ...["resnext50_32x4d:dynamo:20", "densenet121:trace:9"],
  ...["squeezenet1_0:trace:12", "googlenet:dynamo:18"],
  ...["inception_v3:trace:10", "mobilenet_v3_large:dynamo:18"],
  ...["mnasnet1_0:trace:13", "shufflenet_v2_x1_0:trace:11"],
  ...["efficientnet_b0:trace:17", "convnext_tiny:dynamo:20"],
  ...["vit_b_32:trace:17", "swin_t:dynamo:18"],
];
const python = process.env["PROXIMA_TORCH_PYTHON"];

describe("networks of full size", () => {
  it.skipIf(!python)(
    "every family, where PROXIMA_TORCH_PYTHON names a Python with torch, onnxscript and onnxruntime",
    { timeout: 1_800_000 },
    async () => {
      const root = await temporaryFolder();
      for (const family of families) {
        const script = join(references, "make-onnx.py");
        const made = spawnSync(python ?? "", [script, root, family]);
        expect(made.status, String(made.stderr)).toBe(0);
        await expectParity(join(root, family.replaceAll(":", "-")), backend);
      }
    },
  );
});
