/** How pixels are prepared: an answer as numbers, what the files suggest, and numbers that look wrong. */
import type { NetworkCard } from "../../shared/card";
import type { Preprocessing, Preset } from "../../shared/domain";
import { Fault } from "../../shared/fault";
import { inUnit, suspectedUnit } from "../../shared/pixel-units";
import { presetFor } from "../../shared/presets";
import { classCount, type Network } from "../network/network";
import { preprocessingFor } from "./card";
import type { Suggested } from "./decision";

/** Numbers for so many channels; a preset that has no meaning for them is refused. */
export function preprocessingOf(
  given: Preset | Preprocessing | null,
  channels: number,
): Preprocessing | null {
  if (given === null) return null;
  if (typeof given === "string") {
    const preset = presetFor(given, channels);
    if (preset) return preset;
    throw new Fault(
      "invalid-request",
      `The preprocessing "${given}" is one of colours, and the network's input has ${channels} channels.`,
      'Use "unit" or "signed", or give mean and std for each channel.',
    );
  }
  for (const key of ["mean", "std"] as const) {
    const { length } = given[key];
    if (length !== 1 && length !== channels)
      throw new Fault(
        "invalid-request",
        `The preprocessing has ${length} values of ${key} for ${channels} channels.`,
        `Give one value, or ${channels}.`,
      );
  }
  return given;
}

/** The card's, else the format's, else the most usual for so many classes and channels. */
export function suggestedPreprocessing(
  network: Network,
  card: NetworkCard | null,
): Suggested<Preprocessing | null> {
  const { input, told } = network;
  const channels = input[2];
  const carded = preprocessingFor(card, channels);
  if (carded) return { value: carded, from: "file", because: "" };
  if (told.preprocessing) {
    const { value, from, because } = told.preprocessing;
    return { value, from, because };
  }
  const classes = classCount(network);
  if (channels === 3 && (classes === 1000 || classes === 1001))
    return {
      value: presetFor("imagenet", channels),
      from: "guess",
      because: `The file does not say how pixels are prepared; for ${classes.toLocaleString("en")} outputs and three channels, ImageNet's mean and standard deviation are the most usual.`,
    };
  return {
    value: presetFor("unit", channels),
    from: "guess",
    because:
      "The file does not say how pixels are prepared; values in 0..1 are the most usual.",
  };
}

/** Numbers that seem to be for pixels in another range than they are used for. */
export function unitWarnings(preprocessing: Preprocessing | null): string[] {
  if (!preprocessing) return [];
  const inOne = inUnit(preprocessing, "0..1");
  const spelled = ({ mean, std }: Pick<Preprocessing, "mean" | "std">) =>
    `mean ${mean.map(short).join(", ")}, std ${std.map(short).join(", ")}`;
  if (suspectedUnit(preprocessing, "0..255") === "0..1")
    return [
      `The preprocessing (${spelled(preprocessing)}) is used for pixels in 0..255, and its numbers look like those for pixels in 0..1.`,
    ];
  if (suspectedUnit(inOne, "0..1") === "0..255")
    return [
      `The preprocessing (${spelled(inOne)}) is used for pixels in 0..1, and its numbers look like those for pixels in 0..255.`,
    ];
  return [];
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
