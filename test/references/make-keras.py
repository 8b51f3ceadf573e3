"""Makes networks with seeded random weights, and what TensorFlow computes with them: references for reading Keras' files.

    python make-keras.py FOLDER               small ones of every family, as they are committed in keras/
    python make-keras.py FOLDER small         the other small ones
    python make-keras.py FOLDER NAME...       some of the small ones, or full-size ones of keras.applications:
                                              ResNet50.h5 (Keras 3), ResNet50.keras, keras2:ResNet50.h5,
                                              keras2:ResNet50.weights (weights alone)

Needs tensorflow with Keras 3, and tf_keras for Keras 2. Each network gets a folder: the file (or model.json with its
weights), reference.json, input.npy [height, width, channel], logits.npy [class] and gradient.npy (d logit / d input).
"""

import argparse
import importlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import h5py
import keras
import numpy
import tensorflow as tf
import tf_keras

CLASSES = 5


def parts(k, name):
    """The module of a family in keras.applications, with the blocks it is built of."""
    package = "keras.src" if k is keras else "tf_keras.src"
    return importlib.import_module(f"{package}.applications.{name}")


# Small networks ------------------------------------------------------------------------------------------------------
# Each takes Keras 3 or Keras 2 and gives a model. Where keras.applications' own functions can be made narrow, they are
# used; else their blocks.


def vgg(k):
    L = k.layers
    net = k.Sequential(name="vgg16")
    net.add(L.Input((32, 32, 3)) if k is keras else L.InputLayer((32, 32, 3)))
    for stage, (width, depth) in enumerate([(4, 2), (6, 2), (8, 1)]):
        for i in range(depth):
            net.add(L.Conv2D(width, 3, padding="same", activation="relu", name=f"block{stage}_conv{i}"))
        net.add(L.MaxPooling2D(2, strides=2))
    net.add(L.Flatten())
    net.add(L.Dense(16, activation="relu", name="fc1"))
    net.add(L.Dropout(0.5))
    net.add(L.Dense(CLASSES, activation="softmax", name="predictions"))
    return net


def resnet(k):
    if k is keras:
        blocks = parts(k, "resnet").stack_residual_blocks_v1
    else:
        blocks = parts(k, "resnet").stack1

    def stack(x):
        x = blocks(x, 4, 2, stride1=1, name="conv2")
        return blocks(x, 6, 1, name="conv3")

    return parts(k, "resnet").ResNet(
        stack, False, True, "resnet50", weights=None, input_shape=(32, 32, 3), classes=CLASSES
    )


def resnet_v2(k):
    if k is keras:
        blocks = parts(k, "resnet").stack_residual_blocks_v2
    else:
        blocks = parts(k, "resnet").stack2

    def stack(x):
        return blocks(x, 4, 2, name="conv2")

    return parts(k, "resnet").ResNet(
        stack, True, True, "resnet50v2", weights=None, input_shape=(32, 32, 3), classes=CLASSES
    )


def densenet(k):
    L, blocks = k.layers, parts(k, "densenet")
    # Keras 2 has slashes in its names
    slash = "_" if k is keras else "/"
    image = L.Input((32, 32, 3))
    x = L.ZeroPadding2D(((3, 3), (3, 3)))(image)
    x = L.Conv2D(8, 7, strides=2, use_bias=False, name=f"conv1{slash}conv")(x)
    x = L.BatchNormalization(epsilon=1.001e-5, name=f"conv1{slash}bn")(x)
    x = L.Activation("relu", name=f"conv1{slash}relu")(x)
    x = L.ZeroPadding2D(((1, 1), (1, 1)))(x)
    x = L.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage in (2, 3):
        for i in range(2):
            x = blocks.conv_block(x, 4, name=f"conv{stage}_block{i + 1}")
        if stage == 2:
            x = blocks.transition_block(x, 0.5, name="pool2")
    x = L.BatchNormalization(epsilon=1.001e-5, name="bn")(x)
    x = L.Activation("relu", name="relu")(x)
    x = L.GlobalAveragePooling2D(name="avg_pool")(x)
    return k.Model(image, L.Dense(CLASSES, activation="softmax")(x), name="densenet121")


def conv_bn(k, x, width, size, strides=1, padding="same"):
    L = k.layers
    x = L.Conv2D(width, size, strides=strides, padding=padding, use_bias=False)(x)
    x = L.BatchNormalization(scale=False)(x)
    return L.Activation("relu")(x)


def inception(k):
    L = k.layers
    image = L.Input((39, 35, 3))
    x = conv_bn(k, image, 6, 3, 2, "valid")
    x = conv_bn(k, x, 8, 3)
    x = L.MaxPooling2D(3, strides=2)(x)
    one = conv_bn(k, x, 4, 1)
    wide = conv_bn(k, conv_bn(k, conv_bn(k, x, 4, 1), 4, (1, 7)), 4, (7, 1))
    pool = conv_bn(k, L.AveragePooling2D(3, strides=1, padding="same")(x), 4, 1)
    x = L.concatenate([one, wide, pool], axis=3, name="mixed0")
    three = conv_bn(k, x, 6, 3, 2, "valid")
    pool = L.MaxPooling2D(3, strides=2)(x)
    x = L.concatenate([three, pool], name="mixed1")
    split = [conv_bn(k, x, 3, (1, 3)), conv_bn(k, x, 3, (3, 1))]
    x = L.concatenate([L.concatenate(split), conv_bn(k, x, 4, 1)])
    x = L.GlobalAveragePooling2D(name="avg_pool")(x)
    return k.Model(image, L.Dense(CLASSES, activation="softmax")(x), name="inception_v3")


