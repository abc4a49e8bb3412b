#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recurrences of the second moments reach on the stored runs, in plain Python.

    python3 engine_check.py [file.csv ...]

Prints the mean relative error over the rows of each file. Rows with learning rate zero have no rotation and
are left out of its error. Nothing but the standard library.

Notation: A = E|w|^2, B = E<w,m>, D = E|m|^2, P = E<w,m'>, W = E<w,w'>, G = E|g|^2, V = second moment of Adam.
"""

import csv
import glob
import os
import sys
from math import atan2, cos, pi, sqrt

HERE = os.path.dirname(os.path.abspath(__file__))


def load(path):
    settings, lines = {}, []
    with open(path) as file:
        for line in file:
            if line.startswith("#"):
                key, _, value = line[1:].partition(":")
                settings[key.strip()] = value.strip()
            else:
                lines.append(line)
    rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(lines)]
    numeric = {}
    for key, value in settings.items():
        try:
            numeric[key] = float(value)
        except ValueError:
            numeric[key] = value
    return numeric, rows


def factor(index, warmup, steps):
    return index / warmup if index < warmup else (1 + cos(pi * (index - warmup) / (steps - warmup))) / 2


def shrink(s, rate):
    decay, peak = s["weight_decay"], s["learning_rate"]
    return {"pytorch": rate * decay, "constant": peak * decay, "corrected": rate * rate / peak * decay}[
        s["decay_convention"]]


def angle(A, size2, U, P, W):
    """size2 is the square of the step size, U = E|u|^2, P = E<w,u>, W = E<w,w'>."""
    return atan2(sqrt(max(size2 * (A * U - P * P), 0.0)), W)


def bisect(f, low, high):
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) > 0 else (low, middle)
    return low


class SGDM:
    def __init__(self, s, A):
        self.s, self.A, self.B, self.D = s, A, 0.0, 0.0

    def step(self, t, rate, G):
        a, l = self.s["momentum"], self.s["weight_decay"]
        A, B, D = self.A, self.B, self.D
        input_power, cross = G + l * l * A, l * B  # of g + l w: its square, its product with m
        newD = a * a * D + input_power + 2 * a * cross
        newP = a * B + l * A
        if self.s["nesterov"]:
            x, y = 1 + a, a * a
            U = x * x * input_power + y * y * D + 2 * x * y * cross
            UM = x * input_power + y * a * D + (x * a + y) * cross
            P = x * l * A + y * B
        else:
            U, UM, P = newD, newD, newP
        W = A - rate * P
        theta = angle(A, rate * rate, U, P, W)
        self.A, self.B, self.D = A - 2 * rate * P + rate * rate * U, newP - rate * UM, newD
        return theta


class AdamW:
    def __init__(self, s, A, dimension=None):
        self.s, self.A, self.B, self.D, self.V = s, A, 0.0, 0.0, 0.0
        self.C = dimension or s["dimension"]

    def scale(self, t, rate):
        root = sqrt(self.V / (1 - self.s["beta2"] ** t)) + self.s["epsilon"]
        return rate / (1 - self.s["beta1"] ** t) / root

    def step(self, t, rate, G):
        b1, b2 = self.s["beta1"], self.s["beta2"]
        A, B, D = self.A, self.B, self.D
        q = 1 - shrink(self.s, rate)
        self.V = b2 * self.V + (1 - b2) * G / self.C
        size = self.scale(t, rate)
        newD, P = b1 * b1 * D + (1 - b1) ** 2 * G, b1 * B
        W = q * A - size * P
        theta = angle(A, size * size, newD, P, W)
        self.A, self.B, self.D = q * q * A - 2 * q * size * P + size * size * newD, q * P - size * newD, newD
        return theta


class AdamL2:
    """Classes of coordinates: their count, and the shares one coordinate has in G and in the initial A."""

    def __init__(self, s, A, classes=None):
        self.s = s
        C = s["dimension"]
        self.classes = classes or [(C, 1 / C, 1 / C)]
        self.state = [[A * start, 0.0, 0.0, 0.0] for _, _, start in self.classes]
        self.A = A

    def step(self, t, rate, G):
        b1, b2, l = self.s["beta1"], self.s["beta2"], self.s["weight_decay"]
        X = delta = 0.0  # E<w, w' - w>, E|w' - w|^2
        for state, (n, share, _) in zip(self.state, self.classes):
            A, B, D, V = state
            power = G * share + l * l * A
            V = b2 * V + (1 - b2) * power
            size = rate / (1 - b1**t) / (sqrt(V / (1 - b2**t)) + self.s["epsilon"])
            newD = b1 * b1 * D + (1 - b1) ** 2 * power + 2 * b1 * (1 - b1) * l * B
            P = b1 * B + (1 - b1) * l * A
            state[:] = A - 2 * size * P + size * size * newD, P - size * newD, newD, V
            X -= n * size * P
            delta += n * size * size * newD
        A = self.A
        theta = atan2(sqrt(max(A * delta - X * X, 0.0)), A + X)
        self.A = A + 2 * X + delta
        return theta


