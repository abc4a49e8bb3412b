#!/usr/bin/env python3
"""Times a run of one layer in roteq, in C, in plain Python, in NumPy and, where it is installed, in Numba.

    python3 Benchmarks/trajectory.py PATH/TO/trajectory-benchmark [--repetitions 7] [--steps 600000]

All follow the second moments of AdamW (learning rate 6e-4, weight decay 0.1, betas 0.9 and 0.95, C = 768) through a
warmup and a cosine, in turn and on one core, and have to end at the same norm. NumPy has nothing to vectorise in one
layer; it is given 64 layers at a time and its time is divided by 64.
"""

import argparse
import ctypes
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

ARGUMENTS = (6e-4, 0.1, 0.9, 0.95, 768.0, 0.55)
LAYERS = 64


def follow(steps, warmup, peak, decay, beta1, beta2, dimension, initial_norm):
    A, B, D, V, c1, c2 = initial_norm * initial_norm, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(steps):
        factor = t / warmup if t < warmup else 0.1 + 0.45 * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup)))
        eta = peak * factor
        q, G = 1 - eta * decay, 1 / A
        V = beta2 * V + (1 - beta2) * G / dimension
        D = beta1 * beta1 * D + (1 - beta1) ** 2 * G
        c1, c2 = beta1 * c1 + (1 - beta1), beta2 * c2 + (1 - beta2)
        P, s = beta1 * B, eta / (c1 * math.sqrt(V / c2))
        math.atan2(s * math.sqrt(max(0.0, A * D - P * P)), q * A - s * P)
        A, B = q * q * A - 2 * q * s * P + s * s * D, q * P - s * D
    return math.sqrt(A)


def numpy_follow(np, steps, warmup, peak, decay, beta1, beta2, dimension, initial_norm):
    A = np.full(LAYERS, initial_norm * initial_norm)
    B, D, V, c1, c2 = np.zeros(LAYERS), np.zeros(LAYERS), np.zeros(LAYERS), 0.0, 0.0
    for t in range(steps):
        factor = t / warmup if t < warmup else 0.1 + 0.45 * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup)))
        eta = peak * factor
        q, G = 1 - eta * decay, 1 / A
        V = beta2 * V + (1 - beta2) * G / dimension
        D = beta1 * beta1 * D + (1 - beta1) ** 2 * G
        c1, c2 = beta1 * c1 + (1 - beta1), beta2 * c2 + (1 - beta2)
        P, s = beta1 * B, eta / (c1 * np.sqrt(V / c2))
        np.arctan2(s * np.sqrt(np.maximum(0, A * D - P * P)), q * A - s * P)
        A, B = q * q * A - 2 * q * s * P + s * s * D, q * P - s * D
    return math.sqrt(A[0])


def compiled(folder):
    source = pathlib.Path(__file__).with_name("trajectory.c")
    library = pathlib.Path(folder) / "trajectory.so"
    compiler = os.environ.get("CC", "cc")
    try:
        subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
    except (OSError, subprocess.CalledProcessError):
        compiler = "clang"
        subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
    function = ctypes.CDLL(str(library)).trajectory
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_long, ctypes.c_long] + [ctypes.c_double] * 6
    return function


class Swift:
    def __init__(self, program, steps):
        self.process = subprocess.Popen([program, str(steps)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        seconds, norm = map(float, self.process.stdout.readline().split())
        return seconds, norm


def timed(function, *arguments):
    start = time.perf_counter()
    norm = function(*arguments)
    return time.perf_counter() - start, norm


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--steps", type=int, default=600_000)
    options = parser.parse_args()
    steps, warmup = options.steps, options.steps // 300
    # Slow peers are given fewer steps; what is compared is the time a step.
    few = max(2000, steps // 20)

    with tempfile.TemporaryDirectory() as folder:
        c = compiled(folder)
        swift, short = Swift(options.program, steps), Swift(options.program, few)
        sides = {
            "roteq, second moments": (lambda: swift.run("moments"), steps),
            "roteq, with recurrence, equilibrium, summary": (lambda: swift.run("all"), steps),
            "C, second moments": (lambda: timed(c, steps, warmup, *ARGUMENTS), steps),
            "Python": (lambda: timed(follow, few, few // 300, *ARGUMENTS), few),
        }
        try:
            import numpy

            sides["NumPy, 64 layers at a time"] = (
                lambda: timed(numpy_follow, numpy, few, few // 300, *ARGUMENTS),
                few * LAYERS,
            )
        except ImportError:
            print("NumPy is not installed and left out.")
        try:
            import numba

            fast = numba.njit(follow)
            fast(1000, 3, *ARGUMENTS)
            sides["Numba, second moments"] = (lambda: timed(fast, steps, warmup, *ARGUMENTS), steps)
        except ImportError:
            print("Numba is not installed and left out.")

        seconds = {name: [] for name in sides}
        norms = {}
        for _ in range(options.repetitions):
            for name, (run, _) in sides.items():
                elapsed, norms[name] = run()
                seconds[name].append(elapsed)
        expected = {steps: norms["C, second moments"], few: short.run("moments")[1]}
        print(f"{steps} steps of one layer, median of {options.repetitions}")
        for name, (_, count) in sides.items():
            length = steps if count == steps else few
            if abs(norms[name] / expected[length] - 1) > 1e-9:
                sys.exit(f"{name} ends at {norms[name]}, expected {expected[length]}")
            each = statistics.median(seconds[name]) / count
            print(f"  {name:46} {each * 1e9:9.1f} ns a step {each * steps * 1e3:10.1f} ms a run")


if __name__ == "__main__":
    main()