def inception_resnet(k):
    L, blocks = k.layers, parts(k, "inception_resnet_v2")
    scale = blocks.CustomScaleLayer
    image = L.Input((33, 33, 3))
    x = conv_bn(k, image, 8, 3, 2, "valid")
    for i in range(2):
        mixed = L.Concatenate(name=f"block35_{i}_mixed")([conv_bn(k, x, 4, 1), conv_bn(k, conv_bn(k, x, 4, 1), 4, 3)])
        up = L.Conv2D(8, 1, name=f"block35_{i}_conv")(mixed)
        x = scale(0.17 * (i + 1), name=f"block35_{i}")([x, up]) if k is tf_keras else scale(0.17 * (i + 1))([x, up])
        x = L.Activation("relu")(x)
    x = L.GlobalAveragePooling2D()(x)
    return k.Model(image, L.Dense(CLASSES, activation="softmax")(x), name="inception_resnet_v2")


def xception(k):
    L = k.layers
    image = L.Input((33, 37, 3))
    x = L.Conv2D(6, 3, strides=2, use_bias=False, name="block1_conv1")(image)
    x = L.BatchNormalization(name="block1_conv1_bn")(x)
    x = L.Activation("relu")(x)
    for block, width in ((2, 8), (3, 12)):
        residual = L.Conv2D(width, 1, strides=2, padding="same", use_bias=False)(x)
        residual = L.BatchNormalization()(residual)
        for i in (1, 2):
            x = L.Activation("relu", name=f"block{block}_sepconv{i}_act")(x)
            x = L.SeparableConv2D(width, 3, padding="same", use_bias=False, name=f"block{block}_sepconv{i}")(x)
            x = L.BatchNormalization(name=f"block{block}_sepconv{i}_bn")(x)
        x = L.MaxPooling2D(3, strides=2, padding="same")(x)
        x = L.add([x, residual])
    x = L.SeparableConv2D(8, 3, depth_multiplier=2, strides=2, activation="relu")(x)
    x = L.GlobalAveragePooling2D()(x)
    return k.Model(image, L.Dense(CLASSES, activation="softmax")(x), name="xception")


def mobilenet(k):
    L, blocks = k.layers, parts(k, "mobilenet")
    blocks.layers = L
    image = L.Input((32, 32, 3))
    x = blocks._conv_block(image, 8, 1.0, strides=(2, 2))
    for i, (width, strides) in enumerate([(8, 1), (12, 2), (12, 1), (16, 2)]):
        x = blocks._depthwise_conv_block(x, width, 1.0, 1, strides=(strides, strides), block_id=i + 1)
    x = L.GlobalAveragePooling2D(keepdims=True)(x)
    x = L.Dropout(1e-3, name="dropout")(x)
    x = L.Conv2D(CLASSES, 1, padding="same", name="conv_preds")(x)
    x = L.Reshape((CLASSES,), name="reshape_2")(x)
    return k.Model(image, L.Activation("softmax", name="predictions")(x), name="mobilenet_1.00_32")


def mobilenet_v2(k):
    L, blocks = k.layers, parts(k, "mobilenet_v2")
    blocks.layers = L
    image = L.Input((32, 32, 3))
    x = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="Conv1")(image)
    x = L.BatchNormalization(epsilon=1e-3, momentum=0.999, name="bn_Conv1")(x)
    x = L.ReLU(6.0, name="Conv1_relu")(x)
    for i, (width, strides, expansion) in enumerate([(8, 1, 1), (8, 2, 3), (8, 1, 3), (16, 2, 2)]):
        x = blocks._inverted_res_block(
            x, filters=width, alpha=1.0, stride=strides, expansion=expansion, block_id=i
        )
    x = L.GlobalAveragePooling2D()(x)
    return k.Model(image, L.Dense(CLASSES, activation="softmax")(x), name="mobilenetv2_1.00_32")


def mobilenet_v3(k):
    L, blocks = k.layers, parts(k, "mobilenet_v3")
    image = L.Input((32, 32, 3))
    x = L.Rescaling(1.0 / 127.5, offset=-1.0)(image)
    x = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = L.BatchNormalization(epsilon=1e-3, name="conv_bn")(x)
    x = blocks.hard_swish(x)
    x = blocks._inverted_res_block(x, 1, 8, 3, 2, 0.25, blocks.relu, 0)
    x = blocks._inverted_res_block(x, 2, 8, 5, 1, 0.25, blocks.hard_swish, 1)
    x = L.GlobalAveragePooling2D(keepdims=True)(x)
    x = L.Conv2D(16, 1, name="conv_2")(x)
    x = blocks.hard_swish(x)
    x = L.Conv2D(CLASSES, 1, name="logits")(x)
    x = L.Flatten()(x)
    return k.Model(image, L.Activation("softmax", name="predictions")(x), name="MobileNetV3Small")


