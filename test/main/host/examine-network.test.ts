import { join } from "node:path";
import { expect, it } from "vitest";
import { Networks } from "../../../src/main/host/networks";
import { bundledFolder } from "../../../src/main/host/resources";
import { presetFor } from "../../../src/shared/presets";
import { temporaryFolders } from "../../support/temporary-folder";
import { writeTinyNetwork } from "../../support/tiny-network";

const temporary = temporaryFolders();
const { signal } = new AbortController();

it("examines a network from disk once for each set of answers, and never a bundled one", async () => {
  const folder = await writeTinyNetwork(join(await temporary(), "net"));
  let examined = 0;
  const networks = new Networks({
    bundled: bundledFolder(),
    memory: () => 2 ** 30,
    examine: () => {
      examined += 1;
      return Promise.resolve([`finding ${examined}`]);
    },
  });
  const { id, info } = await networks.open(folder, { signal });
  expect(info.warnings).toContain("finding 1");
  await networks.open(folder, { signal });
  expect(examined).toBe(1);
  const answers = {
    ...info.report.answers,
    preprocessing: presetFor("caffe", 3),
  };
  const answered = await networks.answer(id, answers, { signal });
  expect(answered.info.warnings).toContain("finding 2");
  expect(answered.info.warnings).not.toContain("finding 1");
  await networks.get("caltech101-resnet18");
  expect(examined).toBe(2);
});
