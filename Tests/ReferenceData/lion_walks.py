#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random walks of Lion, one for each thing that the sign does beyond its linear response.

Writes lion_walks.csv next to this script: the norm (root mean square over neurons) and the mean angle of a step, at ten
steps of a run with linear warmup and cosine decay. Needs NumPy; about two minutes. The seed is fixed.

    python3 lion_walks.py

A gradient is normal with a scale per step and neuron: 1, or for a batch of b that of a neuron before batch
normalisation, scale^2 = chi^2(b-2)/chi^2(b-1), whose excess kurtosis is 6(2b-5)/((b-2)(b-5)). For a scale-invariant
weight it is projected orthogonal to the weight and divided by its norm. A radial decay adds mu w to it, with
sqrt(2/pi) mu / sigma = radial_decay for the sigma of the step.
"""

import csv
import os

import numpy as np

COLUMNS = ["case", "scale_invariant", "learning_rate", "weight_decay", "beta1", "beta2", "dimension", "neurons",
           "steps", "warmup", "gradient_kurtosis", "radial_decay", "initial_norm", "step", "norm", "rotation"]
CASES = [
    dict(case="arcsine", beta1=0.99, beta2=0.99, weight_decay=10),
    dict(case="tails", batch=16, scale_invariant=1, beta2=0.999, weight_decay=2),
    dict(case="tails and short memory", batch=16, scale_invariant=1, weight_decay=10),
    dict(case="few coordinates", scale_invariant=1, dimension=16, weight_decay=10),
    dict(case="radial", radial_decay=2, beta2=0.999, weight_decay=2),
]
DEFAULTS = dict(scale_invariant=0, learning_rate=5e-4, beta1=0.9, beta2=0.99, dimension=128, steps=2000, warmup=100,
                radial_decay=0, batch=0)
COORDINATES = 2**17


def walk(case, seed):
    s = {**DEFAULTS, **case}
    b1, b2, C, T, batch = s["beta1"], s["beta2"], s["dimension"], s["steps"], s.pop("batch")
    K = COORDINATES // C
    s["neurons"] = K
    s["gradient_kurtosis"] = 6 * (2 * batch - 5) / ((batch - 2) * (batch - 5)) if batch else 0
    draw = np.random.default_rng(seed)
    w = draw.uniform(-1, 1, (K, C)) / np.sqrt(C)
    m = np.zeros((K, C))
    s["initial_norm"] = repr(float(np.sqrt((w * w).sum() / K)))
    for t in range(1, T + 1):
        lr = s["learning_rate"] * min(t / s["warmup"], 1)
        if t > s["warmup"]:
            lr *= (1 + np.cos(np.pi * (t - s["warmup"]) / (T - s["warmup"]))) / 2
        g = draw.standard_normal((K, C))
        if batch:
            g *= np.sqrt(draw.chisquare(batch - 2, (K, 1)) / draw.chisquare(batch - 1, (K, 1)))
        power = (w * w).sum(1, keepdims=True)
        if s["scale_invariant"]:
            g = (g - (g * w).sum(1, keepdims=True) / power * w) / np.sqrt(power)
        if s["radial_decay"]:
            sigma = np.sqrt(b1 * b1 * np.mean(m * m) + (1 - b1) ** 2)
            g += s["radial_decay"] * sigma / np.sqrt(2 / np.pi) * w
        u = np.sign(b1 * m + (1 - b1) * g)
        m = b2 * m + (1 - b2) * g
        new = (1 - lr * s["weight_decay"]) * w - lr * u
        if t % (T // 10) == T // 20:
            along = (w * u).sum(1)
            across = lr * np.sqrt(np.maximum(0, power[:, 0] * C - along**2))
            angle = np.arctan2(across, (w * new).sum(1))
            yield {**s, "step": t, "norm": f"{np.sqrt((new * new).sum() / K):.7g}", "rotation": f"{angle.mean():.7g}"}
        w = new


if __name__ == "__main__":
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lion_walks.csv")
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for seed, case in enumerate(CASES):
            writer.writerows(walk(case, seed))
