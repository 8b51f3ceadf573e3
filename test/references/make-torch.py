"""Makes networks with seeded random weights, and what PyTorch computes with them: references for reading PyTorch's files.

    python make-torch.py FOLDER                   small ones of every family, as they are committed in torch/
    python make-torch.py FOLDER NAME...           of full size, by torchvision's name, or timm's as timm:NAME

Needs torch, torchvision and safetensors, and timm for timm's. Each network gets a folder: the file, reference.json,
input.npy [height, width, channel], logits.npy [class] and gradient.npy (d logit[target] / d input).
"""

import argparse
import importlib
import json
import random
import re
import sys
from collections import OrderedDict
from functools import partial
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models
from torchvision.models import convnext, efficientnet, inception, mobilenetv3, resnet, swin_transformer, vgg
from torchvision.ops.misc import Conv2dNormActivation, SqueezeExcitation

# functions of the same names hide these modules
googlenet = importlib.import_module("torchvision.models.googlenet")
squeezenet = importlib.import_module("torchvision.models.squeezenet")

CLASSES = 7


# Small networks ------------------------------------------------------------------------------------------------------


def narrow_alexnet():
    net = models.AlexNet(num_classes=CLASSES)
    widths = {0: (3, 6), 3: (6, 8), 6: (8, 10), 8: (10, 8), 10: (8, 6)}
    for index, (inputs, outputs) in widths.items():
        old = net.features[index]
        net.features[index] = nn.Conv2d(inputs, outputs, old.kernel_size, old.stride, old.padding)
    net.classifier[1] = nn.Linear(6 * 36, 20)
    net.classifier[4] = nn.Linear(20, 16)
    net.classifier[6] = nn.Linear(16, CLASSES)
    return net


def narrow_vgg(layout, batch_norm):
    net = vgg.VGG(vgg.make_layers(layout, batch_norm), num_classes=CLASSES, init_weights=False)
    last = [width for width in layout if width != "M"][-1]
    net.classifier[0] = nn.Linear(last * 49, 20)
    net.classifier[3] = nn.Linear(20, 16)
    net.classifier[6] = nn.Linear(16, CLASSES)
    return net


