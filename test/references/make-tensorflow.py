"""Makes networks with seeded random weights, and what TensorFlow computes with them: references for reading TF.js graph
models, SavedModels and frozen graphs.

    python make-tensorflow.py FOLDER                     small ones of every family, as they are committed
    python make-tensorflow.py FOLDER --only NAME...      some of them
    python make-tensorflow.py FOLDER --full NAME...      of full size, by keras.applications' name, as saved-model:NAME or
                                                         frozen:NAME

Needs tensorflow (with Keras 3) and tf_keras (Keras 2); for TF.js models tensorflowjs too, of which only the conversion of
SavedModels is used. Each network gets a folder: the files, reference.json, input.npy [height, width, channel], logits.npy
[class] and gradient.npy (d logit[target] / d input).
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from unittest.mock import MagicMock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# the plain kernels: those of oneDNN are what these references check, and some of its gradients crash
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

v1 = tf.compat.v1
CLASSES = 7


# Weights and values ---------------------------------------------------------------------------------------------------


def randomise(model, seed):
    """Weights, biases and statistics of which every one shows; values stay of order one."""
    random = numpy.random.default_rng(seed)
    for variable in model.weights:
        name = getattr(variable, "path", variable.name).split("/")[-1].split(":")[0]
        shape = tuple(variable.shape)
        if name in ("gamma", "moving_variance", "variance"):
            value = random.uniform(0.6, 1.4, shape)
        elif name in ("beta", "moving_mean", "bias", "mean"):
            value = random.normal(0, 0.2, shape)
        elif name == "alpha":
            value = random.uniform(0.05, 0.4, shape)
        elif name in ("seed", "count", "seed_generator_state") or "seed" in name:
            continue
        else:
            # [.., in, out] of convolutions and products; depthwise kernels [height, width, in, 1] see one channel each
            depthwise = len(shape) == 4 and shape[3] <= 2 < shape[2]
            fan = numpy.prod(shape[:2]) if depthwise else numpy.prod(shape[:-1])
            value = random.normal(0, 1.3 / numpy.sqrt(max(fan, 1)), shape)
        variable.assign(value.astype("float32"))
    return model


def picture(shape, seed, low=-1, high=1):
    return numpy.random.default_rng(1000 + seed).uniform(low, high, shape).astype("float32")


def picture_for(model, shape, seed):
    """Networks that rescale by themselves take pixels of 0 to 255."""
    rescales = any(type(layer).__name__ == "Rescaling" and numpy.max(layer.scale) < 0.1 for layer in model.layers)
    return picture(shape, seed, 0, 255) if rescales else picture(shape, seed)


def write_reference(folder, network, image, compute, target, size=None):
    """`compute`: images [1, height, width, channel] -> logits [1, class]."""
    x = tf.constant(image[None])
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        logits = tf.reshape(compute(x), [1, -1])
        chosen = logits[0, target]
    gradient = tape.gradient(chosen, x)
    write_values(folder, network, x.numpy(), logits.numpy(), gradient.numpy(), target, size)


def write_values(folder, network, x, logits, gradient, target, size=None):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in (("input", x[0]), ("logits", logits[0]), ("gradient", gradient[0])):
        value = numpy.ascontiguousarray(value, dtype="<f4")
        assert numpy.isfinite(value).all(), (folder.name, name)
        numpy.save(folder / f"{name}.npy", value)
    about = {"network": network, "target": target, **({"size": size} if size else {})}
    (folder / "reference.json").write_text(json.dumps(about, indent=2) + "\n")
    spread, steep = numpy.std(logits), numpy.linalg.norm(gradient)
    print(f"{folder.name}: logits spread {spread:.3g}, gradient {steep:.3g}", file=sys.stderr)


# Ways to save ---------------------------------------------------------------------------------------------------------


def frozen_graph(model, shape):
    function = tf.function(lambda x: model(x, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec([None, *shape], tf.float32, name="image"))
    return convert_variables_to_constants_v2(concrete).graph.as_graph_def()


def as_frozen(model, folder, shape):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frozen.pb").write_bytes(frozen_graph(model, shape).SerializeToString(deterministic=True))
    return "frozen.pb"


def as_saved_model(model, folder, shape, whole=False):
    """As Keras exports for inference: Keras 3 with its own archive, Keras 2 through TensorFlow."""
    shutil.rmtree(folder / "network", ignore_errors=True)
    if isinstance(model, keras.Model):
        model.export(str(folder / "network"), verbose=False)
    else:
        tf.saved_model.save(model, str(folder / "network"))
    if not whole:
        strip(folder / "network")
    return "network"


def strip(folder):
    """Leaves out what reading a network does not need: how to save it, traces that nothing calls, names for debugging."""
    for name in ("keras_metadata.pb", "fingerprint.pb"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "assets", ignore_errors=True)
    path = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    meta = model.meta_graphs[0]
    graph, saver = meta.graph_def, meta.saver_def
    saving = saver.save_tensor_name.split(":")[0]
    keep(graph.node, lambda node: node.name != saving)
    meta.ClearField("object_graph_def")
    functions = {f.signature.name: f for f in graph.library.function}
    wanted, nodes = set(), list(graph.node)
    while nodes:
        node = nodes.pop()
        node.ClearField("experimental_debug_info")
        for name in ("_output_shapes", "config_proto", "_read_only_resource_inputs", "_has_manual_control_dependencies"):
            node.attr.pop(name, None)
        called = node.attr["f"].func.name if "f" in node.attr else ""
        if called and called not in wanted:
            wanted.add(called)
            nodes.extend(functions[called].node_def)
    keep(graph.library.function, lambda f: f.signature.name in wanted)
    del graph.library.gradient[:]
    for function in graph.library.function:
        for fields in (function.attr, function.arg_attr, function.resource_arg_unique_id):
            fields.clear()
    path.write_bytes(model.SerializeToString(deterministic=True))


def keep(items, wanted):
    left = [item for item in items if wanted(item)]
    del items[:]
    items.extend(left)


def as_tfjs(model, folder, shape, **quantisation):
    converter = tfjs_converter()
    with tempfile.TemporaryDirectory() as temporary:
        as_saved_model(model, Path(temporary), shape, whole=True)
        shutil.rmtree(folder, ignore_errors=True)
        converter.convert_tf_saved_model(str(Path(temporary) / "network"), str(folder), **quantisation)
    return "model.json"


def tfjs_converter():
    # only the conversion of SavedModels is wanted, and the package asks for all of these
    for name in ("tensorflow_decision_forests", "jax", "jax.experimental", "jax.experimental.jax2tf", "flax"):
        sys.modules.setdefault(name, MagicMock())
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    from tensorflowjs.converters import tf_saved_model_conversion_v2

    return tf_saved_model_conversion_v2


# Full size ------------------------------------------------------------------------------------------------------------


def full(folder, name):
    way, name = name.split(":")
    save = {"saved-model": as_saved_model, "frozen": as_frozen, "tfjs": as_tfjs}[way]
    model = getattr(keras.applications, name)(weights=None, classifier_activation=None)
    shape = tuple(side or 224 for side in model.input_shape[1:])
    randomise(model, 3)
    network = save(model, folder / f"{way}-{name}", shape, **({"whole": True} if save is as_saved_model else {}))
    image = picture_for(model, shape, 3)
    write_reference(folder / f"{way}-{name}", network, image, lambda x: model(x, training=False), 5)


# Small networks of the families of keras.applications, for Keras 3 and Keras 2 alike ------------------------------------


def conv(k, x, filters, size=3, stride=1, padding="same", act="relu", norm=True, **settings):
    x = k.layers.Conv2D(filters, size, stride, padding, use_bias=not norm, **settings)(x)
    if norm:
        x = k.layers.BatchNormalization(epsilon=1.001e-5)(x)
    return k.layers.Activation(act)(x) if act else x


def depthwise(k, x, stride=1, act="relu6"):
    if stride == 2:
        x = k.layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = k.layers.DepthwiseConv2D(3, stride, "valid" if stride == 2 else "same", use_bias=False)(x)
    x = k.layers.BatchNormalization()(x)
    return k.layers.Activation(act)(x) if act else x


def classified(k, inputs, x, head="average"):
    x = {"average": k.layers.GlobalAveragePooling2D, "max": k.layers.GlobalMaxPooling2D}[head]()(x)
    return k.Model(inputs, k.layers.Dense(CLASSES, activation="softmax")(x))


def vgg(k):
    inputs = k.Input((32, 32, 3))
    x = inputs
    for filters, layers in ((6, 1), (8, 2), (12, 2)):
        for _ in range(layers):
            x = k.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = k.layers.MaxPooling2D()(x)
    x = k.layers.Dense(24, activation="relu")(k.layers.Flatten()(x))
    x = k.layers.Dropout(0.5)(x)
    return k.Model(inputs, k.layers.Dense(CLASSES, activation="softmax")(x))


def resnet(k):
    inputs = k.Input((40, 40, 3))
    x = k.layers.ZeroPadding2D(3)(inputs)
    x = conv(k, x, 8, 7, 2, "valid")
    x = k.layers.MaxPooling2D(3, 2)(k.layers.ZeroPadding2D(1)(x))
    for filters, stride, blocks in ((6, 1, 1), (8, 2, 2)):
        for block in range(blocks):
            step = stride if block == 0 else 1
            skip = conv(k, x, 2 * filters, 1, step, act=None) if block == 0 else x
            y = conv(k, x, filters, 1, step)
            y = conv(k, conv(k, y, filters), 2 * filters, 1, act=None)
            x = k.layers.Activation("relu")(k.layers.Add()([skip, y]))
    return classified(k, inputs, x)


def resnet_v2(k):
    """Batch norm and ReLU before the convolutions; a shortcut through a pool of one pixel."""
    inputs = k.Input((40, 40, 3))
    x = k.layers.Conv2D(8, 7, 2, padding="same")(inputs)
    for filters, stride in ((10, 2), (12, 1)):
        y = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
        skip = k.layers.Conv2D(filters, 1, 1)(y)
        if stride > 1:
            skip = k.layers.MaxPooling2D(1, stride)(skip)
        y = conv(k, y, 6, 1)
        y = k.layers.Conv2D(6, 3, stride, "valid", use_bias=False)(k.layers.ZeroPadding2D(1)(y))
        y = k.layers.Activation("relu")(k.layers.BatchNormalization()(y))
        x = k.layers.Add()([skip, k.layers.Conv2D(filters, 1)(y)])
    x = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
    return classified(k, inputs, x)


def densenet(k):
    inputs = k.Input((36, 36, 3))
    x = conv(k, inputs, 8, 5, 2)
    for stage in range(2):
        for _ in range(3):
            y = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
            y = conv(k, y, 8, 1)
            x = k.layers.Concatenate()([x, k.layers.Conv2D(4, 3, padding="same", use_bias=False)(y)])
        if stage == 0:
            x = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
            x = k.layers.AveragePooling2D(2, 2)(k.layers.Conv2D(10, 1, use_bias=False)(x))
    x = k.layers.Activation("relu")(k.layers.BatchNormalization()(x))
    return classified(k, inputs, x)


def inception(k):
    """Factorised kernels, pools of odd windows that divide by the pixels there are, batch norm without scale."""
    inputs = k.Input((47, 47, 3))

    def unscaled(x, filters, size, stride=1, padding="same"):
        x = k.layers.Conv2D(filters, size, stride, padding, use_bias=False)(x)
        return k.layers.Activation("relu")(k.layers.BatchNormalization(scale=False)(x))

    x = unscaled(unscaled(inputs, 6, 3, 2, "valid"), 8, 3)
    x = k.layers.MaxPooling2D(3, 2)(x)
    x = k.layers.Concatenate()(
        [
            unscaled(x, 6, 1),
            unscaled(unscaled(unscaled(x, 6, 1), 6, (1, 7)), 8, (7, 1)),
            unscaled(k.layers.AveragePooling2D(3, 1, "same")(x), 4, 1),
        ]
    )
    x = k.layers.Concatenate()([unscaled(x, 8, 3, 2, "valid"), k.layers.MaxPooling2D(3, 2)(x)])
    return classified(k, inputs, x)


def xception(k):
    inputs = k.Input((41, 41, 3))
    x = conv(k, conv(k, inputs, 6, 3, 2, "valid"), 8, 3, padding="valid")
    for filters in (10, 14):
        skip = conv(k, x, filters, 1, 2, act=None)
        y = k.layers.Activation("relu")(x)
        y = k.layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(y)
        y = k.layers.Activation("relu")(k.layers.BatchNormalization()(y))
        y = k.layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(y)
        y = k.layers.MaxPooling2D(3, 2, "same")(k.layers.BatchNormalization()(y))
        x = k.layers.Add()([skip, y])
    return classified(k, inputs, x)


def mobilenet(k):
    inputs = k.Input((33, 33, 3))
    x = conv(k, inputs, 6, 3, 2, act="relu6")
    for filters, stride in ((8, 1), (12, 2), (12, 1)):
        x = conv(k, depthwise(k, x, stride), filters, 1, act="relu6")
    x = k.layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = k.layers.Reshape((CLASSES,))(k.layers.Conv2D(CLASSES, 1)(x))
    return k.Model(inputs, k.layers.Activation("softmax")(x))


def mobilenet_v2(k):
    inputs = k.Input((32, 32, 3))
    x = conv(k, inputs, 6, 3, 2, act="relu6")
    for filters, stride in ((6, 1), (8, 2), (8, 1)):
        y = depthwise(k, conv(k, x, 4 * filters, 1, act="relu6"), stride)
        y = conv(k, y, filters, 1, act=None)
        x = k.layers.Add()([x, y]) if stride == 1 and x.shape[-1] == filters else y
    return classified(k, inputs, conv(k, x, 16, 1, act="relu6"))


def mobilenet_v3(k):
    """Hard swish and hard sigmoid as keras.applications spells them."""
    inputs = k.Input((32, 32, 3))

    def hard_sigmoid(x):
        return k.layers.Rescaling(1 / 6)(k.layers.ReLU(6.0)(k.layers.Rescaling(1.0, offset=3.0)(x)))

    def hard_swish(x):
        return k.layers.Multiply()([x, hard_sigmoid(x)])

    x = hard_swish(conv(k, k.layers.Rescaling(1 / 127.5, offset=-1)(inputs), 6, 3, 2, act=None))
    for filters, act in ((8, k.layers.ReLU()), (10, hard_swish)):
        y = act(conv(k, x, 16, 1, act=None))
        y = act(depthwise(k, y, 2, None))
        gate = k.layers.GlobalAveragePooling2D(keepdims=True)(y)
        gate = k.layers.Conv2D(4, 1, activation="relu")(gate)
        y = k.layers.Multiply()([y, hard_sigmoid(k.layers.Conv2D(16, 1)(gate))])
        x = conv(k, y, filters, 1, act=None)
    return classified(k, inputs, hard_swish(x))


def efficientnet(k):
    inputs = k.Input((37, 37, 3))
    x = k.layers.Rescaling(1 / 255)(inputs)
    x = k.layers.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.05, 0.06, 0.07])(x)
    x = conv(k, k.layers.ZeroPadding2D(((0, 1), (0, 1)))(x), 6, 3, 2, "valid", "swish")
    for filters, stride in ((8, 2), (8, 1)):
        y = depthwise(k, conv(k, x, 18, 1, act="swish"), stride, "swish")
        gate = k.layers.Reshape((1, 1, 18))(k.layers.GlobalAveragePooling2D()(y))
        gate = k.layers.Conv2D(4, 1, activation="swish")(gate)
        y = k.layers.Multiply()([y, k.layers.Conv2D(18, 1, activation="sigmoid")(gate)])
        y = conv(k, y, filters, 1, act=None)
        x = k.layers.Add()([x, y]) if stride == 1 else y
    return classified(k, inputs, conv(k, x, 16, 1, act="swish"))


def attention(k):
    """Patches, layer norm, multi-head attention by Einsum, GELU."""
    inputs = k.Input((32, 32, 3))
    x = k.layers.Reshape((16, 16))(k.layers.Conv2D(16, 8, 8)(inputs))
    y = k.layers.LayerNormalization(epsilon=1e-6)(x)
    x = k.layers.Add()([x, k.layers.MultiHeadAttention(2, 8)(y, y)])
    y = k.layers.Dense(24, activation="gelu")(k.layers.LayerNormalization(epsilon=1e-6)(x))
    x = k.layers.Add()([x, k.layers.Dense(16)(y)])
    x = k.layers.GlobalAveragePooling1D()(k.layers.LayerNormalization(epsilon=1e-6)(x))
    return k.Model(inputs, k.layers.Dense(CLASSES)(x))


def curves(k):
    """One activation after the other, and those with parameters."""
    inputs = k.Input((20, 20, 3))
    x = conv(k, inputs, 8, 3, 2, act="elu")
    x = conv(k, x, 8, 3, act="selu")
    x = k.layers.PReLU(shared_axes=[1, 2])(conv(k, x, 8, 3, act=None))
    x = k.layers.PReLU()(conv(k, x, 8, 3, act=None))
    x = k.layers.LeakyReLU(0.15)(conv(k, x, 8, 3, 2, act=None))
    x = k.layers.ReLU(max_value=4.0)(conv(k, x, 8, 1, act=None))
    x = k.layers.ReLU(max_value=6.0)(conv(k, x, 8, 1, act=None))
    for name in ("tanh", "softplus", "softsign", "sigmoid", "hard_sigmoid"):
        x = conv(k, x, 8, 1, act=name)
    return classified(k, inputs, x, "max")


def fused(k):
    """Everything that an optimiser fuses with the convolution or product before it."""
    inputs = k.Input((24, 24, 3))
    x = k.layers.Conv2D(8, 3, 2, "same")(inputs)
    x = k.layers.PReLU(shared_axes=[1, 2])(x)
    x = k.layers.LeakyReLU(0.2)(k.layers.Conv2D(8, 3, padding="same")(x))
    x = k.layers.Conv2D(8, 3, padding="same", activation="elu")(x)
    x = k.layers.DepthwiseConv2D(3, padding="same", activation="relu6")(x)
    x = k.layers.Conv2D(8, 1, activation="relu6")(x)
    x = k.layers.Conv2D(8, 1, activation="sigmoid")(x)
    x = k.layers.Flatten()(x)
    x = k.layers.Dense(12, activation="relu")(x)
    return k.Model(inputs, k.layers.Dense(CLASSES, activation="softmax")(x))


# Graphs that no layer makes ---------------------------------------------------------------------------------------------


def kernels(random, *shapes):
    return [random.normal(0, 1.3 / numpy.sqrt(numpy.prod(s[:-1])), s).astype("float32") for s in shapes]


def resampled(random):
    """Maps made larger and smaller in every way TensorFlow knows."""
    first, up, wide, last = kernels(random, (3, 3, 3, 8), (4, 4, 6, 8), (3, 3, 6, 6), (12, CLASSES))

    def compute(x):
        x = tf.nn.relu(tf.nn.conv2d(x, first, 2, "SAME"))
        x = tf.nn.relu(tf.nn.conv2d_transpose(x, up, [1, 33, 32, 6], 2, "SAME"))
        x = tf.raw_ops.ResizeBilinear(images=x, size=[11, 13], align_corners=True)
        x = tf.raw_ops.ResizeBilinear(images=x, size=[20, 9], half_pixel_centers=True)
        x = tf.raw_ops.ResizeBilinear(images=x, size=[12, 12])
        x = tf.raw_ops.ResizeNearestNeighbor(images=x, size=[18, 15], half_pixel_centers=True)
        x = tf.raw_ops.ResizeNearestNeighbor(images=x, size=[16, 20])
        x = tf.raw_ops.ResizeNearestNeighbor(images=x, size=[10, 12], align_corners=True)
        x = tf.pad(x, [[0, 0], [2, 1], [1, 2], [0, 0]], "REFLECT")
        x = tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], "SYMMETRIC")
        x = tf.nn.relu(tf.nn.conv2d_transpose(x, wide, [1, 18, 20, 6], 1, "VALID"))
        x = tf.nn.depth_to_space(tf.nn.space_to_depth(x[:, :16, 1:17], 2), 2)
        x = tf.nn.space_to_depth(x, 4)[..., ::8]
        return tf.matmul(tf.reduce_mean(x, [1, 2]), last)

    return compute, (33, 31, 3)


def dilated(random):
    """A convolution that is dilated by moving pixels into the batch and back, as TensorFlow 1 writes it."""
    shapes = ((3, 3, 3, 6), (3, 3, 6, 8), (3, 3, 8, 1), (3, 3, 8, 8), (8, CLASSES))
    first, deep, wide, plain, last = kernels(random, *shapes)
    sparse = numpy.zeros((5, 5, 8, 8), "float32")
    sparse[::2, ::2] = plain
    bias = random.normal(0, 0.2, 8).astype("float32")

    def around(x, block, run):
        height, width = x.shape[1:3]
        more = [(-side) % block for side in (height, width)]
        pads = [[block, block + more[0]], [block, block + more[1]]]
        y = run(tf.space_to_batch(x, [block, block], pads))
        return tf.batch_to_space(y, [block, block], [[0, more[0]], [0, more[1]]])

    def compute(x):
        x = tf.nn.relu(tf.nn.conv2d(x, first, 1, "SAME"))
        x = around(x, 2, lambda y: tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(y, deep, 1, "VALID"), bias)))
        x = around(x, 3, lambda y: tf.nn.relu6(tf.nn.depthwise_conv2d(y, wide, [1, 1, 1, 1], "VALID") + 0.1))
        # outside of a graph TensorFlow has no gradient for dilations: zeros in the kernel are the same
        if tf.inside_function():
            x = tf.nn.conv2d(x, plain, 1, "SAME", dilations=2)
        else:
            x = tf.nn.conv2d(x, sparse, 1, "SAME")
        return tf.matmul(tf.reduce_max(x, [1, 2]), last)

    return compute, (19, 22, 3)


def arithmetic(random):
    """Slices, lists of tensors and elementary functions."""
    first, pointwise, last = kernels(random, (3, 3, 3, 12), (1, 1, 12, 12), (24, CLASSES))
    scale = random.uniform(0.5, 1.5, 12).astype("float32")

    def compute(x):
        x = tf.nn.conv2d(x, first, [1, 2, 2, 1], [[0, 0], [1, 0], [0, 1], [0, 0]])
        x = tf.nn.local_response_normalization(x, 2, 1.5, 0.3, 0.75)
        a, b, c = tf.split(x, 3, axis=-1)
        d, e = tf.split(x, [5, 7], axis=3)
        x = tf.concat([tf.exp(-tf.square(a)), tf.sqrt(tf.abs(b) + 0.1), tf.math.rsqrt(c * c + 1.0)], -1)
        x = x + tf.concat([e, d], 3) * scale
        x = tf.maximum(x, 0.2 * x)
        x = tf.minimum(tf.maximum(x, -1.0), 2.0)
        rows = tf.unstack(x[:, :4], axis=1)
        x = x - tf.stack([rows[2], rows[0], rows[3], rows[1]], axis=1)[:, :, :, ::-1][:, 1:2]
        x = tf.nn.conv2d(x, pointwise, 1, "VALID")
        x = tf.math.log1p(tf.nn.softplus(x)) / (1.0 + tf.math.erf(x) ** 2) + tf.math.squared_difference(x, 0.3)
        x = x * tf.math.sigmoid(x) + tf.nn.relu(x) - 0.3 * tf.nn.relu(-x)
        x = tf.tile(x[:, 1:-1, None, 2:-2], [1, 1, 2, 1, 1])
        x = tf.reduce_sum(tf.transpose(x, [0, 2, 4, 1, 3]), [3, 4]) / 9.0
        x = tf.gather(x, list(range(11, -1, -1)), axis=2)
        x = x - tf.reduce_mean(x, 1, keepdims=True) + tf.broadcast_to(tf.reduce_min(x, [1], keepdims=True), [1, 2, 12])
        return tf.matmul(tf.reshape(x, [-1, 24]), last)

    return compute, (21, 18, 3)


def stored(random):
    """Weights in every number format, as constants that are cast when the graph runs; one of them repeats a value."""
    first, second, third, last = kernels(random, (3, 3, 3, 8), (3, 3, 8, 8), (1, 1, 8, 8), (8, CLASSES))

    def compute(x):
        half = tf.cast(tf.constant(first, tf.float16), tf.float32)
        brain = tf.cast(tf.constant(second, tf.bfloat16), tf.float32)
        double = tf.cast(tf.constant(third, tf.float64), tf.float32)
        scale = numpy.abs(last).max() / 127
        bytes_ = tf.cast(tf.constant(numpy.round(last / scale), tf.int8), tf.float32) * scale
        x = tf.nn.relu(tf.nn.conv2d(x, half, 2, "SAME"))
        x = tf.nn.relu(tf.nn.conv2d(x, brain, 1, "SAME") + tf.constant(0.05, shape=[8]))
        x = tf.nn.relu(tf.nn.conv2d(x, double, 1, "SAME"))
        return tf.matmul(tf.reduce_mean(x, [1, 2]), bytes_)

    return compute, (16, 16, 3)


def function_graph(compute, shape):
    """The graph of a function, with its constants in it."""
    concrete = tf.function(compute).get_concrete_function(tf.TensorSpec([1, *shape], tf.float32, name="image"))
    return convert_variables_to_constants_v2(concrete).graph.as_graph_def()


def channels_first(random, folder):
    """Channels first throughout: TensorFlow computes that on no processor, so the same network computes with them last."""
    shapes = ((5, 5, 3, 6), (3, 3, 6, 2), (3, 3, 12, 8), (72, CLASSES))
    first, deep, wide, last = kernels(random, *shapes)
    bias = random.normal(0, 0.2, 6).astype("float32")
    moments = [random.uniform(0.5, 1.5, 12).astype("float32") for _ in range(4)]

    def compute(x, order):
        def axes(height, width):
            return [1, 1, height, width] if order == "NCHW" else [1, height, width, 1]

        pads = [[0, 0], [1, 2], [2, 1]]
        explicit = [pads[0], pads[0], *pads[1:]] if order == "NCHW" else [pads[0], *pads[1:], pads[0]]
        x = tf.nn.conv2d(x, first, axes(2, 2), explicit, order)
        x = tf.nn.relu(tf.nn.bias_add(x, bias, order))
        x = tf.nn.depthwise_conv2d(x, deep, axes(1, 1), "SAME", order)
        scale, offset, mean, variance = moments
        x, *_ = v1.nn.fused_batch_norm(x, scale, offset, mean, variance, 0.01, order, False)
        x = tf.nn.max_pool2d(x, 3, 2, "SAME", order)
        x = tf.nn.relu(tf.nn.conv2d(x, wide, axes(1, 1), "SAME", order))
        x = tf.nn.avg_pool2d(x, 2, 2, "SAME", order)
        if order == "NHWC":
            x = tf.transpose(x, [0, 3, 1, 2])
        return tf.matmul(tf.reshape(x, [-1, 72]), last)

    with tf.Graph().as_default() as graph:
        compute(v1.placeholder(tf.float32, [None, 3, 20, 22], "image"), "NCHW")
    write_frozen(folder, graph.as_graph_def())
    image = picture((20, 22, 3), 9)
    write_reference(folder, "frozen.pb", image, lambda x: compute(x, "NHWC"), 3)


def write_frozen(folder, graph):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frozen.pb").write_bytes(graph.SerializeToString(deterministic=True))


def decoded(folder):
    """Pictures come in as files; after decoding the graph brings any size to 12 x 12 pixels, and them to its scale."""
    kernel, last = kernels(numpy.random.default_rng(19), (3, 3, 3, 8), (8, CLASSES))

    def compute(x):
        x = v1.image.resize_bilinear(x, [12, 12])
        x = tf.nn.relu(tf.nn.conv2d((x - 128.0) * (1 / 128), kernel, 1, "SAME"))
        return tf.matmul(tf.reduce_mean(x, [1, 2]), last)

    with tf.Graph().as_default() as graph:
        image = tf.io.decode_jpeg(v1.placeholder(tf.string, [], "contents"), channels=3)
        tf.nn.softmax(compute(tf.expand_dims(tf.cast(image, tf.float32), 0)))
    write_frozen(folder, graph.as_graph_def())
    write_reference(folder, "frozen.pb", picture((10, 14, 3), 19, 0, 255), compute, 2, [10, 14])


def grey(folder):
    """Images come in as [batch, height, width]; the probabilities of units are beside the features they are made of."""
    kernel, last = kernels(numpy.random.default_rng(20), (3, 3, 1, 8), (8, CLASSES))

    def compute(x):
        features = tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME")), [1, 2])
        return tf.matmul(features, last), features

    with tf.Graph().as_default() as graph:
        logits, features = compute(v1.placeholder(tf.float32, [None, 9, 11], "image")[..., None])
        tf.identity(features, "features")
        tf.sigmoid(logits, "units")
    write_frozen(folder, graph.as_graph_def())
    write_reference(folder, "frozen.pb", picture((9, 11, 1), 20), lambda x: compute(x)[0], 4)


def held(random):
    """Part of the features is held still: no gradient goes back through it."""
    kernel, last = kernels(random, (3, 3, 3, 8), (8, CLASSES))

    def compute(x):
        x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME"))
        x = tf.reduce_mean(x * tf.sigmoid(tf.stop_gradient(x)), [1, 2])
        return tf.matmul(x, last)

    return compute, (9, 8, 3)


def training_network(random, variable):
    """A network of TensorFlow 1 in the middle of its training: labels, dropout behind a switch, loss and gradients."""
    first, last = kernels(random, (3, 3, 3, 8), (8, CLASSES))
    image = v1.placeholder(tf.float32, [None, 20, 22, 3], "image")
    labels = v1.placeholder(tf.int64, [None], "labels")
    training = v1.placeholder_with_default(False, [], "training")
    x = tf.nn.conv2d(image, variable("conv/kernel", first), 2, "SAME")
    scale, offset, mean, variance = (variable(f"norm/{i}", random.uniform(0.5, 1.5, 8).astype("float32")) for i in range(4))
    x, *_ = v1.nn.fused_batch_norm(x, scale, offset, mean, variance, is_training=False)
    x = tf.nn.max_pool2d(tf.nn.relu(x), 2, 2, "SAME")
    x = v1.cond(training, lambda: tf.nn.dropout(x, 0.5), lambda: tf.identity(x))
    x = tf.squeeze(tf.nn.avg_pool2d(x, [5, 6], 1, "VALID"))
    logits = tf.reshape(x, [-1, 8]) @ variable("dense/kernel", last) + variable("dense/bias", last[0] / 4)
    probabilities = tf.nn.softmax(logits, name="probabilities")
    classes = tf.argmax(logits, 1, name="classes")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), name="loss")
    gradient = v1.gradients(loss, image, name="training_gradient")[0]
    hits = tf.reduce_mean(tf.cast(tf.equal(classes, labels), tf.float32), name="accuracy")
    return image, logits, probabilities, [probabilities, classes, loss, gradient, hits]


def version1(folder, save):
    """Builds the network above in a session; `save`: (session, graph, image, probabilities, ends) -> name of what it wrote."""
    v1.disable_control_flow_v2()
    random = numpy.random.default_rng(21)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        def variable(name, value):
            return v1.get_variable(name, initializer=value, use_resource=False)

        image, logits, probabilities, ends = training_network(random, variable)
        chosen = v1.gradients(logits[:, 4], image)[0]
        session.run(v1.global_variables_initializer())
        x = picture((20, 22, 3), 21)
        values = session.run([image, logits, chosen], {image: x[None]})
        network = save(session, graph, image, probabilities, ends)
    v1.enable_control_flow_v2()
    write_values(folder, network, *values, 4)


def frozen_training(folder):
    def save(session, graph, image, probabilities, ends):
        names = [end.op.name for end in ends]
        write_frozen(folder, v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), names))
        return "frozen.pb"

    version1(folder, save)


def saved_version1(folder):
    """Variables by reference, and a signature that has not the usual name."""

    def save(session, graph, image, probabilities, ends):
        shutil.rmtree(folder / "network", ignore_errors=True)
        builder = v1.saved_model.Builder(str(folder / "network"))
        signature = v1.saved_model.predict_signature_def({"image": image}, {"probabilities": probabilities})
        builder.add_meta_graph_and_variables(session, ["serve"], {"predict": signature})
        builder.save()
        return "network"

    version1(folder, save)


class Nested(tf.Module):
    """Functions that call functions, one of them twice; two outputs, and variables in lists."""

    def __init__(self, random):
        super().__init__()
        self.weights = [tf.Variable(w) for w in kernels(random, (3, 3, 3, 6), (3, 3, 6, 6), (6, CLASSES))]
        self.bias = {"all": tf.Variable(random.normal(0, 0.2, 6).astype("float32"))}

    @tf.function
    def block(self, x, again):
        return tf.nn.relu(tf.nn.conv2d(x, self.weights[1], 1, "SAME") + self.bias["all"]), again + 1

    @tf.function
    def body(self, x):
        x = tf.nn.relu(tf.nn.conv2d(x, self.weights[0], 2, "SAME"))
        first, count = self.block(x, 0)
        second, _ = self.block(first, count)
        return tf.reduce_mean(first + second, [1, 2]), first

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def serve(self, image):
        features, maps = self.body(image)
        return {"maps": maps, "probabilities": tf.nn.softmax(features @ self.weights[2])}


def nested(folder):
    module = Nested(numpy.random.default_rng(31))
    shutil.rmtree(folder / "network", ignore_errors=True)
    tf.saved_model.save(module, str(folder / "network"), signatures=module.serve)
    strip(folder / "network")
    image = picture((18, 14, 3), 31)
    logits = lambda x: module.body(x)[0] @ module.weights[2]
    write_reference(folder, "network", image, logits, 2, size=[18, 14])


# What is committed ------------------------------------------------------------------------------------------------------


def family(build, k, save, seed, **settings):
    """`settings` go to `save`."""

    def make(folder):
        model = randomise(build(k), seed)
        if "quantization_dtype_map" in settings:
            quantise(model, getattr(numpy, next(iter(settings["quantization_dtype_map"]))))
        # before the softmax, which is taken off when the network is opened
        last = model.layers[-1]
        if hasattr(last, "activation") and last.activation.__name__ == "softmax":
            last.activation = k.activations.linear
            bare = k.models.clone_model(model)
            bare.set_weights(model.get_weights())
            last.activation = k.activations.softmax
        else:
            bare = model
        shape = tuple(model.input_shape[1:])
        network = save(model, folder, shape, **settings)
        write_reference(folder, network, picture_for(model, shape, seed), lambda x: bare(x, training=False), seed % CLASSES)

    return make


def quantise(model, dtype):
    """Weights that quantisation leaves as they are."""
    tfjs_converter()
    from tensorflowjs import quantization

    for variable in model.weights:
        value = variable.numpy()
        stored_as, about = quantization.quantize_weights(value, dtype)
        variable.assign(quantization.dequantize_weights(stored_as, about, value.dtype).astype("float32"))


def function(build, seed):
    def make(folder):
        compute, shape = build(numpy.random.default_rng(seed))
        write_frozen(folder, function_graph(compute, shape))
        write_reference(folder, "frozen.pb", picture(shape, seed), compute, seed % CLASSES)

    return make


SMALL = {
    "tf-saved-model/resnet": family(resnet, keras, as_saved_model, 1),
    "tf-saved-model/mobilenet-v2": family(mobilenet_v2, keras, as_saved_model, 2),
    "tf-saved-model/efficientnet": family(efficientnet, keras, as_saved_model, 3),
    "tf-saved-model/inception-keras-2": family(inception, tf_keras, as_saved_model, 4),
    "tf-saved-model/nested": nested,
    "tf-saved-model/version-1": saved_version1,
    "tf-frozen/vgg": family(vgg, keras, as_frozen, 5),
    "tf-frozen/resnet-v2": family(resnet_v2, keras, as_frozen, 6),
    "tf-frozen/densenet": family(densenet, keras, as_frozen, 7),
    "tf-frozen/xception": family(xception, keras, as_frozen, 8),
    "tf-frozen/mobilenet-keras-2": family(mobilenet, tf_keras, as_frozen, 9),
    "tf-frozen/mobilenet-v3": family(mobilenet_v3, keras, as_frozen, 10),
    "tf-frozen/attention": family(attention, keras, as_frozen, 11),
    "tf-frozen/attention-keras-2": family(attention, tf_keras, as_frozen, 12),
    "tf-frozen/curves": family(curves, keras, as_frozen, 13),
    "tf-frozen/resampled": function(resampled, 14),
    "tf-frozen/dilated": function(dilated, 15),
    "tf-frozen/arithmetic": function(arithmetic, 16),
    "tf-frozen/stored": function(stored, 17),
    "tf-frozen/channels-first": lambda folder: channels_first(numpy.random.default_rng(18), folder),
    "tf-frozen/training": frozen_training,
    "tf-frozen/decoded": decoded,
    "tf-frozen/grey": grey,
    "tf-frozen/held": function(held, 21),
    "tf-graph/resnet": family(resnet, keras, as_tfjs, 22),
    "tf-graph/mobilenet-v2": family(mobilenet_v2, keras, as_tfjs, 23),
    "tf-graph/mobilenet-v3-keras-2": family(mobilenet_v3, tf_keras, as_tfjs, 24),
    "tf-graph/efficientnet": family(efficientnet, keras, as_tfjs, 25),
    "tf-graph/fused": family(fused, keras, as_tfjs, 26),
    "tf-graph/fused-keras-2": family(fused, tf_keras, as_tfjs, 27),
    "tf-graph/vgg-uint8": family(vgg, keras, as_tfjs, 28, quantization_dtype_map={"uint8": "*"}),
    "tf-graph/vgg-float16": family(vgg, tf_keras, as_tfjs, 29, quantization_dtype_map={"float16": "*"}),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--full", nargs="+")
    arguments = parser.parse_args()
    if arguments.full:
        for name in arguments.full:
            full(arguments.folder, name)
        return
    for name in arguments.only or SMALL:
        keras.utils.set_random_seed(1)
        SMALL[name](arguments.folder / name)


if __name__ == "__main__":
    main()
