/** Answers of the window: remembered by hash, exported beside the file, and taken back where they do not fit. */
import { readFileSync } from "node:fs";
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { answersPath } from "../../../src/main/host/answers-file";
import { Networks, openNamed } from "../../../src/main/host/networks";
import { RememberedAnswers } from "../../../src/main/host/remembered-answers";
import { bundledFolder } from "../../../src/main/host/resources";
import { answersFileSchema, type Answers } from "../../../src/shared/domain";
import { presetFor, presetOf } from "../../../src/shared/presets";
import { temporaryFolders } from "../../support/temporary-folder";
import { writeTinyNetwork } from "../../support/tiny-network";

const temporary = temporaryFolders();
const { signal } = new AbortController();
const log = () => undefined;

/** The networks of one start of the app over a data folder. */
async function start(data: string) {
  return new Networks({
    bundled: bundledFolder(),
    memory: () => 2 ** 30,
    remembered: await RememberedAnswers.open(data, log),
  });
}

function answers(changes: Partial<Answers> = {}): Answers {
  return {
    size: null,
    preprocessing: presetFor("caffe", 3),
    labels: { kind: "list", labels: ["eins", "zwei", "drei", "vier"] },
    assumptions: {},
    output: null,
    head: null,
    ...changes,
  };
}

async function setUp(options: Parameters<typeof writeTinyNetwork>[1] = {}) {
  const root = await temporary();
  const folder = await writeTinyNetwork(join(root, "net"), {
    labels: null,
    ...options,
  });
  const data = join(root, "data");
  return { root, folder, data, networks: await start(data) };
}

describe("answers", () => {
  it("change the network and keep its id", async () => {
    const { networks, folder } = await setUp();
    const guessed = await networks.open(folder, { signal });
    expect(presetOf(guessed.info.preprocessing, 3)).toBe("unit");
    const said = await networks.answer(guessed.id, answers(), { signal });
    expect(said.id).toBe(guessed.id);
    expect(presetOf(said.network.preprocessing, 3)).toBe("caffe");
    expect(said.info.labels).toEqual(["eins", "zwei", "drei", "vier"]);
    expect(said.info.report.answers).toEqual(answers());
    expect(said.info.report.from).toEqual({
      size: "file",
      preprocessing: "answer",
      labels: "answer",
    });
    expect((await networks.get(guessed.id)).info).toBe(said.info);
    const [, listed] = await networks.list();
    expect(listed).toBe(said.info);
    // the weights are the ones read before
    expect(said.network.nodes).toBe(guessed.network.nodes);
  });

  it("are remembered by the network's hash, wherever its files are then", async () => {
    const { root, networks, folder, data } = await setUp();
    const { id } = await networks.open(folder, { signal });
    await networks.answer(id, answers(), { signal });
    for (const name of ["net", "copy"]) {
      const place = join(root, name);
      if (name === "copy") await rename(folder, place);
      const again = await (await start(data)).open(place, { signal });
      expect(again.info.report.answers).toEqual(answers());
      expect(again.info.report.from.preprocessing).toBe("answer");
    }
    // other content, no memory of it
    await writeFile(join(root, "copy", "labels.json"), '["a","b","c","d"]');
    const other = await (
      await start(data)
    ).open(join(root, "copy"), { signal });
    expect(presetOf(other.info.preprocessing, 3)).toBe("unit");
    expect(other.info.labels).toEqual(["a", "b", "c", "d"]);
  });

  it("of a size read the network again with it, and once only where that is known", async () => {
    const { networks, folder, data } = await setUp();
    const { id } = await networks.open(folder, { signal });
    const sized = answers({ size: [9, 7] });
    const { network, info } = await networks.answer(id, sized, { signal });
    expect(network.input).toEqual([9, 7, 3]);
    expect(info.report).toMatchObject({
      fixedSize: [6, 6],
      answers: { size: [9, 7] },
      from: { size: "answer" },
    });
    const stages: string[] = [];
    const again = await (
      await start(data)
    ).open(folder, { signal, progress: (stage) => stages.push(stage) });
    expect(again.network.input).toEqual([9, 7, 3]);
    expect(again.id).toBe(id);
    expect(stages.filter((s) => s === "Reading the topology")).toHaveLength(1);
    const back = await networks.answer(id, answers(), { signal });
    expect(back.network.input).toEqual([6, 6, 3]);
  });

  it("that do not fit are refused, and all stays as it was", async () => {
    // a dense layer over the whole map fixes its size
    const { networks, folder, data } = await setUp({
      edit: (model) => {
        const { layers } = model.modelTopology.model_config.config;
        for (const layer of layers)
          if (layer.class_name === "GlobalAveragePooling2D")
            layer.class_name = "Flatten";
        for (const weight of model.weightsManifest[0]?.weights ?? [])
          if (weight.name === "logits/kernel") weight.shape = [288, 4];
      },
      weights: (values) => {
        const all = new Float32Array(3 * 3 * 3 * 8 + 8 + 288 * 4 + 4);
        all.set(values);
        return new Uint8Array(all.buffer);
      },
    });
    const before = await networks.open(folder, { signal });
    await expect(
      networks.answer(before.id, answers({ size: [9, 7] }), { signal }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      message: expect.stringContaining("9 x 7") as unknown,
    });
    await expect(
      networks.answer(
        before.id,
        answers({ preprocessing: { order: "RGB", mean: [1, 2], std: [1] } }),
        { signal },
      ),
    ).rejects.toMatchObject({ code: "invalid-request" });
    await expect(
      networks.answer(before.id, answers(), { signal: AbortSignal.abort() }),
    ).rejects.toThrow();
    expect((await networks.get(before.id)).info).toBe(before.info);
    const again = await (await start(data)).open(folder, { signal });
    expect(again.info.report).toEqual(before.info.report);
  });

  it("belong to a bundled network too", async () => {
    const { networks, data } = await setUp();
    const id = "caltech101-resnet18";
    const preprocessing = presetFor("unit", 3);
    const labels = { kind: "none" } as const;
    await networks.answer(id, answers({ preprocessing, labels }), { signal });
    const again = await (await start(data)).get(id);
    expect(again.info).toMatchObject({ bundled: true, preprocessing });
    expect(again.info.labels[5]).toBe("class 5");
    await expect(
      networks.exportAnswers(id, { overwrite: true }),
    ).rejects.toMatchObject({ code: "invalid-request" });
  });
});