class Lion:
    def __init__(self, s, A):
        self.s, self.A, self.B, self.D = s, A, 0.0, 0.0

    def step(self, t, rate, G):
        b1, b2, C = self.s["beta1"], self.s["beta2"], self.s["dimension"]
        A, B, D = self.A, self.B, self.D
        q = 1 - shrink(self.s, rate)
        k = sqrt(2 / pi * C / (b1 * b1 * D + (1 - b1) ** 2 * G))
        P = k * b1 * B
        W = q * A - rate * P
        theta = angle(A, rate * rate, C, P, W)
        self.A = q * q * A - 2 * q * rate * P + rate * rate * C
        self.B = q * b2 * B - rate * k * (b1 * b2 * D + (1 - b1) * (1 - b2) * G)
        self.D = b2 * b2 * D + (1 - b2) ** 2 * G
        return theta


class Recurrence16:
    """The paper's (16) stepped under the schedule, and its rotation: u^2 = rate^2 C, no momentum in the norm."""

    def __init__(self, s, A, dimension=None):
        self.s, self.A, self.C = s, A, dimension or s["dimension"]

    def step(self, t, rate, G):
        b1, d = self.s["beta1"], shrink(self.s, rate)
        theta = rate * sqrt(self.C * (1 - b1) / (1 + b1) / self.A)
        self.A = self.A * (1 - d) ** 2 + rate * rate * self.C
        return theta


def trajectory(engine, s, power):
    """power(t, A) is the gradient power of step t. Returns norm and rotation after each step."""
    warmup, steps = int(s["warmup"]), int(s["steps"])
    result = []
    for t in range(1, steps + 1):
        rate = s["learning_rate"] * factor(t - 1, warmup, steps)
        theta = engine.step(t, rate, power(t, engine.A))
        result.append((sqrt(engine.A), theta))
    return result


def errors(predicted, rows, column):
    norm = [abs(predicted[int(r["step"]) - 1][0] / r["norm"] - 1) for r in rows]
    signed = [predicted[int(r["step"]) - 1][1] / r[column] - 1 for r in rows if r["learning_rate"] > 0]
    return (sum(norm) / len(norm), max(norm), sum(map(abs, signed)) / len(signed), max(map(abs, signed)),
            sum(signed) / len(signed))


def engine(s, classes=None, dimension=None):
    A = s["initial_norm"] ** 2
    kind = s["optimizer"]
    if kind == "sgdm":
        return SGDM(s, A)
    if kind == "adamw":
        return AdamW(s, A, dimension)
    if kind == "lion":
        return Lion(s, A)
    return AdamL2(s, A, classes)


def classes_of(s, starts=1):
    """One class for each gain, each split into quantiles of the uniform initialisation."""
    counts = [int(part.split(" x ")[1]) for part in s["gains"].split(", ")]
    powers = [float(x) for x in str(s["pooled_gradient_power_by_class"]).split(", ")]
    squares = [((i + 0.5) / starts) ** 2 for i in range(starts)]
    mean, total, C = sum(squares) / starts, sum(powers), s["dimension"]
    return [(n / starts, power / total / n, square / mean / C)
            for n, power in zip(counts, powers) for square in squares]


def check_walk(path):
    s, rows = load(path)
    unit, pooled = s["unit_gradient_power"], s["pooled_gradient_power"]

    def line(label, engine, power):
        run = trajectory(engine, s, power)
        norm, worst, *_ = errors(run, rows, "norm")
        cells = []
        for column in ("rotation_pooled", "rotation_mean", "rotation_rms"):
            _, _, rotation, high, bias = errors(run, rows, column)
            cells.append(f"{100 * rotation:6.2f} ({100 * bias:+5.2f}; {100 * high:5.1f})")
        name = os.path.basename(path)[:-4]
        print(f"{name:29s}{label:30s}{100 * norm:6.2f} ({100 * worst:5.1f})  " + "  ".join(cells))

    adaptive = s["optimizer"] == "adam_l2"
    if s["normalisation"] == "none":
        return line("engine, E|g|^2", engine(s), lambda t, A: s["gradient_power"])
    line("engine, E|g|^2|w|^2", engine(s), lambda t, A: unit / A)
    if adaptive or s["optimizer"] == "sgdm":
        line("engine, E|g|^2 E|w|^2", engine(s), lambda t, A: pooled / A)
    if "," in s["gains"]:
        line("engine, gain classes", engine(s, classes_of(s)), lambda t, A: pooled / A)
    if adaptive:
        for starts in (4, 16, 64):
            line(f"engine, {starts} start classes", engine(s, classes_of(s, starts)), lambda t, A: pooled / A)
    if s["optimizer"] == "adamw":
        line("recurrence (16)", Recurrence16(s, s["initial_norm"] ** 2), lambda t, A: 0)


