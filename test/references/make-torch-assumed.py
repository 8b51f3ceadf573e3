"""Makes networks whose weights leave something open, and what PyTorch computes for every answer to it.

    python make-torch-assumed.py FOLDER [NAME...]

Needs what make-torch.py needs, and timm. Each network gets a folder: the weights once, input.npy [height, width,
channel], reference.json with its cases, and of case N logits-N.npy [class] and gradient-N.npy (d logit[target] / d
input). `assume` of a case is what has to be said of the weights to get these numbers.
"""

import importlib.util
import json
import math
import re
import sys
from collections import OrderedDict
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy
import timm
import torch
from safetensors.torch import load_file, save_file
from timm.layers import BlurPool2d
from timm.models.convnext import ConvNeXt
from timm.models.deit import VisionTransformerDistilled
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torch.nn import functional
from torchvision import models
from torchvision.models import inception, mobilenetv3, resnet

spec = importlib.util.spec_from_file_location("make_torch", Path(__file__).with_name("make-torch.py"))
small = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small)
CLASSES = small.CLASSES


# What stands in the place of a network's parts -------------------------------------------------------------------------


def swapped(net, kinds, make):
    """Every module of a kind replaced, squeeze and excitation left as it is."""
    for name, module in list(net.named_children()):
        if type(module).__name__ in ("SqueezeExcitation", "SEModule"):
            continue
        if isinstance(module, kinds):
            setattr(net, name, make())
        else:
            swapped(module, kinds, make)
    return net


def with_activation(make, activation, kinds=(nn.ReLU,)):
    return lambda: swapped(make(), kinds, activation)


def changed(make, change):
    """A network after `change` was done to it."""

    def build():
        net = make()
        change(net)
        return net

    return build


def put(path, value):
    """Sets an attribute at a path: "maxpool", "layer4.0.conv1.stride"."""

    def change(net):
        *parents, last = path.split(".")
        at = net
        for parent in parents:
            at = at[int(parent)] if parent.isdigit() else getattr(at, parent)
        if last.isdigit():
            at[int(last)] = value
        else:
            setattr(at, last, value)

    return change


def all_of(*changes):
    def change(net):
        for one in changes:
            one(net)

    return change


@contextmanager
def relu_is(activation):
    """For networks that call the function: relu is another one for as long."""
    old = functional.relu
    functional.relu = lambda x, inplace=False: activation(x)
    yield
    functional.relu = old


class Calling(nn.Module):
    """A network whose calls of relu are another activation's; its weights keep their names."""

    def __init__(self, net, activation):
        super().__init__()
        self.net, self.activation = net, activation

    def load_state_dict(self, state):
        self.net.load_state_dict(state)

    def forward(self, x):
        with relu_is(self.activation):
            return self.net(x)


def calling(make, activation):
    return lambda: Calling(make(), activation)


class FirstMax(nn.Module):
    """The maximum in the place of a network's pool over the last map."""

    def forward(self, x):
        return x.amax((2, 3), keepdim=True)


# The networks ----------------------------------------------------------------------------------------------------------

