/** Corrections of what files do not say: remembered, exported, offered, and part of what a network is. */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openBackend } from "../../../src/main/host/backend";
import { placeOf } from "../../../src/main/host/lab/request";
import {
  Networks,
  openNamed,
  type OpenedNetwork,
} from "../../../src/main/host/networks";
import { RememberedAnswers } from "../../../src/main/host/remembered-answers";
import { bundledFolder } from "../../../src/main/host/resources";
import { scoreImages, type GivenAnswers } from "../../../src/engine";
import type { Answers } from "../../../src/shared/domain";
import { presetFor } from "../../../src/shared/presets";
import { temporaryFolders } from "../../support/temporary-folder";
import { writeTinyNetwork } from "../../support/tiny-network";
import { writeTinyResNet } from "../../support/tiny-safetensors";

const temporary = temporaryFolders();
const { signal } = new AbortController();
const log = () => undefined;
const leaky = { activation: "leaky:0.1" };

async function start(data: string) {
  return new Networks({
    bundled: bundledFolder(),
    memory: () => 2 ** 30,
    remembered: await RememberedAnswers.open(data, log),
  });
}

async function setUp(options: Parameters<typeof writeTinyResNet>[1] = {}) {
  const root = await temporary();
  const file = await writeTinyResNet(join(root, "net.safetensors"), {
    classes: 6,
    ...options,
  });
  const data = join(root, "data");
  return { root, file, data, networks: await start(data) };
}

function answersOf({ info }: OpenedNetwork, changes: Partial<Answers>) {
  return { ...info.report.answers, ...changes };
}

const given = (file: string, answers: GivenAnswers) =>
  openNamed(file, { signal, given: answers });

/** Logits of a fixed pattern. */
async function logits({ network }: OpenedNetwork): Promise<number[]> {
  const { runtime } = await openBackend();
  const [height, width, channels] = network.input;
  const image = Float32Array.from(
    { length: height * width * channels },
    (_, i) => Math.sin(i * 0.37),
  );
  return [...(scoreImages({ network, runtime }, [image])[0] ?? [])];
}

describe("a correction", () => {
  it("changes what is computed and the identity; the default said explicitly is the default", async () => {
    const { file } = await setUp();
    const plain = await openNamed(file, { signal });
    const corrected = await given(file, { assumptions: leaky });
    const explicit = await given(file, {
      assumptions: { activation: "relu" },
      preprocessing: "imagenet",
      size: [224, 224],
      head: "softmax",
    });
    expect(plain.info.preprocessing).toEqual(presetFor("imagenet", 3));
    expect(await logits(explicit)).toEqual(await logits(plain));
    expect(explicit.info.identity).toBe(plain.info.identity);
    expect(await logits(corrected)).not.toEqual(await logits(plain));
    expect(corrected.info.identity).not.toBe(plain.info.identity);
    expect(corrected.info.hash).toBe(plain.info.hash);
    const others = await Promise.all([
      given(file, { preprocessing: "signed" }),
      given(file, { size: [96, 96] }),
      given(file, { head: "value" }),
    ]);
    const identities = [plain, corrected, ...others].map(
      ({ info }) => info.identity,
    );
    expect(new Set(identities).size).toBe(5);
    expect(identities.every((text) => /^[0-9a-f]{64}$/.test(text))).toBe(true);
  });

  it("is reported, and what stays assumed is a warning", async () => {
    const { file } = await setUp();
    const { info } = await openNamed(file, { signal });
    const [assumption] = info.report.assumptions.filter(
      ({ key }) => key === "activation",
    );
    expect(assumption).toMatchObject({ value: "relu", from: "assumed" });
    expect(info.warnings).toContainEqual(
      expect.stringMatching(/^activation=relu: .*assumed/),
    );
    const corrected = await given(file, { assumptions: leaky });
    expect(corrected.info.report.assumptions).toContainEqual(
      expect.objectContaining({
        key: "activation",
        value: "leaky:0.1",
        from: "answer",
      }),
    );
    expect(corrected.info.report.answers.assumptions).toEqual(leaky);
    expect(corrected.info.warnings.join()).not.toContain("activation");
  });

  it("keeps rows of the Lab apart from uncorrected ones", async () => {
    const { file } = await setUp();
    const backend = await openBackend();
    const folderOf = (network: OpenedNetwork) =>
      placeOf({
        experiment: "class-table",
        settings: { targets: [1] },
        network,
        backend,
        images: null,
        folder: "/lab",
      }).folder;
    const opened = [
      await openNamed(file, { signal }),
      await given(file, { assumptions: leaky }),
      await given(file, { head: "sigmoid" }),
    ];
    const folders = opened.map(folderOf);
    expect(new Set(folders).size).toBe(3);
    const explicit = await given(file, { assumptions: { activation: "relu" } });
    expect(folderOf(explicit)).toBe(folders[0]);
  });

  it("is refused where no reader has a use for it", async () => {
    const root = await temporary();
    const folder = await writeTinyNetwork(join(root, "net"));
    await expect(
      given(folder, { assumptions: { heads: "3" } }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      message:
        'Nothing is assumed about this network, so "heads" cannot be corrected.',
    });
    await expect(given(folder, { output: "conv" })).rejects.toMatchObject({
      code: "invalid-request",
      message: 'The network has no output "conv".',
    });
    await expect(given(folder, { head: "map" })).rejects.toMatchObject({
      code: "invalid-request",
      message: expect.stringContaining("vector") as unknown,
    });
  });
});

