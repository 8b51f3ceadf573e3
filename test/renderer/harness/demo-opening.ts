/** Opening, answering, checking and fetching as the window meets them, made up. */
import type { KnownNetwork } from "../../../src/shared/contract";
import type { Answers, NetworkInfo } from "../../../src/shared/domain";
import { Fault } from "../../../src/shared/fault";
import { presetOf } from "../../../src/shared/presets";
import { demoPicture } from "./demo-pictures";
import { knownNetworks } from "./demo-networks";

export interface DemoJob {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: unknown) => void;
}

export interface OpeningOptions {
  /** What `networks.open` gives; null: it is refused. */
  readonly opens: NetworkInfo | null;
  readonly slow: boolean;
}

const pause = (ms: number) => new Promise((r) => setTimeout(r, ms));

export class DemoOpening {
  readonly #networks: NetworkInfo[];
  readonly #options: OpeningOptions;
  #known: readonly KnownNetwork[] = knownNetworks;
  #written = false;

  constructor(networks: NetworkInfo[], options: OpeningOptions) {
    this.#networks = networks;
    this.#options = options;
  }

  async #progress(
    job: DemoJob,
    stages: readonly string[],
    total: number,
    from = 0,
  ): Promise<void> {
    for (let i = 0; i <= 20; i++) {
      job.signal?.throwIfAborted();
      job.onProgress?.({
        stage: stages[Math.floor((i * stages.length) / 21)] ?? "",
        bytes: Math.round(from + ((total - from) * i) / 20),
        total,
      });
      await pause(this.#options.slow ? 500 : 20);
    }
  }

  async job(
    name: string,
    request: Record<string, unknown>,
    job: DemoJob,
  ): Promise<NetworkInfo> {
    switch (name) {
      case "networks.open": {
        await this.#progress(
          job,
          ["Reading weights", "Building the network", "Trying it"],
          102_530_333,
        );
        const { opens } = this.#options;
        if (!opens)
          throw new Fault(
            "unsupported-network",
            "The node /encoder/layers.0/self_attention/Einsum is of the kind Einsum, which is not supported.",
            "Export the network without it, for instance with attention written as MatMul and Softmax.",
          );
        if (!this.#networks.includes(opens)) this.#networks.push(opens);
        return opens;
      }
      case "networks.answer":
        return this.#answer(request, job);
      default:
        return this.#download(String(request["id"]), job);
    }
  }

  async #answer(
    request: Record<string, unknown>,
    job: DemoJob,
  ): Promise<NetworkInfo> {
    const at = this.#networks.findIndex((n) => n.id === request["network"]);
    const network = this.#networks[at];
    // The window's own request, as the contract has it.
    const answers = request["answers"] as Answers;
    if (!network) throw new Fault("unknown-network", "There is none.");
    await this.#progress(job, ["Opening again"], 102_530_333);
    const [height, width] = answers.size ?? [
      network.input.height,
      network.input.width,
    ];
    if (height < 32 || width < 32)
      throw new Fault(
        "unsupported-network",
        `At ${width} × ${height} nothing is left of the image after layer4.`,
        "Choose a larger size.",
      );
    const { labels } = answers;
    const next: NetworkInfo = {
      ...network,
      input: { ...network.input, height, width },
      preprocessing: answers.preprocessing,
      labels: Array.from(
        { length: network.classes },
        (_, i) =>
          (labels.kind === "list" ? labels.labels[i] : undefined) ??
          (labels.kind === "imagenet" ? `imagenet ${i}` : `class ${i}`),
      ),
      report: {
        ...network.report,
        answers,
        from: { size: "answer", preprocessing: "answer", labels: "answer" },
      },
    };
    this.#networks[at] = next;
    return next;
  }

  async #download(id: string, job: DemoJob): Promise<NetworkInfo> {
    const entry = this.#known.find((k) => k.id === id);
    if (!entry) throw new Fault("invalid-request", "There is none.");
    const change = (changes: Partial<KnownNetwork>) => {
      this.#known = this.#known.map((k) =>
        k.id === id ? { ...k, ...changes } : k,
      );
    };
    if (id.startsWith("keras"))
      throw new Fault(
        "internal",
        "storage.googleapis.com cannot be reached.",
        "Check the connection and try again; what has come so far is kept.",
      );
    await this.#progress(
      {
        ...job,
        onProgress: (p) => {
          job.onProgress?.(p);
          change({ present: (p as { bytes: number }).bytes });
        },
      },
      ["Downloading", "Checking", "Opening"],
      entry.bytes,
      entry.present,
    );
    change({ present: entry.bytes, complete: true });
    const network = this.#options.opens ?? this.#networks[0];
    if (!network) throw new Fault("internal", "The demo has no network.");
    const known = { ...network, id: `known-${id}`, name: entry.name };
    this.#networks.push(known);
    return known;
  }

  call(name: string, request: Record<string, unknown>): unknown {
    switch (name) {
      case "known.list":
        return this.#known;
      case "known.remove":
        this.#known = this.#known.map((k) =>
          k.id === request["id"]
            ? { ...k, present: 0, complete: false, network: null }
            : k,
        );
        return {};
      case "labels.read":
        return {
          labels: Array.from({ length: 90 }, (_, i) => `bird number ${i}`),
        };
      case "networks.export-answers": {
        const exists = this.#written && request["overwrite"] !== true;
        this.#written = true;
        return {
          outcome: exists ? "exists" : "written",
          file: "resnet50-birds.pth.proxima.json",
        };
      }
      default:
        return undefined;
    }
  }

  /** A picture that stands for a photo; the better the preset, the surer the network. */
  async check(id: string): Promise<{ reply: unknown; bytes: Uint8Array }> {
    const network = this.#networks.find((n) => n.id === id);
    if (!network) throw new Fault("unknown-network", "There is none.");
    await pause(this.#options.slow ? 800 : 40);
    const { height, width, channels } = network.input;
    const side = Math.max(height, width);
    const made = demoPicture(7, { kind: "proxygrad", slope: 0.2 }, 1, 1, side);
    const values = new Int16Array(height * width * channels);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++)
          values[(y * width + x) * channels + c] =
            made.values[(y * side + x) * 3 + (c % 3)] ?? 0;
    const sure =
      presetOf(network.preprocessing, channels) === "imagenet" ? 0.94 : 0.11;
    const shares = [sure, 0.03, 0.011, 0.004, 0.0002];
    return {
      reply: {
        top5: shares.map((probability, i) => ({
          index: (i * 211) % network.classes,
          label: network.labels[(i * 211) % network.classes] ?? "",
          logit: 10 - i,
          probability,
        })),
        shape: [height, width, channels],
      },
      bytes: new Uint8Array(values.buffer),
    };
  }
}