leaky = partial(nn.LeakyReLU, 0.1)
ACTIVATIONS = {
    "leaky:0.1": leaky,
    "leaky": nn.LeakyReLU,
    "relu6": nn.ReLU6,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "gelu": nn.GELU,
    "gelu-tanh": partial(nn.GELU, approximate="tanh"),
    "quick-gelu": timm.layers.activations.QuickGELU,
    "hard-swish": nn.Hardswish,
    "mish": nn.Mish,
    "elu": nn.ELU,
    "elu:0.5": partial(nn.ELU, 0.5),
    "celu:2": partial(nn.CELU, 2.0),
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def basic():
    return small.NarrowResNet(resnet.BasicBlock, [1, 1, 1, 1], by=32)


def cifar():
    return small.NarrowResNet(resnet.BasicBlock, [1, 1, 1, 1], 3, by=32)


def bottle(**settings):
    return ResNet(Bottleneck, [1, 1, 2, 1], CLASSES, channels=(4, 6, 8, 10), **settings)


def deep(**settings):
    shape = {"stem_width": 4, "stem_type": "deep", "avg_down": True, "channels": (4, 6, 8, 10)}
    return ResNet(BasicBlock, [1, 1, 1, 1], CLASSES, **shape, **settings)


def first_strided(net):
    for stage in (net.layer2, net.layer3, net.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)


RESNET = {
    (("stem-stride", "1"),): changed(basic, put("conv1.stride", (1, 1))),
    (("stem-pool", "none"),): changed(basic, put("maxpool", nn.Identity())),
    (("stem-pool", "avg"),): changed(basic, put("maxpool", nn.AvgPool2d(3, 2, 1))),
    (("stem-pool", "max:2/2"),): changed(basic, put("maxpool", nn.MaxPool2d(2, 2))),
    (("stem-pool", "max:3/2/0/ceil"),): changed(basic, put("maxpool", nn.MaxPool2d(3, 2, ceil_mode=True))),
    (("stage-strides", "1,2,2,1"),): changed(
        basic, all_of(put("layer4.0.conv1.stride", (1, 1)), put("layer4.0.downsample.0.stride", (1, 1)))
    ),
    (("pooling", "max"),): changed(basic, put("avgpool", nn.AdaptiveMaxPool2d(1))),
}

BOTTLE = {
    (): bottle,
    (("anti-alias", "blur"),): partial(bottle, aa_layer=BlurPool2d),
    (("anti-alias", "avg"),): partial(bottle, aa_layer=nn.AvgPool2d),
    (("dilation", "1,1,2,4"),): partial(bottle, output_stride=8),
    (("dilation", "1,1,1,2"),): partial(bottle, output_stride=16),
    (("bottleneck-stride", "first"),): changed(bottle, first_strided),
    (("pooling", "avgmax"),): partial(bottle, global_pool="avgmax"),
}

DEEP = {
    (): deep,
    (("dilation", "1,1,2,4"),): partial(deep, output_stride=8),
    (("anti-alias", "blur"), ("activation", "silu")): partial(deep, aa_layer=BlurPool2d, act_layer=nn.SiLU),
}


def densenet():
    net = models.DenseNet(4, (2, 2, 2), 8, bn_size=2, num_classes=CLASSES)
    net.features.conv0 = nn.Conv2d(3, 8, 3, 1, 1, bias=False)
    net.features.pool0 = nn.Identity()
    return net


class XrayDenseNet(models.DenseNet):
    """Of the keys of torchxrayvision's: one channel, 18 outputs, thresholds that its sigmoids are read with."""

    def __init__(self):
        super().__init__(4, (2, 2), 8, bn_size=2, num_classes=18)
        self.features.conv0 = nn.Conv2d(1, 8, 7, 2, 3, bias=False)
        self.register_buffer("op_threshs", torch.rand(18))


def chexnet(last=nn.Sigmoid):
    """As CheXNet is usually trained: a sigmoid after the last layer, which leaves nothing in the weights."""
    net = models.DenseNet(4, (2, 2), 8, bn_size=2, num_classes=14)
    net.classifier = nn.Sequential(net.classifier, last())
    return net


def vgg(size=7):
    net = small.narrow_vgg([4, "M", 5, "M", 6, 6, "M", 6, 7, "M", 7, 6, "M"], False)
    net.avgpool = nn.AdaptiveAvgPool2d(size)
    net.classifier[0] = nn.Linear(6 * size * size, 20)
    return net


def averaging(make):
    return lambda: swapped(make(), (nn.MaxPool2d,), lambda: nn.AvgPool2d(2, 2))


def foreign_vgg():
    """The shape of a CIFAR network whose last convolution has no padding: not one of the published."""
    layout = [(4, 1), (4, 1), "M", (6, 1), (6, 1), "M", (8, 1), (8, 1), "M", (10, 0), "M"]
    layers, width = [], 3
    for part in layout:
        if part == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            out, padding = part
            layers += [nn.Conv2d(width, out, 3, padding=padding), nn.BatchNorm2d(out, affine=False), nn.ReLU()]
            width = out
    net = nn.Module()
    net.features = nn.Sequential(*layers)
    net.classifier = nn.Sequential(nn.Linear(10, CLASSES))
    net.forward = lambda x: net.classifier(net.features(x).flatten(1))
    return net


def squeezenet():
    return small.narrow_squeezenet("1_1")


def fid(net):
    """The pools of the network that the FID is computed with (TensorFlow's of 2015)."""
    average = functional.avg_pool2d

    def bare(x, kernel_size, stride=None, padding=0):
        return average(x, kernel_size, stride, padding, count_include_pad=False)

    def most(x, kernel_size, stride=None, padding=0):
        return functional.max_pool2d(x, kernel_size, stride, padding)

    for name, block in net.named_children():
        if not name.startswith("Mixed"):
            continue
        forward, pool = block.forward, most if name == "Mixed_7c" else bare

        def replaced(x, forward=forward, pool=pool):
            functional.avg_pool2d = pool
            result = forward(x)
            functional.avg_pool2d = average
            return result

        block.forward = replaced


def dilated_mobilenet_v3():
    settings, last = mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", width_mult=0.06, dilated=True)
    return models.MobileNetV3(settings, last, CLASSES)


def hard_to(make, activation):
    """Another in the place of hard-swish, and nothing in that of ReLU."""
    return lambda: swapped(make(), (nn.Hardswish,), activation)


def mobilenet_v3():
    return small.narrow_mobilenet_v3("mobilenet_v3_small")


def shufflenet():
    return models.ShuffleNetV2([2, 2, 2], [6, 8, 12, 20, 24], CLASSES)


def shuffle_strides(net):
    first = net.stage4[0]
    first.branch1[0].stride = first.branch2[3].stride = (1, 1)


def strided_stem(name="features.0.0", stride=1):
    return put(f"{name}.stride", (stride, stride))


def conv_mlp():
    """As timm's small ones are: convolutions of one pixel in the place of linear layers."""
    return ConvNeXt(num_classes=CLASSES, depths=(1, 2, 1, 1), dims=(6, 8, 10, 12), conv_mlp=True)


class Meaned(models.VisionTransformer):
    """The mean over the patches in the place of the class token."""

    def forward(self, x):
        x = self._process_input(x)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], dim=1)
        return self.heads(self.encoder(x)[:, 1:].mean(1))


