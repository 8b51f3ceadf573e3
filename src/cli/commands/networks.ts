import { memoryBudget } from "../../main/host/memory";
import { Networks } from "../../main/host/networks";
import { bundledFolder } from "../../main/host/resources";
import { summaryOf } from "../../main/host/summary";
import type { KnownNetwork } from "../../shared/contract";
import type { Command } from "../command";
import { openTheKnown } from "../engine";
import { exitCodes } from "../exit";

export const networks: Command = {
  name: "networks",
  synopsis: "",
  summary:
    "List the networks that come with Proxima, and well-known ones that can be downloaded.",
  positionals: { min: 0, max: 0 },
  flags: {},
  async run(_positionals, _values, context) {
    const bundled = await new Networks({
      bundled: bundledFolder(),
      memory: memoryBudget,
    }).list();
    const known = await (await openTheKnown(context)).list();
    context.print("These come with Proxima:");
    for (const info of bundled) {
      context.emit({ kind: "bundled", ...summaryOf(info) });
      context.print(`  ${info.id}  ${info.name}, ${info.licence}`);
    }
    context.print('These can be had with "proxima download NAME":');
    const width = Math.max(...known.map(({ id }) => id.length));
    for (const network of known) {
      context.emit({ kind: "known", ...network });
      context.print(`  ${network.id.padEnd(width)}  ${describe(network)}`);
      context.print(`  ${"".padEnd(width)}  ${network.url}`);
    }
    return exitCodes.done;
  },
};

function describe(network: KnownNetwork): string {
  const { name, format, licence, bytes, checksum, complete, present } = network;
  const there = complete
    ? "downloaded"
    : present > 0
      ? `${megabytes(present)} of it are there`
      : "";
  return [
    name,
    format,
    `about ${megabytes(bytes)}`,
    licence,
    checksum ?? "no checksum is published",
    there,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