describe("a correction in the window", () => {
  it("keeps the id, is remembered, and can be taken back", async () => {
    const { file, data, networks } = await setUp();
    const plain = await networks.open(file, { signal });
    const corrected = await networks.answer(
      plain.id,
      answersOf(plain, { assumptions: leaky }),
      { signal },
    );
    expect(corrected.id).toBe(plain.id);
    expect((await networks.get(plain.id)).info).toBe(corrected.info);
    const values = await logits(corrected);
    expect(values).toEqual(
      await logits(await given(file, { assumptions: leaky })),
    );
    const again = await (await start(data)).open(file, { signal });
    expect(again.info.identity).toBe(corrected.info.identity);
    expect(again.info.report.answers.assumptions).toEqual(leaky);
    expect(await logits(again)).toEqual(values);
    const back = await networks.answer(
      plain.id,
      answersOf(plain, { assumptions: {} }),
      { signal },
    );
    expect(back.info.identity).toBe(plain.info.identity);
    expect(await logits(back)).toEqual(await logits(plain));
  });

  it("that confirms what is assumed reads nothing again", async () => {
    const { file, networks } = await setUp();
    const plain = await networks.open(file, { signal });
    const assumptions = Object.fromEntries(
      plain.info.report.assumptions.map(({ key, value }) => [key, value]),
    );
    const confirmed = await networks.answer(
      plain.id,
      answersOf(plain, { assumptions, head: "softmax" }),
      { signal },
    );
    expect(confirmed.network.nodes).toBe(plain.network.nodes);
    expect(confirmed.info.identity).toBe(plain.info.identity);
    expect(
      confirmed.info.report.assumptions.map(({ from }) => from),
    ).not.toContain("assumed");
    expect(confirmed.info.report).toMatchObject({
      headFrom: "answer",
      answers: { assumptions, head: "softmax" },
    });
    expect(confirmed.info.warnings).toEqual([]);
  });

  it("is exported, and counts for who gets the file", async () => {
    const { root, file, networks } = await setUp();
    const plain = await networks.open(file, { signal });
    const corrected = await networks.answer(
      plain.id,
      answersOf(plain, { assumptions: leaky }),
      { signal, guessed: ["preprocessing", "labels", "size"] },
    );
    await networks.exportAnswers(plain.id, { overwrite: false });
    await mkdir(join(root, "colleague"));
    for (const name of await readdir(root))
      if (name.startsWith("net."))
        await cp(join(root, name), join(root, "colleague", name));
    const place = join(root, "colleague", "net.safetensors");
    const opened = await openNamed(place, { signal });
    expect(opened.info.identity).toBe(corrected.info.identity);
    expect(opened.info.report.answers.assumptions).toEqual(leaky);
    // what nobody confirmed is a guess there too
    expect(opened.info.report.from.preprocessing).toBe("guess");
    const flagged = await given(place, { assumptions: { activation: "relu" } });
    expect(flagged.info.identity).toBe(plain.info.identity);
  });

  it("that the file has no use for any more is left out and said", async () => {
    const { file, data, networks } = await setUp();
    const plain = await networks.open(file, { signal });
    const path = join(data, "answers.json");
    const assumptions = { ...leaky, "stem-flavour": "vanilla" };
    const preprocessing = presetFor("signed", 3);
    await mkdir(data, { recursive: true });
    await writeFile(
      path,
      JSON.stringify({
        version: 2,
        networks: [
          {
            hash: plain.info.hash,
            answers: answersOf(plain, { assumptions, preprocessing }),
            guessed: [],
            name: "net",
            architecture: "",
            beside: null,
            path: file,
          },
        ],
      }),
    );
    const again = await (await start(data)).open(file, { signal });
    expect(again.info.report.answers).toMatchObject({
      assumptions: leaky,
      preprocessing,
    });
    expect(again.info.warnings).toContainEqual(
      expect.stringMatching(
        /^Of the saved answers, the correction stem-flavour=vanilla does not fit/,
      ),
    );
    // a flag is somebody's word now
    await expect(
      given(file, { assumptions: { "stem-flavour": "vanilla" } }),
    ).rejects.toMatchObject({ code: "invalid-request" });
  });
});

