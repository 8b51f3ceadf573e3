/** What a batch's logits say of its labels. */
import { Fault } from "../../shared/fault";
import type { BatchResult } from "./train-step";

/** Mean cross-entropy and number of hits of the first `labels.length` rows of `logits` [image, class]. */
export function scoreBatch(
  logits: Float32Array,
  labels: Int32Array,
  classes: number,
): BatchResult {
  let loss = 0;
  let correct = 0;
  labels.forEach((label, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = row.reduce((total, v) => total + Math.exp(v - largest), 0);
    loss += largest + Math.log(sum) - (row[label] ?? NaN);
    // of equal logits the first class counts
    if (row.indexOf(largest) === label) correct++;
  });
  return { loss: loss / labels.length, correct };
}

/** Throws a Fault `invalid-request` unless there are `count` labels, each the index of a class. */
export function checkLabels(
  labels: Int32Array,
  count: number,
  classes: number,
): void {
  const wrong = labels.find((label) => label < 0 || label >= classes);
  if (wrong !== undefined)
    throw new Fault(
      "invalid-request",
      `A label is ${wrong}, and the network has ${classes} classes.`,
      "Labels are indices of classes, from 0 on.",
    );
  if (labels.length !== count)
    throw new Fault(
      "invalid-request",
      `The batch has ${labels.length} labels for ${count} images.`,
      "Give one label an image.",
    );
}