def efficientnet(k):
    named = "name" if k is keras else "model_name"
    block = dict(kernel_size=3, repeats=1, expand_ratio=1, id_skip=True, strides=1, se_ratio=0.25)
    blocks = [
        dict(block, filters_in=32, filters_out=16),
        dict(block, kernel_size=5, repeats=2, filters_in=16, filters_out=24, expand_ratio=2, strides=2),
    ]
    return parts(k, "efficientnet").EfficientNet(
        0.25, 1.0, 32, depth_divisor=4, blocks_args=blocks, **{named: "efficientnetb0"},
        weights=None, input_shape=(32, 32, 3), classes=CLASSES,
    )


def efficientnet_v2(k):
    named = "name" if k is keras else "model_name"
    block = dict(kernel_size=3, num_repeat=2, input_filters=8, output_filters=8, expand_ratio=2, se_ratio=0, strides=1)
    blocks = [
        dict(block, expand_ratio=1, conv_type=1),
        dict(block, output_filters=12, strides=2, conv_type=1),
        dict(block, input_filters=12, output_filters=12, se_ratio=0.25, conv_type=0),
    ]
    return parts(k, "efficientnet_v2").EfficientNetV2(
        0.05, 1.0, 32, depth_divisor=4, min_depth=4, blocks_args=blocks, **{named: "efficientnetv2-b0"},
        weights=None, input_shape=(32, 32, 3), classes=CLASSES,
    )


def convnext(k):
    named = "name" if k is keras else "model_name"
    return parts(k, "convnext").ConvNeXt(
        [1, 1, 1, 1], [4, 6, 8, 10], drop_path_rate=0.1, **{named: "convnext_tiny"},
        weights=None, input_shape=(32, 32, 3), classes=CLASSES,
    )


def nasnet(k):
    return parts(k, "nasnet").NASNet(
        (32, 32, 3), penultimate_filters=96, num_blocks=1, stem_block_filters=4, weights=None, classes=CLASSES
    )


def layers(k):
    """Every other layer, one after the other."""
    L = k.layers
    image = L.Input((24, 20, 3))
    x = L.Resizing(22, 26)(image)
    x = L.Resizing(20, 21, interpolation="nearest")(x)
    x = L.CenterCrop(17, 18)(x)
    x = L.Normalization(mean=[0.1, -0.2, 0.3], variance=[1.5, 0.5, 2.0])(x)
    x = L.Rescaling([1.5, 0.5, 1.0], offset=[0.1, 0.2, -0.1])(x)
    x = L.Cropping2D(((1, 2), (0, 3)))(x)
    x = L.Conv2D(6, 3, dilation_rate=2, activation="leaky_relu")(x)
    x = L.ZeroPadding2D(((0, 1), (2, 1)))(x)
    x = L.LayerNormalization()(x)
    x = L.UpSampling2D((2, 1))(x)
    x = L.Conv2D(8, 3, strides=(2, 1), groups=2, padding="same", activation=L.ReLU(3.0, negative_slope=0.1))(x)
    x = L.GroupNormalization(4)(x)
    x = L.UpSampling2D((1, 2), interpolation="bilinear")(x)
    a = L.Conv2DTranspose(4, 3, strides=2, padding="same", activation="elu")(x)
    b = L.Conv2DTranspose(4, (3, 4), strides=2, padding="valid", use_bias=False)(x)
    b = L.Cropping2D(((0, 1), (1, 1)))(b)
    c = L.Conv2DTranspose(4, 2, strides=3, padding="same")(x)
    c = L.Cropping2D(((0, x.shape[1]), (x.shape[2], 0)))(c)
    c = L.PReLU(shared_axes=[1, 2])(c)
    x = L.Concatenate()([L.Average()([a, b, c]), L.Maximum()([a, b]), L.Minimum()([b, c]), L.Subtract()([a, c])])
    x = L.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same", activation="tanh")(x)
    x = L.AveragePooling2D((3, 2), strides=2, padding="same")(x)
    x = L.SpatialDropout2D(0.3)(x)
    gate = L.GlobalMaxPooling2D(keepdims=True)(x)
    gate = L.Conv2D(x.shape[-1], 1, activation="hard_sigmoid")(gate)
    x = L.Multiply()([x, gate])
    x = L.Permute((2, 1, 3))(x)
    x = L.ELU(0.7)(x)
    x = L.PReLU()(x)
    x = L.MaxPooling2D(3, strides=2, padding="same")(x)
    x = L.UnitNormalization()(x)
    x = L.Conv2D(4, 1, activation="gelu")(x)
    tokens = L.Reshape((-1, 4))(x)
    tokens = L.Concatenate(axis=1)([tokens, L.RepeatVector(2)(L.GlobalAveragePooling1D()(tokens))])
    tokens = L.Dense(6, activation="swish")(tokens)
    tokens = L.Softmax()(tokens)
    x = L.Concatenate()([L.GlobalMaxPooling1D()(tokens), L.Flatten()(tokens)])
    x = L.Activation("selu")(L.Dense(8, activation="softplus")(x))
    return k.Model(image, L.Dense(CLASSES, name="logits")(x), name="layers")