it("a correction in another spelling is the same network, and read once", async () => {
  const { file, data, networks } = await setUp();
  const plain = await networks.open(file, { signal });
  const spelled = answersOf(plain, {
    assumptions: { activation: "leaky:0.10" },
  });
  const corrected = await networks.answer(plain.id, spelled, { signal });
  const same = await given(file, { assumptions: leaky });
  expect(corrected.info.identity).toBe(same.info.identity);
  const stages: string[] = [];
  const again = await (
    await start(data)
  ).open(file, { signal, progress: (stage) => stages.push(stage) });
  expect(again.info.identity).toBe(same.info.identity);
  const once: string[] = [];
  await (
    await start(join(data, "none"))
  ).open(file, { signal, progress: (stage) => once.push(stage) });
  expect(once.length).toBeGreaterThan(0);
  expect(stages).toEqual(once);
});

describe("a guess", () => {
  it("stays one until somebody confirms it", async () => {
    const { file, data, networks } = await setUp();
    const plain = await networks.open(file, { signal });
    const preprocessing = presetFor("signed", 3);
    const changed = await networks.answer(
      plain.id,
      answersOf(plain, { preprocessing }),
      { signal, guessed: ["size", "labels"] },
    );
    const from = { size: "guess", preprocessing: "answer", labels: "guess" };
    expect(changed.info.report.from).toEqual(from);
    const again = await (await start(data)).open(file, { signal });
    expect(again.info.report.from).toEqual(from);
    expect(again.info.preprocessing).toEqual(preprocessing);
    expect(again.network.input).toEqual([224, 224, 3]);
    const kept = await networks.answer(plain.id, changed.info.report.answers, {
      signal,
    });
    expect(kept.info.report.from).toEqual({
      size: "answer",
      preprocessing: "answer",
      labels: "answer",
    });
  });
});

describe("answers of version 1", () => {
  const answers = {
    size: [96, 80],
    preprocessing: presetFor("caffe", 3),
    labels: { kind: "list", labels: ["a", "b", "c", "d", "e", "f"] },
  };

  it("are taken over, and written as today's with the next answer", async () => {
    const { file, data, networks } = await setUp();
    const { id, info } = await networks.open(file, { signal });
    const path = join(data, "answers.json");
    await mkdir(data, { recursive: true });
    const entry = { hash: info.hash, answers, beside: null, path: file };
    await writeFile(path, JSON.stringify({ version: 1, networks: [entry] }));
    const later = await start(data);
    const opened = await later.open(file, { signal });
    expect(opened.info.report.answers).toEqual({
      ...answers,
      assumptions: {},
      output: null,
      head: null,
    });
    expect(opened.info.report.from).toEqual({
      size: "answer",
      preprocessing: "answer",
      labels: "answer",
    });
    await later.answer(id, answersOf(opened, { assumptions: leaky }), {
      signal,
    });
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
      version: 2,
      networks: [{ answers: { ...answers, assumptions: leaky }, guessed: [] }],
    });
    expect(await readdir(data)).toEqual(["answers.json"]);
  });

  it("still overrule the file beside that they overruled", async () => {
    const { file, data, networks } = await setUp();
    const { info } = await networks.open(file, { signal });
    const beside = { ...answers, size: null, labels: { kind: "none" } };
    await writeFile(
      `${file}.proxima.json`,
      JSON.stringify({
        format: "proxima-answers",
        version: 1,
        hash: info.hash,
        answers: beside,
      }),
    );
    await mkdir(data, { recursive: true });
    const entry = {
      hash: info.hash,
      answers,
      // sha256 of JSON.stringify(beside), as version 1 had it
      beside: sha256(JSON.stringify(beside)),
      path: file,
    };
    await writeFile(
      join(data, "answers.json"),
      JSON.stringify({ version: 1, networks: [entry] }),
    );
    const opened = await (await start(data)).open(file, { signal });
    expect(opened.network.input).toEqual([96, 80, 3]);
    expect(opened.info.labels[0]).toBe("a");
  });
});

describe("answers for another checkpoint", () => {
  it("of the same architecture are offered where none are known, and only there", async () => {
    const { root, file, data, networks } = await setUp();
    const first = await networks.open(file, { signal });
    expect(first.info.report.offer).toBeNull();
    const preprocessing = { order: "RGB", mean: [33], std: [78] } as const;
    const answers = answersOf(first, {
      preprocessing: { ...preprocessing, mean: [33], std: [78] },
      assumptions: leaky,
      size: [96, 96],
    });
    await networks.answer(first.id, answers, { signal });
    const [alike, wider] = [
      join(root, "b.safetensors"),
      join(root, "c.safetensors"),
    ];
    await writeTinyResNet(alike, { classes: 6, phase: 1 });
    await writeTinyResNet(wider, { classes: 7, phase: 1 });
    const later = await start(data);
    const second = await later.open(alike, { signal });
    expect(second.info.report.offer).toEqual({
      network: first.info.name,
      answers,
      guessed: [],
    });
    // only offered
    expect(second.network.input).toEqual([224, 224, 3]);
    const other = await later.open(wider, { signal });
    expect(other.info.report.offer).toBeNull();
    const taken = await later.answer(second.id, answers, { signal });
    expect(taken.info.report.offer).toBeNull();
    expect(taken.network.input).toEqual([96, 96, 3]);
  });
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
