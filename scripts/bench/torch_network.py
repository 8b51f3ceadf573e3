"""A network run and timed in PyTorch: the reference of the benchmarks and of the parity check.

Speaks JSON lines on stdin and stdout. First line: {"dump": FILE, "threads": N} for a network that Proxima dumped, or
{"torchvision": NAME, "save": FILE, "threads": N} for torchvision's own module with seeded random weights, biases and
batch norms, whose state dict is written to FILE; then requests:
  {"do": "gradient", "image": FILE, "out": FILE, "target": T, "forward": s, "backward": p}  -> {"score", "norm"}
  {"do": "time", "mode": M, "batch": B, "steps": K, "backward": p}                          -> {"ms": median of a step}
  {"do": "train", "mode": M, "batch": B, "steps": K, "backward": p}     -> {"ms": median of a step, "cpu": mean CPU time}
Modes: eager, channels-last, compile, bf16 (autocast, channels-last).
Files hold float32; images are [height, width, channel] in [-1, 1].
"""

import json
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F


class Rectifier(torch.autograd.Function):
    """max(x, s x) forward; backward 1 where x > 0, else p (Linse, Barth, Martinetz 2024)."""

    @staticmethod
    def forward(ctx, x, forward_slope, backward_slope, ceiling):
        y = torch.relu(x) if forward_slope == 0 else torch.ops.aten.leaky_relu(x, forward_slope)
        if ceiling is not None:
            y = torch.clamp(y, max=ceiling)
        # y is positive where x is, so x need not be kept
        ctx.save_for_backward(y)
        ctx.rule = backward_slope, ceiling
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        backward_slope, ceiling = ctx.rule
        if ceiling is not None:
            dy = torch.where(y < ceiling, dy, torch.zeros_like(dy))
        if backward_slope == 0:
            return torch.ops.aten.threshold_backward(dy, y, 0), None, None, None
        # PyTorch's own kernel: the fastest way to write the rule
        return torch.ops.aten.leaky_relu_backward(dy, y, backward_slope, True), None, None, None