def vit(heads=2, kind=models.VisionTransformer):
    return kind(16, 4, 2, heads, 32, 40, num_classes=CLASSES)


def timm_vit(kind=VisionTransformer, **settings):
    shape = {"img_size": 16, "patch_size": 4, "embed_dim": 32, "depth": 2, "mlp_ratio": 1.5}
    settings = {"num_heads": 4, **settings}
    return kind(num_classes=CLASSES, **shape, **settings)


# One entry a network: the first that makes it, its input's size, its cases. `()` is what the weights alone give.
NETS = {
    "resnet": (
        basic,
        24,
        {
            (): basic,
            **{(("activation", key),): with_activation(basic, make) for key, make in ACTIVATIONS.items()},
            **RESNET,
        },
    ),
    "resnet-cifar": (
        cifar,
        16,
        {
            (): cifar,
            (("activation", "leaky:0.1"),): with_activation(cifar, leaky),
            (("stem-stride", "2"), ("stem-pool", "max")): changed(
                cifar, all_of(put("conv1.stride", (2, 2)), put("maxpool", nn.MaxPool2d(3, 2, 1)))
            ),
        },
    ),
    "resnet-bottleneck": (bottle, 32, BOTTLE),
    "resnet-deep": (deep, 34, DEEP),
    "densenet": (
        densenet,
        16,
        {
            (): densenet,
            # modules between the layers, and a function at the end
            (("activation", "leaky:0.1"),): calling(
                with_activation(densenet, leaky), lambda x: functional.leaky_relu(x, 0.1)
            ),
            (("stem-stride", "2"), ("stem-pool", "max")): changed(
                densenet, all_of(put("features.conv0.stride", (2, 2)), put("features.pool0", nn.MaxPool2d(3, 2, 1)))
            ),
        },
    ),
    "densenet-xray": (XrayDenseNet, 32, {(): XrayDenseNet}),
    "densenet-chexnet": (
        chexnet,
        32,
        {(): chexnet, (("last-activation", "none"),): partial(chexnet, nn.Identity)},
    ),
    "vgg": (
        vgg,
        36,
        {
            (): vgg,
            (("activation", "leaky:0.1"),): with_activation(vgg, leaky),
            (("pooling", "avg"),): averaging(vgg),
        },
    ),
    "vgg-small": (
        partial(vgg, 1),
        32,
        {(): partial(vgg, 1)},
    ),
    "alexnet": (
        small.narrow_alexnet,
        63,
        {
            (("activation", "leaky:0.1"),): with_activation(small.narrow_alexnet, leaky),
            (("stem-stride", "2"),): changed(small.narrow_alexnet, strided_stem("features.0", 2)),
            (("pooling", "avg"),): lambda: swapped(
                small.narrow_alexnet(), (nn.MaxPool2d,), lambda: nn.AvgPool2d(3, 2)
            ),
        },
    ),
    "squeezenet": (
        squeezenet,
        32,
        {
            (("activation", "leaky:0.1"),): with_activation(squeezenet, leaky),
            (("stem-stride", "1"),): changed(squeezenet, strided_stem("features.0")),
            (("stem-pool", "none"),): changed(squeezenet, put("features.2", nn.Identity())),
            (("pooling", "max"),): changed(squeezenet, put("classifier.3", FirstMax())),
        },
    ),
    "googlenet": (
        small.narrow_googlenet,
        32,
        {
            (("activation", "leaky:0.1"),): calling(
                small.narrow_googlenet, lambda x: functional.leaky_relu(x, 0.1)
            ),
            (("stem-stride", "1"), ("stem-pool", "none")): changed(
                small.narrow_googlenet, all_of(strided_stem("conv1.conv"), put("maxpool1", nn.Identity()))
            ),
        },
    ),
    "inception": (
        small.narrow_inception,
        75,
        {
            (("pooling", "fid"),): changed(small.narrow_inception, fid),
            (("activation", "leaky:0.1"),): calling(
                small.narrow_inception, lambda x: functional.leaky_relu(x, 0.1)
            ),
        },
    ),
    "mobilenet-v2": (
        small.narrow_mobilenet_v2,
        24,
        {
            (("activation", "relu"),): with_activation(small.narrow_mobilenet_v2, nn.ReLU, (nn.ReLU6,)),
            (("stem-stride", "1"), ("stage-strides", "1,1,2,2,1,2,1")): changed(
                partial(small.narrow_mobilenet_v2, (1, 1, 2, 2, 1, 2, 1)), strided_stem()
            ),
        },
    ),
    "mobilenet-v3": (
        mobilenet_v3,
        32,
        {
            (("activation", "silu"),): lambda: swapped(mobilenet_v3(), (nn.ReLU, nn.Hardswish), nn.SiLU),
            (("activation", "relu,mish"),): hard_to(mobilenet_v3, nn.Mish),
            (("dilation", "1,1,1,1,2"),): dilated_mobilenet_v3,
            (("stem-stride", "1"),): changed(mobilenet_v3, strided_stem()),
        },
    ),
    "mnasnet": (
        small.narrow_mnasnet,
        32,
        {
            (("activation", "leaky:0.1"),): with_activation(small.narrow_mnasnet, leaky),
            (("stem-stride", "1"), ("stage-strides", "2,2,2,1,1,1")): changed(
                small.narrow_mnasnet,
                all_of(strided_stem("layers.0"), put("layers.12.0.layers.3.stride", (1, 1))),
            ),
        },
    ),
    "shufflenet": (
        shufflenet,
        32,
        {
            (("activation", "leaky:0.1"),): with_activation(shufflenet, leaky),
            (("stem-stride", "1"), ("stem-pool", "none")): changed(
                shufflenet, all_of(strided_stem("conv1.0"), put("maxpool", nn.Identity()))
            ),
            (("stage-strides", "2,2,1"),): changed(shufflenet, shuffle_strides),
        },
    ),
    "efficientnet": (
        small.narrow_efficientnet,
        32,
        {
            (("activation", "relu"),): lambda: swapped(small.narrow_efficientnet(), (nn.SiLU,), nn.ReLU),
            (("stem-stride", "1"), ("pooling", "max")): changed(
                small.narrow_efficientnet, all_of(strided_stem(), put("avgpool", nn.AdaptiveMaxPool2d(1)))
            ),
        },
    ),
    "efficientnet-lite": (
        partial(small.SameEfficientNet, False),
        31,
        {
            (("activation", "silu"),): lambda: swapped(small.SameEfficientNet(False), (nn.ReLU6,), nn.SiLU),
            (("stem-stride", "1"),): changed(partial(small.SameEfficientNet, False), strided_stem("_conv_stem")),
        },
    ),
    "convnext": (
        small.narrow_convnext,
        32,
        {
            (("activation", "relu"),): with_activation(small.narrow_convnext, nn.ReLU, (nn.GELU,)),
            (("stem-stride", "2"),): changed(small.narrow_convnext, strided_stem(stride=2)),
            (("pooling", "max"),): changed(small.narrow_convnext, put("avgpool", FirstMax())),
        },
    ),
    "convnext-conv-mlp": (conv_mlp, 32, {(): conv_mlp}),
    "vit": (
        vit,
        16,
        {
            (("heads", "2"),): vit,
            (("heads", "8"),): partial(vit, 8),
            (("heads", "2"), ("activation", "relu")): with_activation(vit, nn.ReLU, (nn.GELU,)),
            (("heads", "2"), ("pooling", "avg")): partial(vit, 2, Meaned),
        },
    ),
    "vit-timm": (
        timm_vit,
        16,
        {
            (("heads", "4"),): timm_vit,
            (("heads", "4"), ("pooling", "avg")): partial(timm_vit, global_pool="avg", fc_norm=False),
            (("heads", "4"), ("pooling", "max")): partial(timm_vit, global_pool="max", fc_norm=False),
        },
    ),
    "vit-timm-mean": (
        partial(timm_vit, global_pool="avg"),
        16,
        {
            (("heads", "4"),): partial(timm_vit, global_pool="avg"),
            (("heads", "4"), ("pooling", "avgmax")): partial(timm_vit, global_pool="avgmax"),
        },
    ),
    "vit-timm-no-token": (
        partial(timm_vit, global_pool="avg", class_token=False, fc_norm=False),
        16,
        {(("heads", "4"),): partial(timm_vit, global_pool="avg", class_token=False, fc_norm=False)},
    ),
    "vit-timm-registers": (
        partial(timm_vit, reg_tokens=3, no_embed_class=True, init_values=0.5),
        16,
        {(("heads", "4"),): partial(timm_vit, reg_tokens=3, no_embed_class=True, init_values=0.5)},
    ),
    "deit-distilled": (
        partial(timm_vit, VisionTransformerDistilled),
        16,
        {(("heads", "4"),): partial(timm_vit, VisionTransformerDistilled)},
    ),
    "swin": (
        partial(small.narrow_swin, False),
        28,
        {
            (("activation", "relu"),): with_activation(partial(small.narrow_swin, False), nn.ReLU, (nn.GELU,)),
            (("pooling", "max"),): changed(partial(small.narrow_swin, False), put("avgpool", FirstMax())),
        },
    ),
}