def operations(k):
    """Arithmetic written between the layers."""
    L = k.layers
    image = L.Input((16, 14, 3))
    if k is keras:
        o = k.ops
        relu, concat, clip, maximum, power = o.relu, o.concatenate, o.clip, o.maximum, o.power
        bias = lambda x, values: o.add(x, o.convert_to_tensor(values))
        mean = lambda x, axes: o.mean(x, axis=axes, keepdims=True)
        turn = lambda x: o.transpose(x, (0, 2, 1, 3))
        silu, squeeze, softmax = o.silu, o.squeeze, o.softmax
        resize = lambda x: o.image.resize(x, (9, 11))
    else:
        relu, concat, clip, maximum, power = tf.nn.relu, tf.concat, tf.clip_by_value, tf.maximum, tf.pow
        bias = tf.nn.bias_add
        mean = lambda x, axes: tf.reduce_mean(x, axis=axes, keepdims=True)
        turn = lambda x: tf.transpose(x, (0, 2, 1, 3))
        silu, squeeze, softmax = tf.nn.silu, tf.squeeze, tf.nn.softmax
        resize = lambda x: tf.image.resize(x, (9, 11))
    x = (image / 127.5) - 1.0
    x = L.Conv2D(6, 3, padding="same")(x)
    x = x * (L.ReLU(6.0)(x + 3.0) * (1.0 / 6.0))
    x = relu(x)
    x = 2 - x
    x = concat([x, x * x], -1)
    x = x[:, 1:, ::2, :]
    x = resize(x)
    x = turn(bias(x, [0.1, -0.2, 0.3, 0.1, 0.2, -0.3, 0.4, 0.0, 0.5, -0.1, 0.2, 0.3]))
    x = silu(clip(x, -1.0, 2.0)) / 0.5
    gate = mean(x, [1, 2])
    x = x - gate
    x = L.Conv2D(8, 3, strides=2)(x)
    x = maximum(x, 0.1)
    x = squeeze(mean(power(x, 2.0), [1, 2]), [1, 2])
    x = L.Dense(CLASSES, name="logits")(x)
    return k.Model(image, softmax(x), name="operations")


def nested(k):
    """Models in models, called twice; shared layers; layers that do something in training only."""
    L = k.layers
    inside = L.Input((None, None, 6))
    x = L.Conv2D(6, 3, padding="same", name="conv")(inside)
    x = L.BatchNormalization(name="norm")(x)
    block = k.Model(inside, L.ReLU()(L.Add()([x, inside])), name="block")
    # two weights of a model cannot have one name in an .h5 of Keras 2
    name = "conv" if k is keras else "stem_conv"
    stem = k.Sequential([L.Conv2D(6, 3, strides=2, name=name), L.BatchNormalization(), L.ReLU()], name="stem")
    features = L.Input((32, 28, 3))
    base = k.Model(features, block(stem(features)), name="base")
    augment = k.Sequential([L.RandomFlip("horizontal"), L.RandomRotation(0.1), L.RandomZoom(0.1)], name="augment")
    image = L.Input((32, 28, 3), name="image")
    x = L.Rescaling(1.0 / 255)(augment(image))
    x = base(x)
    shared = L.Conv2D(6, 1, name="shared", activation="relu")
    x = L.Concatenate()([block(shared(x)), shared(block(x))])
    x = L.GlobalAveragePooling2D()(x)
    x = L.Dropout(0.2)(x)
    return k.Model(image, L.Dense(CLASSES, activation="softmax", name="out")(x), name="nested")


def grey(k):
    """One channel, and no fixed size."""
    L = k.layers
    image = L.Input((None, None, 1))
    x = L.Conv2D(6, 5, strides=2, activation="relu")(image)
    x = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = L.GlobalAveragePooling2D()(x)
    return k.Model(image, L.Dense(CLASSES)(x), name="grey")


# Networks whose outputs are not one softmax, or whose inputs are no maps. They come with the network of their logits.


def details(k):
    """Arguments at other than their usual values, and what must change nothing."""
    L = k.layers
    image = L.Input((14, 12, 3))
    x = L.Conv2D(6, 3, padding="same", name="c1")(image)
    if k is keras:
        o = k.ops
        x = L.Rescaling(numpy.linspace(0.5, 1.5, 6), offset=numpy.linspace(-0.5, 0.5, 6))(x)
        x = o.leaky_relu(x, negative_slope=0.13) + o.stop_gradient(o.gelu(x, approximate=False))
        x = o.celu(o.elu(x, alpha=1.3), alpha=1.7)
        x = L.Normalization(mean=numpy.linspace(-0.2, 0.3, 6), variance=numpy.linspace(0.5, 1.5, 6))(x)
        last = lambda x: o.log_softmax(x / 0.7)
    else:
        x = tf.nn.silu(x, beta=2.0)
        x = tf.nn.leaky_relu(x, alpha=0.13) + tf.stop_gradient(tf.nn.gelu(x, approximate=True))
        x = L.ReLU(max_value=2.5, negative_slope=0.1)(tf.nn.gelu(tf.cast(x, tf.float32)))
        x = L.ThresholdedReLU(0.1)(x)
        last = lambda x: tf.nn.log_softmax(x / 0.7)
    x = L.RandomFlip()(x)
    x = L.Dropout(0.3)(x, training=False)
    x = L.BatchNormalization(axis=3 if k is keras else [3], scale=False, epsilon=0.1)(x, training=False)
    x = L.Dense(4, activation=L.LeakyReLU(0.2))(L.GlobalAveragePooling2D()(x))
    x = L.Dense(CLASSES, name="logits")(x)
    return k.Model(image, last(x), name="details"), k.Model(image, x / 0.7, name="details")