def load_real(path, layer):
    """Settings and rows of one layer, and its log of gradients."""
    s, rows = load(path)
    pick = lambda key: float(str(s[key]).split()[layer - 1])
    s = dict(s, dimension=pick("dimensions"), initial_norm=pick("initial_norms"),
             active_fraction=pick("active_fractions"))
    _, log = load(f"{path[:-4]}_layer{layer}_gradients.csv")
    return s, [row for row in rows if row["layer"] == layer], log


def lines(points, steps):
    """Values at the steps 1 ... steps, linear between the points and constant beyond them."""
    values, i = [0.0], 0
    for t in range(1, steps + 1):
        while i + 1 < len(points) and points[i + 1][0] < t:
            i += 1
        (t0, y0), (t1, y1) = points[i], points[min(i + 1, len(points) - 1)]
        share = min(max((t - t0) / (t1 - t0), 0.0), 1.0) if t1 > t0 else 0.0
        values.append(y0 + share * (y1 - y0))
    return values


def blocks(points, steps):
    """Each value holds for the steps since the point before: exact means of a window stay exact."""
    values = [0.0]
    for step, value in points:
        values += [value] * (int(step) - len(values) + 1)
    return values + [values[-1]] * (steps + 1 - len(values))


def windowed(run, every):
    """The rotation at a row is the root mean square over the steps since the row before."""
    result = list(run)
    for t in range(every, len(run) + 1, every):
        result[t - 1] = (run[t - 1][0], sqrt(sum(x * x for _, x in run[t - every : t]) / every))
    return result


def check_real(path):
    for layer in range(1, 1 + len(str(load(path)[0]["dimensions"]).split())):
        s, rows, log = load_real(path, layer)
        every, steps = int(s["every"]), int(s["steps"])
        adamw = s["optimizer"] == "adamw"
        squared = lambda column: [(row["step"], row[column] ** 2) for row in log]
        mean = sum(row["unit_gradient_norm"] ** 2 for row in rows) / len(rows)
        active = s["dimension"] * s["active_fraction"]

        def line(label, power, dimension=active, engine_=None):
            run = windowed(trajectory(engine_ or engine(s, None, dimension), s, power), every)
            norm, worst, *_ = errors(run, rows, "norm")
            cells = []
            for column in ("rotation_pooled", "rotation_mean", "rotation_rms"):
                _, _, rotation, high, bias = errors(run, rows, column)
                cells.append(f"{100 * rotation:6.2f} ({100 * bias:+6.2f}; {100 * high:5.1f})")
            name = f"{os.path.basename(path)[:-4]} {layer}"
            print(f"{name:29s}{label:30s}{100 * norm:6.2f} ({100 * worst:5.1f})  " + "  ".join(cells))

        columns = {"gradient_norm": "|g|", "geometric_gradient_norm": "geometric |g|"}
        for column, name in list(columns.items())[: 1 + adamw]:  # AdamW alone does not mind the scale
            for reading in (lines, blocks):
                powers = reading(squared(column), steps)
                line(f"{name}, {reading.__name__}", lambda t, A: powers[t])
        if adamw and s["active_fraction"] < 1:
            powers = blocks(squared("gradient_norm"), steps)
            line("|g|, blocks, all inputs active", lambda t, A: powers[t], s["dimension"])
        line("constant |g||w|", lambda t, A: mean / A)
        if adamw:
            line("recurrence (16)", lambda t, A: 0, engine_=Recurrence16(s, s["initial_norm"] ** 2))


def main():
    paths = sys.argv[1:] or sorted(p for p in glob.glob(os.path.join(HERE, "*.csv")) if "_gradients" not in p)
    print("mean relative error in % (largest) of the norm; mean (bias; largest) of the rotation,")
    print("against the pooled, the mean and the root-mean-square angle")
    for path in paths:
        (check_real if os.path.basename(path).startswith("real_") else check_walk)(path)


if __name__ == "__main__":
    main()
