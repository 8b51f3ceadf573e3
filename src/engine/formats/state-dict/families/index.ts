/** Every family of networks that is told by the names of its weights. To add one: a file beside this one, a line here. */
import type { Family } from "../family";
import { convnext } from "./convnext";
import { densenet } from "./densenet";
import { efficientnet } from "./efficientnet";
import { efficientnetPytorch } from "./efficientnet-pytorch";
import { googlenet } from "./googlenet";
import { inception } from "./inception";
import { mnasnet, mobilenetV2 } from "./mobilenet";
import { mobilenetV3 } from "./mobilenet-v3";
import { refused } from "./refused";
import { resnet } from "./resnet";
import { shufflenet } from "./shufflenet";
import { squeezenet } from "./squeezenet";
import { swin, transformersSwin } from "./swin";
import { alexnet, vgg } from "./vgg";
import { timmVit, transformersVit, vit } from "./vit";

/** Those whose weights say enough. */
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
  efficientnetPytorch,
  convnext,
  vit,
  timmVit,
  transformersVit,
  swin,
  transformersSwin,
];

/** All that are known by name, the ones that are refused too. */
export const known: readonly Family[] = [...families, ...refused];
