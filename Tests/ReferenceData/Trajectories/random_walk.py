#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random walks of the simple system (95) under five optimizers and a schedule.

    python3 random_walk.py [file ...]     writes the CSV files next to this script
    python3 random_walk.py --torch        compares the update rules with torch.optim and exits

Needs NumPy only (and PyTorch for --torch). Deterministic for a given version of NumPy and its BLAS.

The system is Y = N(W X): K neurons of dimension C, a batch of B inputs. All gains are one, unless a file says
otherwise. X is standard normal, the gradient of Y is normal with the given scale, both fresh at every step.
N is a batch normalisation without epsilon, so a neuron is exactly scale-invariant; `weight` normalises
the rows of W instead; `none` leaves the neuron sensitive to its scale.

Conventions. Step t = 1 ... T has the index s = t - 1 and the learning rate eta * factor(s),
    factor(s) = s / warmup                                              for s < warmup,
    factor(s) = (1 + cos(pi (s - warmup) / (T - warmup))) / 2           from there on,
so the first learning rate is zero; moments are updated in that step all the same. The gradient of step t is
taken at the weights after step t - 1. The angle of step t lies between the weights after steps t - 1 and t.
"""

import argparse
import os
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from math import cos, pi, sqrt

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, WARMUP, EVERY, FIRST = 4000, 400, 20, 10

COMMON = dict(
    optimizer="", learning_rate=0.0, weight_decay=0.0, decay_convention="pytorch",
    neurons=1024, dimension=128, batch=64, gains="1 x 128", normalisation="batch", unit_gradient_scale=1.0,
    initialisation="uniform on +-1/sqrt(dimension), times initial_factor", initial_factor=1.0,
    schedule="linear warmup, then cosine to zero", warmup=WARMUP, steps=STEPS,
)
SGDM = dict(COMMON, optimizer="sgdm", learning_rate=0.1, weight_decay=2.5e-3, momentum=0.9, nesterov=0)
ADAMW = dict(COMMON, optimizer="adamw", beta1=0.9, beta2=0.999, epsilon=0.0)
ADAM_L2 = dict(ADAMW, optimizer="adam_l2")
LION = dict(COMMON, optimizer="lion", learning_rate=5e-4, weight_decay=2.0, beta1=0.9)

RUNS = {
    "sgdm": dict(SGDM),
    "sgdm_slow": dict(SGDM, learning_rate=0.02, weight_decay=5e-4, unit_gradient_scale=0.1),
    "sgdm_scale_sensitive": dict(SGDM, normalisation="none", unit_gradient_scale=0.3),
    "sgdm_nesterov": dict(SGDM, nesterov=1),
    "adamw": dict(ADAMW, learning_rate=5e-3, weight_decay=0.5),
    "adamw_slow": dict(ADAMW, learning_rate=2e-3, weight_decay=0.05),
    "adamw_growing": dict(ADAMW, learning_rate=2e-2, weight_decay=0.05),
    "adamw_shrinking": dict(ADAMW, learning_rate=1e-3, weight_decay=1.0, beta2=0.98),
    "adamw_short_memory": dict(ADAMW, learning_rate=2e-3, weight_decay=0.5, beta2=0.95),
    "adamw_constant_decay": dict(
        ADAMW, learning_rate=5e-3, weight_decay=0.5, decay_convention="constant"),
    "adamw_corrected_decay": dict(
        ADAMW, learning_rate=5e-3, weight_decay=0.5, decay_convention="corrected"),
    "adamw_epsilon": dict(ADAMW, learning_rate=5e-3, weight_decay=0.5, epsilon=0.05),
    "adam_l2": dict(ADAM_L2, learning_rate=5e-3, weight_decay=1e-2),
    "adam_l2_small_gradient": dict(ADAM_L2, learning_rate=2e-3, weight_decay=1e-3, unit_gradient_scale=1.78e-6),
    "adam_l2_small_gradient_near": dict(
        ADAM_L2, learning_rate=2e-3, weight_decay=1e-3, unit_gradient_scale=1.78e-6, initial_factor=0.1),
    "adam_l2_two_classes": dict(
        ADAM_L2, learning_rate=5e-3, weight_decay=1e-2, normalisation="weight", gains="0.3 x 96, 1.9 x 32"),
    "lion": dict(LION, beta2=0.99),
    "lion_999": dict(LION, beta2=0.999),
    "lion_tails": dict(LION, beta2=0.99, batch=16),
}


def factor(index, warmup, steps):
    if index < warmup:
        return index / warmup
    return (1 + cos(pi * (index - warmup) / (steps - warmup))) / 2


def shrink(settings, rate):
    """What decoupled weight decay takes off in a step: w <- (1 - shrink) w."""
    peak, decay = settings["learning_rate"], settings["weight_decay"]
    return {"pytorch": rate * decay, "constant": peak * decay, "corrected": rate * rate / peak * decay}[
        settings["decay_convention"]]


# ---------------------------------------------------------------------------
# The system


def gains(text):
    parts = [part.split(" x ") for part in text.split(", ")]
    return np.concatenate([np.full(int(count), float(value)) for value, count in parts])


def gradient(W, X, dY, normalisation):
    if normalisation == "none":
        return dY @ X.T
    if normalisation == "weight":
        norm = np.linalg.norm(W, axis=1, keepdims=True)
        g, unit = dY @ X.T, W / norm
        return (g - unit * np.sum(g * unit, axis=1, keepdims=True)) / norm
    Z = W @ X
    Z -= Z.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.mean(Z * Z, axis=1, keepdims=True))
    Z /= deviation
    dZ = dY - dY.mean(axis=1, keepdims=True)
    dZ -= Z * np.mean(dY * Z, axis=1, keepdims=True)
    dZ /= deviation
    return dZ @ X.T


# ---------------------------------------------------------------------------
# The update rules, as PyTorch documents them (Lion: as its paper has it)


def optimizer(settings, W):
    m, v, decay = np.zeros_like(W), np.zeros_like(W), settings["weight_decay"]
    kind = settings["optimizer"]

    def sgdm(t, rate, g):
        alpha = settings["momentum"]
        g = g + decay * W
        m[:] = alpha * m + g
        W[:] -= rate * (g + alpha * m if settings["nesterov"] else m)

    def adam(t, rate, g):
        beta1, beta2 = settings["beta1"], settings["beta2"]
        if kind == "adam_l2":
            g = g + decay * W
        else:
            W[:] *= 1 - shrink(settings, rate)
        m[:] += (1 - beta1) * (g - m)
        v[:] += (1 - beta2) * (g * g - v)
        root = np.sqrt(v / (1 - beta2**t)) + settings["epsilon"]
        W[:] -= rate / (1 - beta1**t) * m / root

    def lion(t, rate, g):
        beta1, beta2 = settings["beta1"], settings["beta2"]
        W[:] *= 1 - shrink(settings, rate)
        W[:] -= rate * np.sign(beta1 * m + (1 - beta1) * g)
        m[:] = beta2 * m + (1 - beta2) * g

    return {"sgdm": sgdm, "adamw": adam, "adam_l2": adam, "lion": lion}[kind]


# ---------------------------------------------------------------------------
# Measuring


def angles(a, b):
    """Angle of each pair of rows, without cancellation (Kahan)."""
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    return 2 * np.arctan2(np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1))


def pooled_angle(a, b):
    """Angle whose cosine is E<a,b> / sqrt(E|a|^2 E|b|^2), the mean being over rows."""
    difference = b - a
    A, delta = np.mean(np.sum(a * a, axis=1)), np.mean(np.sum(difference * difference, axis=1))
    X = np.mean(np.sum(a * difference, axis=1))
    return np.arctan2(sqrt(max(A * delta - X * X, 0.0)), A + X)


COLUMNS = ["step", "learning_rate", "norm", "rotation_mean", "rotation_rms", "rotation_pooled", "gradient_norm",
           "unit_gradient_norm"]


def run(name):
    settings, seed = RUNS[name], zlib.crc32(name.encode())
    K, C, B = settings["neurons"], settings["dimension"], settings["batch"]
    rng = np.random.Generator(np.random.SFC64(seed))
    W = settings["initial_factor"] * rng.uniform(-1 / sqrt(C), 1 / sqrt(C), (K, C))
    gain = gains(settings["gains"])[:, None]
    # Makes E|g~|^2 about unit_gradient_scale^2: C B products, gains aside.
    scale = settings["unit_gradient_scale"] / sqrt(C * B)
    step = optimizer(settings, W)
    initial = sqrt(np.mean(np.sum(W * W, axis=1)))
    rows, sums, kurtosis, coordinates = [], np.zeros(3), [], np.zeros(C)
    for t in range(1, settings["steps"] + 1):
        rate = settings["learning_rate"] * factor(t - 1, settings["warmup"], settings["steps"])
        X = gain * rng.standard_normal((C, B))
        g = gradient(W, X, scale * rng.standard_normal((K, B)), settings["normalisation"])
        before = W.copy()
        step(t, rate, g)

        squares, norms = np.sum(g * g, axis=1), np.sum(before * before, axis=1)
        power, unit = np.mean(squares), np.mean(squares * norms)
        sums += unit, power * np.mean(norms), power
        coordinates += np.mean(g * g, axis=0) * np.mean(norms)
        if t % 100 == 0:
            z = g * np.sqrt(norms)[:, None] / gain.T
            kurtosis.append(np.mean(z**4) / np.mean(z * z) ** 2 - 3)
        if t <= FIRST or t % EVERY == 0:
            theta = angles(before, W) if rate else np.zeros(K)
            if rate == 0 and settings["optimizer"] != "sgdm" and shrink(settings, rate) == 0:
                assert np.array_equal(before, W)
            rows.append([t, rate, sqrt(np.mean(np.sum(W * W, axis=1))), theta.mean(), sqrt(np.mean(theta**2)),
                         pooled_angle(before, W) if rate else 0.0, sqrt(power), sqrt(unit)])
    header = dict(
        settings, initial_norm=f"{initial:.10g}",
        unit_gradient_power=f"{sums[0] / settings['steps']:.6g}",
        pooled_gradient_power=f"{sums[1] / settings['steps']:.6g}",
        gradient_power=f"{sums[2] / settings['steps']:.6g}",
        pooled_gradient_power_by_class=", ".join(
            f"{np.sum(coordinates[gain[:, 0] == value]) / settings['steps']:.6g}"
            for value in dict.fromkeys(gain[:, 0])),
        gradient_excess_kurtosis=f"{np.mean(kurtosis):.4f}",
        every=EVERY, random_generator=f"NumPy SFC64, seed {seed}",
    )
    path = os.path.join(HERE, f"{name}.csv")
    with open(path, "w") as file:
        for key, value in header.items():
            file.write(f"# {key}: {value}\n")
        file.write(",".join(COLUMNS) + "\n")
        for row in rows:
            file.write(f"{row[0]},{row[1]:.12g},{row[2]:.6g}," + ",".join(f"{x:.5g}" for x in row[3:]) + "\n")
    return f"{name}: {len(rows)} rows, {os.path.getsize(path)} bytes, final norm {rows[-1][2]:.5f}"


# ---------------------------------------------------------------------------
# The same gradients through torch.optim


def compare_with_torch():
    import torch

    for name, changes in {
        "sgdm": {}, "sgdm_nesterov": {}, "adamw": {}, "adamw_epsilon": {}, "adam_l2": {}}.items():
        settings = RUNS[name]
        rng = np.random.Generator(np.random.SFC64(99))
        W = rng.uniform(-0.1, 0.1, (8, 16))
        parameter = torch.nn.Parameter(torch.tensor(W))
        rate, decay = settings["learning_rate"], settings["weight_decay"]
        if settings["optimizer"] == "sgdm":
            other = torch.optim.SGD([parameter], lr=rate, momentum=settings["momentum"], weight_decay=decay,
                                    nesterov=bool(settings["nesterov"]))
        else:
            kind = torch.optim.AdamW if settings["optimizer"] == "adamw" else torch.optim.Adam
            other = kind([parameter], lr=rate, betas=(settings["beta1"], settings["beta2"]),
                         eps=settings["epsilon"], weight_decay=decay)
        step = optimizer(settings, W)
        for t in range(1, 201):
            now = rate * factor(t - 1, 20, 200)
            g = rng.standard_normal(W.shape)
            other.param_groups[0]["lr"] = now
            parameter.grad = torch.tensor(g)
            step(t, now, g)
            other.step()
        error = np.max(np.abs(parameter.detach().numpy() - W)) / np.max(np.abs(W))
        print(f"{name}: {error:.1e}")
        assert error < 1e-13


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", choices=[[], *RUNS], metavar="file")
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.torch:
        return compare_with_torch()
    with ProcessPoolExecutor(arguments.processes) as pool:
        for line in pool.map(run, arguments.files or list(RUNS)):
            print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