it("count for the session where they cannot be kept", async () => {
  const { root, folder } = await setUp();
  await writeFile(join(root, "file"), "");
  const networks = await start(join(root, "file"));
  const { id } = await networks.open(folder, { signal });
  const { info } = await networks.answer(id, answers(), { signal });
  expect(info.report.answers).toEqual(answers());
  expect(info.warnings).toEqual([
    expect.stringContaining("count until Proxima ends"),
  ]);
  const again = await networks.open(folder, { signal });
  expect(again.info.report.answers).toEqual(answers());
});

describe("the file of remembered answers", () => {
  const place = { path: "/net", beside: null };
  const known = (hash: string) => ({ hash, name: hash, architecture: "" });
  const saved = (all: Answers) => ({ answers: all, guessed: [] });

  it("keeps the latest, up to a number and a size", async () => {
    const folder = await temporary();
    const remembered = await RememberedAnswers.open(folder, log);
    const labels = {
      kind: "list",
      labels: Array.from({ length: 9000 }, () => "x".repeat(1000)),
    } as const;
    const large = answers({
      labels: { ...labels, labels: [...labels.labels] },
    });
    await remembered.remember(known("a"), saved(answers()), place);
    await remembered.remember(known("b"), saved(large), place);
    expect(remembered.pick("a", null)).toEqual(saved(answers()));
    await remembered.remember(known("c"), saved(large), place);
    const again = await RememberedAnswers.open(folder, log);
    expect(again.pick("c", null)).toEqual(saved(large));
    expect(again.pick("b", null)).toBeNull();
    expect(again.pick("a", null)).toEqual(saved(answers()));
    for (let i = 0; i < 510; i++)
      void again.remember(known(`n${i}`), saved(answers()), place);
    await again.remember(known("last"), saved(answers()), place);
    const many = await RememberedAnswers.open(folder, log);
    expect(many.pick("last", null)).toEqual(saved(answers()));
    expect(many.pick("n11", null)).toEqual(saved(answers()));
    expect(many.pick("n10", null)).toBeNull();
  });

  it("is left alone where another version wrote it, and put aside where it is damaged", async () => {
    const folder = await temporary();
    const path = join(folder, "answers.json");
    await writeFile(path, '{"version":3,"networks":"new"}');
    const lines: string[] = [];
    const foreign = await RememberedAnswers.open(folder, (l) => lines.push(l));
    await foreign.remember(known("a"), saved(answers()), place);
    expect(foreign.pick("a", null)).toEqual(saved(answers()));
    expect(await readFile(path, "utf8")).toBe('{"version":3,"networks":"new"}');
    await writeFile(path, "{");
    const fresh = await RememberedAnswers.open(folder, (l) => lines.push(l));
    expect(await readFile(`${path}.damaged`, "utf8")).toBe("{");
    await fresh.remember(known("a"), saved(answers()), place);
    expect((await RememberedAnswers.open(folder, log)).pick("a", null)).toEqual(
      saved(answers()),
    );
    expect(lines).toEqual([
      expect.stringContaining("another version"),
      expect.stringContaining("damaged"),
    ]);
  });
});

