"""Trains a small network for a few steps in PyTorch: the reference for gradients of every weight and for optimizers.

    python make-training.py FILE        as it is committed in training/small.json

Needs torch. The file holds the weights to begin with, batches of images and labels, the gradients of every weight for
three gradient rules, and the weights and running statistics after five steps of AdamW and of LAMB. Arrays are float32
in base64, laid out as Proxima has them: maps [height, width, channel], kernels [height, width, in, out].
"""

import base64
import json
import sys

import numpy
import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 5
SIDE = 10
BATCH = 6
STEPS = 5
SMOOTHING = 0.1
RULES = [(0.0, 0.0), (0.0, 0.2), (0.2, 0.2)]


class Rectifier(torch.autograd.Function):
    """max(x, s x) forward; backward 1 where x > 0, else p (Linse, Barth, Martinetz 2024)."""

    @staticmethod
    def forward(ctx, x, forward_slope, backward_slope):
        ctx.save_for_backward(x)
        ctx.backward_slope = backward_slope
        return torch.where(x > 0, x, forward_slope * x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, dy, ctx.backward_slope * dy), None, None


class Net(nn.Module):
    """Convolutions with and without batch norm, a skip, max pooling, a stride, global average, a dense layer."""

    def __init__(self, rule):
        super().__init__()
        self.rule = rule
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6, eps=1e-3)
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1)
        self.conv3 = nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(6, eps=1e-3)
        self.conv4 = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.logits = nn.Linear(8, CLASSES)

    def forward(self, x):
        rectify = lambda value: Rectifier.apply(value, *self.rule)
        skip = rectify(self.bn1(self.conv1(x)))
        y = rectify(self.conv2(skip))
        y = rectify(self.bn3(self.conv3(y)) + skip)
        y = F.max_pool2d(y, 3, 2, 1)
        y = rectify(self.conv4(y))
        return self.logits(y.mean((2, 3)))


class Lamb(torch.optim.Optimizer):
    """You et al. 2020, algorithm 2, with bias correction; the group without decay is not adapted by layer."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), decay = group["betas"], group["weight_decay"]
            for w in group["params"]:
                state = self.state[w]
                if not state:
                    state.update(t=0, m=torch.zeros_like(w), v=torch.zeros_like(w))
                state["t"] += 1
                state["m"] = beta1 * state["m"] + (1 - beta1) * w.grad
                state["v"] = beta2 * state["v"] + (1 - beta2) * w.grad**2
                m = state["m"] / (1 - beta1 ** state["t"])
                v = state["v"] / (1 - beta2 ** state["t"])
                u = m / (v.sqrt() + group["eps"]) + decay * w
                norms = w.norm(), u.norm()
                trust = norms[0] / norms[1] if decay and all(norms) else 1.0
                w -= group["lr"] * trust * u


def array(tensor):
    values = tensor.detach().numpy().astype("<f4")
    return {"shape": list(values.shape), "data": base64.b64encode(values.tobytes()).decode()}


def ours(name, tensor):
    """A parameter or buffer under Proxima's name and in its layout; None for what it does not have."""
    node, kind = name.rsplit(".", 1)
    norm = node.startswith("bn")
    names = {"running_mean": "mean", "running_var": "variance", "bias": "beta" if norm else "bias"}
    weight = "gamma" if norm else "kernel"
    if kind == "num_batches_tracked":
        return None
    if tensor.dim() == 4:
        tensor = tensor.permute(2, 3, 1, 0)
    if tensor.dim() == 2:
        tensor = tensor.t()
    return f"{node}/{names.get(kind, weight)}", array(tensor)


def weights(net):
    return dict(filter(None, (ours(*item) for item in net.state_dict().items())))


def fresh(rule, state):
    net = Net(rule)
    net.load_state_dict(state)
    return net.train()


def loss_of(net, images, labels):
    return F.cross_entropy(net(images), labels, label_smoothing=SMOOTHING)


def main():
    torch.manual_seed(1)
    start = Net(RULES[0])
    with torch.no_grad():
        for name, parameter in start.named_parameters():
            if name.startswith("bn"):
                parameter += 0.3 * torch.randn_like(parameter)
    state = {name: value.clone() for name, value in start.state_dict().items()}
    images = (0.6 * torch.randn(STEPS, BATCH, 3, SIDE, SIDE)).clamp(-1, 1)
    labels = torch.randint(0, CLASSES, (STEPS, BATCH))
    result = {
        "torch": torch.__version__,
        "input": [SIDE, SIDE, 3],
        "classes": CLASSES,
        "batch": BATCH,
        "labelSmoothing": SMOOTHING,
        "images": array(images.permute(0, 1, 3, 4, 2).contiguous()),
        "labels": labels.tolist(),
        "weights": weights(start),
        "gradients": [],
        "optimizers": [],
    }
    for rule in RULES:
        net = fresh(rule, state)
        loss = loss_of(net, images[0], labels[0])
        loss.backward()
        result["gradients"].append(
            {
                "forward": rule[0],
                "backward": rule[1],
                "loss": loss.item(),
                "weights": dict(ours(name, p.grad) for name, p in net.named_parameters()),
            }
        )
    for kind, make, rate, decay in (
        ("adamw", torch.optim.AdamW, 0.01, 0.1),
        ("lamb", lambda groups, **options: Lamb(groups, {"betas": (0.9, 0.999), "eps": 1e-6, **options}), 0.05, 1.0),
    ):
        net = fresh(RULES[1], state)
        kernels = [p for p in net.parameters() if p.dim() > 1]
        rest = [p for p in net.parameters() if p.dim() == 1]
        groups = [{"params": kernels, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
        optimizer = make(groups, lr=rate)
        losses = []
        for batch, target in zip(images, labels):
            optimizer.zero_grad()
            loss = loss_of(net, batch, target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            logits = net(images[0])
        result["optimizers"].append(
            {
                "kind": kind,
                "learningRate": rate,
                "weightDecay": decay,
                "losses": losses,
                "weights": weights(net),
                "evaluated": F.cross_entropy(logits[:4], labels[0][:4]).item(),
                "correct": int((logits[:4].argmax(1) == labels[0][:4]).sum()),
            }
        )
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


main()
