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
    "inception-v3": ("dynamo", 18, {}),
    "mobilenet-v2": ("trace", 11, {"number": "float16", "batch": 8}),
    "mobilenet-v3-large": ("dynamo", 18, {}),
    "mobilenet-v3-small": ("trace", 9, {"number": "bfloat16"}),
    "mnasnet": ("dynamo", 20, {"batch": 2}),
    "shufflenet-v2": ("trace", 11, {}),
    "efficientnet-v2": ("dynamo", 18, {}),
    "convnext": ("trace", 13, {"number": "float16"}),
    "vit": ("trace", 17, {"number": "float16"}),
    "swin": ("dynamo", 20, {}),
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


# Graphs by hand: what exporters of networks seldom write ---------------------------------------------------------------


class Graph:
    """A graph of float32 over 7 x 8 pixels; branches end in one matrix product."""

    def __init__(self, order):
        self.nodes, self.tensors, self.branches = [], [], []
        self.random = numpy.random.default_rng(1)
        self.shape = [1, 3, 7, 8] if order == "NCHW" else [1, 7, 8, 3]
        self.functions, self.domains = [], []
        self.open = None

    def floats(self, *shape, low=-1, high=1):
        return self.tensor(self.random.uniform(low, high, shape).astype(numpy.float32))

    def tensor(self, values, name=None):
        name = name or f"t{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(numpy.asarray(values), name))
        return name

    def ints(self, *values):
        return self.tensor(numpy.array(values, numpy.int64))

    def scales(self, *values):
        return self.tensor(numpy.array(values, numpy.float32))

    def number(self, value):
        return self.tensor(numpy.array(value, numpy.float32))

    def op(self, kind, *inputs, outputs=1, domain="", **attributes):
        names = [f"{kind.lower()}{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(kind, list(inputs), names, name=f"node{len(self.nodes)}", domain=domain, **attributes)
        )
        return names[0] if outputs == 1 else names

    def branch(self, name):
        self.branches.append(self.op("Reshape", name, self.ints(1, -1)))

    def model(self, opset, end=None):
        """All branches side by side, and a matrix of random weights that makes five logits of them."""
        flat = self.op("Concat", *self.branches, axis=1) if len(self.branches) > 1 else self.branches[0]
        width = run_once(self.finished(flat, opset), numpy.zeros(self.shape, numpy.float32)).shape[1]
        if opset < 11:
            weights = self.floats(width, 5)
        else:
            # cos(0.7 n): weights that take no room
            ends = [self.tensor(numpy.int64(value)) for value in (0, 5 * width, 1)]
            places = self.op("Cast", self.op("Range", *ends), to=TensorProto.FLOAT)
            waves = self.op("Cos", self.op("Mul", places, self.number(0.7)))
            weights = self.op("Reshape", waves, self.ints(width, 5))
        logits = self.op("Gemm", flat, weights, self.floats(5), alpha=2 / width**0.5, beta=2.0)
        return self.finished(end(self, logits) if end else logits, opset)

    def finished(self, output, opset):
        info = partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT)
        image, result = info("image", shape=self.open or self.shape), info(output, shape=None)
        graph = helper.make_graph(self.nodes, "graph", [image], [result], self.tensors)
        imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1) for domain in self.domains]
        return helper.make_model(
            graph, opset_imports=imports, ir_version=8, functions=self.functions, producer_name="by hand"
        )


def runner(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {"image": image})[0]


def run_once(model, image):
    return runner(model)(image)


def pools(g):
    # onnx's own inference of shapes counts windows that start in the padding; nothing computes them
    g.open = ["batch", 3, "height", "width"]
    for settings in [
        {"pads": [0, 1, 2, 1]},
        {"auto_pad": "SAME_LOWER", "kernel_shape": [2, 2]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 3]},
        {"ceil_mode": 1},
        {"ceil_mode": 1, "pads": [1, 1, 1, 1], "strides": [3, 3]},
        {"dilations": [2, 3], "strides": [1, 1], "pads": [1, 2, 1, 2]},
    ]:
        settings = {"kernel_shape": [3, 3], "strides": [2, 2], **settings}
        g.branch(g.op("MaxPool", "image", **settings))
        for counts in (0, 1):
            g.branch(g.op("AveragePool", "image", count_include_pad=counts, **settings))
    g.branch(g.op("GlobalMaxPool", "image"))
    return g.model(19)