class NarrowResNet(resnet.ResNet):
    """torchvision's ResNet with a fraction of the width."""

    def _make_layer(self, block, planes, blocks, **settings):
        if planes == 64:
            self.inplanes = 4
        return super()._make_layer(block, planes // self.by, blocks, **settings)

    def __init__(self, block, layers, stem=7, by=16, **settings):
        self.by = by
        super().__init__(block, layers, num_classes=CLASSES, **settings)
        self.conv1 = nn.Conv2d(3, 4, stem, 2 if stem == 7 else 1, stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.fc = nn.Linear(512 // by * block.expansion, CLASSES)
        if stem == 3:
            self.maxpool = nn.Identity()


def narrow_squeezenet(version):
    net = models.SqueezeNet(version, num_classes=CLASSES)
    stem = net.features[0]
    net.features[0] = nn.Conv2d(3, 8, stem.kernel_size, stem.stride)
    width = 8
    for index, layer in enumerate(net.features):
        if isinstance(layer, squeezenet.Fire):
            half = layer.expand1x1.out_channels // 8
            net.features[index] = squeezenet.Fire(width, 6, half, half + 1)
            width = 2 * half + 1
    net.classifier[1] = nn.Conv2d(width, CLASSES, 1)
    return net


def narrow_conv(block, by):
    """torchvision's BasicConv2d with a fraction of the width."""

    def make(inputs, outputs, **settings):
        return block(inputs if inputs == 3 else max(1, inputs // by), max(1, outputs // by), **settings)

    return make


def narrow_googlenet():
    conv = narrow_conv(googlenet.BasicConv2d, 16)
    block = partial(googlenet.Inception, conv_block=conv)
    aux = partial(googlenet.InceptionAux, conv_block=conv)
    net = models.GoogLeNet(CLASSES, init_weights=False, blocks=[conv, block, aux])
    # the auxiliary classifiers are in the file, and are not used
    for head in (net.aux1, net.aux2):
        head.fc1 = nn.Linear(8 * 16, 4)
        head.fc2 = nn.Linear(4, CLASSES)
    net.fc = nn.Linear(64, CLASSES)
    return net


def narrow_inception():
    conv = narrow_conv(inception.BasicConv2d, 32)
    kinds = [inception.InceptionA, inception.InceptionB, inception.InceptionC, inception.InceptionD]
    kinds += [inception.InceptionE, inception.InceptionAux]
    blocks = [conv] + [partial(kind, conv_block=conv) for kind in kinds]
    # partial objects take no attribute that the auxiliary head sets, so it is left out
    net = models.Inception3(CLASSES, aux_logits=False, init_weights=False, inception_blocks=blocks)
    net.fc = nn.Linear(64, CLASSES)
    return net


def narrow_mobilenet_v2(strides=(1, 2, 2, 2, 1, 2, 1)):
    shapes = [(1, 16, 1), (2, 24, 2), (2, 32, 3), (2, 64, 4), (3, 96, 3), (2, 160, 3), (2, 320, 1)]
    blocks = [[*shape, stride] for shape, stride in zip(shapes, strides, strict=True)]
    net = models.MobileNetV2(CLASSES, 0.06, blocks, round_nearest=2)
    width = net.features[17].conv[-1].num_features
    net.features[18] = Conv2dNormActivation(width, 24, kernel_size=1, activation_layer=nn.ReLU6)
    net.classifier[1] = nn.Linear(24, CLASSES)
    return net


def narrow_mobilenet_v3(arch):
    settings, last = mobilenetv3._mobilenet_v3_conf(arch, width_mult=0.06)
    return models.MobileNetV3(settings, last, CLASSES)


def narrow_mnasnet():
    net = models.MNASNet(0.05, CLASSES)
    width = net.layers[13][-1].layers[6].out_channels
    net.layers[14] = nn.Conv2d(width, 24, 1, bias=False)
    net.layers[15] = nn.BatchNorm2d(24)
    net.classifier[1] = nn.Linear(24, CLASSES)
    return net


def narrow_efficientnet():
    block = efficientnet.MBConvConfig
    settings = [
        block(1, 3, 1, 8, 8, 1),
        block(3, 3, 2, 8, 8, 2),
        block(2, 5, 2, 8, 16, 1),
        block(2, 3, 2, 16, 16, 2),
        block(2, 5, 1, 16, 24, 1),
        block(2, 5, 2, 24, 24, 2),
        block(2, 3, 1, 24, 32, 1),
    ]
    return models.EfficientNet(settings, 0.2, num_classes=CLASSES, last_channel=40)


def narrow_efficientnet_v2():
    fused, whole = efficientnet.FusedMBConvConfig, efficientnet.MBConvConfig
    settings = [
        fused(1, 3, 1, 8, 8, 2),
        fused(4, 3, 2, 8, 8, 2),
        fused(2, 3, 2, 8, 16, 1),
        whole(4, 3, 2, 16, 16, 2),
        whole(2, 3, 1, 16, 24, 2),
        whole(2, 3, 2, 24, 24, 1),
    ]
    norm = partial(nn.BatchNorm2d, eps=1e-03)
    return models.EfficientNet(settings, 0.2, num_classes=CLASSES, last_channel=32, norm_layer=norm)


def narrow_timm_resnet():
    """A deep stem, averaging shortcuts, squeeze and excitation."""
    from timm.models.resnet import Bottleneck, ResNet

    settings = {"stem_width": 4, "stem_type": "deep", "avg_down": True, "channels": (4, 6, 8, 8)}
    return ResNet(Bottleneck, [1, 2, 1, 1], CLASSES, block_args={"attn_layer": "se"}, **settings)


class SameConv(nn.Conv2d):
    """Padded as TensorFlow does: the odd pixel comes last."""

    def forward(self, x):
        pads = []
        for axis in (3, 2):
            size, stride, kernel = x.shape[axis], self.stride[axis - 2], self.kernel_size[axis - 2]
            total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            pads += [total // 2, total - total // 2]
        return super().forward(nn.functional.pad(x, pads))


class SameBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride, expand, gated):
        super().__init__()
        wide = inputs * expand
        norm = partial(nn.BatchNorm2d, eps=1e-3)
        if expand > 1:
            self._expand_conv, self._bn0 = SameConv(inputs, wide, 1, bias=False), norm(wide)
        self._depthwise_conv = SameConv(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = norm(wide)
        if gated:
            few = max(1, inputs // 4)
            self._se_reduce, self._se_expand = SameConv(wide, few, 1), SameConv(few, wide, 1)
        self._project_conv, self._bn2 = SameConv(wide, outputs, 1, bias=False), norm(outputs)
        self.act = nn.SiLU() if gated else nn.ReLU6()
        self.residual = stride == 1 and inputs == outputs

    def forward(self, inputs):
        x = inputs
        if hasattr(self, "_expand_conv"):
            x = self.act(self._bn0(self._expand_conv(x)))
        x = self.act(self._bn1(self._depthwise_conv(x)))
        if hasattr(self, "_se_reduce"):
            gate = self._se_expand(self.act(self._se_reduce(x.mean((2, 3), keepdim=True))))
            x = x * gate.sigmoid()
        x = self._bn2(self._project_conv(x))
        return x + inputs if self.residual else x


class SameEfficientNet(nn.Module):
    """A small EfficientNet of the names and paddings of the package efficientnet_pytorch."""

    def __init__(self, gated):
        super().__init__()
        # channels, kernel, stride, expansion, blocks
        stages = [(4, 3, 1, 1, 1), (6, 3, 2, 2, 2), (8, 5, 2, 2, 1), (10, 3, 2, 2, 1)]
        stages += [(12, 5, 1, 2, 1), (14, 5, 2, 2, 2), (16, 3, 1, 2, 1)]
        self._conv_stem, self._bn0 = SameConv(3, 6, 3, 2, bias=False), nn.BatchNorm2d(6, eps=1e-3)
        blocks, width = [], 6
        for channels, kernel, stride, expand, count in stages:
            for index in range(count):
                blocks.append(SameBlock(width, channels, kernel, stride if index == 0 else 1, expand, gated))
                width = channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv(16, 20, 1, bias=False), nn.BatchNorm2d(20, eps=1e-3)
        self._fc = nn.Linear(20, CLASSES)
        self.act = nn.SiLU() if gated else nn.ReLU6()

    def forward(self, x):
        x = self.act(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = self.act(self._bn1(self._conv_head(x)))
        return self._fc(x.mean((2, 3)))


def narrow_convnext():
    block = convnext.CNBlockConfig
    net = models.ConvNeXt([block(8, 12, 1), block(12, 16, 2), block(16, None, 1)], num_classes=CLASSES)
    return net


def narrow_vit():
    # two heads of 64 features, as wide as all published ones
    return models.VisionTransformer(16, 4, 1, 2, 128, 24, num_classes=CLASSES)


def narrow_swin(second):
    kind, merging = swin_transformer.SwinTransformerBlock, swin_transformer.PatchMerging
    if second:
        kind, merging = swin_transformer.SwinTransformerBlockV2, swin_transformer.PatchMergingV2
    settings = {"block": kind, "downsample_layer": merging, "num_classes": CLASSES}
    return models.SwinTransformer([4, 4], 8, [2, 2], [2, 4], [3, 3], **settings)


def narrow_densenet():
    return models.DenseNet(4, (2, 3, 2, 2), 8, bn_size=2, num_classes=CLASSES)


# How they are saved ---------------------------------------------------------------------------------------------------


def zipped(state, path):
    torch.save(state, path)


def legacy(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


def under_prefix(prefix, save=zipped):
    return lambda state, path: save(OrderedDict((prefix + key, value) for key, value in state.items()), path)


def checkpoint(state, path):
    """As training scripts write it, with settings and an optimizer beside the weights."""
    first = next(iter(state.values()))
    torch.save(
        {
            "epoch": 90,
            "arch": "network",
            "args": argparse.Namespace(lr=0.1, data="images", widths=(1, 2)),
            "state_dict": under_module(state),
            "best_acc1": torch.tensor(76.1),
            "loss": numpy.float64(0.5),
            "optimizer": {"state": {0: {"momentum_buffer": torch.zeros_like(first)}}, "param_groups": [{"lr": 0.1}]},
        },
        path,
        _use_new_zipfile_serialization=False,
    )


def under_module(state):
    return OrderedDict(("module." + key, value) for key, value in state.items())


def lightning(state, path):
    torch.save(
        {
            "pytorch-lightning_version": "2.0.0",
            "state_dict": OrderedDict((f"model.{key}", value) for key, value in state.items()),
            "callbacks": {},
        },
        path,
        _use_new_zipfile_serialization=False,
    )


def strided(state, path):
    """Channels last in memory, and every matrix a transposed view; what is one-dimensional is views of one storage."""
    flat = torch.cat([value.reshape(-1).float() for value in state.values() if value.dim() == 1])
    at = 0
    saved = OrderedDict()
    for key, value in state.items():
        if value.dim() == 4:
            value = value.contiguous(memory_format=torch.channels_last)
        elif value.dim() == 2:
            value = value.t().contiguous().t()
        elif value.dim() == 1:
            value = flat[at : at + value.numel()]
            at += value.numel()
        saved[key] = value
    torch.save(saved, path)


def parameters(state, path):
    """Parameters, not bare tensors."""
    floats = {key: value for key, value in state.items() if value.is_floating_point()}
    torch.save({key: nn.Parameter(value) for key, value in floats.items()}, path)


def old_densenet(state, path):
    """The names that torchvision's published DenseNets have."""
    names = {f".{kind}{n}.": f".{kind}.{n}." for kind in ("norm", "conv") for n in (1, 2)}
    saved = OrderedDict()
    for key, value in state.items():
        for new, old in names.items():
            if "denselayer" in key:
                key = key.replace(new, old)
        saved[key] = value
    torch.save(saved, path)


def transformers(state, path):
    """The names that Hugging Face's transformers give a ResNet."""
    names = {
        r"^conv1\.": r"resnet.embedder.embedder.convolution.",
        r"^bn1\.": r"resnet.embedder.embedder.normalization.",
        r"^fc\.": r"classifier.1.",
        r"\.downsample\.0\.": r".shortcut.convolution.",
        r"\.downsample\.1\.": r".shortcut.normalization.",
    }
    parts = {"conv": "convolution", "bn": "normalization"}
    saved = OrderedDict()
    for key, value in state.items():
        for old, new in names.items():
            key = re.sub(old, new, key)
        key = re.sub(r"\.(conv|bn)(\d)\.", lambda m: f".layer.{int(m[2]) - 1}.{parts[m[1]]}.", key)
        key = re.sub(r"^layer(\d)\.", lambda m: f"resnet.encoder.stages.{int(m[1]) - 1}.layers.", key)
        saved[key] = value
    tensors(saved, path)


def published_convnext(state, path):
    """The names that ConvNeXt was published with."""
    parts = {"block.0": "dwconv", "block.2": "norm", "block.3": "pwconv1", "block.5": "pwconv2"}
    saved = OrderedDict()
    for key, value in state.items():
        for old, new in parts.items():
            key = key.replace(f".{old}.", f".{new}.")
        if key.endswith("layer_scale"):
            key, value = key.replace("layer_scale", "gamma"), value.reshape(-1)
        stage = re.match(r"features\.(\d)\.", key)
        if stage:
            index = int(stage[1])
            name = f"stages.{index // 2}" if index % 2 else f"downsample_layers.{index // 2}"
            key = key.replace(stage[0], name + ".")
        saved[key.replace("classifier.0.", "norm.").replace("classifier.2.", "head.")] = value
    torch.save({"model": saved}, path)


def tensors(state, path):
    save_file({key: value.contiguous() for key, value in state.items()}, path, metadata={"format": "pt"})


# name: (network, input size, how it is saved, number type)
SMALL = {
    "alexnet": (narrow_alexnet, 63, zipped, "float16"),
    "vgg11": (lambda: narrow_vgg([4, "M", 5, "M", 6, 6, "M", 6, 7, "M", 7, 6, "M"], False), 40, checkpoint, "float32"),
    "vgg13-bn": (
        lambda: narrow_vgg([4, 4, "M", 5, 5, "M", 6, 6, "M", 6, 7, "M", 7, 6, "M"], True),
        (32, 48),
        legacy,
        "float32",
    ),
    "resnet18": (lambda: NarrowResNet(resnet.BasicBlock, [2, 2, 2, 2], by=32), 36, zipped, "bfloat16"),
    "resnet50": (lambda: NarrowResNet(resnet.Bottleneck, [3, 1, 2, 1], by=32), 36, checkpoint, "float16"),
    "resnet-cifar": (lambda: NarrowResNet(resnet.BasicBlock, [1, 2, 1, 1], 3, by=32), 32, lightning, "float32"),
    "resnet-timm": (narrow_timm_resnet, (33, 36), tensors, "float32"),
    "resnet-transformers": (
        lambda: NarrowResNet(resnet.BasicBlock, [1, 1, 1, 1], by=32),
        32,
        transformers,
        "float32",
    ),
    "resnext": (
        lambda: NarrowResNet(resnet.Bottleneck, [1, 2, 1, 1], by=32, groups=4, width_per_group=32),
        (49, 33),
        tensors,
        "float16",
    ),
    "wide-resnet": (
        lambda: NarrowResNet(resnet.Bottleneck, [1, 1, 1, 1], by=32, width_per_group=128),
        32,
        strided,
        "float16",
    ),
    "squeezenet1-0": (lambda: narrow_squeezenet("1_0"), 50, legacy, "float16"),
    "squeezenet1-1": (lambda: narrow_squeezenet("1_1"), 47, parameters, "float16"),
    "densenet": (narrow_densenet, 36, old_densenet, "float16"),
    "googlenet": (narrow_googlenet, 32, tensors, "float16"),
    "inception-v3": (narrow_inception, (75, 77), tensors, "bfloat16"),
    "mobilenet-v2": (narrow_mobilenet_v2, 32, under_prefix("module."), "bfloat16"),
    "mobilenet-v3-large": (lambda: narrow_mobilenet_v3("mobilenet_v3_large"), 32, tensors, "float16"),
    "mobilenet-v3-small": (lambda: narrow_mobilenet_v3("mobilenet_v3_small"), 32, legacy, "float16"),
    "mnasnet": (narrow_mnasnet, 32, under_prefix("backbone.module.", legacy), "float16"),
    "shufflenet-v2": (
        lambda: models.ShuffleNetV2([2, 3, 2], [6, 8, 12, 20, 24], CLASSES),
        36,
        zipped,
        "float32",
    ),
    "efficientnet": (narrow_efficientnet, 32, tensors, "float16"),
    "efficientnet-v2": (narrow_efficientnet_v2, 32, tensors, "bfloat16"),
    "efficientnet-pytorch": (lambda: SameEfficientNet(True), (37, 32), legacy, "float32"),
    "efficientnet-lite": (lambda: SameEfficientNet(False), (32, 39), zipped, "float16"),
    "convnext": (narrow_convnext, (40, 33), zipped, "float32"),
    "convnext-published": (narrow_convnext, 32, published_convnext, "float16"),
    "vit": (narrow_vit, 16, tensors, "bfloat16"),
    "swin": (lambda: narrow_swin(False), (40, 33), zipped, "float16"),
    "swin-v2": (lambda: narrow_swin(True), (36, 40), tensors, "float16"),
}


# Weights, and what they give ------------------------------------------------------------------------------------------


def randomize(net):
    """Statistics and biases that show an error, and activations of order 1."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.6, 1.2)
            nn.init.normal_(module.bias, 0, 0.2)
        elif isinstance(module, nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.6, 1.2)
            nn.init.normal_(module.bias, 0, 0.2)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1)
    for module in net.modules():
        if isinstance(module, convnext.CNBlock):
            nn.init.uniform_(module.layer_scale, 0.3, 0.7)
        elif isinstance(module, swin_transformer.ShiftedWindowAttentionV2):
            nn.init.normal_(module.logit_scale, 1, 0.3)
        elif isinstance(module, swin_transformer.ShiftedWindowAttention):
            nn.init.normal_(module.relative_position_bias_table, 0, 1)
        elif isinstance(module, nn.MultiheadAttention):
            nn.init.normal_(module.in_proj_bias, 0, 0.1)
        elif isinstance(module, models.VisionTransformer):
            nn.init.normal_(module.class_token, 0, 1)
            nn.init.normal_(module.encoder.pos_embedding, 0, 0.5)
        elif isinstance(module, SameBlock) and hasattr(module, "_se_expand"):
            nn.init.normal_(module._se_expand.bias, 2, 0.5)
        elif isinstance(module, SqueezeExcitation):
            # gates that are open, or little is left after a few blocks
            nn.init.normal_(module.fc2.bias, 2, 0.5)


def calibrate(net, size):
    """Statistics near those that the network has: with others a deep one of swish is too ill-conditioned for float32."""
    norms = [module for module in net.eval().modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        net(torch.randn(4, 3, size, size))
        for norm in norms:
            norm.eval()
            norm.running_mean += 0.1 * torch.randn_like(norm.running_mean) * norm.running_var.sqrt()
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.8, 1.25)


def refer(net, folder, file, size, save, kind):
    folder.mkdir(parents=True, exist_ok=True)
    number = getattr(torch, kind)
    net = net.to(number).float().eval()
    state = OrderedDict(
        (key, value.to(number) if value.is_floating_point() else value) for key, value in net.state_dict().items()
    )
    save(state, folder / file)
    height, width = (size, size) if isinstance(size, int) else size
    image = torch.randn(1, 3, height, width, requires_grad=True)
    logits = net(image)[0]
    target = int(logits.argmax())
    logits[target].backward()
    pixels = {"input": image.detach(), "gradient": image.grad}
    for name, values in pixels.items():
        numpy.save(folder / f"{name}.npy", values[0].permute(1, 2, 0).contiguous().numpy())
    numpy.save(folder / "logits.npy", logits.detach().numpy())
    reference = {"network": file, "target": target, "size": [height, width]}
    # spaced as the project's formatter has it
    (folder / "reference.json").write_text("{ " + json.dumps(reference)[1:-1] + " }\n")


def seed(name):
    value = sum(map(ord, name))
    random.seed(value)
    numpy.random.seed(value)
    torch.manual_seed(value)


def make_small(root):
    for name, (make, size, save, kind) in SMALL.items():
        seed(name)
        net = make()
        randomize(net)
        file = "network.safetensors" if save in (tensors, transformers) else "network.pth"
        refer(net, root / name, file, size, save, kind)


def make_full(root, name):
    seed(name)
    settings = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name.startswith("timm:"):
        import timm

        net = timm.create_model(name[5:], pretrained=False)
        size = net.pretrained_cfg["input_size"][1]
    else:
        net = models.get_model(name, weights=None, **settings)
        size = 299 if name == "inception_v3" else 224
    randomize(net)
    if any(isinstance(module, nn.SiLU) for module in net.modules()):
        calibrate(net, size)
    refer(net, root / name.replace(":", "-"), "network.pth", size, zipped, "float32")


def main():
    root = Path(sys.argv[1])
    if len(sys.argv) == 2:
        make_small(root)
    for name in sys.argv[2:]:
        make_full(root, name)


if __name__ == "__main__":
    main()
