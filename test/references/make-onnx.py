"""Makes ONNX networks with seeded random weights, and what PyTorch (or onnxruntime) computes with them.

    python make-onnx.py FOLDER                            small ones, as they are committed in onnx/
    python make-onnx.py FOLDER NAME:EXPORTER:OPSET...     of full size, by torchvision's name; EXPORTER is trace or dynamo
    python make-onnx.py FOLDER small/NAME:EXPORTER:OPSET  a small one by another exporter or opset

Needs torch, torchvision, onnx, onnxscript and onnxruntime. Each network gets a folder: the file, reference.json,
input.npy [height, width, channel], logits.npy [class] and gradient.npy (d logit[target] / d input).
"""

import contextlib
import importlib.util
import io
import json
import logging
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torchvision import models
from torchvision.models import convnext, swin_transformer

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

spec = importlib.util.spec_from_file_location("make_torch", Path(__file__).with_name("make-torch.py"))
make_torch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_torch)
CLASSES, seed = make_torch.CLASSES, make_torch.seed


# Networks that make-torch.py does not have ----------------------------------------------------------------------------


def narrow_convnext():
    block = convnext.CNBlockConfig
    settings = [block(8, 12, 2), block(12, 16, 1), block(16, 20, 2), block(20, None, 1)]
    return models.ConvNeXt(settings, layer_scale=0.5, num_classes=CLASSES)


def narrow_vit():
    return models.VisionTransformer(16, 8, 2, 3, 24, 40, num_classes=CLASSES)


def narrow_swin(block=swin_transformer.SwinTransformerBlock, merging=swin_transformer.PatchMerging):
    return models.SwinTransformer(
        [4, 4], 8, [2, 2, 2], [2, 2, 4], [4, 4], num_classes=CLASSES, block=block, downsample_layer=merging
    )


def narrow_swin_v2():
    return narrow_swin(swin_transformer.SwinTransformerBlockV2, swin_transformer.PatchMergingV2)


class Transformed(models.GoogLeNet):
    """GoogLeNet that takes pixels as torchvision's weights are published with, and gives its auxiliary logits."""

    def __init__(self):
        net = make_torch.narrow_googlenet()
        self.__dict__ = net.__dict__
        self.transform_input = True


def pooled_to(name, size):
    """With features pooled to a size that divides theirs: the old exporter knows no other adaptive pooling."""
    net = make_torch.SMALL[name][0]()
    width = net.classifier[0 if name.startswith("vgg") else 1].in_features // (49 if name.startswith("vgg") else 36)
    first = nn.Linear(width * size[0] * size[1], 20)
    net.classifier[0 if name.startswith("vgg") else 1] = first
    net.avgpool = nn.AdaptiveAvgPool2d(size)
    return net


def narrow(name):
    return lambda: make_torch.SMALL[name][0]()


# name: (network, input size)
SMALL = {
    **{name: (narrow(name), row[1]) for name, row in make_torch.SMALL.items()},
    "alexnet": (lambda: pooled_to("alexnet", (1, 1)), 63),
    "vgg11": (lambda: pooled_to("vgg11", (1, 2)), (32, 64)),
    "vgg13-bn": (lambda: pooled_to("vgg13-bn", (1, 2)), (32, 64)),
    "googlenet": (Transformed, 40),
    "convnext": (narrow_convnext, 32),
    "vit": (narrow_vit, 16),
    "swin": (narrow_swin, 36),
    "swin-v2": (narrow_swin_v2, 32),
}

# the committed ones: name: (exporter, opset, settings)
COMMITTED = {
    "alexnet": ("trace", 9, {}),
    "vgg11": ("dynamo", 18, {"external": True}),
    "vgg13-bn": ("trace", 10, {}),
    "resnet18": ("dynamo", 20, {"open": True}),
    "resnet50": ("trace", 13, {"number": "float16"}),
    "resnext": ("dynamo", 21, {}),
    "squeezenet1-0": ("trace", 12, {"raw": False}),
    "squeezenet1-1": ("dynamo", 18, {"number": "bfloat16"}),
    "densenet": ("trace", 9, {"number": "float16"}),
    "googlenet": ("trace", 14, {"number": "float16"}),
    "inception-v3": ("dynamo", 18, {"number": "float16"}),
    "mobilenet-v2": ("trace", 11, {"number": "float16", "batch": 8}),
    "mobilenet-v3-large": ("dynamo", 18, {"number": "bfloat16"}),
    "mobilenet-v3-small": ("trace", 9, {"number": "bfloat16"}),
    "mnasnet": ("dynamo", 20, {"number": "float16", "batch": 2}),
    "shufflenet-v2": ("trace", 11, {}),
    "efficientnet": ("trace", 15, {"number": "float16"}),
    "efficientnet-v2": ("dynamo", 18, {"number": "float16"}),
    "convnext": ("trace", 13, {"number": "float16"}),
    "vit": ("trace", 17, {"number": "float16"}),
    "swin": ("dynamo", 20, {"number": "float16"}),
}


def randomize(net):
    make_torch.randomize(net)
    for name, parameter in net.named_parameters():
        if name.endswith("layer_scale"):
            nn.init.uniform_(parameter, 0.3, 0.8)
        elif name.endswith("in_proj_weight"):
            nn.init.normal_(parameter, 0, parameter.shape[1] ** -0.5)
        elif name.endswith(("pos_embedding", "class_token", "relative_position_bias_table", "in_proj_bias")):
            nn.init.normal_(parameter, 0, 0.5)


