#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains a batch-normalised network on Fashion-MNIST and records norm, rotation and gradient norm of its layers.

    python3 real_run.py [--data FOLDER] [run ...]

Needs PyTorch and the Debian package dataset-fashion-mnist. Writes into the folder of this script, for each run,
    real_<run>.csv                        all measurements of the hidden layers
    real_<run>_layer<n>_gradients.csv     `step,gradient_norm`, as a user would log it, and its geometric mean

The network: 1024 inputs, three hidden layers of a linear map without bias, batch normalisation and ReLU, ten
outputs. Images are padded with zeros to 32 x 32, so 240 inputs never see a gradient; every pixel of the image
itself is used somewhere. Pixels are divided by 255. Weight decay acts on the matrices only.

Conventions as in random_walk.py: step t = 1 ... T has the learning rate eta * factor(t - 1), the gradient of step t
is taken at the weights after step t - 1, the angle of step t lies between the weights after steps t - 1 and t.
All in double precision on one thread.
"""

import argparse
import gzip
import os
import sys
from math import cos, pi, sqrt

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))

COMMON = dict(
    data="Fashion-MNIST, 60000 training images, pixels / 255, padded to 32 x 32", batch=128,
    widths="1024 256 256 256 10", initialisation="uniform on +-1/sqrt(dimension)", schedule="linear warmup, then cosine to zero",
    warmup=200, steps=4000, seed=1, every=25, logged=10,
)
RUNS = {
    "adamw": dict(COMMON, optimizer="adamw", learning_rate=3e-3, weight_decay=0.2, decay_convention="pytorch",
                  beta1=0.9, beta2=0.999, epsilon=1e-8),
    "sgdm": dict(COMMON, optimizer="sgdm", learning_rate=0.1, weight_decay=5e-4, momentum=0.9, nesterov=0,
                 every=50, logged=20),
}


def factor(index, warmup, steps):
    if index < warmup:
        return index / warmup
    return (1 + cos(pi * (index - warmup) / (steps - warmup))) / 2


def images(folder, prefix):
    def read(name, offset):
        with gzip.open(os.path.join(folder, f"{prefix}-{name}-ubyte.gz")) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    pixels = np.pad(read("images-idx3", 16).reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2))).reshape(-1, 1024)
    return torch.tensor(pixels).double() / 255, torch.tensor(read("labels-idx1", 8)).long()


def network(widths):
    layers = []
    for inputs, outputs in zip(widths[:-2], widths[1:-1]):
        layers += [torch.nn.Linear(inputs, outputs, bias=False), torch.nn.BatchNorm1d(outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(widths[-2], widths[-1]))


def optimizer(settings, net):
    matrices = [p for p in net.parameters() if p.ndim == 2]
    others = [p for p in net.parameters() if p.ndim != 2]
    groups = [dict(params=matrices, weight_decay=settings["weight_decay"]), dict(params=others, weight_decay=0.0)]
    if settings["optimizer"] == "adamw":
        return torch.optim.AdamW(groups, lr=settings["learning_rate"], eps=settings["epsilon"],
                                 betas=(settings["beta1"], settings["beta2"]))
    return torch.optim.SGD(groups, lr=settings["learning_rate"], momentum=settings["momentum"])


def measure(before, after, g, momentum):
    """Norm power, mean angle, mean squared angle, pooled angle, gradient powers, cosine of gradient and momentum."""
    old, new = before.norm(dim=1, keepdim=True), after.norm(dim=1, keepdim=True)
    a, b = before / old, after / new
    theta = 2 * torch.atan2((a - b).norm(dim=1), (a + b).norm(dim=1))
    difference = after - before
    A, delta = float((old**2).mean()), float((difference**2).sum(dim=1).mean())
    X = float((before * difference).sum(dim=1).mean())
    pooled = np.arctan2(sqrt(max(A * delta - X * X, 0.0)), A + X)
    squares = (g**2).sum(dim=1)
    alive = squares > 0  # a neuron whose output is always cut off has no gradient
    cosine = 0.0
    if momentum is not None:
        cosine = (g * momentum).sum(dim=1)[alive] / (g.norm(dim=1) * momentum.norm(dim=1))[alive]
        cosine = float(torch.nan_to_num(cosine).mean())
    return np.array([float((new**2).mean()), float(theta.mean()), float((theta**2).mean()), pooled**2,
                     float(squares.mean()), float((squares * old[:, 0] ** 2).mean()), cosine])


COLUMNS = "layer,step,learning_rate,norm,rotation_mean,rotation_rms,rotation_pooled,gradient_norm," \
          "unit_gradient_norm,momentum_cosine"


def run(name, folder):
    settings = RUNS[name]
    torch.manual_seed(settings["seed"])
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    pixels, labels = images(folder, "train")
    net = network([int(width) for width in settings["widths"].split()])
    hidden = [layer for layer in net if isinstance(layer, torch.nn.Linear)][:-1]
    updater = optimizer(settings, net)
    initial = [float((layer.weight.detach() ** 2).sum(dim=1).mean().sqrt()) for layer in hidden]
    ever = [torch.zeros(layer.weight.shape[1], dtype=torch.bool) for layer in hidden]
    sums = np.zeros((len(hidden), 7))
    logged = np.zeros((len(hidden), 2))
    every, logging = settings["every"], settings["logged"]
    rows, logs, losses, order = [], [[] for _ in hidden], [], []
    T = settings["steps"]
    for t in range(1, T + 1):
        if len(order) < settings["batch"]:
            order = torch.randperm(len(pixels))
        chosen, order = order[: settings["batch"]], order[settings["batch"] :]
        rate = settings["learning_rate"] * factor(t - 1, settings["warmup"], T)
        for group in updater.param_groups:
            group["lr"] = rate
        loss = torch.nn.functional.cross_entropy(net(pixels[chosen]), labels[chosen])
        updater.zero_grad()
        loss.backward()
        losses.append(float(loss.detach()))
        before = [layer.weight.detach().clone() for layer in hidden]
        key = "exp_avg" if settings["optimizer"] == "adamw" else "momentum_buffer"
        momenta = [updater.state[layer.weight].get(key) for layer in hidden]
        momenta = [None if m is None else m.clone() for m in momenta]
        updater.step()
        for i, layer in enumerate(hidden):
            g = layer.weight.grad
            values = measure(before[i], layer.weight.detach(), g, momenta[i])
            sums[i] += values
            ever[i] |= (g != 0).any(dim=0)
            squares = (g**2).sum(dim=1)
            logged[i] += float(squares.mean()), float(squares[squares > 0].log().mean().exp())
            if t % logging == 0:
                logs[i].append((t, *np.sqrt(logged[i] / logging)))
                logged[i] = 0
            if t % every == 0:
                mean = sums[i] / every
                rows.append((i + 1, t, rate, sqrt(values[0]), mean[1], *np.sqrt(mean[2:6]), mean[6]))
                sums[i] = 0
    net.eval()
    test, answers = images(folder, "t10k")
    with torch.no_grad():
        accuracy = float((net(test).argmax(dim=1) == answers).double().mean())
    header = dict(
        settings, neurons=256, dimensions=" ".join(str(layer.weight.shape[1]) for layer in hidden),
        initial_norms=" ".join(f"{x:.10g}" for x in initial),
        active_fractions=" ".join(f"{float(x.double().mean()):.6g}" for x in ever),
        final_loss=f"{np.mean(losses[-100:]):.5g}", test_accuracy=f"{accuracy:.4f}")
    path = os.path.join(HERE, f"real_{name}.csv")
    with open(path, "w") as file:
        for key, value in header.items():
            file.write(f"# {key}: {value}\n")
        file.write(COLUMNS + "\n")
        for row in sorted(rows):
            file.write(f"{row[0]},{row[1]}," + ",".join(f"{x:.5g}" for x in row[2:9]) +
                       f",{row[9]:.3f}\n")
    for i, log in enumerate(logs):
        with open(os.path.join(HERE, f"real_{name}_layer{i + 1}_gradients.csv"), "w") as file:
            file.write("step,gradient_norm,geometric_gradient_norm\n")
            file.writelines(f"{t},{x:.5g},{y:.5g}\n" for t, x, y in log)
    print(f"{name}: loss {header['final_loss']}, test accuracy {accuracy:.4f}, {os.path.getsize(path)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="run")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    arguments = parser.parse_args()
    for name in arguments.runs or RUNS:
        run(name, arguments.data)


if __name__ == "__main__":
    sys.exit(main())
