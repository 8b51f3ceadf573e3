/** Every family of networks that is told by the names of its weights. To add one: a file beside this one, a line here. */
import type { Family } from "../family";
import { convnext } from "./convnext";
import { densenet } from "./densenet";
import { efficientnet } from "./efficientnet";
import { googlenet, inception } from "./googlenet";
import { mnasnet, mobilenetV2, mobilenetV3 } from "./mobilenet";
import { resnet } from "./resnet";
import { shufflenet } from "./shufflenet";
import { squeezenet } from "./squeezenet";
import { alexnet, vgg } from "./vgg";
import { timmVit, vit } from "./vit";

export const families: readonly Family[] = [
  alexnet,
  vgg,
  resnet,
  squeezenet,
  densenet,
  googlenet,
  inception,
  mobilenetV2,
  mobilenetV3,
  mnasnet,
  shufflenet,
  efficientnet,
  convnext,
  vit,
  timmVit,
];
