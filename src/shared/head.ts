/** What the output of a network means, and which words and numbers there are for it. */
import type { Head } from "./domain";

/** Whether an output value stands for a probability: of one class among all, or of each unit by itself. */
export function hasProbability(head: Head): boolean {
  return head === "softmax" || head === "sigmoid";
}

/** Whether classes exclude each other, so that one of them is the network's first choice. */
export function hasTop1(head: Head): boolean {
  return head === "softmax";
}

/** What one output value is called, and several. */
export function unitWords(head: Head): readonly [one: string, many: string] {
  switch (head) {
    case "softmax":
    case "sigmoid":
      return ["class", "classes"];
    case "value":
      return ["output", "outputs"];
    case "map":
      return ["channel", "channels"];
  }
}

/** What its number is called: a logit where a probability follows from it, else a plain value. */
export function valueWord(head: Head): "logit" | "value" {
  return hasProbability(head) ? "logit" : "value";
}
