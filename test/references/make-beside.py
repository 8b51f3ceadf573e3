"""Makes networks whose weights are stored in unusual ways, and hub folders of transformers, with what PyTorch computes.

    python make-beside.py FOLDER [NAME...]

Needs torch, torchvision, timm, safetensors and transformers. Each gets a folder as make-torch.py describes; hub folders also
get prepared.json { pixel, value }: what transformers' processor makes of a picture of one colour, channel by channel.
"""

import json
import sys
from collections import OrderedDict
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm
from torchvision.models import resnet

CLASSES = 7


class SmallResNet(resnet.ResNet):
    """torchvision's, 4 to 16 channels wide."""

    def _make_layer(self, block, planes, blocks, **settings):
        if planes == 64:
            self.inplanes = 4
        return super()._make_layer(block, planes // 32 + 2, blocks, **settings)

    def __init__(self):
        super().__init__(resnet.BasicBlock, [1, 1, 1, 1], num_classes=CLASSES)
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.fc = nn.Linear(512 // 32 + 2, CLASSES)


def shaken(net):
    """Random statistics and no zeros, so that every number counts."""
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    with torch.no_grad():
        for value in net.parameters():
            # transformers begins near zero
            if value.std() < 0.1:
                value.normal_(0, 0.2)
    return net.eval()


def reparametrized():
    """Every way at once."""
    net = SmallResNet()
    prune.l1_unstructured(net.conv1, "weight", 0.4)
    weight_norm(net.layer1[0].conv1)
    parametrizations.weight_norm(net.layer1[0].conv2)
    spectral_norm(net.layer2[0].conv1)
    parametrizations.spectral_norm(net.layer2[0].conv2)
    parametrizations.weight_norm(net.layer3[0].conv1, dim=1)
    prune.ln_structured(net.layer3[0].conv2, "weight", 0.3, n=2, dim=0)
    weight_norm(net.fc, dim=None)
    shaken(net)
    with torch.no_grad():
        # lengths of their own: at first they are those of the directions
        for key, value in net.named_parameters():
            if key.endswith(("_g", "original0")):
                value.mul_(torch.rand_like(value) + 0.5)
    return net, net.state_dict()


def open_mmlab():
    net = shaken(SmallResNet())
    state = {("head." if key.startswith("fc.") else "backbone.") + key: value for key, value in net.state_dict().items()}
    return net, {"meta": {"mmcls_version": "0.25.0", "CLASSES": ["a", "b"]}, "state_dict": OrderedDict(state)}


def lightning_children():
    net = shaken(SmallResNet())
    body = nn.Sequential(*list(net.children())[:-1])
    state = {f"model.encoder.{key}": value for key, value in body.state_dict().items()}
    state |= {f"model.classifier.{key}": value for key, value in net.fc.state_dict().items()}
    return net, {"pytorch-lightning_version": "2.0.0", "state_dict": OrderedDict(state), "hyper_parameters": {"lr": 0.1}}


FILES = {"reparametrized": reparametrized, "open-mmlab": open_mmlab, "lightning-children": lightning_children}


def hub_resnet():
    """Shards, and the stride in the first convolution of a bottleneck."""
    from transformers import ConvNextImageProcessor, ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        embedding_size=8,
        hidden_sizes=[16, 16, 24, 24],
        depths=[1, 1, 2, 1],
        layer_type="bottleneck",
        hidden_act="relu",
        downsample_in_bottleneck=True,
        **NAMES,
    )
    processor = ConvNextImageProcessor(size={"shortest_edge": 40}, image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.25, 0.3])
    return ResNetForImageClassification(config), processor, "20KB"


NAMES = {"id2label": {2: "c", 0: "ä", 1: "b", 4: "e", 3: "d"}, "label2id": {"ä": 0, "b": 1, "c": 2, "d": 3, "e": 4}}


