import { describe, expect, it, vi } from "vitest";
import type {
  Answers,
  ClassScore,
  NetworkInfo,
} from "../../../src/shared/domain";
import { Fault } from "../../../src/shared/fault";
import { presetFor } from "../../../src/shared/presets";
import {
  answered,
  importReport,
  networkInfo,
  type FakeOptions,
} from "../../support/fake-world";
import { galleryRecord, runRecord } from "../../support/records";
import { useApps } from "./start-app";

const { start } = useApps();

const token = "00000000-0000-0000-0000-000000000005";
const guess = {
  size: "guess",
  preprocessing: "guess",
  labels: "guess",
} as const;
const guessed = networkInfo({
  id: "mine",
  name: "Mine",
  bundled: false,
  input: { height: 4, width: 6, channels: 3 },
  report: importReport({ from: guess, fixedSize: null }),
});
const unit = presetFor("unit", 3);
const caffe = presetFor("caffe", 3);

/** An app that shows a network with guessed answers. */
function startGuessed(options: FakeOptions = {}) {
  return start({ networks: [guessed], ...options });
}

describe("an answer", () => {
  it("is tried soon, is the network's then, and leaves what was laid out", async () => {
    const { app, fake } = await startGuessed();
    app.picks.list = [3, 5];
    app.settings.set("steps", 77);
    expect(app.answering.guessed).toBe(true);
    app.answering.change("preprocessing", unit);
    // Shown at once, before the network has it.
    expect(app.answering.shown?.preprocessing).toEqual(unit);
    expect(app.networks.current?.preprocessing).toBeNull();
    await vi.waitFor(() => {
      expect(app.networks.current?.preprocessing).toEqual(unit);
    });
    expect(app.answering.draft).toBeNull();
    expect(fake.answers).toEqual([
      { ...guessed.report.answers, preprocessing: unit },
    ]);
    // size and names are the guesses they were: nobody has looked at them
    expect(app.networks.current?.report.from).toEqual({
      ...guess,
      preprocessing: "answer",
    });
    expect(app.answering.guessed).toBe(true);
    expect(app.picks.list).toEqual([3, 5]);
    expect(app.settings.values.steps).toBe(77);
    expect(
      app.networks.list.find(({ id }) => id === "mine")?.preprocessing,
    ).toEqual(unit);
  });

  it("that leaves fewer classes takes away the picks that are none any more", async () => {
    const fewer = (network: NetworkInfo, answers: Answers) =>
      Promise.resolve({
        ...answered(network, answers),
        classes: 4,
        labels: ["a", "b", "c", "d"],
      });
    const { app } = await startGuessed({ answer: fewer });
    app.picks.list = [3, 5];
    app.picks.sets = [
      { name: "some", classes: [1, 5] },
      { name: "gone", classes: [5] },
    ];
    app.answering.change("output", "other");
    await vi.waitFor(() => {
      expect(app.networks.current?.classes).toBe(4);
    });
    expect(app.picks.list).toEqual([3]);
    expect(app.picks.sets).toEqual([{ name: "some", classes: [1] }]);
    app.picks.list = [3];
    app.picks.fit(3, [0, 1]);
    expect(app.picks.list).toEqual([0, 1]);
  });

  it("changed again before it is tried is tried once, with everything", async () => {
    const { app, fake } = await startGuessed();
    app.answering.change("size", [8, 8]);
    app.answering.change("size", [16, 12]);
    app.answering.change("preprocessing", caffe);
    await vi.waitFor(() => {
      expect(app.answering.draft).toBeNull();
    });
    expect(fake.answers).toEqual([
      { ...guessed.report.answers, size: [16, 12], preprocessing: caffe },
    ]);
    expect(app.networks.current?.report.from).toEqual({
      size: "answer",
      preprocessing: "answer",
      labels: "guess",
    });
    expect(app.networks.current?.input).toEqual({
      height: 16,
      width: 12,
      channels: 3,
    });
    expect(app.bench.pictureShape).toEqual([16, 12]);
  });

  it("that is refused says why at its question, and the last one stays", async () => {
    const { app } = await startGuessed({
      answer: () =>
        Promise.reject(
          new Fault(
            "unsupported-network",
            "Too small.",
            "Choose a larger size.",
          ),
        ),
    });
    app.answering.change("size", [1, 1]);
    await vi.waitFor(() => {
      expect(app.answering.refused).toEqual({
        question: "size",
        fault: {
          code: "unsupported-network",
          message: "Too small.",
          remedy: "Choose a larger size.",
        },
      });
    });
    expect(app.answering.shown?.size).toBeNull();
    expect(app.networks.current?.input.height).toBe(4);
    expect(app.notices.list).toEqual([]);
    // The next one is tried afresh.
    app.answering.change("preprocessing", unit);
    expect(app.answering.refused).toBeNull();
  });

  it("given while another is tried stops that one and follows it", async () => {
    const tried: (Answers["size"] | "stopped")[] = [];
    const { app } = await startGuessed({
      answer: async (network, answers, signal) => {
        tried.push(answers.size);
        if (tried.length === 1)
          await new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              tried.push("stopped");
              reject(signal.reason as Error);
            });
          });
        return answered(network, answers);
      },
    });
    app.answering.change("size", [8, 8]);
    await vi.waitFor(() => {
      expect(tried).toEqual([[8, 8]]);
    });
    app.answering.change("size", [9, 9]);
    await vi.waitFor(() => {
      expect(app.networks.current?.input.height).toBe(9);
    });
    expect(tried).toEqual([[8, 8], "stopped", [9, 9]]);
    expect(app.answering.refused).toBeNull();
    expect(app.answering.progress).toBeNull();
  });

  it("that is stopped is given up", async () => {
    const { app, fake } = await startGuessed({
      answer: (_, __, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reject(signal.reason as Error);
          });
        }),
    });
    app.answering.change("size", [8, 8]);
    await vi.waitFor(() => {
      expect(fake.answers).toHaveLength(1);
    });
    expect(app.answering.progress?.stage).toBe("Opening again");
    app.answering.stop();
    expect(app.answering.shown?.size).toBeNull();
    await vi.waitFor(() => {
      expect(app.answering.progress).toBeNull();
    });
    expect(app.answering.refused).toBeNull();
    expect(app.networks.current?.input.height).toBe(4);
  });

  it("confirmed as it is counts as given", async () => {
    const { app, fake } = await startGuessed();
    await app.answering.confirm();
    expect(fake.answers).toEqual([guessed.report.answers]);
    expect(app.answering.guessed).toBe(false);
    expect(app.networks.current?.report.from.labels).toBe("answer");
  });

  it("confirmed covers what is assumed, with the values in use", async () => {
    const assumption = { because: "", choices: [] };
    const network = networkInfo({
      id: "mine",
      head: "softmax",
      report: importReport({
        headFrom: "assumed",
        assumptions: [
          { key: "activation", value: "relu", from: "assumed", ...assumption },
          { key: "heads", value: "6", from: "file", ...assumption },
          { key: "pooling", value: "max", from: "answer", ...assumption },
        ],
        answers: {
          ...guessed.report.answers,
          assumptions: { pooling: "max" },
        },
      }),
    });
    const { app, fake } = await start({ networks: [network] });
    expect(app.answering.guessed).toBe(true);
    await app.answering.confirm();
    expect(fake.answers).toEqual([
      {
        ...guessed.report.answers,
        assumptions: { activation: "relu", pooling: "max" },
        head: "softmax",
      },
    ]);
  });

  it("is dropped when another network is shown", async () => {
    const { app, fake } = await startGuessed({
      networks: [guessed, networkInfo({ id: "other" })],
    });
    await app.session.selectNetwork("mine");
    app.answering.change("size", [8, 8]);
    await app.session.selectNetwork("other");
    expect(app.answering.draft).toBeNull();
    expect(app.answering.shown).toEqual(app.networks.current?.report.answers);
    await app.answering.confirm();
    expect(fake.answers).toEqual([app.networks.current?.report.answers]);
  });
});

