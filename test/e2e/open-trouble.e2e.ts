/** A network that cannot be opened, is being opened, or is not where it was. */
import { rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeTinyNetwork } from "../support/tiny-network";
import { answerDialogs, shownDialogs } from "./dialogs";
import { dropFiles } from "./drop";
import { callMain } from "./engine-calls";
import { expect, test } from "./fixtures";
import { chip, ready } from "./network-card";
import { axeFindings } from "./stored-gallery";

test("a refused file says what was found, what is supported and what to do; the open network stays", async ({
  proxima: { app, page },
  userData,
}) => {
  const file = join(userData, "broken.safetensors");
  await writeFile(file, "\x10\0\0\0\0\0\0\0{broken header!!");
  await ready(page);
  await dropFiles(page, [file]);
  const refusal = page.getByRole("dialog", {
    name: "broken.safetensors cannot be opened",
  });
  await expect(refusal).toContainText("damaged-file");
  await expect(refusal).toContainText(/header/i);
  await expect(refusal).toContainText(/Proxima opens ONNX, PyTorch/);
  await expect(refusal).toContainText("ResNet-18 (half width), Caltech-101 stays open."); // prettier-ignore
  expect(await axeFindings(page)).toEqual([]);
  await refusal.getByRole("button", { name: "Copy the message" }).click();
  const copied = await app.evaluate(({ clipboard }) => clipboard.readText());
  expect(copied).toMatch(
    /^broken\.safetensors cannot be opened \(damaged-file\)\. .*header/,
  );
  const other = await writeTinyNetwork(join(userData, "other"));
  await answerDialogs(app, { open: [join(other, "model.json")] });
  await refusal.getByRole("button", { name: "Open another…" }).click();
  await expect(refusal).toBeHidden();
  await expect(chip(page, /^\S+ · 6 × 6/)).toBeVisible({ timeout: 30_000 });
  expect(await shownDialogs(app)).toMatchObject([{ kind: "open" }]);
});

test("an opening shows its stage and size and can be stopped; where the engine is lost it can be tried again", async ({
  launch,
  userData,
}) => {
  const folder = await writeWideNetwork(join(userData, "mine"));
  const proxima = await launch();
  const { page } = proxima;
  await ready(page);
  const engine = await proxima.engine();
  const opening = page.getByRole("region", { name: "Opening a network" });
  const drop = async () => {
    await dropFiles(page, [folder]);
    // Seen at every frame: it is soon over.
    await page.waitForFunction(() =>
      document
        .querySelector("[aria-label='Opening a network']")
        ?.textContent.includes("of 260 MB"),
    );
    // From here on it goes no further, and can be looked at.
    process.kill(engine, "SIGSTOP");
  };
  await drop();
  await expect(opening).toContainText("Opening mine");
  await expect(opening.getByRole("progressbar")).toBeVisible();
  await opening.getByRole("button", { name: "Stop" }).click();
  await expect(opening).toBeHidden();
  process.kill(engine, "SIGCONT");
  await expect(chip(page, /^ResNet-18/)).toBeVisible();

  await drop();
  process.kill(engine, "SIGKILL");
  const refusal = page.getByRole("dialog", { name: "mine cannot be opened" });
  await expect(refusal).toContainText("engine-gone");
  await writeTinyNetwork(folder);
  await refusal.getByRole("button", { name: "Restart" }).click();
  await refusal.getByRole("button", { name: "Try again" }).click();
  await expect(refusal).toBeHidden();
  await expect(chip(page, /6 × 6/)).toBeVisible({ timeout: 30_000 });
});

/** Five million units in between: so large that its opening can be watched, and written in no time. */
async function writeWideNetwork(folder: string): Promise<string> {
  const units = 5_000_000;
  await writeTinyNetwork(folder, {
    edit: ({ modelTopology, weightsManifest }) => {
      const { layers } = modelTopology.model_config.config;
      const logits = layers.pop();
      const [conv, bias, kernel, last] = weightsManifest[0]?.weights ?? [];
      if (!logits || !conv || !bias || !kernel || !last || !weightsManifest[0])
        throw new Error("The tiny network has changed.");
      layers.push({
        ...logits,
        name: "wide",
        config: { ...logits.config, name: "wide", units, activation: "relu" },
        inbound_nodes: [[["pool", 0, 0, {}]]],
      });
      layers.push({ ...logits, inbound_nodes: [[["wide", 0, 0, {}]]] });
      weightsManifest[0].weights = [
        conv,
        bias,
        { name: "wide/kernel", shape: [8, units], dtype: "float32" },
        { name: "wide/bias", shape: [units], dtype: "float32" },
        { ...kernel, shape: [units, 4] },
        last,
      ];
    },
  });
  const floats = 3 * 3 * 3 * 8 + 8 + 8 * units + units + units * 4 + 4;
  // Zeros that take no place on the disk.
  await truncate(join(folder, "weights.bin"), floats * 4);
  return folder;
}

test("a network that moved is asked for, and found again", async ({
  launch,
  userData,
}) => {
  const folder = join(userData, "mine");
  await writeTinyNetwork(folder, { card: { name: "My own" } });
  const first = await launch();
  await ready(first.page);
  await dropFiles(first.page, [folder]);
  await expect(chip(first.page, /^My own/)).toBeVisible({ timeout: 30_000 });
  await first.close();
  const moved = join(userData, "moved");
  await rename(folder, moved);

  const second = await launch();
  const { app, page } = second;
  const alert = page.getByRole("alert").filter({ hasText: "My own" });
  await expect(alert).toContainText("cannot be opened again", { timeout: 30_000 }); // prettier-ignore
  await expect(alert.getByRole("button", { name: "Find it…" })).toBeVisible();
  await callMain(page, "settings.change", { theme: "light" });
  await page.getByRole("button", { name: "Network", exact: true }).click();
  const networks = page.getByRole("list", { name: "Networks", exact: true });
  const row = networks.getByRole("listitem").filter({ hasText: "My own" });
  await expect(row).toContainText("not found at its place");
  expect(await axeFindings(page)).toEqual([]);
  await answerDialogs(app, { open: [join(moved, "model.json")] });
  await row.getByRole("button", { name: "Find My own" }).click();
  await expect(chip(page, /^My own/)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText("My own was found at its new place.")).toBeVisible(); // prettier-ignore
  await expect(row).not.toContainText("not found");
  await second.close();

  const third = await launch();
  await expect(chip(third.page, /^My own/)).toBeVisible({ timeout: 30_000 });
  await ready(third.page);
});