def convolutions(g):
    for kernel, settings in [
        ((4, 3, 3, 3), {"pads": [0, 1, 2, 1], "strides": [2, 1]}),
        ((4, 3, 2, 2), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
        ((4, 3, 3, 4), {"auto_pad": "SAME_UPPER", "strides": [2, 3]}),
        ((4, 3, 3, 3), {"auto_pad": "VALID", "dilations": [2, 3]}),
        ((6, 1, 3, 3), {"group": 3, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ((3, 1, 3, 3), {"group": 3, "dilations": [2, 2], "pads": [2, 2, 2, 2]}),
        ((2, 3, 1, 7), {"pads": [0, 3, 0, 3]}),
        ((2, 3, 7, 1), {"pads": [3, 0, 3, 0]}),
    ]:
        g.branch(g.op("Conv", "image", g.floats(*kernel), g.floats(kernel[0]), **settings))
    wide = g.op("Conv", "image", g.floats(6, 3, 1, 1))
    g.branch(g.op("Conv", wide, g.floats(4, 3, 3, 3), group=2))
    for kernel, settings in [
        ((6, 4, 3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
        ((6, 2, 2, 3), {"group": 2, "strides": [2, 1], "pads": [0, 1, 1, 0]}),
        ((6, 3, 3, 3), {"dilations": [2, 1], "pads": [1, 0, 0, 2]}),
        ((6, 3, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ((6, 3, 3, 3), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
        ((6, 3, 3, 3), {"output_shape": [14, 17], "strides": [2, 2]}),
    ]:
        out = kernel[1] * settings.get("group", 1)
        g.branch(g.op("ConvTranspose", wide, g.floats(*kernel), g.floats(out), **settings))
    return g.model(11)


def resizes(g):
    small, odd = (1, 1, 2, 2), (1, 1, 0.7, 1.7)
    for mode, way, scales, settings in [
        ("nearest", "asymmetric", small, {"nearest_mode": "floor"}),
        ("nearest", "half_pixel", odd, {"nearest_mode": "round_prefer_floor"}),
        ("nearest", "half_pixel", odd, {"nearest_mode": "ceil"}),
        ("nearest", "asymmetric", odd, {"nearest_mode": "round_prefer_ceil"}),
        ("linear", "half_pixel", small, {}),
        ("linear", "half_pixel", odd, {}),
        ("linear", "align_corners", small, {}),
        ("linear", "asymmetric", (1, 1, 3, 1.5), {}),
        ("linear", "pytorch_half_pixel", odd, {}),
        ("cubic", "half_pixel", small, {"cubic_coeff_a": -0.5}),
        ("cubic", "align_corners", small, {}),
        ("cubic", "half_pixel", odd, {"exclude_outside": 1}),
    ]:
        g.branch(
            g.op(
                "Resize", "image", "", g.scales(*scales), mode=mode, coordinate_transformation_mode=way, **settings
            )
        )
    sizes = g.ints(1, 3, 7, 1)
    g.branch(g.op("Resize", "image", "", "", sizes, mode="linear", coordinate_transformation_mode="pytorch_half_pixel"))
    laid = g.op("Transpose", "image", perm=[0, 2, 3, 1])
    g.branch(g.op("Resize", laid, "", g.scales(1, 2, 3, 1), mode="linear"))
    return g.model(13)


def resizes_new(g):
    g.branch(g.op("Resize", "image", "", g.scales(1.5, 2), mode="linear", axes=[2, 3]))
    g.branch(g.op("Resize", "image", "", "", g.ints(13, 5), mode="cubic", axes=[3, 2]))
    symmetric = "half_pixel_symmetric"
    g.branch(
        g.op("Resize", "image", "", g.scales(1.3, 1.7), mode="linear", axes=[2, 3], coordinate_transformation_mode=symmetric)
    )
    return g.model(19)


def resizes_old(g):
    g.branch(g.op("Resize", "image", g.scales(1, 1, 2, 3), mode="nearest"))
    g.branch(g.op("Resize", "image", g.scales(1, 1, 2, 1.5), mode="linear"))
    return g.model(10)


def upsamples(g):
    g.branch(g.op("Upsample", "image", g.scales(1, 1, 2, 3), mode="nearest"))
    g.branch(g.op("Upsample", "image", g.scales(1, 1, 2, 2), mode="linear"))
    return g.model(9)


def activations(g):
    """Every one on values of its own, that are far from where they bend."""

    def value():
        return g.op("Conv", "image", g.floats(3, 3, 1, 1, low=-2, high=2), g.floats(3))

    # a jump, with values on both sides of it and none near
    first = g.op("Slice", "image", g.ints(0, 0, 0), g.ints(1, 1, 8), g.ints(1, 2, 3))
    g.branch(g.op("ThresholdedRelu", first, alpha=0.17))
    plain = ["Relu", "Sigmoid", "HardSwish", "Tanh", "Softplus", "Softsign", "Mish", "Erf", "Abs", "Neg", "Exp"]
    for kind in plain + ["Elu", "Selu", "Celu", "LeakyRelu", "HardSigmoid", "Sin", "Cos"]:
        g.branch(g.op(kind, value()))
    for kind, settings in [
        ("Elu", {"alpha": 0.7}),
        ("Selu", {"alpha": 1.2, "gamma": 0.8}),
        ("Celu", {"alpha": 2.0}),
        ("LeakyRelu", {"alpha": 0.3}),
        ("LeakyRelu", {"alpha": -0.3}),
        ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        ("Gelu", {}),
        ("Gelu", {"approximate": "tanh"}),
    ]:
        g.branch(g.op(kind, value(), **settings))
    g.branch(g.op("PRelu", value(), g.floats(3, 1, 1)))
    g.branch(g.op("PRelu", value(), g.floats(1)))
    g.branch(g.op("Clip", value(), g.number(-0.5), g.number(0.8)))
    g.branch(g.op("Clip", value(), "", g.number(0.8)))
    g.branch(g.op("Clip", value(), g.number(0), g.number(6)))
    above = g.op("Add", g.op("Abs", value()), g.number(0.5))
    for kind in ("Log", "Sqrt", "Reciprocal"):
        g.branch(g.op(kind, above))
    g.branch(g.op("Pow", above, g.number(1.5)))
    g.branch(g.op("Pow", value(), g.ints(3)))
    g.branch(g.op("Pow", g.number(1.5), value()))
    g.branch(g.op("Div", value(), above))
    g.branch(g.op("Sub", g.floats(3, 7, 1), value()))
    g.branch(g.op("Div", g.floats(3, 1, 1), above))
    g.branch(g.op("Mul", value(), g.floats(7, 8)))
    for kind in ("Max", "Min", "Sum", "Mean"):
        g.branch(g.op(kind, value(), value(), g.floats(3, 1, 8)))
    return g.model(20)


def normalizations(g):
    x = g.op("Conv", "image", g.floats(4, 3, 1, 1, low=-2, high=2), g.floats(4))
    g.branch(g.op("InstanceNormalization", x, g.floats(4), g.floats(4), epsilon=1e-3))
    g.branch(g.op("LayerNormalization", x, g.floats(8), g.floats(8)))
    g.branch(g.op("LayerNormalization", x, g.floats(4, 7, 8), axis=1, epsilon=0.1))
    g.branch(g.op("GroupNormalization", x, g.floats(2), g.floats(2), num_groups=2))
    g.branch(g.op("LpNormalization", x, axis=1))
    g.branch(g.op("LpNormalization", x, axis=-1, p=1))
    g.branch(g.op("LRN", x, size=3, alpha=0.3, beta=0.6, bias=1.5))
    g.branch(g.op("Softmax", x, axis=1))
    g.branch(g.op("Softmax", x))
    g.branch(g.op("LogSoftmax", x, axis=2))
    flat = g.op("Flatten", x)
    statistics = [g.floats(224), g.floats(224), g.floats(224), g.floats(224, low=0.5, high=1.5)]
    g.branch(g.op("BatchNormalization", flat, *statistics, epsilon=0.01))
    return g.model(18)


def groups_new(g):
    x = g.op("Conv", "image", g.floats(4, 3, 1, 1, low=-2, high=2), g.floats(4))
    g.branch(g.op("GroupNormalization", x, g.floats(4), g.floats(4), num_groups=2))
    return g.model(21)


def softmaxes_old(g):
    g.branch(g.op("Softmax", "image"))
    g.branch(g.op("Softmax", "image", axis=2))
    g.branch(g.op("LogSoftmax", "image", axis=3))
    pooled = g.op("GlobalAveragePool", "image")
    g.branch(g.op("Softmax", pooled))
    return g.model(11, lambda g, logits: g.op("LogSoftmax", logits))


def layouts(g):
    most = 2**63 - 1
    g.branch(g.op("Slice", "image", g.ints(-1, 1), g.ints(-most, most), g.ints(3, 2), g.ints(-2, 3)))
    g.branch(g.op("Slice", "image", g.ints(1), g.ints(-1), g.ints(-1)))
    for part in g.op("Split", "image", g.ints(1, 2), axis=1, outputs=2):
        g.branch(part)
    g.branch(g.op("Split", "image", axis=3, outputs=3, num_outputs=3)[1])
    g.branch(g.op("Gather", "image", g.ints(-1, 0, 3, 0), axis=2))
    g.branch(g.op("Gather", "image", g.tensor(numpy.array(1, numpy.int64)), axis=1))
    g.branch(g.op("Gather", "image", g.tensor(numpy.array([[0, 1], [2, 2]], numpy.int64)), axis=3))
    g.branch(g.op("Tile", "image", g.ints(1, 2, 1, 2)))
    one = g.op("ReduceMean", "image", g.ints(1, 2), keepdims=1)
    g.branch(g.op("Expand", one, g.ints(1, 2, 4, 1)))
    amounts = g.ints(0, 0, 1, 2, 0, 0, 2, 1)
    for mode in ("reflect", "edge"):
        g.branch(g.op("Pad", "image", amounts, mode=mode))
    g.branch(g.op("Pad", "image", amounts, g.number(0.7)))
    g.branch(g.op("Pad", "image", g.ints(-1, 2, 1, -3), "", g.ints(2, 3)))
    deep = g.op("Conv", "image", g.floats(8, 3, 1, 1))
    g.branch(g.op("DepthToSpace", deep, blocksize=2))
    g.branch(g.op("DepthToSpace", deep, blocksize=2, mode="CRD"))
    even = g.op("Slice", "image", g.ints(0), g.ints(6), g.ints(2))
    g.branch(g.op("SpaceToDepth", even, blocksize=2))
    turned = g.op("Transpose", "image", perm=[3, 0, 2, 1])
    g.branch(g.op("Reshape", g.op("Squeeze", turned, g.ints(1)), g.ints(1, -1, 0)))
    g.branch(g.op("Reshape", g.op("Unsqueeze", "image", g.ints(0, -1)), g.ints(1, 6, -1)))
    mask = g.tensor(g.random.uniform(0, 1, (7, 8)) > 0.5)
    g.branch(g.op("Where", mask, "image", g.floats(3, 1, 1)))
    g.branch(g.op("Where", mask, g.number(-0.3), "image"))
    g.branch(g.op("Where", mask, deep, g.op("Neg", deep)))
    g.branch(g.op("Concat", "image", deep, axis=1))
    return g.model(18)


def products(g):
    rows = g.op("Reshape", "image", g.ints(1, 3, 56))
    other = g.op("Reshape", g.op("Conv", "image", g.floats(4, 3, 1, 1)), g.ints(1, 4, 56))
    both = g.op("MatMul", rows, g.op("Transpose", other, perm=[0, 2, 1]))
    g.branch(both)
    g.branch(g.op("MatMul", g.floats(2, 3), rows))
    g.branch(g.op("MatMul", rows, g.floats(56)))
    g.branch(g.op("MatMul", "image", g.floats(3, 8, 4)))
    for equation in ("bct,bdt->bdc", "bct,bdt->cd", "bct,bdt->bcd", "bct,bdt"):
        g.branch(g.op("Einsum", rows, other, equation=equation))
    g.branch(g.op("Einsum", rows, equation="bct->bt"))
    g.branch(g.op("Einsum", rows, g.floats(56, 2), equation=" b c t , t o -> o b c"))
    g.branch(g.op("Gemm", g.op("Reshape", rows, g.ints(3, 56)), g.floats(3, 5), g.floats(1, 5), transA=1))
    flat = g.op("Flatten", "image")
    g.branch(g.op("Gemm", flat, g.floats(4, 168), g.number(0.3), transB=1, alpha=0.1, beta=3.0))
    g.branch(g.op("Gemm", flat, g.floats(168, 4), alpha=0.1))
    for kind in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"):
        g.branch(g.op(kind, "image", g.ints(-1, 1), keepdims=0))
    g.branch(g.op("ReduceLogSumExp", "image", g.ints(1), keepdims=0))
    g.branch(g.op("ReduceLogSum", g.op("Exp", "image"), g.ints(2)))
    g.branch(g.op("Reshape", g.op("ReduceMean", "image", keepdims=0), g.ints(1, 1)))
    return g.model(18)


def channels_last(g):
    """As tf2onnx writes it: pixels first, a transpose, and back at the end."""
    x = g.op("Sub", "image", g.floats(3))
    x = g.op("Transpose", x, perm=[0, 3, 1, 2])
    x = g.op("Conv", x, g.floats(4, 3, 3, 3), g.floats(4), auto_pad="SAME_UPPER", strides=[2, 2])
    x = g.op("Transpose", g.op("Relu", x), perm=[0, 2, 3, 1])
    x = g.op("Squeeze", g.op("ReduceMean", x, axes=[1, 2], keepdims=1), g.ints(1, 2))
    g.branch(x)
    return g.model(13)


def functions(g):
    """Functions of the file that call each other, with attributes of the call, defaults, and inputs left out."""
    node = helper.make_node
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    slope = node("LeakyRelu", ["a"], ["y"])
    slope.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    bend = helper.make_function(
        "mine",
        "Bend",
        ["x", "low"],
        ["y", "same"],
        [node("Clip", ["x", "low"], ["a"]), slope, node("Identity", ["x"], ["same"])],
        imports,
        attribute_protos=[helper.make_attribute("slope", 0.2)],
    )
    bend.node[1].name = "slope"
    twice = helper.make_function(
        "mine",
        "Twice",
        ["x"],
        ["y"],
        [
            node("Bend", ["x", ""], ["a", "_"], domain="mine", slope=0.4),
            node("Neg", ["a"], ["b"]),
            node("Bend", ["b", ""], ["y", ""], domain="mine"),
        ],
        imports,
    )
    g.functions, g.domains = [bend, twice], ["mine"]
    g.branch(g.op("Twice", "image", domain="mine"))
    low, same = g.op("Bend", "image", g.number(-0.40476), outputs=2, domain="mine", slope=0.7)
    g.branch(low)
    g.branch(same)
    return g.model(17)


def branches(g):
    """If, decided by a shape: as exporters write a squeeze of what may not be 1."""
    shape = g.op("Shape", "image")
    channels = g.op("Gather", shape, g.ints(1))
    value = helper.make_tensor_value_info

    def branch(kind):
        inner = [helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(numpy.array(2, numpy.float32)))]
        inner.append(helper.make_node(kind, ["image", "k"], ["out"]))
        return helper.make_graph(inner, kind, [], [value("out", TensorProto.FLOAT, None)])

    for expected in (3, 4):
        condition = g.op("Squeeze", g.op("Equal", channels, g.ints(expected)))
        g.branch(g.op("If", condition, then_branch=branch("Mul"), else_branch=branch("Add")))
    return g.model(13)


def quantized(g):
    """Weights of 8 bits, by channel and by tensor; the image stays as it is."""
    kernel = g.tensor(g.random.integers(-128, 128, (4, 3, 3, 3), numpy.int8))
    zero = g.tensor(g.random.integers(-9, 9, 4, numpy.int8))
    weights = g.op("DequantizeLinear", kernel, g.floats(4, low=0.005, high=0.01), zero, axis=0)
    bias = g.op("DequantizeLinear", g.tensor(g.random.integers(-99, 99, 4, numpy.int32)), g.number(0.01))
    x = g.op("Conv", "image", weights, bias)
    g.branch(x)
    more = g.tensor(g.random.integers(0, 256, (1, 4, 5, 6), numpy.uint8))
    middle = g.tensor(numpy.array(128, numpy.uint8))
    g.branch(g.op("Mul", x, g.op("DequantizeLinear", more, g.number(0.02), middle)))
    return g.model(13)


def folded(g):
    """Arithmetic on shapes and constants, of every kind."""
    height = g.op("Gather", g.op("Shape", "image", start=2), g.ints(0))
    places = g.op("Range", g.tensor(numpy.int64(0)), g.op("Squeeze", height), g.tensor(numpy.int64(1)))
    even = g.op("Equal", g.op("Mod", places, g.ints(2)), g.ints(0))
    late = g.op("GreaterOrEqual", places, g.ints(4))
    chosen = g.op("Or", g.op("And", even, g.op("Not", late)), g.op("Less", places, g.ints(2)))
    column = g.op("Unsqueeze", g.op("Cast", chosen, to=TensorProto.FLOAT), g.ints(1))
    g.branch(g.op("Mul", "image", column))
    zeros = g.op("ConstantOfShape", g.ints(3, 4), value=numpy_helper.from_array(numpy.array([0.5], numpy.float32)))
    updates = g.floats(2, 4)
    filled = g.op("ScatterND", zeros, g.tensor(numpy.array([[2], [-3]], numpy.int64)), updates)
    picked = g.op("GatherND", filled, g.tensor(numpy.array([[0, 1], [2, 3], [-1, 0]], numpy.int64)))
    around = g.tensor(numpy.array([[0, 2, 1, 0]], numpy.int64))
    elements = g.op("GatherElements", filled, around, axis=0)
    scale = g.op("Concat", picked, g.op("Reshape", elements, g.ints(-1)), axis=0)
    most = g.op("ReduceMax", scale, keepdims=0)
    scale = g.op("Slice", g.op("Div", scale, most), g.ints(0), g.ints(3))
    curved = g.op("Sigmoid", g.op("Erf", g.op("Tanh", g.op("Softplus", scale))))
    g.branch(g.op("Mul", "image", g.op("Reshape", curved, g.ints(3, 1, 1))))
    whole = g.op("Floor", g.op("Mul", g.op("Sqrt", g.op("Cast", g.op("Size", "image"), to=TensorProto.FLOAT)), g.number(0.1)))
    g.branch(g.op("Add", "image", g.op("Neg", whole)))
    product = g.op("ReduceProd", g.op("Shape", "image"), keepdims=0)
    third = g.op("Div", product, g.tensor(numpy.int64(7)))
    g.branch(g.op("Mul", "image", g.op("Reciprocal", g.op("Cast", third, to=TensorProto.FLOAT))))
    g.branch(g.op("Where", g.op("Xor", column_of(g, chosen), column_of(g, late)), "image", g.number(1)))
    matrix = g.op("Softmax", g.op("MatMul", g.floats(8, 4), g.op("Clip", g.floats(4, 8), g.number(0))))
    g.branch(g.op("MatMul", "image", matrix))
    return g.model(17)


def attentions(g):
    """Attention over the columns of the image, which hold seven numbers in three channels each."""
    rows = g.op("Reshape", g.op("Transpose", "image", perm=[0, 3, 1, 2]), g.ints(1, 8, 21))

    def attend(key_heads=4, rotated=None, mask="", **attributes):
        parts = [g.op("MatMul", rows, g.floats(21, 6 * heads)) for heads in (4, key_heads, key_heads)]
        if rotated is not None:
            counts = (4, key_heads)
            parts[:2] = [rotate(part, heads, **rotated) for part, heads in zip(parts, counts)]
        inputs = [*parts, mask] if mask else parts
        g.branch(g.op("Attention", *inputs, q_num_heads=4, kv_num_heads=key_heads, **attributes))

    def rotate(part, heads, ids=False, **attributes):
        pairs = (attributes.get("rotary_embedding_dim") or 6) // 2
        angles = numpy.arange(8)[:, None] * 10.0 ** -numpy.arange(pairs)
        tables = [wave(angles).astype(numpy.float32) for wave in (numpy.cos, numpy.sin)]
        tables = [g.tensor(table if ids else table[None]) for table in tables]
        places = [g.tensor(numpy.array([[3, 1, 4, 1, 5, 0, 2, 6]]))] if ids else []
        return g.op("RotaryEmbedding", part, *tables, *places, num_heads=heads, **attributes)

    truths = g.random.uniform(size=(8, 8)) > 0.4
    truths[:, 0] = True
    attend()
    attend(key_heads=2, scale=0.3, is_causal=1)
    attend(key_heads=1, softcap=1.5)
    attend(mask=g.floats(1, 4, 8, 8))
    attend(mask=g.tensor(truths), is_causal=1)
    attend(rotated={})
    attend(rotated={"interleaved": 1, "ids": True})
    attend(key_heads=2, rotated={"rotary_embedding_dim": 4})
    cut = g.op("Transpose", g.op("Reshape", rows, g.ints(1, 8, 3, 7)), perm=[0, 2, 1, 3])
    g.branch(g.op("Attention", cut, cut, cut))
    return g.model(23)


def column_of(g, truths):
    return g.op("Unsqueeze", truths, g.ints(1))


BY_HAND = {
    "pools": pools,
    "convolutions": convolutions,
    "resizes": resizes,
    "resizes-18": resizes_new,
    "resizes-10": resizes_old,
    "upsamples": upsamples,
    "activations": activations,
    "normalizations": normalizations,
    "groups-21": groups_new,
    "softmaxes-11": softmaxes_old,
    "layouts": layouts,
    "products": products,
    "channels-last": channels_last,
    "functions": functions,
    "branches": branches,
    "quantized": quantized,
    "folded": folded,
    "attentions": attentions,
}


def make_by_hand(root, name):
    """Logits as onnxruntime computes them, and the gradient by its differences."""
    order = "NHWC" if name == "channels-last" else "NCHW"
    graph = Graph(order)
    model = BY_HAND[name](graph)
    # evenly spaced values in random order: no difference is taken across a tie
    spaced = numpy.random.default_rng(2).permutation(numpy.prod(graph.shape))
    image = ((spaced + 0.5) / spaced.size * 2 - 1).astype(numpy.float32).reshape(graph.shape)
    # a last softmax is taken off
    run = runner(bare(model) if "softmax" in model.graph.output[0].name else model)
    logits = run(image)[0]
    target = int(logits.argmax())
    gradient = numpy.zeros_like(image)
    step = 4e-3
    for place in numpy.ndindex(*image.shape):
        above, below = image.copy(), image.copy()
        above[place] += step
        below[place] -= step
        gradient[place] = (run(above)[0][target] - run(below)[0][target]) / (above[place] - below[place])
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "network.onnx")
    laid = (lambda x: x) if order == "NHWC" else (lambda x: numpy.moveaxis(x, 1, 3))
    numpy.save(folder / "input.npy", numpy.ascontiguousarray(laid(image)[0]))
    numpy.save(folder / "gradient.npy", numpy.ascontiguousarray(laid(gradient)[0]))
    numpy.save(folder / "logits.npy", logits)
    size = {"size": graph.shape[2:]} if graph.open else {}
    reference = {"network": "network.onnx", "target": target, **size}
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")


def bare(model):
    """Without its last node."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    last = cut.graph.node.pop()
    cut.graph.output[0].name = last.input[0]
    return cut


# -----------------------------------------------------------------------------------------------------------------------


def make_committed(root):
    for name, (exporter, opset, settings) in COMMITTED.items():
        make_network(root / name, name, exporter, opset, **settings)
    for name in BY_HAND:
        make_by_hand(root, name)


def main():
    root = Path(sys.argv[1])
    if len(sys.argv) == 2:
        make_committed(root)
    for asked in sys.argv[2:]:
        if asked in BY_HAND:
            make_by_hand(root, asked)
            continue
        name, exporter, opset = asked.split(":")
        small = name.startswith("small/")
        folder = root / asked.replace("small/", "").replace(":", "-")
        make_network(folder, name.removeprefix("small/"), exporter, int(opset), full=not small)


if __name__ == "__main__":
    main()
