/** What GoogLeNet and Inception v3 are made of in torchvision. */
import type { Value } from "../../lowering/index";
import type { Member } from "../family";
import type { Modules, Size } from "../modules";
import { convNorm, type Activation } from "./parts";

const epsilon = 0.001;

/**
 * torchvision's own weights are fed with ImageNet's mean and std, and turn that back into -1..1 at once
 * (`transform_input`). The weights do not show whether a network does.
 */
export function transformed(name: string): Member["preprocessing"] {
  return {
    preset: "signed",
    because: `torchvision's own ${name} computes with pixels in -1..1: it turns ImageNet's mean and std back (transform_input). The file does not say whether this network does; if it was trained anew, ImageNet's mean and std are likelier.`,
  };
}

/** Layers of one activation. */
export class Layers {
  readonly m: Modules;
  readonly #activation: Activation;

  constructor(m: Modules, activation: Activation) {
    this.m = m;
    this.#activation = activation;
  }

  /** Convolution `name.conv`, batch norm `name.bn`, the activation. */
  async basic(
    name: string,
    x: Value,
    stride: Size = 1,
    padding?: Size,
  ): Promise<Value> {
    return convNorm(this.m, [`${name}.conv`, `${name}.bn`], x, {
      stride,
      padding,
      epsilon,
      activation: this.#activation,
    });
  }

  /** One after the other. */
  async chain(names: readonly string[], input: Value): Promise<Value> {
    let x = input;
    for (const name of names) x = await this.basic(name, x);
    return x;
  }
}
