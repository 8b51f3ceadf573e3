/** The networks at hand: those that come with Proxima and those the user opened. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { openNetwork, type Network } from "../../engine";
import type { NetworkInfo } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { memoryBudget } from "./memory";
import { openNetworkFiles } from "./network-files";
import { bundledFolder } from "./resources";
import { describeNetwork } from "./summary";

export interface OpenedNetwork {
  readonly id: string;
  readonly network: Network;
  readonly info: NetworkInfo;
}

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** Stage in words, bytes done and to do. */
  readonly progress?: (stage: string, bytes: number, total: number) => void;
  /** [height, width] of the input where the file fixes none, or instead of what it fixes. */
  readonly size?: readonly [number, number] | null;
}

/** Weights of at most so many opened networks stay in memory; others are read again when they are wanted. */
const mostInMemory = 4;

export class Networks {
  readonly #bundled: string;
  /** Bytes the activations of one call may take. */
  readonly #memory: () => number;
  /** Where every network opened so far lies; the id holds a hash of its content. */
  readonly #paths = new Map<string, string>();
  /** Most recently used last. */
  readonly #open = new Map<string, Promise<OpenedNetwork>>();

  constructor(bundled: string, memory: () => number) {
    this.#bundled = bundled;
    this.#memory = memory;
  }

  /** Bundled ones first; one that cannot be read is left out. */
  async list(): Promise<OpenedNetwork[]> {
    const ids = [...(await this.#bundledIds()), ...this.#paths.keys()];
    const networks: OpenedNetwork[] = [];
    for (const id of ids) {
      const network = await this.get(id).catch(() => null);
      if (network) networks.push(network);
    }
    return networks;
  }

  /** Throws a Fault `unknown-network` for an id that names none, and what reading it throws. */
  async get(id: string): Promise<OpenedNetwork> {
    const present = this.#open.get(id);
    if (present) return this.#keep(id, present);
    const path = this.#paths.get(id);
    if (path !== undefined) return this.#keep(id, this.#reopen(id, path));
    if ((await this.#bundledIds()).includes(id))
      return this.#keep(id, this.#read(join(this.#bundled, id), id));
    throw new Fault(
      "unknown-network",
      `There is no network "${id}".`,
      "Open its folder again.",
    );
  }

  /** Opens a network from disk; its id is the same as long as its files are. */
  async open(path: string, options: OpenOptions): Promise<OpenedNetwork> {
    const opened = await this.#read(path, null, options);
    this.#paths.set(opened.id, path);
    return this.#keep(opened.id, Promise.resolve(opened));
  }

  async #reopen(id: string, path: string): Promise<OpenedNetwork> {
    const opened = await this.#read(path, null);
    if (opened.id !== id)
      throw new Fault(
        "unknown-network",
        `The files of the network "${opened.network.name}" have changed since it was opened.`,
        "Open it again.",
      );
    return opened;
  }

  async #read(
    path: string,
    bundledId: string | null,
    options: OpenOptions = { signal: new AbortController().signal },
  ): Promise<OpenedNetwork> {
    const bundled = bundledId !== null;
    const files = await openNetworkFiles(path, { trusted: bundled });
    const { network, card } = await openNetwork(files, {
      signal: options.signal,
      progress: options.progress ?? (() => undefined),
      size: options.size ?? null,
    });
    const id = bundledId ?? idOf(network);
    const memory = this.#memory();
    return {
      id,
      network,
      info: describeNetwork({ id, bundled, network, card, memory }),
    };
  }

  async #keep(
    id: string,
    network: Promise<OpenedNetwork>,
  ): Promise<OpenedNetwork> {
    this.#open.delete(id);
    this.#open.set(id, network);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= mostInMemory) break;
      this.#open.delete(oldest);
    }
    try {
      return await network;
    } catch (error) {
      if (this.#open.get(id) === network) this.#open.delete(id);
      throw error;
    }
  }

  async #bundledIds(): Promise<string[]> {
    const entries = await readdir(this.#bundled, {
      withFileTypes: true,
    }).catch(() => []);
    return entries
      .filter((e) => e.isDirectory() && !e.name.startsWith("."))
      .map((e) => e.name)
      .sort();
  }
}

/** A readable name and a part of the hash: "my-network-3fa9c2d14b07". */
function idOf(network: Network): string {
  const name = network.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);
  return `${name || "network"}-${network.provenance.hash.slice(0, 12)}`;
}

/** Opens a bundled network by its id, or whatever lies at a path. */
export async function openNamed(
  name: string,
  options: OpenOptions,
): Promise<OpenedNetwork> {
  const folder = bundledFolder();
  const networks = new Networks(folder, memoryBudget);
  const isId = basename(name) === name && existsSync(join(folder, name));
  if (isId && !options.size && !name.startsWith(".")) return networks.get(name);
  if (isId && !name.startsWith("."))
    return networks.open(join(folder, name), options);
  if (!existsSync(name))
    throw new Fault(
      "unknown-network",
      `There is nothing at ${name}, and no network of that name comes with Proxima.`,
      `These come with it: ${(await networks.list()).map((n) => n.id).join(", ")}.`,
    );
  return networks.open(resolve(name), options);
}

/** The network alone, for scripts. */
export async function openNetworkAt(name: string): Promise<Network> {
  const { signal } = new AbortController();
  return (await openNamed(name, { signal })).network;
}