def explicit(padding, size, stride, dilation, shape):
    """[[top, bottom], [left, right]] of a padding; "same" is TensorFlow's."""
    if padding == "valid":
        return [[0, 0], [0, 0]]
    if padding != "same":
        return padding
    pads = []
    for k, s, d, n in zip(size, stride, dilation, shape):
        total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        pads.append([total // 2, total - total // 2])
    return pads


def pad(x, pads, value=0.0):
    (top, bottom), (left, right) = pads
    if not any((top, bottom, left, right)):
        return x
    return F.pad(x, (left, right, top, bottom), value=value)


class Network(torch.nn.Module):
    def __init__(self, dump):
        super().__init__()
        self.nodes, self.output = dump["nodes"], dump["output"]
        self.slopes = (None, None)
        data = np.fromfile(dump["weights"], dtype=np.float32)
        self.weights = {}
        for node in self.nodes:
            for name, (offset, shape) in node["weights"].items():
                value = data[offset : offset + int(np.prod(shape))].reshape(shape).copy()
                tensor = torch.from_numpy(value)
                if node["kind"] == "conv2d" and name == "kernel":
                    tensor = tensor.permute(3, 2, 0, 1).contiguous()
                if node["kind"] == "depthwise-conv2d" and name == "kernel":
                    h, w, c, m = shape
                    tensor = tensor.permute(2, 3, 0, 1).reshape(c * m, 1, h, w).contiguous()
                key = f"w{len(self.weights)}"
                self.register_buffer(key, tensor)
                self.weights[node["name"], name] = key
        self.register_buffer("scale", torch.tensor(dump["scale"]).view(1, -1, 1, 1))
        self.register_buffer("offset", torch.tensor(dump["offset"]).view(1, -1, 1, 1))
        self.reversed = dump["reversed"]
        self.eval()

    def trainable(self):
        """Makes parameters of what is trained; two groups for the optimizer: kernels, which decay, and the rest."""
        groups = [], []
        for (_, name), key in self.weights.items():
            if name in ("kernel", "bias", "gamma", "beta"):
                parameter = torch.nn.Parameter(self._buffers.pop(key))
                setattr(self, key, parameter)
                groups[parameter.dim() == 1].append(parameter)
        return groups

    def weight(self, node, name):
        key = self.weights.get((node["name"], name))
        return None if key is None else getattr(self, key)

    def forward(self, x):
        if self.reversed:
            x = x.flip(1)
        values = {"input": x * self.scale + self.offset}
        for node in self.nodes:
            inputs = [values[name] for name in node["inputs"]]
            values[node["name"]] = self.apply_node(node, inputs)
        return values[self.output]

    def apply_node(self, node, inputs):
        kind, a, x = node["kind"], node["attributes"], inputs[0]
        if kind in ("conv2d", "depthwise-conv2d"):
            w = self.weight(node, "kernel")
            pads = explicit(a["padding"], w.shape[2:], a["strides"], a["dilations"], x.shape[2:])
            groups = x.shape[1] if kind == "depthwise-conv2d" else a["groups"]
            (top, bottom), (left, right) = pads
            inner = (top, left) if top == bottom and left == right else (0, 0)
            if inner == (0, 0):
                x = pad(x, pads)
            return F.conv2d(x, w, self.weight(node, "bias"), a["strides"], inner, a["dilations"], groups)
        if kind == "rectifier":
            forward, backward = self.slopes
            own = a["slope"]
            return Rectifier.apply(
                x, own if forward is None else forward, own if backward is None else backward, a["ceiling"]
            )
        if kind in ("max-pool", "average-pool"):
            pads = explicit(a["padding"], a["window"], a["strides"], (1, 1), x.shape[2:])
            if kind == "max-pool":
                return F.max_pool2d(pad(x, pads, -torch.inf), a["window"], a["strides"])
            total = F.avg_pool2d(pad(x, pads), a["window"], a["strides"])
            share = F.avg_pool2d(pad(torch.ones_like(x[:1, :1]), pads), a["window"], a["strides"])
            return total / share
        if kind == "global-average-pool":
            return x.mean((2, 3))
        if kind == "dense":
            return F.linear(x, self.weight(node, "kernel").t(), self.weight(node, "bias"))
        if kind == "add":
            return sum(inputs[1:], inputs[0])
        if kind == "concat":
            return torch.cat(inputs, 1)
        if kind == "flatten":
            return x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x.flatten(1)
        if kind == "zero-pad":
            return pad(x, a["padding"])
        if kind == "batch-norm":
            names = ("mean", "variance", "gamma", "beta")
            mean, variance, gamma, beta = (self.weight(node, name) for name in names)
            channels = x.shape[1]
            mean = torch.zeros(channels) if mean is None else mean
            variance = torch.ones(channels) if variance is None else variance
            return F.batch_norm(x, mean, variance, gamma, beta, self.training, 0.1, a["epsilon"])
        raise SystemExit(f"no PyTorch twin of {kind}")


def as_trained(module):
    """Biases and batch norms as training leaves them: at rest they are zeros and ones, which compilers take out."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.1)
        elif isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)) and layer.bias is not None:
            layer.bias.normal_(0, 0.05)


class Torchvision(torch.nn.Module):
    """torchvision's own module in evaluation mode; its rectifiers follow the rule."""

    def __init__(self, name):
        super().__init__()
        import torchvision

        torch.manual_seed(0)
        options = {"aux_logits": False, "init_weights": True} if name == "inception_v3" else {}
        self.inner = getattr(torchvision.models, name)(weights=None, **options).eval().requires_grad_(False)
        as_trained(self.inner)
        self.slopes = (0.0, 0.0)
        rectify = lambda x, ceiling: Rectifier.apply(x, *self.slopes, ceiling)
        # nn.ReLU and nn.ReLU6 call these as well
        F.relu = lambda x, inplace=False: rectify(x, None)
        F.relu6 = F.hardtanh = lambda x, *limits, inplace=False: rectify(x, 6.0)

    def forward(self, x):
        return self.inner(x)


def advance(net, x, targets, step):
    """x + step g / |g|, clipped: the bare step that is compared."""
    x = x.detach().requires_grad_(True)
    score = net(x)[torch.arange(len(targets)), targets]
    (g,) = torch.autograd.grad(score.sum(), x)
    norm = g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return (x.detach() + step * g / norm).clamp(-1, 1), score


def time_mode(make, request):
    batch, steps = request["batch"], request["steps"]
    net, (h, w, c), classes = make()
    net.slopes = (0.0, request["backward"])
    x = 0.1 * torch.randn(batch, c, h, w)
    mode = request["mode"]
    if mode in ("channels-last", "bf16"):
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
        for name, value in net.named_buffers(recurse=False):
            if value.dim() == 4:
                setattr(net, name, value.contiguous(memory_format=torch.channels_last))
    run = torch.compile(net) if mode == "compile" else net
    run.slopes = net.slopes
    targets = torch.arange(batch) % classes
    times = []
    for i in range(-3, steps):
        before = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
            x, score = advance(run, x, targets, 5.0)
        score.tolist()
        if i >= 0:
            times.append(time.perf_counter() - before)
    return {"ms": statistics.median(times) * 1000}


def time_training(make, request):
    """Forward in training mode, cross-entropy, backward with the rule, AdamW."""
    batch, steps, mode = request["batch"], request["steps"], request["mode"]
    net, (h, w, c), classes = make()
    net.slopes = (0.0, request["backward"])
    x = 0.5 * torch.randn(batch, c, h, w)
    if mode in ("channels-last", "bf16"):
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    kernels, rest = net.train().trainable()
    groups = [{"params": kernels, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3)
    labels = torch.arange(batch) % classes
    times = []
    for i in range(-2, steps):
        before = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
            loss = F.cross_entropy(net(x), labels, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        loss.item()
        if i >= 0:
            times.append((time.perf_counter() - before[0], time.process_time() - before[1]))
    wall, cpu = zip(*times)
    return {"ms": statistics.median(wall) * 1000, "cpu": statistics.mean(cpu) * 1000}


def gradient(net, shape, request):
    h, w, c = shape
    image = np.fromfile(request["image"], dtype=np.float32).reshape(1, h, w, c)
    x = torch.from_numpy(image).permute(0, 3, 1, 2).contiguous().requires_grad_(True)
    net.slopes = (request["forward"], request["backward"])
    logits = net(x)
    (g,) = torch.autograd.grad(logits[0, request["target"]], x)
    g.permute(0, 2, 3, 1).contiguous().numpy().tofile(request["out"])
    return {"score": logits[0, request["target"]].item(), "norm": g.norm().item()}


def maker(setup):
    """A function that makes the network anew, with its input [height, width, channel] and number of classes."""
    if "torchvision" in setup:
        name = setup["torchvision"]
        side = 299 if name == "inception_v3" else 224
        return lambda: (Torchvision(name), (side, side, 3), 1000)
    with open(setup["dump"], encoding="utf-8") as file:
        dump = json.load(file)
    return lambda: (Network(dump), dump["input"], dump["classes"])


def main():
    setup = json.loads(sys.stdin.readline())
    torch.set_num_threads(setup["threads"])
    torch.manual_seed(0)
    make = maker(setup)
    net, shape, _ = make()
    if "save" in setup:
        torch.save(net.inner.state_dict(), setup["save"])
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "gradient":
            answer = gradient(net, shape, request)
        else:
            answer = (time_training if request["do"] == "train" else time_mode)(make, request)
        print(json.dumps(answer), flush=True)


main()