# Networks whose weights make-torch.py has made already.
MADE = {"inception": "../torch/inception-v3/network.safetensors"}

# Keys that files have in the place of those a network has here.
KEYS = {
    "densenet-chexnet": lambda key: (
        "module.densenet121." + re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", key)
    ),
    "vgg": lambda key: key.replace("features.", "features.module."),
    "resnet-cifar": lambda key: key.replace("fc.", "fc.1."),
    "densenet": lambda key: "module.densenet121." + key.replace("classifier.", "classifier.0."),
    "swin": lambda key: key.replace("head.", "head.2."),
    "vgg-small": lambda key: key.replace("classifier.6.", "classifier.6.1."),
    "mobilenet-v2": lambda key: key.replace("classifier.1.", "classifier."),
    "vit": lambda key: key.replace("heads.head.", "heads.1."),
}


def randomize(net):
    small.randomize(net)
    for module in net.modules():
        if isinstance(module, VisionTransformer):
            for name in ("cls_token", "reg_token", "dist_token"):
                if getattr(module, name, None) is not None:
                    nn.init.normal_(getattr(module, name), 0, 1)
            nn.init.normal_(module.pos_embed, 0, 0.5)
        elif type(module).__name__ == "ConvNeXtBlock" and module.gamma is not None:
            nn.init.uniform_(module.gamma, 0.3, 0.7)


