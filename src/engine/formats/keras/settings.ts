/** Settings that many of Keras' layers have, as parts of their tables. */
import type { ArgumentUse, Arguments } from "../arguments";

/** Of every layer. `dtype` is looked at for all of them in one place (`check.ts`). */
export const layerSettings: Arguments = {
  name: "ignored",
  trainable: "ignored",
  dtype: "read",
  // the input's: where it counts, `read.ts` reads it
  batch_input_shape: "ignored",
  batch_shape: "ignored",
  batch_size: "ignored",
  input_shape: "ignored",
  input_dtype: "ignored",
  activity_regularizer: "ignored",
  dynamic: { only: [null, false] },
};

/** Of an operation written between the layers. */
export const operationSettings: Arguments = { name: "ignored" };

/** Of a layer that wraps one of TensorFlow's functions. */
export const functionSettings: Arguments = {
  ...layerSettings,
  function: "read",
};

/** What calls a layer, and models: with these values it does what it does when the network is used. */
export const usualCall: Arguments = {
  inputs: "read",
  training: { only: [null, false, 0] },
  mask: { only: [null] },
};

/** Channels come last. */
export const channelsLast: ArgumentUse = {
  only: [null, "channels_last", "channelsLast"],
};

/** How weights were made and held in bounds while they were trained. */
export function trained(...weights: readonly string[]): Arguments {
  return Object.fromEntries(
    weights.flatMap((weight) =>
      ["initializer", "regularizer", "constraint"].map(
        (what) => [`${weight}_${what}`, "ignored"] as const,
      ),
    ),
  );
}
