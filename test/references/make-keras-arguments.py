"""Lists the arguments of Keras' layers, of its operations and of TensorFlow's functions: test/references/keras-arguments.json.

    python make-keras-arguments.py NAMES.json OUTPUT.json

NAMES.json: { "layers": [...], "operations": [...], "functions": [...] }, those that are read. Written is, for Keras 3
and Keras 2, each layer's settings and what it may be called with, each operation's settings and call, each function's
parameters. Needs tensorflow with Keras 3, and tf_keras for Keras 2.
"""

import inspect
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
import tf_keras
from keras.src.ops import core, image, math, nn, numpy

# what a layer cannot be made without
NEEDED = {
    "Conv2D": (4, 3), "DepthwiseConv2D": (3,), "SeparableConv2D": (4, 3), "Conv2DTranspose": (4, 3), "Dense": (4,),
    "Activation": ("relu",), "Reshape": ((-1,),), "Permute": ((1, 2, 3),), "RepeatVector": (2,), "CenterCrop": (4, 4),
    "Resizing": (4, 4), "Rescaling": (1,), "InputLayer": ((4, 4, 3),), "AveragePooling2D": (2,),
    "RandomTranslation": (0.1, 0.1), "RandomPosterization": (4,), "RandomGrayscale": (0.5,),
}


def made(cls, name):
    attempts = [NEEDED[name]] if name in NEEDED else [(), (0.1,)]
    for arguments in attempts:
        try:
            return cls(*arguments)
        except TypeError:
            pass
    return None


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name not in ("self", "args", "kwargs")]


def layers(k, names):
    found = {}
    for name in names:
        cls = getattr(k.layers, name, None)
        layer = cls and made(cls, name)
        if layer is not None:
            found[name] = {"settings": sorted(layer.get_config()), "call": parameters(layer.call)}
    return found


def operations(names):
    found = {}
    for name in names:
        for module in (numpy, nn, core, image, math):
            cls = getattr(module, name, None)
            if cls is not None:
                found[name] = {"settings": parameters(cls.__init__), "call": parameters(cls.call)}
    return found


def functions(names):
    found = {}
    for name in names:
        function = tf
        try:
            for part in name.split("."):
                function = getattr(function, part)
        except AttributeError:
            continue
        found[name] = parameters(function)
    return found


names = json.load(open(sys.argv[1]))
result = {
    "keras": keras.__version__,
    "tf_keras": tf_keras.__version__,
    "layers": {"3": layers(keras, names["layers"]), "2": layers(tf_keras, names["layers"])},
    "operations": operations(names["operations"]),
    "functions": functions(names["functions"]),
}
with open(sys.argv[2], "w") as file:
    json.dump(result, file, separators=(",", ":"))
    file.write("\n")