def make(root, name):
    first, size, cases = NETS[name]
    small.seed(name)
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    net = first()
    if name in MADE:
        made = load_file(root / MADE[name])
        state = {key: value.float() if value.is_floating_point() else value for key, value in made.items()}
    else:
        randomize(net)
        state = net.half().float().eval().state_dict()
        save(state, name, folder)
    channels = 1 if name == "densenet-xray" else 3
    image = torch.randn(1, channels, size, size)
    numpy.save(folder / "input.npy", image[0].permute(1, 2, 0).contiguous().numpy())
    listed = []
    for index, (assume, build) in enumerate(cases.items()):
        other = build()
        other.load_state_dict(state)
        other.eval()
        pixels = image.clone().requires_grad_()
        logits = other(pixels)[0]
        target = int(logits.argmax())
        logits[target].backward()
        numpy.save(folder / f"logits-{index}.npy", logits.detach().numpy())
        gradient = pixels.grad[0].permute(1, 2, 0).contiguous().numpy()
        numpy.save(folder / f"gradient-{index}.npy", gradient)
        assert math.isfinite(float(abs(gradient).sum())) and abs(gradient).max() > 0
        listed.append({"assume": dict(assume), "target": target})
    network = "../" + MADE[name] if name in MADE else "network.safetensors"
    reference = {"network": network, "size": [size, size], "cases": listed}
    (folder / "reference.json").write_text(json.dumps(reference, indent=2) + "\n")


def save(state, name, folder):
    rename = KEYS.get(name, lambda key: key)
    halves = {
        rename(key): value.half() if value.is_floating_point() else value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }
    save_file({key: value.contiguous() for key, value in halves.items()}, folder / "network.safetensors")


def make_foreign(root):
    """Weights alone: a VGG-like network that is none of the published."""
    small.seed("foreign")
    net = foreign_vgg()
    folder = root / "foreign-vgg"
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(OrderedDict((key, value.half()) for key, value in net.state_dict().items()), folder / "network.pth")


def main():
    root = Path(sys.argv[1])
    names = sys.argv[2:] or list(NETS)
    for name in names:
        make(root, name)
    if len(sys.argv) == 2:
        make_foreign(root)


if __name__ == "__main__":
    main()