describe("answers beside the file", () => {
  const beside = (folder: string) => join(folder, "model.json.proxima.json");

  it("are written where they are looked for, and not over others", async () => {
    const { networks, folder } = await setUp();
    const { id, info } = await networks.open(folder, { signal });
    await networks.answer(id, answers(), { signal });
    expect(await networks.exportAnswers(id, { overwrite: false })).toEqual({
      outcome: "written",
      file: "model.json.proxima.json",
    });
    const text = await readFile(beside(folder), "utf8");
    expect(answersFileSchema.parse(JSON.parse(text))).toEqual({
      format: "proxima-answers",
      version: 2,
      hash: info.hash,
      answers: answers(),
      guessed: [],
    });
    await writeFile(beside(folder), "mine");
    expect(await networks.exportAnswers(id, { overwrite: false })).toEqual({
      outcome: "exists",
      file: "model.json.proxima.json",
    });
    expect(await readFile(beside(folder), "utf8")).toBe("mine");
    await networks.exportAnswers(id, { overwrite: true });
    expect(await readFile(beside(folder), "utf8")).toBe(text);
    await rm(beside(folder));
    await symlink(join(folder, "elsewhere"), beside(folder));
    await expect(
      networks.exportAnswers(id, { overwrite: true }),
    ).rejects.toThrow("no plain file");
    expect(await readdir(folder)).not.toContain("elsewhere");
  });

  it("serve whoever gets them, in the window and on the command line", async () => {
    const { root, networks, folder } = await setUp();
    const { id } = await networks.open(folder, { signal });
    const sized = answers({ size: [8, 5] });
    await networks.answer(id, sized, { signal });
    await networks.exportAnswers(id, { overwrite: false });
    const copy = join(root, "colleague", "net");
    await cp(folder, copy, { recursive: true });
    for (const place of [copy, join(copy, "model.json")]) {
      const opened = await openNamed(place, { signal });
      expect(opened.id).toBe(id);
      expect(opened.network.input).toEqual([8, 5, 3]);
      expect(opened.info.report.answers).toEqual(sized);
    }
    // flags before all
    const flagged = await openNamed(copy, {
      signal,
      given: { preprocessing: "signed", size: [7, 7] },
    });
    expect(flagged.network.input).toEqual([7, 7, 3]);
    expect(presetOf(flagged.network.preprocessing, 3)).toBe("signed");
    expect(flagged.info.labels[0]).toBe("eins");
    // an image at hand cannot be resized
    const array = await openNamed(copy, { signal, openSize: [6, 6] });
    expect(array.network.input).toEqual([6, 6, 3]);
  });

  it("come before what was remembered, unless they were overruled", async () => {
    const { folder, data } = await setUp();
    const write = (labels: string[]) =>
      writeFile(
        beside(folder),
        JSON.stringify({
          format: "proxima-answers",
          version: 1,
          hash: "",
          answers: answers({ labels: { kind: "list", labels } }),
        }),
      );
    const names = async () =>
      (await (await start(data)).open(folder, { signal })).info.labels;
    const networks = await start(data);
    const { id } = await networks.open(folder, { signal });
    await networks.answer(id, answers(), { signal });
    await write(["a", "b", "c", "d"]);
    expect(await names()).toEqual(["a", "b", "c", "d"]);
    const later = await start(data);
    await later.open(folder, { signal });
    await later.answer(id, answers(), { signal });
    expect(await names()).toEqual(["eins", "zwei", "drei", "vier"]);
    await write(["e", "f", "g", "h"]);
    expect(await names()).toEqual(["e", "f", "g", "h"]);
  });

  it("for other content than there is now are left aside, and that is said", async () => {
    const { networks, folder } = await setUp();
    const { id } = await networks.open(folder, { signal });
    await networks.answer(id, answers({ size: [9, 9] }), { signal });
    await networks.exportAnswers(id, { overwrite: false });
    await writeFile(join(folder, "labels.json"), '["a","b","c","d"]');
    const { info, network } = await openNamed(folder, { signal });
    expect(info.labels).toEqual(["a", "b", "c", "d"]);
    expect(network.input).toEqual([6, 6, 3]);
    expect(info.warnings).toEqual([
      "The answers beside the file are for other content than it holds now, and are not used.",
    ]);
  });

  it.each([
    ["{", "not readable as JSON"],
    ["[]", "holds no answers"],
    ['{"format":"proxima-answers","version":3}', "version 3"],
    [
      JSON.stringify({
        format: "proxima-answers",
        version: 1,
        hash: "",
        answers: {
          size: null,
          preprocessing: { order: "RGB", mean: [0], std: [0] },
          labels: { kind: "none" },
        },
      }),
      "answers.preprocessing.std.0",
    ],
  ])("that are damaged are refused by name: %s", async (text, said) => {
    const { folder, networks } = await setUp();
    await writeFile(beside(folder), text);
    // in the window the guess is seen, and a warning
    const { info } = await networks.open(folder, { signal });
    expect(info.report.from.preprocessing).toBe("guess");
    expect(info.warnings).toEqual([
      expect.stringMatching(new RegExp(`${said}.* It is not used\\.$`)),
    ]);
    await expect(openNamed(folder, { signal })).rejects.toMatchObject({
      code: "damaged-file",
      message: expect.stringMatching(
        new RegExp(`"model.json.proxima.json".*${said}`),
      ) as unknown,
    });
  });

  it("that nest without end are refused", async () => {
    const { folder } = await setUp();
    await writeFile(beside(folder), "[".repeat(1_000_000));
    await expect(openNamed(folder, { signal })).rejects.toThrow(
      "not readable as JSON",
    );
  });

  it("lie beside a single file, and in a folder after its main file", async () => {
    const root = await temporary();
    for (const [name, files] of [
      ["layers", ["model.json", "weights.bin"]],
      ["saved", ["saved_model.pb", "variables"]],
      ["one", ["net.onnx", "net.onnx.data", "notes.txt"]],
      ["two", ["a.pth", "b.pth"]],
    ] as const) {
      await mkdir(join(root, name));
      for (const file of files) await writeFile(join(root, name, file), "");
    }
    for (const [given, expected] of [
      ["layers", "layers/model.json"],
      ["saved", "saved/saved_model.pb"],
      ["one", "one/net.onnx"],
      ["one/net.onnx", "one/net.onnx"],
      ["two", "two/network"],
      ["two/a.pth", "two/a.pth"],
    ] as const)
      expect(await answersPath(join(root, given))).toBe(
        join(root, `${expected}.proxima.json`),
      );
  });
});

it("does not take a card or names from around a single file", async () => {
  const { folder } = await setUp({ labels: ["of", "some", "other", "net"] });
  const card = { name: "Another", preprocessing: presetFor("caffe", 3) };
  await writeFile(join(folder, "card.json"), JSON.stringify(card));
  await rename(join(folder, "model.json"), join(folder, "download.json"));
  const { info } = await openNamed(join(folder, "download.json"), { signal });
  expect(info).toMatchObject({ name: "download.json", licence: "" });
  expect(info.labels[0]).toBe("class 0");
  expect(presetOf(info.preprocessing, 3)).toBe("unit");
  // a folder's own are taken
  const model = readFileSync(join(folder, "download.json"));
  await writeFile(join(folder, "model.json"), model);
  for (const place of [folder, join(folder, "model.json")]) {
    const own = await openNamed(place, { signal });
    expect(own.info.name).toBe("Another");
    expect(own.info.labels[0]).toBe("of");
  }
});
