import type { Network } from "../../../engine";

/** A well-known file holds its makers' network: what a reader assumes is what they published. */
export function asPublished(network: Network): Network {
  const assumptions = network.told.assumptions?.map((assumption) =>
    assumption.from === "assumed" || assumption.from === "evidence"
      ? {
          ...assumption,
          from: "file" as const,
          because: "As its makers published it.",
        }
      : assumption,
  );
  return assumptions
    ? { ...network, told: { ...network.told, assumptions } }
    : network;
}
