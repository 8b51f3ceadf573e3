/** Well-known networks, from a server on this machine in place of their makers'. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { serveFile, type FileServer } from "../support/serve-file";
import { callMain } from "./engine-calls";
import { expect, test as base } from "./fixtures";
import { expectSeenAsReference } from "./reference-check";
import { axeFindings } from "./stored-gallery";

/** A ResNet-18 of torchvision's with a fraction of its width, and what PyTorch computes with it. */
const reference = join(import.meta.dirname, "../references/torch/resnet18");

interface Server {
  readonly file: Buffer;
  readonly server: FileServer;
  /** What PROXIMA_KNOWN_NETWORKS names: the list with this server's file. */
  readonly list: (begins?: string) => Promise<string>;
}

const test = base.extend<{ maker: Server }>({
  maker: async ({ userData }, use) => {
    const file = await readFile(join(reference, "network.pth"));
    const { served: server, close } = await serveFile(file);
    const list = async (begins = sha256(file).slice(0, 8)) => {
      const path = join(userData, "known.json");
      const entry = {
        id: "narrow-resnet18",
        name: "Narrow ResNet-18",
        format: "PyTorch state dict",
        url: server.url,
        licence: "BSD-3-Clause",
        bytes: file.length,
        checksum: { algorithm: "sha256", begins },
        card: { input: { height: side, width: side, channels: 3 } },
      };
      await writeFile(path, JSON.stringify([entry]));
      return path;
    };
    await use({ file, server, list });
    await close();
  },
});

/** Pixels of the reference's input, which is square: its logits hold for that size alone. */
const side = 36;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const row = (page: Page) =>
  page
    .getByRole("list", { name: "Known networks" })
    .getByRole("listitem")
    .filter({ hasText: "Narrow ResNet-18" });

async function showNetworks(page: Page): Promise<void> {
  await expect(
    page.getByRole("button", { name: /^Run \d+/ }).first(),
  ).toBeEnabled({ timeout: 30_000 });
  await page.getByRole("button", { name: "Network", exact: true }).click();
  await expect(row(page)).toBeVisible();
}

/** Files of networks in the app's data, whole or in part. */
async function filesOf(userData: string): Promise<string[]> {
  const all = await readdir(userData, { recursive: true });
  return all.filter((path) => /\.pth/.test(path));
}

async function sizesOf(userData: string): Promise<number[]> {
  const found = await Promise.all(
    (await filesOf(userData)).map((path) => stat(join(userData, path))),
  );
  return found.filter((entry) => entry.isFile()).map(({ size }) => size);
}

test("one is fetched when asked for, stopped, taken up again, checked, opened, and there after a restart", async ({
  launch,
  userData,
  maker: { file, server, list },
}) => {
  const env = { PROXIMA_KNOWN_NETWORKS: await list() };
  const first = await launch({ env });
  const { page } = first;
  await showNetworks(page);
  // decimal, as downloads are counted
  const size = `${Math.round(file.length / 1000)} kB`;
  await expect(row(page)).toContainText(
    `${size} · PyTorch state dict · BSD-3-Clause`,
  );
  await expect(row(page)).toContainText(server.url);
  await expect(row(page)).toContainText(
    `sha256 begins with ${sha256(file).slice(0, 8)}`,
  );
  expect(await axeFindings(page)).toEqual([]);
  // Nothing was fetched before it was asked for.
  expect(server.requests).toEqual([]);
  expect(await filesOf(userData)).toEqual([]);

  server.faults.stopAfter = 40_000;
  await row(page).getByRole("button", { name: /^Download/ }).click(); // prettier-ignore
  await expect(row(page)).toContainText(`of ${size}`);
  await expect(row(page).getByRole("progressbar")).toBeVisible();
  await expect.poll(() => sizesOf(userData)).toContain(40_000);
  expect(await axeFindings(page)).toEqual([]);
  await row(page).getByRole("button", { name: /^Stop/ }).click();
  await expect(row(page)).toContainText(`40 kB of ${size} are there`);

  server.faults.stopAfter = null;
  await row(page).getByRole("button", { name: /^Resume/ }).click(); // prettier-ignore
  const chip = (page: Page) =>
    page.locator("header").getByRole("button", { name: `${side} × ${side}` });
  await expect(chip(page)).toBeVisible({ timeout: 30_000 });
  expect(server.requests.map(({ range }) => range)).toEqual([
    undefined,
    "bytes=40000-",
  ]);
  await expect(row(page).getByRole("button", { name: /^Open/ })).toBeVisible();
  const main = page.getByRole("main");
  await expect(main).toContainText("ProxyGrad bends 17 of 17 activations.");
  await expect(main.getByRole("row", { name: "rectifier 17" })).toBeAttached();

  // An array goes in as it is; PyTorch's logits say what has to be seen.
  await expectSeenAsReference(page, main, reference);
  await first.close();

  // Whole and known: opened again without a request.
  const second = await launch({ env });
  await expect(chip(second.page)).toBeVisible({ timeout: 30_000 });
  await showNetworks(second.page);
  expect(server.requests).toHaveLength(2);
  await row(second.page).getByRole("button", { name: /^Remove/ }).click(); // prettier-ignore
  await expect(
    row(second.page).getByRole("button", { name: /^Download/ }),
  ).toBeVisible();
  expect(await filesOf(userData)).toEqual([]);
});

test("one that is not what its maker says is refused and not kept; a server that fails is said", async ({
  launch,
  userData,
  maker: { server, list },
}) => {
  const env = { PROXIMA_KNOWN_NETWORKS: await list("00000000") };
  const { page } = await launch({ env });
  await callMain(page, "settings.change", { theme: "light" });
  await showNetworks(page);
  await row(page).getByRole("button", { name: /^Download/ }).click(); // prettier-ignore
  const alert = row(page).getByRole("alert");
  await expect(alert).toContainText(/sha256/, { timeout: 30_000 });
  expect(await filesOf(userData)).toEqual([]);
  expect(await axeFindings(page)).toEqual([]);

  server.faults.status = 503;
  await row(page).getByRole("button", { name: /^Download/ }).click(); // prettier-ignore
  await expect(alert).toContainText(/503/);
  await expect(row(page).getByRole("button", { name: /^Download/ })).toBeEnabled(); // prettier-ignore
  await expect(
    page.locator("header").getByRole("button", { name: /^ResNet-18 \(half/ }),
  ).toBeVisible();
});