def hub_vit():
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 32}
    config = ViTConfig(**sizes, image_size=32, patch_size=8, hidden_act="gelu_new", **NAMES)
    processor = ViTImageProcessor(size={"height": 32, "width": 32})
    return ViTForImageClassification(config), processor, "1GB"


def hub_deit():
    from transformers import DeiTConfig, DeiTForImageClassificationWithTeacher, DeiTImageProcessor

    sizes = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = DeiTConfig(**sizes, image_size=32, patch_size=8, qkv_bias=False, **NAMES)
    processor = DeiTImageProcessor(size={"height": 32, "width": 32}, do_center_crop=False)
    return DeiTForImageClassificationWithTeacher(config), processor, "1GB"


def hub_convnext():
    from transformers import ConvNextConfig, ConvNextForImageClassification, ConvNextImageProcessor

    config = ConvNextConfig(hidden_sizes=[4, 6, 8, 8], depths=[1, 2, 1, 1], **NAMES)
    return ConvNextForImageClassification(config), ConvNextImageProcessor(size={"shortest_edge": 64}), "1GB"


def hub_swin():
    from transformers import SwinConfig, SwinForImageClassification, ViTImageProcessor

    # heads and windows of their own; the last stage is one window
    config = SwinConfig(image_size=32, embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=4, **NAMES)
    processor = ViTImageProcessor(size={"height": 32, "width": 32}, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    return SwinForImageClassification(config), processor, "1GB"


def timm_arguments():
    """What timm.create_model was given, as its config.json keeps it."""
    import timm

    arguments = {"act_layer": "leaky_relu", "output_stride": 8, "global_pool": "max", "channels": (4, 6, 8, 8)}
    return timm.create_model("resnet18", num_classes=CLASSES, **arguments)


HUBS = {
    "hub-resnet": hub_resnet,
    "hub-vit": hub_vit,
    "hub-deit": hub_deit,
    "hub-convnext": hub_convnext,
    "hub-swin": hub_swin,
}


def record(folder, net, size, network):
    x = (torch.rand(1, 3, *size) * 2 - 1).requires_grad_()
    y = net(x)
    y = getattr(y, "logits", y)
    target = int(y[0].argmax())
    y[0, target].backward()
    numpy.save(folder / "input.npy", x.detach()[0].permute(1, 2, 0).contiguous().numpy())
    numpy.save(folder / "gradient.npy", x.grad[0].permute(1, 2, 0).contiguous().numpy())
    numpy.save(folder / "logits.npy", y.detach()[0].numpy())
    reference = {"network": network, "target": target, "size": list(size)}
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")


def main(out, names):
    for name in names or [*FILES, *HUBS, "timm-arguments"]:
        torch.manual_seed(sum(name.encode()))
        folder = Path(out, name)
        folder.mkdir(parents=True, exist_ok=True)
        if name in FILES:
            net, saved = FILES[name]()
            torch.save(saved, folder / "network.pth")
            record(folder, net, (36, 33), "network.pth")
            continue
        if name == "timm-arguments":
            from timm.models import save_for_hf

            net = shaken(timm_arguments())
            save_for_hf(net, folder / "hub")
            record(folder, net, (40, 40), "hub")
            continue
        net, processor, shard = HUBS[name]()
        shaken(net)
        net.save_pretrained(folder / "hub", max_shard_size=shard)
        processor.save_pretrained(folder / "hub")
        # since version 5 the names in memory are not those of the files
        torch.save(net.state_dict(), folder / "memory.pth")
        side = processor.size["shortest_edge"] if "shortest_edge" in processor.size else processor.size["height"]
        pixel = [10, 100, 250]
        picture = numpy.full((side, side, 3), pixel, "uint8")
        value = processor(picture, return_tensors="np")["pixel_values"][0].mean((1, 2))
        (folder / "prepared.json").write_text(json.dumps({"pixel": pixel, "value": value.tolist()}) + "\n")
        record(folder, net, (side, side), "hub")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