# Exporters ------------------------------------------------------------------------------------------------------------


def export(net, image, file, exporter, opset, is_open, folds):
    """
    By TorchScript's trace or by torch.export; the old one opens the batch, both height and width where asked.
    `folds`: batch norm goes into the convolutions, whose weights are no halves any more then.
    """
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        if exporter == "trace":
            axes = {"input": {0: "batch", **({2: "height", 3: "width"} if is_open else {})}}
            torch.onnx.export(
                net,
                (image,),
                file,
                dynamo=False,
                opset_version=opset,
                training=torch.onnx.TrainingMode.EVAL if folds else torch.onnx.TrainingMode.PRESERVE,
                do_constant_folding=folds,
                input_names=["input"],
                output_names=["logits"],
                dynamic_axes=axes if image.shape[0] == 1 else None,
            )
        else:
            shapes = None
            if is_open:
                image = image.repeat(2, 1, 1, 1)
                dim = torch.export.Dim
                shapes = {0: dim.AUTO, 2: dim.AUTO, 3: dim.AUTO}
            torch.onnx.export(
                net,
                (image,),
                file,
                dynamo=True,
                opset_version=opset,
                external_data=False,
                optimize=folds,
                dynamic_shapes=(shapes,) if shapes else None,
                verbose=False,
            )


def as_stored(model, number):
    """Large tensors in another type, and a Cast back in front of what reads them: as weight compression writes it."""
    to = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}[number]
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.raw_data) < 64:
            continue
        values = numpy_helper.to_array(tensor)
        if number == "float16":
            stored = numpy_helper.from_array(values.astype(numpy.float16), tensor.name + "_stored")
        else:
            bits = (values.view(numpy.uint32) >> 16).astype(numpy.uint16)
            raw = bits.tobytes()
            stored = helper.make_tensor(tensor.name + "_stored", to, values.shape, raw, raw=True)
        casts.append(helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(stored)
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def as_lists(model):
    """Values as typed fields in place of raw bytes, and initializers as inputs, as old writers have it."""
    model.ir_version = 3
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        tensor.CopyFrom(helper.make_tensor(tensor.name, tensor.data_type, values.shape, values.flatten().tolist()))
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, values.shape))


def strip(model):
    """Without the sentences that exporters leave for debugging, which are longer than small weights."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""


def make_network(folder, name, exporter, opset, full=False, **settings):
    seed(name)
    if full:
        kind = {"init_weights": False, "transform_input": True} if name in ("googlenet", "inception_v3") else {}
        net = models.get_model(name, weights=None, **kind)
        size = 299 if name == "inception_v3" else 224
    else:
        make, size = SMALL[name]
        net = make()
    randomize(net)
    number = settings.get("number")
    if number:
        # stored weights are what PyTorch computes with
        for parameter in [*net.parameters(), *net.buffers()]:
            if parameter.is_floating_point():
                parameter.data = parameter.data.to(getattr(torch, number)).float()
    net = net.eval()
    height, width = (size, size) if isinstance(size, int) else size
    image = torch.randn(1, 3, height, width)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "network.onnx"
    batch = image.repeat(settings.get("batch", 1), 1, 1, 1)
    export(net, batch, file, exporter, opset, settings.get("open", False), not number)
    model = onnx.load(file)
    if not full:
        strip(model)
        if number:
            as_stored(model, number)
        if settings.get("raw") is False:
            as_lists(model)
    external = settings.get("external", False)
    file.unlink()
    onnx.save(
        model,
        file,
        save_as_external_data=external,
        location="weights.data",
        size_threshold=0,
        convert_attribute=False,
    )
    refer(folder, net, image, size=[height, width] if settings.get("open") else None)


def refer(folder, net, image, size=None):
    """What PyTorch computes, in double precision."""
    net = net.double()
    x = image.double().requires_grad_()
    logits = net(x)
    logits = (logits if torch.is_tensor(logits) else logits[0])[0].flatten()
    target = int(logits.argmax())
    logits[target].backward()
    write(folder, image, logits.detach(), x.grad, target, size)


def write(folder, image, logits, gradient, target, size):
    pixels = {"input": image, "gradient": gradient}
    for name, values in pixels.items():
        laid = values[0].permute(1, 2, 0).contiguous().float()
        numpy.save(folder / f"{name}.npy", laid.numpy())
    numpy.save(folder / "logits.npy", logits.float().numpy())
    reference = {"network": "network.onnx", "target": target, **({"size": size} if size else {})}
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")


def make_committed(root):
    for name, (exporter, opset, settings) in COMMITTED.items():
        make_network(root / name, name, exporter, opset, **settings)


def main():
    root = Path(sys.argv[1])
    if len(sys.argv) == 2:
        make_committed(root)
    for asked in sys.argv[2:]:
        name, exporter, opset = asked.split(":")
        small = name.startswith("small/")
        folder = root / asked.replace("small/", "").replace(":", "-")
        make_network(folder, name.removeprefix("small/"), exporter, int(opset), full=not small)


if __name__ == "__main__":
    main()