def two_outputs(k):
    """The second is one layer deeper, and a vector as the first; the map comes before both."""
    L = k.layers
    image = L.Input((14, 12, 3))
    trunk = L.Conv2D(4, 3, activation="relu")(image)
    mask = L.Conv2D(2, 1, name="mask")(trunk)
    x = L.GlobalAveragePooling2D()(trunk)
    age = L.Dense(1, name="age")(x)
    labels = L.Dense(CLASSES, activation="softmax", name="labels")(L.Dense(6, activation="relu")(x))
    outputs = {"map": mask, "age": age, "labels": labels} if k is keras else [mask, age, labels]
    return k.Model(image, outputs, name="two_outputs"), k.Model(image, labels, name="two_outputs")


def features(k):
    """A model inside that gives two maps, of which a head takes both."""
    L = k.layers
    inside = L.Input((14, 12, 3))
    low = L.Conv2D(4, 3, strides=2, activation="relu", name="low")(inside)
    high = L.Conv2D(5, 3, strides=2, activation="relu", name="high")(low)
    backbone = k.Model(inside, [high, low], name="backbone")
    image = L.Input((14, 12, 3))
    deep, shallow = backbone(image)
    x = L.Concatenate()([L.GlobalAveragePooling2D()(deep), L.GlobalMaxPooling2D()(shallow)])
    return k.Model(image, L.Dense(CLASSES)(x), name="features")


def sigmoid_units(k):
    L = k.layers
    image = L.Input((14, 12, 3))
    x = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="relu")(image))
    return k.Model(image, L.Dense(3, activation="sigmoid", name="units")(x), name="sigmoid_units")


def sigmoid_layer(k):
    L = k.layers
    image = L.Input((14, 12, 3))
    x = L.Conv2D(1, 3)(L.Conv2D(4, 3, activation="relu")(image))
    logit = L.GlobalAveragePooling2D()(x)
    return k.Model(image, L.Activation("sigmoid")(logit), name="sigmoid_layer"), k.Model(image, logit, name="sigmoid_layer")


def segmentation(k):
    """A map of softmax: the mean of each channel's logits over the places."""
    L = k.layers
    image = L.Input((14, 12, 3))
    x = L.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(L.Conv2D(4, 3, strides=2)(image))
    logits = L.Conv2D(3, 1, name="classes")(x)
    return k.Model(image, L.Softmax()(logits), name="segmentation"), k.Model(image, L.GlobalAveragePooling2D()(logits), name="segmentation")


def plane(k):
    """Grey, without an axis of channels."""
    L = k.layers
    net = k.Sequential(name="plane")
    net.add(L.Input((12, 10)) if k is keras else L.InputLayer((12, 10)))
    net.add(L.Rescaling(1 / 255))
    net.add(L.Reshape((12, 10, 1)))
    net.add(L.Conv2D(4, 3, activation="relu"))
    net.add(L.Flatten())
    net.add(L.Dense(CLASSES))
    return net


def plane_dense(k):
    L = k.layers
    image = L.Input((12, 10))
    x = L.Dense(8, activation="relu")(L.Flatten()(image))
    return k.Model(image, L.Dense(CLASSES)(x), name="plane_dense")


def plane_expanded(k):
    L = k.layers
    image = L.Input((12, 10))
    x = k.ops.expand_dims(image, -1) if k is keras else tf.expand_dims(image, -1)
    x = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="relu")(x))
    return k.Model(image, L.Dense(CLASSES)(x), name="plane_expanded")


def prepared(k):
    """keras.applications' preparation of pixels inside: BGR less the means."""
    L = k.layers
    image = L.Input((14, 12, 3))
    x = k.applications.resnet50.preprocess_input(image)
    x = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="relu")(x))
    return k.Model(image, L.Dense(CLASSES)(x), name="resnet50_prepared")


def row(k):
    """A grey picture of 9 x 9 that was laid out before it goes in."""
    L = k.layers
    image = L.Input((81,))
    x = L.Dense(8, activation="relu")(image)
    return k.Model(image, L.Dense(CLASSES)(x), name="row")


# Weights, references and files ---------------------------------------------------------------------------------------


