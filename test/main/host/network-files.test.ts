import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { link, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openNetworkFiles } from "../../../src/main/host/network-files";
import { temporaryFolders } from "../../support/temporary-folder";

const temporary = temporaryFolders();

/** outside.bin, and beside it net/ with model.json and weights/one.bin */
async function layOut() {
  const root = await temporary();
  const net = join(root, "net");
  await mkdir(join(net, "weights"), { recursive: true });
  await writeFile(join(root, "outside.bin"), "secret");
  await writeFile(join(net, "model.json"), "{}");
  await writeFile(join(net, "weights", "one.bin"), "abc");
  return { root, net };
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("the files of a network", () => {
  it("lists and reads what a folder holds", async () => {
    const { net } = await layOut();
    await writeFile(join(net, ".hidden"), "");
    const files = await openNetworkFiles(net);
    expect(files.title).toBe("net");
    expect(files.names).toEqual(["model.json", "weights/one.bin"]);
    expect(text(await files.read("weights/one.bin"))).toBe("abc");
  });

  it("reads nothing of a file that only claims to be immense", async () => {
    const { net } = await layOut();
    const path = join(net, "weights.bin");
    await writeFile(path, "");
    await truncate(path, 3 * 2 ** 40);
    const files = await openNetworkFiles(net);
    await expect(files.open("weights.bin")).rejects.toMatchObject({
      code: "damaged-file",
      message:
        '"weights.bin" has 3298534883328 bytes; a file of a network has at most 17179869184.',
    });
  });

  it("opens the folder around a chosen file, which comes first", async () => {
    const { net } = await layOut();
    expect((await openNetworkFiles(join(net, "model.json"))).title).toBe("net");
    const files = await openNetworkFiles(join(net, "weights", "one.bin"));
    expect(files.title).toBe("one.bin");
    expect(files.names).toEqual(["one.bin"]);
    await writeFile(join(net, "another.json"), "{}");
    const chosen = await openNetworkFiles(join(net, "model.json"));
    expect(chosen.names[0]).toBe("model.json");
    expect(chosen.names).toContain("another.json");
  });

  it("hashes names and bytes of what was read, in whatever order", async () => {
    const { net } = await layOut();
    const [a, b, c] = [
      await openNetworkFiles(net),
      await openNetworkFiles(join(net, "model.json")),
      await openNetworkFiles(net),
    ];
    await a.read("model.json");
    await a.read("weights/one.bin");
    await b.read("weights/one.bin");
    await b.read("model.json");
    await c.read("model.json");
    expect(a.hash()).toBe(b.hash());
    expect(c.hash()).not.toBe(a.hash());
    const sha = (s: string) => createHash("sha256").update(s).digest("hex");
    expect(c.hash()).toBe(sha("{}"));
    expect(a.hash()).toBe(
      sha(`model.json\n2 ${sha("{}")}\nweights/one.bin\n3 ${sha("abc")}\n`),
    );
    expect(a.hash(["weights/one.bin"])).toBe(sha("abc"));
    await writeFile(join(net, "weights", "one.bin"), "abd");
    const changed = await openNetworkFiles(net);
    await changed.read("model.json");
    await changed.read("weights/one.bin");
    expect(changed.hash()).not.toBe(a.hash());
  });

  it("hashes a chosen file without its name, and once", async () => {
    const { root } = await layOut();
    const hashes: string[] = [];
    for (const name of ["a.onnx", "b.onnx"]) {
      const folder = join(root, name, "in");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, name), "graph");
      await writeFile(join(folder, "graph.data"), "weights");
      const files = await openNetworkFiles(join(folder, name));
      const first = files.open(name);
      expect(files.open(name)).toBe(first);
      await first;
      const sha = createHash("sha256").update("graph").digest("hex");
      expect(files.hash()).toBe(sha);
      await files.read("graph.data");
      hashes.push(files.hash());
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  it.each([
    "../outside.bin",
    "weights/../../outside.bin",
    "/etc/passwd",
    "C:\\windows\\system.ini",
    "weights\\one.bin",
    "https://example.org/one.bin",
    "file:///etc/passwd",
    "one\0.bin",
    "",
  ])("refuses the name %j", async (name) => {
    const { net } = await layOut();
    const files = await openNetworkFiles(net);
    await expect(files.read(name)).rejects.toMatchObject({
      code: "damaged-file",
      message: expect.stringContaining("outside its folder") as unknown,
    });
  });

  it("reads a snapshot of Hugging Face's cache, whose files are links, and no other way out", async () => {
    const root = await temporary();
    const model = join(root, "models--a--b");
    const snapshot = join(model, "snapshots", "0a1b");
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(model, "blobs", "deeper"), { recursive: true });
    await writeFile(join(model, "blobs", "f00d"), "weights");
    await writeFile(join(model, "blobs", "deeper", "x"), "secret");
    await writeFile(join(model, "secret"), "secret");
    await symlink("../../blobs/f00d", join(snapshot, "model.safetensors"));
    await symlink("../../secret", join(snapshot, "config.json"));
    await symlink("../../blobs/deeper/x", join(snapshot, "labels.json"));
    for (const path of [snapshot, join(snapshot, "model.safetensors")]) {
      const files = await openNetworkFiles(path);
      expect(files.names).toContain("config.json");
      expect(text(await files.read("model.safetensors"))).toBe("weights");
      for (const name of ["config.json", "labels.json"])
        await expect(files.read(name)).rejects.toThrow("outside its folder");
    }
    const { chosen } = await openNetworkFiles(
      join(snapshot, "model.safetensors"),
    );
    expect(chosen).toBe("model.safetensors");
    // a link of the same kind elsewhere is one out of its folder
    const other = join(root, "models", "snapshots", "0a1b");
    await mkdir(other, { recursive: true });
    await mkdir(join(root, "models", "blobs"));
    await writeFile(join(root, "models", "blobs", "f00d"), "x");
    await symlink("../../blobs/f00d", join(other, "model.safetensors"));
    const files = await openNetworkFiles(other);
    await expect(files.read("model.safetensors")).rejects.toThrow(
      "outside its folder",
    );
  });

  it("refuses links that leave the folder, and follows those that stay", async () => {
    const { root, net } = await layOut();
    await symlink(join(root, "outside.bin"), join(net, "file-link.bin"));
    await symlink(root, join(net, "folder-link"));
    await symlink("weights/one.bin", join(net, "inner.bin"));
    await link(join(root, "outside.bin"), join(net, "hard-link.bin"));
    const files = await openNetworkFiles(net);
    await expect(files.read("file-link.bin")).rejects.toThrow(
      "outside its folder",
    );
    await expect(files.read("folder-link/outside.bin")).rejects.toThrow(
      "outside its folder",
    );
    await expect(files.read("hard-link.bin")).rejects.toThrow("hard link");
    expect(text(await files.read("inner.bin"))).toBe("abc");
    const ours = await openNetworkFiles(net, { trusted: true });
    expect(text(await ours.read("hard-link.bin"))).toBe("secret");
  });

  it("refuses what is missing, no plain file, or too large", async () => {
    const { net } = await layOut();
    const files = await openNetworkFiles(net);
    await expect(files.read("two.bin")).rejects.toThrow('"two.bin" is missing');
    await expect(files.read("weights")).rejects.toThrow("not a plain file");
    await expect(files.read("weights/one.bin", 2)).rejects.toThrow(
      "3 bytes; at most 2",
    );
    execFileSync("mkfifo", [join(net, "pipe")]);
    await expect(files.read("pipe")).rejects.toThrow("not a plain file");
  });

  it("says what is wrong with a path that cannot be opened", async () => {
    const { net } = await layOut();
    await expect(openNetworkFiles(join(net, "none"))).rejects.toThrow(
      "There is nothing at",
    );
    await expect(openNetworkFiles("/dev/null")).rejects.toThrow(
      "neither a file nor a folder",
    );
  });
});
