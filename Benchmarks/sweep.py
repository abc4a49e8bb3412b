#!/usr/bin/env python3
"""Times the sweep of the five leading quantities of AdamW in roteq and in NumPy, and compares their numbers.

    python3 Benchmarks/sweep.py PATH/TO/sweep-benchmark [--repetitions 41] [--size 1000]

The grid is learning rate x weight decay, both log-spaced; beta1 = 0.9, C = 768. Both sides run on one core, in turn,
into memory that is there already (but for the plain expressions), and do the same arithmetic: what depends on the
row alone is computed once a row, what depends on the column alone once a sweep.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

try:
    import numpy as np
except ImportError:
    sys.exit("NumPy is not installed: python3 -m pip install numpy (Debian, Ubuntu: apt-get install python3-numpy)")

BETA1 = 0.9
DIMENSION = 768
QUANTITIES = 5


def plain(rates, decays, out):
    """The formulas as they are printed."""
    eta, lam = rates[:, None], decays[None, :]
    averaging = (1 - BETA1) / (1 + BETA1)
    shape = (rates.size, decays.size)
    return [
        np.sqrt(eta * DIMENSION / (2 * lam)),
        np.broadcast_to(eta * np.sqrt(DIMENSION * averaging), shape).copy(),
        np.sqrt(2 * eta * lam * averaging),
        np.broadcast_to(eta * np.sqrt(DIMENSION), shape).copy(),
        np.sqrt(2 * eta * lam),
    ]


def fill(eta, decays, inverse, averaging, out):
    norm, update, rotation, diffusion, rotational = out
    np.multiply(eta * DIMENSION / 2, inverse, out=norm)
    np.sqrt(norm, out=norm)
    update[...] = eta * np.sqrt(DIMENSION * averaging)
    np.multiply(2 * averaging * eta, decays, out=rotation)
    np.sqrt(rotation, out=rotation)
    diffusion[...] = eta * np.sqrt(DIMENSION)
    np.multiply(2 * eta, decays, out=rotational)
    np.sqrt(rotational, out=rotational)


def in_place(rates, decays, out):
    """Whole arrays, nothing allocated but rows and columns."""
    fill(rates[:, None], decays, 1 / decays, (1 - BETA1) / (1 + BETA1), out)
    return out


def in_blocks(rows):
    """As in place, a few rows at a time, so that they stay in the cache between two operations."""

    def sweep(rates, decays, out):
        inverse, averaging = 1 / decays, (1 - BETA1) / (1 + BETA1)
        for start in range(0, rates.size, rows):
            part = slice(start, start + rows)
            fill(rates[part, None], decays, inverse, averaging, [values[part] for values in out])
        return out

    return sweep


NUMPY = {
    "NumPy, plain expressions": plain,
    "NumPy, in place": in_place,
    "NumPy, in place, 4 rows at a time": in_blocks(4),
    "NumPy, in place, 16 rows at a time": in_blocks(16),
    "NumPy, in place, 64 rows at a time": in_blocks(64),
}


class Roteq:
    """The other side, a process that waits for commands."""

    def __init__(self, path, rates, decays):
        self.shape = (rates.size, QUANTITIES, decays.size)
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for axis in (rates, decays):
            self.send(" ".join(repr(float(value)) for value in axis))

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def run(self):
        self.send("run")
        return float(self.process.stdout.readline())

    def values(self):
        self.send("values")
        data = self.process.stdout.read(8 * int(np.prod(self.shape)))
        return np.frombuffer(data).reshape(self.shape).transpose(1, 0, 2)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def use_one_core():
    """Both processes on the last of the cores that may be used; in turn, so that neither waits for the other."""
    if hasattr(os, "sched_setaffinity"):
        core = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {core})
        return f"core {core}"
    return "one thread each"


def compare(roteq, rates, decays, out):
    """The greatest relative difference to every NumPy version; exits where it is more than rounding."""
    ours = roteq.values()
    worst = 0.0
    for sweep in NUMPY.values():
        for mine, its in zip(ours, sweep(rates, decays, out)):
            worst = float(np.maximum(worst, np.max(np.abs(mine / its - 1))))  # keeps NaN
    if not worst < 1e-15:
        sys.exit(f"the numbers differ by up to {worst:.1e}")
    return worst


def benchmark_sweep(path, size, repetitions):
    rates, decays = np.geomspace(1e-5, 1e-1, size), np.geomspace(1e-4, 1, size)
    out = [np.ones((size, size)) for _ in range(QUANTITIES)]
    where = use_one_core()
    roteq = Roteq(path, rates, decays)
    times = {"roteq": []} | {name: [] for name in NUMPY}
    for _ in range(repetitions + 3):
        times["roteq"].append(roteq.run())
        for name, sweep in NUMPY.items():
            start = time.perf_counter()
            sweep(rates, decays, out)
            times[name].append(time.perf_counter() - start)
    difference = compare(roteq, rates, decays, out)
    roteq.close()

    # The first rounds warm up caches and clocks.
    medians = {name: 1e3 * statistics.median(values[3:]) for name, values in times.items()}
    least = {name: 1e3 * min(values[3:]) for name, values in times.items()}
    best = min(NUMPY, key=medians.get)
    print(f"Sweep of {size} x {size} cells, {QUANTITIES} quantities ({where}, {repetitions} rounds in turn)\n")
    print(f"{'':36} {'median':>9} {'least':>9} {'to roteq':>9}")
    for name in times:
        print(f"{name:36} {medians[name]:6.2f} ms {least[name]:6.2f} ms {medians[name] / medians['roteq']:8.2f}x")
    print(f"\nroteq takes {medians['roteq'] / medians[best]:.2f} of the time of the best NumPy ({best}).")
    print(f"The numbers agree: relative difference at most {difference:.1e}.")


def benchmark_process(roteq, repetitions):
    """The whole process of `roteq predict`, and of a NumPy program that computes the same five numbers."""
    flags = "--optimizer adamw --lr 6e-4 --weight-decay 0.1 --dimension 768".split()
    peer = (
        "import numpy as np; l, w, b, c = 6e-4, 0.1, 0.9, 768; a = (1 - b) / (1 + b);"
        "print(np.sqrt([l * c / 2 / w, l * l * c * a, 2 * l * w * a, l * l * c, 2 * l * w]))"
    )
    commands = {"roteq predict": [roteq, "predict", *flags], "python3 with NumPy": [sys.executable, "-c", peer]}
    times = {name: [] for name in commands}
    for _ in range(repetitions):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    print("\nA whole process, from start to end\n")
    print(f"{'':34}{'median':>12}{'least':>10}")
    for name, taken in times.items():
        print(f"{name:34}{1e3 * statistics.median(taken):>9.2f} ms{1e3 * min(taken):>7.2f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the built sweep-benchmark")
    parser.add_argument("--roteq", help="the built roteq, whose start is timed, too")
    parser.add_argument("--repetitions", type=int, default=41)
    parser.add_argument("--size", type=int, default=1000)
    options = parser.parse_args()
    benchmark_sweep(options.program, options.size, options.repetitions)
    if options.roteq:
        benchmark_process(options.roteq, options.repetitions)


if __name__ == "__main__":
    main()