def randomise(net, seed, gain=1.5):
    """Weights of order 1 / sqrt(inputs), and statistics that are none of the usual ones."""
    random = numpy.random.default_rng(seed)
    for variable in net.weights:
        name = (getattr(variable, "path", None) or variable.name).split("/")[-1].split(":")[0]
        shape = tuple(variable.shape)
        if "float" not in str(variable.dtype):
            continue
        if name in ("gamma", "scale"):
            values = random.uniform(0.6, 1.4, shape)
        elif name.endswith("variance"):
            values = random.uniform(0.4, 1.6, shape)
        elif name in ("beta", "bias", "moving_mean", "mean"):
            values = random.normal(0, 0.3, shape)
        elif name == "alpha":
            values = random.uniform(-0.2, 0.5, shape)
        else:
            inputs = numpy.prod(shape[:2]) if name == "depthwise_kernel" or len(shape) == 4 and shape[3] == 1 else numpy.prod(shape[:-1])
            values = random.normal(0, gain / numpy.sqrt(inputs), shape)
        variable.assign(values.astype("float32"))
    for layer in net.layers:
        # it computes with a copy of its statistics
        if layer.__class__.__name__ == "Normalization" and layer.input_mean is None:
            layer.finalize_state()


def logits_of(net, images):
    """Of the network without its last softmax or sigmoid."""
    last = net.layers[-1] if hasattr(net, "layers") else None
    operations = getattr(net, "operations", None) or net.layers
    end = operations[-1]
    activation = getattr(end, "activation", None)
    if activation is not None and activation.__name__ in ("softmax", "sigmoid") and len(last.weights) > 0:
        end.activation = lambda x: x
        try:
            return net(images, training=False)
        finally:
            end.activation = activation
    if activation is not None and activation.__name__ == "softmax" or "softmax" in end.name.lower():
        part = (keras if net.__class__.__module__.startswith("keras") else tf_keras).Model(net.inputs, end.input)
        return part(images, training=False)
    return net(images, training=False)


def compute(net, shape, seed):
    """A random image, and logits and the gradient of one of them."""
    random = numpy.random.default_rng(seed)
    names = " ".join(layer.name for layer in net.layers)
    scales_itself = "rescaling" in names and net.name != "details" or net.name in ("operations", "convnext_tiny", "resnet50_prepared")
    image = random.uniform(0, 255, shape) if scales_itself else random.normal(0, 1, shape)
    image = image.astype("float32")
    fed = image.reshape([d or image.shape[i] for i, d in enumerate(net.input_shape[1:])])
    target = zlib.crc32(net.name.encode()) % net.output_shape[-1]

    # a graph leaves out the gradients of the weights, one of which TensorFlow 2.21 computes out of bounds
    @tf.function
    def both(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = logits_of(net, images)
            score = logits[0, target]
        return logits, tape.gradient(score, images)

    logits, gradient = (values.numpy()[0] for values in both(tf.constant(fed[None])))
    gradient = gradient.reshape(shape)
    assert numpy.isfinite(logits).all() and 1e-2 < numpy.abs(logits).max() < 1e8, logits
    assert numpy.abs(gradient).max() > 0
    return image, logits, gradient, target


def write_reference(folder, network, net, size, seed):
    channels = net.input_shape[3] if len(net.input_shape) == 4 else 1
    shape = (*size, channels)
    image, logits, gradient, target = compute(net, shape, seed)
    numpy.save(folder / "input.npy", image)
    numpy.save(folder / "logits.npy", logits.astype("float32"))
    numpy.save(folder / "gradient.npy", gradient.astype("float32"))
    reference = {"network": network, "target": target}
    if net.input_shape[1] is None:
        reference["size"] = list(size)
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")


def h5_weights(net):
    """Names and values as the converter of TF.js takes them from an .h5."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.h5")
        net.save(path)
        with h5py.File(path) as file:
            config = json.loads(file.attrs["model_config"])
            version = file.attrs["keras_version"]
            found = []
            for layer in file["model_weights"]:
                group = file["model_weights"][layer]
                for name in group.attrs.get("weight_names", []):
                    found.append((name.split(":")[0], numpy.asarray(group[name])))
    return config, version, found


def without(value, keys):
    if isinstance(value, dict):
        return {key: without(item, keys) for key, item in value.items() if key not in keys}
    return [without(item, keys) for item in value] if isinstance(value, list) else value


def archive_weights(net):
    """Names and values as the converter takes them from a .keras: "layers/conv2d/vars/0"; modules are left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.keras")
        net.save(path)
        with zipfile.ZipFile(path) as archive:
            config = without(json.loads(archive.read("config.json")), ["module", "registered_name", "date_saved"])
            version = json.loads(archive.read("metadata.json"))["keras_version"]
            archive.extract("model.weights.h5", folder)
        found = []
        with h5py.File(os.path.join(folder, "model.weights.h5")) as file:
            file.visititems(
                lambda name, item: found.append((name, numpy.asarray(item))) if isinstance(item, h5py.Dataset) else None
            )
    return config, version, found


def quantise(values, kind):
    """Stored numbers, how the manifest describes them, and what they stand for."""
    if kind is None or values.dtype != numpy.float32:
        return values, None, values
    if kind == "float16":
        halves = values.astype("float16")
        return halves, {"dtype": "float16", "original_dtype": "float32"}, halves.astype("float32")
    low, high = float(values.min()), float(values.max())
    most = 255 if kind == "uint8" else 65535
    scale = (high - low) / most or 1.0
    stored = numpy.round((values - low) / scale).astype(kind)
    entry = {"dtype": kind, "min": low, "scale": scale, "original_dtype": "float32"}
    return stored, entry, (stored.astype("float32") * numpy.float32(scale) + numpy.float32(low)).astype("float32")


def save_tfjs(folder, net, weights, quantisation):
    """A TF.js layers model: model.json and a shard; two where there is much. The network gets the quantised weights."""
    if quantisation:
        for variable in net.weights:
            _, _, values = quantise(numpy.asarray(variable), quantisation)
            variable.assign(values)
    config, version, found = weights(net)
    entries, data = [], b""
    for name, values in found:
        stored, entry, _ = quantise(values, quantisation)
        entries.append({"name": name, "shape": list(values.shape), "dtype": str(values.dtype)})
        if entry:
            entries[-1]["quantization"] = entry
        data += stored.tobytes()
    cut = min(len(data), 40_000)
    paths = ["group1-shard1of2.bin", "group1-shard2of2.bin"] if cut < len(data) else ["group1-shard1of1.bin"]
    model = {
        "format": "layers-model",
        "generatedBy": f"keras v{version}",
        "convertedBy": "make-keras.py",
        "modelTopology": {"keras_version": version, "backend": "tensorflow", "model_config": config},
        "weightsManifest": [{"paths": paths, "weights": entries}],
    }
    target = folder / "network"
    target.mkdir()
    (target / "model.json").write_text(json.dumps(model))
    (target / paths[0]).write_bytes(data[:cut])
    if cut < len(data):
        (target / paths[1]).write_bytes(data[cut:])
    return "network"


def save(folder, net, kind, quantisation=None):
    if kind == "tfjs":
        return save_tfjs(folder, net, h5_weights, quantisation)
    if kind == "tfjs-vars":
        return save_tfjs(folder, net, archive_weights, quantisation)
    if kind == "folder":
        path = folder / "packed.keras"
        net.save(path)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder / "network")
        path.unlink()
        return "network"
    if kind == "weights":
        net.save_weights(folder / "network.h5")
        return "network.h5"
    net.save(folder / f"network.{kind}")
    return f"network.{kind}"