describe("names of classes", () => {
  it("are read from a file and count", async () => {
    const { app } = await startGuessed({ labels: ["cat", "dog"] });
    await app.arrivals.chooseLabels();
    await vi.waitFor(() => {
      expect(app.networks.current?.labels.slice(0, 3)).toEqual([
        "cat",
        "dog",
        "class 2",
      ]);
    });
    expect(app.networks.labels.find("dog")).toBe(1);
    expect(app.bench.labelOf(1)).toBe("dog");
  });

  it("in a file that holds none are refused where they are asked for", async () => {
    const { app } = await startGuessed({
      labels: new Fault("damaged-file", "There are no names in it."),
    });
    await app.arrivals.chooseLabels();
    expect(app.answering.refused).toMatchObject({
      question: "labels",
      fault: { message: "There are no names in it." },
    });
  });

  it("dropped on their field are names, whatever the file is called", async () => {
    const { app } = await startGuessed({
      labels: ["cat"],
      dropped: [{ token, name: "model.json", kind: "network" }],
    });
    // The fake reads no file.
    await app.arrivals.openDropped([{} as File], "labels");
    await vi.waitFor(() => {
      expect(app.networks.current?.labels[0]).toBe("cat");
    });
  });
});

describe("a picture", () => {
  const top: ClassScore = { index: 2, label: "c", logit: 3, probability: 0.9 };

  it("is shown as it goes in with what is seen, and again after every answer", async () => {
    const { app, fake } = await startGuessed({
      seen: ({ preprocessing }) =>
        preprocessing ? [{ ...top, probability: 0.2 }] : [top],
      dropped: [{ token, name: "cat.jpg", kind: "network" }],
    });
    await app.arrivals.openDropped([{} as File]);
    const { check } = app.answering;
    expect(app.view.cardShown).toBe(true);
    expect(check.chosen?.name).toBe("cat.jpg");
    expect(check.seen?.top5).toEqual([top]);
    expect(check.seen?.picture.shape).toEqual([4, 6, 3]);
    app.answering.change("preprocessing", unit);
    await vi.waitFor(() => {
      expect(check.seen?.top5[0]?.probability).toBe(0.2);
    });
    app.answering.change("size", [2, 2]);
    await vi.waitFor(() => {
      expect(check.seen?.picture.shape).toEqual([2, 2, 3]);
    });
    expect(fake.checks).toEqual([token, token, token]);
  });

  it("is shown to the next network too", async () => {
    const { app } = await startGuessed({
      networks: [guessed, networkInfo({ id: "other" })],
      seen: ({ id }) => [{ ...top, label: id }],
    });
    await app.session.selectNetwork("mine");
    await app.arrivals.choosePicture();
    expect(app.answering.check.seen?.top5[0]?.label).toBe("mine");
    await app.session.selectNetwork("other");
    await vi.waitFor(() => {
      expect(app.answering.check.seen?.top5[0]?.label).toBe("other");
    });
  });

  it("that cannot be read says so, and no old picture stays for it", async () => {
    const { app } = await startGuessed({
      seen: new Fault("damaged-file", "This is no picture."),
    });
    await app.arrivals.choosePicture();
    expect(app.answering.check.seen).toBeNull();
    expect(app.answering.check.fault?.message).toBe("This is no picture.");
    expect(app.answering.check.busy).toBe(false);
  });

  it("without a network says what it needs", async () => {
    const { app, fake } = await start({
      networks: [],
      dropped: [{ token, name: "cat.jpg", kind: "network" }],
    });
    await app.arrivals.openDropped([{} as File]);
    expect(app.notices.list).toMatchObject([{ text: "cat.jpg is a picture." }]);
    expect(fake.checks).toEqual([]);
  });
});

