/** Networks whose pictures are not three square channels, or that have nothing to bend. */
import { join } from "node:path";
import { writeTinyNetwork } from "../support/tiny-network";
import { dropFiles } from "./drop";
import { expect, test } from "./fixtures";
import { chip, origin, preprocessing, ready, sheet } from "./network-card";
import { shortRun, sizesOf } from "./short-run";

test("a grey network that is not square, without a rectifier, runs, and says what has no effect", async ({
  proxima: { page },
  userData,
}) => {
  const folder = join(userData, "grey");
  await writeTinyNetwork(folder, {
    channels: 1,
    edit: ({ modelTopology }) => {
      const { layers } = modelTopology.model_config.config;
      const [image, conv] = layers;
      if (!image || !conv) throw new Error("The tiny network has changed.");
      image.config["batch_input_shape"] = [null, 8, 12, 1];
      conv.config["activation"] = "sigmoid";
    },
  });
  await ready(page);
  await dropFiles(page, [folder]);
  await expect(chip(page, /12 × 8 × 1/)).toBeVisible({ timeout: 30_000 });
  await expect(
    page.getByText(
      "ProxyGrad and Leaky ReLU have no effect here: 0 of 1 activations are ReLU. All columns show the same.",
    ),
  ).toBeVisible();
  await sheet(page).getByRole("button", { name: "Close" }).click();
  await shortRun(page);
  const tiles = page.getByRole("gridcell").locator("canvas");
  const painted = await tiles.evaluateAll((all) =>
    all.map((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas
        .getContext("2d")
        ?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      const grey = [...data].every(
        (value, i) => i % 4 === 3 || value === data[i - (i % 4)],
      );
      return { size: [canvas.width, canvas.height], grey, url: canvas.toDataURL() }; // prettier-ignore
    }),
  );
  expect(painted).toHaveLength(12);
  for (const row of [0, 3, 6, 9]) {
    const [relu, ...others] = painted.slice(row, row + 3);
    expect(relu).toMatchObject({ size: [12, 8], grey: true });
    for (const other of others) expect(other.url).toBe(relu?.url);
  }
  expect(new Set(painted.map(({ url }) => url)).size).toBe(4);
});

test("pictures of seven channels show the first three, and that is said", async ({
  proxima: { page },
  userData,
}) => {
  const folder = join(userData, "seven");
  await writeTinyNetwork(folder, { channels: 7 });
  await ready(page);
  await dropFiles(page, [folder]);
  const text = "The input has 7 channels: pictures show the first three, as red, green and blue."; // prettier-ignore
  await expect(page.getByText(text).first()).toBeVisible({ timeout: 30_000 });
  const card = sheet(page);
  await expect(preprocessing(card).getByRole("radio")).toHaveCount(3);
  await preprocessing(card).getByLabel("Own numbers").check();
  const mean = card.getByRole("textbox", { name: "mean" });
  await mean.fill("1, 2");
  await mean.press("Enter");
  await expect(card).toContainText("One number is needed, or 7; these are 2.");
  await mean.fill("90");
  await mean.press("Enter");
  await expect(origin(card, "Preprocessing")).toHaveText("your answer");
  await card.getByRole("button", { name: "Close" }).click();
  await shortRun(page);
  expect(await sizesOf(page)).toEqual(new Array(12).fill([6, 6]));
});