def halved(build, k, policy, seed):
    """A network that keeps its weights in 16 bits, and one with the same weights that computes in 32."""
    k.mixed_precision.set_global_policy(policy) if k is tf_keras else k.config.set_dtype_policy(policy)
    narrow = build(k)
    k.mixed_precision.set_global_policy("float32") if k is tf_keras else k.config.set_dtype_policy("float32")
    wide = build(k)
    randomise(wide, seed)
    narrow.set_weights([numpy.asarray(w) for w in wide.get_weights()])
    wide.set_weights([numpy.asarray(w).astype("float32") for w in narrow.get_weights()])
    return narrow, wide


# name: how it is built, with which Keras, as which file, and what else
SMALL = {
    "vgg-h5": (vgg, tf_keras, "h5"),
    "vgg-keras": (vgg, keras, "keras"),
    "resnet-h5": (resnet, tf_keras, "h5"),
    "resnet-keras": (resnet, keras, "keras"),
    "resnet-v2-h5": (resnet_v2, keras, "h5"),
    "resnet-v2-keras": (resnet_v2, tf_keras, "keras"),
    "densenet-h5": (densenet, tf_keras, "h5"),
    "densenet-keras": (densenet, keras, "keras"),
    "inception-h5": (inception, keras, "h5"),
    "inception-keras": (inception, tf_keras, "keras"),
    "inception-resnet-h5": (inception_resnet, tf_keras, "h5"),
    "inception-resnet-keras": (inception_resnet, keras, "keras"),
    "xception-h5": (xception, tf_keras, "h5"),
    "xception-keras": (xception, keras, "keras"),
    "mobilenet-h5": (mobilenet, tf_keras, "h5"),
    "mobilenet-keras": (mobilenet, keras, "keras"),
    "mobilenet-v2-h5": (mobilenet_v2, tf_keras, "h5"),
    "mobilenet-v2-keras": (mobilenet_v2, keras, "keras"),
    "mobilenet-v3-h5": (mobilenet_v3, tf_keras, "h5"),
    "mobilenet-v3-keras": (mobilenet_v3, keras, "keras"),
    "efficientnet-h5": (efficientnet, tf_keras, "h5"),
    "efficientnet-keras": (efficientnet, keras, "keras"),
    "efficientnet-v2-h5": (efficientnet_v2, tf_keras, "h5"),
    "efficientnet-v2-keras": (efficientnet_v2, keras, "keras"),
    "convnext-h5": (convnext, tf_keras, "h5"),
    "convnext-keras": (convnext, keras, "keras"),
    "nasnet-keras": (nasnet, keras, "keras"),
    "layers-h5": (layers, tf_keras, "h5"),
    "layers-keras": (layers, keras, "keras"),
    "layers-tfjs": (layers, keras, "tfjs"),
    "operations-h5": (operations, tf_keras, "h5"),
    "operations-h5-keras3": (operations, keras, "h5"),
    "operations-keras": (operations, keras, "keras"),
    "nested-h5": (nested, tf_keras, "h5"),
    "nested-h5-keras3": (nested, keras, "h5"),
    "nested-keras": (nested, keras, "keras"),
    "nested-keras-keras2": (nested, tf_keras, "keras"),
    "nested-folder": (nested, keras, "folder"),
    "nested-tfjs": (nested, tf_keras, "tfjs"),
    "nested-tfjs-keras3": (nested, keras, "tfjs"),
    "nested-tfjs-vars": (nested, keras, "tfjs-vars"),
    "mobilenet-v2-tfjs-uint8": (mobilenet_v2, tf_keras, "tfjs", "uint8"),
    "mobilenet-v2-tfjs-uint16": (mobilenet_v2, keras, "tfjs", "uint16"),
    "densenet-tfjs-float16": (densenet, keras, "tfjs", "float16"),
    "vgg-h5-float16": (vgg, tf_keras, "h5", "float16"),
    "vgg-keras-bfloat16": (vgg, keras, "keras", "bfloat16"),
    "grey-keras": (grey, keras, "keras"),
    "details-h5": (details, tf_keras, "h5"),
    "details-keras2": (details, tf_keras, "keras"),
    "details-keras": (details, keras, "keras"),
    "details-h5-keras3": (details, keras, "h5"),
    "two-outputs-keras": (two_outputs, keras, "keras"),
    "two-outputs-h5": (two_outputs, tf_keras, "h5"),
    "features-keras": (features, keras, "keras"),
    "features-h5": (features, tf_keras, "h5"),
    "sigmoid-units-keras": (sigmoid_units, keras, "keras"),
    "sigmoid-units-h5": (sigmoid_units, tf_keras, "h5"),
    "sigmoid-layer-h5": (sigmoid_layer, tf_keras, "h5"),
    "segmentation-keras": (segmentation, keras, "keras"),
    "plane-h5": (plane, tf_keras, "h5"),
    "plane-keras": (plane, keras, "keras"),
    "plane-tfjs": (plane, tf_keras, "tfjs"),
    "plane-dense-h5": (plane_dense, tf_keras, "h5"),
    "plane-dense-tfjs": (plane_dense, keras, "tfjs"),
    "plane-expanded-keras": (plane_expanded, keras, "keras"),
    "plane-expanded-h5": (plane_expanded, tf_keras, "h5"),
    "row-keras": (row, keras, "keras"),
    "prepared-keras": (prepared, keras, "keras"),
    "prepared-h5": (prepared, tf_keras, "h5"),
}

