#!/usr/bin/env python3
"""Times a random walk of the simple system (95) in roteq and in PyTorch, next to what the core could do at best.

    python3 Benchmarks/simulation.py [PATH/TO/simulation-benchmark] [--repetitions 15] [--steps 300]
    python3 Benchmarks/simulation.py --check

Every step draws inputs and output gradients, runs forward and back (32), updates the weights with AdamW and measures
each neuron, all in float32, on one core, in turn. First, each PyTorch program is given the same draws as a float64
NumPy step and has to arrive at the same weights and measurements. The floor is the time that the two matrix products
alone would take at the core's peak, which peak.c measures.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

from simulation_peers import PEERS, WINDOW, B, C, K, check, start_values

ONE, TWO = "roteq", "roteq, two side by side"


def built(folder):
    """peak.c as a program, or None without a compiler."""
    source, program = pathlib.Path(__file__).with_name("peak.c"), pathlib.Path(folder) / "peak"
    for compiler in (os.environ.get("CC", "cc"), "clang"):
        if shutil.which(compiler) and not subprocess.run([compiler, "-O2", "-o", program, source]).returncode:
            return program
    return None


class Roteq:
    def __init__(self, program, instruction_set):
        command = [program] + ([instruction_set] if instruction_set else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, steps, side_by_side=1):
        self.process.stdin.write(f"run {steps} {side_by_side}\n" if side_by_side > 1 else f"run {steps}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} ended with status {self.process.wait()}")
        answer = json.loads(line)
        self.instruction_set = answer["instruction_set"]
        return answer["seconds"] / answer["steps"]


def timer(function):
    def seconds_a_step(steps):
        start = time.perf_counter()
        function(steps)
        return (time.perf_counter() - start) / steps

    return seconds_a_step


def products(matmul, w, x, d, y, g):
    def run(steps):
        for _ in range(steps):
            matmul(w, x.T, out=y)
            matmul(d, x, out=g)

    return run


def report(seconds, floor):
    print(f"{'us a step':36}{'median':>10}{'minimum':>10}")
    for name, values in seconds.items():
        print(f"{name:36}{statistics.median(values) * 1e6:10.1f}{min(values) * 1e6:10.1f}")
    if ONE not in seconds:
        return

    def ratio(over, under, factor=1):
        middle, least = (factor * of(seconds[over]) / of(seconds[under]) for of in (statistics.median, min))
        return f"{middle:.2f} (of the minima {least:.2f})"

    if floor:
        print(f"roteq, at its fastest, takes {min(seconds[ONE]) / floor:.2f} times the floor")
    for name in [name for name in PEERS if name in seconds]:
        print(f"{name}, over roteq: {ratio(name, ONE)}")
    print(f"steps a second side by side, over one alone: {ratio(ONE, TWO, 2)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", default=".build/release/simulation-benchmark")
    parser.add_argument("--instruction-set", choices=("plain", "avx2", "avx512"), help="force roteq to use this one")
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--steps", type=int, default=300, help="a repetition; a multiple of 100")
    parser.add_argument("--check", action="store_true", help="compare the PyTorch programs and time nothing")
    options = parser.parse_args()
    if options.steps < WINDOW or options.steps % WINDOW:
        parser.error(f"--steps must be a multiple of {WINDOW}")

    np = torch = None
    try:
        import numpy as np
        import torch

        torch.set_num_threads(1)
    except ImportError as missing:
        print(f"{missing.name} is not installed: what needs it is left out.")
    sides, matrices = {}, None
    if os.access(options.program, os.X_OK):
        roteq = Roteq(options.program, options.instruction_set)
        sides = {ONE: roteq.run, TWO: lambda steps: roteq.run(steps, 2)}
    else:
        print(f"{options.program} is not built and left out.")
    if torch:
        check(np, torch)
        for name, kind in PEERS.items():
            sides[name] = timer(kind(torch, start_values(np)).run)
    if options.check:
        return
    if np:
        matrices = [np.ones(shape, np.float32) for shape in ((K, C), (B, C), (K, B), (K, B), (K, C))]
        sides["two products, NumPy"] = timer(products(np.matmul, *matrices))
    if torch:
        sides["two products, PyTorch"] = timer(products(torch.mm, *map(torch.from_numpy, matrices)))
    seconds, rate, floor = {name: [] for name in sides}, 0, None
    with tempfile.TemporaryDirectory() as folder:
        peak = built(folder)
        for repetition in range(-1, options.repetitions):
            for name, run in sides.items():
                took = run(options.steps)
                if repetition >= 0:  # The first round compiles and warms up.
                    seconds[name].append(took)
            if peak:
                instruction_set, answer = subprocess.run([peak], capture_output=True, text=True).stdout.split()
                rate = max(rate, float(answer))
    print(f"C = K = {C}, B = {B}, {options.steps} steps a repetition, {options.repetitions} repetitions")
    if ONE in seconds:
        print(f"roteq uses {roteq.instruction_set}")
    if peak:
        floor = 2 * 2 * C * K * B / rate
        print(f"peak of one core, {instruction_set}: {rate / 1e9:.1f} GFLOP/s; two products need {floor * 1e6:.1f} us")
    report(seconds, floor)


if __name__ == "__main__":
    main()
