import { Fault } from "../../shared/fault";
import type { Network } from "./network";

/** x in [-1, 1] -> what the network was trained on: channels reversed first where the order is BGR, then x * scale + offset. */
export interface Preprocess {
  readonly reversed: boolean;
  /** One a channel, in the network's own order. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** value = (p - mean) / std with p = 127.5 (x + 1); null where the image goes in as it is. */
export function preprocessOf({
  input,
  preprocessing,
}: Pick<Network, "input" | "preprocessing">): Preprocess | null {
  if (!preprocessing) return null;
  const { mean, std, order } = preprocessing;
  const channels = input[2];
  for (const [name, values] of [
    ["mean", mean],
    ["std", std],
  ] as const)
    if (values.length !== 1 && values.length !== channels)
      throw new Fault(
        "invalid-request",
        `The preprocessing has ${values.length} values of ${name} for ${channels} channels.`,
        `Give one value, or ${channels}.`,
      );
  const at = (values: readonly number[], channel: number) =>
    values[values.length === 1 ? 0 : channel] ?? 0;
  const all = Array.from({ length: channels }, (_, channel) => channel);
  const scale = all.map((channel) => 127.5 / at(std, channel));
  const offset = all.map(
    (channel) => (127.5 - at(mean, channel)) / at(std, channel),
  );
  // a fused rectifier makes zeros of what is no number, so nobody would notice later
  if (![...scale, ...offset].every((v) => Number.isFinite(Math.fround(v))))
    throw new Fault(
      "not-finite",
      "With its preprocessing the network reads no finite numbers.",
      "Look at the preprocessing: its standard deviation may be far too small.",
    );
  return { reversed: order === "BGR" && channels === 3, scale, offset };
}