# the others are made when they are tested
COMMITTED = """
    vgg-h5 vgg-h5-float16 vgg-keras-bfloat16 resnet-h5 resnet-v2-keras densenet-h5 densenet-tfjs-float16 inception-keras
    inception-resnet-keras xception-h5 mobilenet-keras mobilenet-v2-tfjs-uint8 mobilenet-v2-tfjs-uint16
    mobilenet-v3-keras efficientnet-keras convnext-keras layers-h5 layers-keras operations-h5 operations-h5-keras3
    operations-keras nested-h5 nested-keras nested-tfjs nested-tfjs-keras3 nested-tfjs-vars grey-keras
    details-h5 details-keras two-outputs-keras two-outputs-h5 features-keras sigmoid-units-keras sigmoid-layer-h5
    segmentation-keras plane-h5 plane-keras plane-tfjs plane-dense-h5 plane-expanded-keras row-keras
    prepared-keras prepared-h5
""".split()

SIZES = {"grey": (18, 21), "row": (9, 9)}


def make_small(folder, name):
    build, k, kind, *rest = SMALL[name]
    seed = zlib.crc32(name.encode())
    k.backend.clear_session()
    tf.random.set_seed(seed)
    if rest and not kind.startswith("tfjs"):
        net, wide = halved(build, k, rest[0], seed)
        network = save(folder, net, kind)
    else:
        built = build(k)
        net, wide = built if isinstance(built, tuple) else (built, built)
        randomise(net, seed)
        network = save(folder, net, kind, *rest)
    shape = SIZES.get(net.name, wide.input_shape[1:3])
    write_reference(folder, network, wide, shape, seed)


def make_full(folder, name):
    """ResNet50.h5, ResNet50.keras, keras2:ResNet50.h5"""
    k = tf_keras if name.startswith("keras2:") else keras
    family, kind = name.removeprefix("keras2:").rsplit(".", 1)
    seed = zlib.crc32(name.encode())
    net = getattr(k.applications, family)(weights=None)
    # depth multiplies it
    randomise(net, seed, gain=1)
    network = save(folder, net, kind)
    write_reference(folder, network, net, net.input_shape[1:3], seed)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("names", nargs="*")
    options = arguments.parse_args()
    names = options.names or COMMITTED
    if names == ["small"]:
        names = [name for name in SMALL if name not in COMMITTED]
    for name in names:
        folder = options.folder / name.replace(":", "-")
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        make_small(folder, name) if name in SMALL else make_full(folder, name)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(f"{name}: {size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