describe("pictures of before an answer", () => {
  const stored = () => {
    const { request } = galleryRecord();
    const columns = request.columns.map((c) => ({ ...c, network: "mine" }));
    const run = runRecord();
    return {
      gallery: galleryRecord({ request: { ...request, columns } }),
      runs: [{ ...run, network: { ...run.network, preprocessing: unit } }],
      shape: run.shape,
    };
  };

  it("keep their shape, and how they differ is said", async () => {
    const { gallery, runs, shape } = stored();
    const network = networkInfo({
      ...guessed,
      input: { height: shape[0], width: shape[1], channels: shape[2] },
      preprocessing: unit,
    });
    const { app } = await start({
      networks: [network],
      last: { gallery, runs },
    });
    expect(app.bench.otherInput).toEqual([]);
    app.answering.change("size", [9, 7]);
    app.answering.change("preprocessing", caffe);
    await vi.waitFor(() => {
      expect(app.networks.current?.input.height).toBe(9);
    });
    expect(app.bench.pictureShape).toEqual([shape[0], shape[1]]);
    expect(app.bench.otherInput).toEqual([
      `at ${shape[1]} × ${shape[0]}`,
      "with another preprocessing",
    ]);
    app.bench.show(null);
    expect(app.bench.pictureShape).toEqual([9, 7]);
  });
});
