#!/usr/bin/env python3
"""Times the norms of all rows of a BF16 checkpoint in roteq and in safetensors with PyTorch, next to the rate at which
the core reads memory.

    python3 Benchmarks/checkpoint.py PATH/TO/checkpoint-benchmark [--repetitions 7] [--megabytes 1024] [--folder DIR]

The checkpoint is written first, weights like those of a transformer with rows of 4096 numbers, and lies in the page cache.
All sides run on one core, in turn, and have to find the same sum of norms. `bandwidth.c` reads the same bytes and adds
them up as whole numbers, from the same file as a memory map and from memory that was filled before. Times are those of the
processor, with what the system does for the program: other programs disturb them less.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[name] = "1"

WIDTH, ROWS = 4096, 4096


def write(path, megabytes):
    """Tensors of 32 MB, normal numbers of the size that transformers start with, cut to their upper 16 bits."""
    try:
        import numpy as np
    except ImportError:
        sys.exit("NumPy is not installed: python3 -m pip install numpy")
    random, size = np.random.default_rng(1), 2 * WIDTH * ROWS
    count = max(1, (megabytes << 20) // size)
    header = {
        f"h.{i}.weight": {"dtype": "BF16", "shape": [ROWS, WIDTH], "data_offsets": [i * size, (i + 1) * size]}
        for i in range(count)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    numbers = (random.standard_normal(WIDTH * ROWS, dtype=np.float32) * 0.02).view(np.uint32) >> 16
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for i in range(count):
            file.write(np.roll(numbers.astype("<u2"), 977 * i).tobytes())
    return count * size


class Program:
    """Another process, which answers a line with numbers."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.process.args[0]} ended with status {self.process.wait()}")
        return [float(number) for number in answer.split()]


def built(folder):
    """bandwidth.c as a program for this processor, or None without a compiler."""
    source, program = pathlib.Path(__file__).with_name("bandwidth.c"), pathlib.Path(folder) / "bandwidth"
    for compiler in (os.environ.get("CC", "cc"), "clang"):
        command = [compiler, "-O2", "-march=native", "-o", program, source]
        if shutil.which(compiler) and not subprocess.run(command).returncode:
            return program
    return None


def peers(path):
    try:
        import safetensors
        import torch
    except ImportError:
        print("PyTorch or safetensors is not installed and left out.")
        return {}
    torch.set_num_threads(1)

    def norms(of):
        def run():
            start, total = time.process_time(), 0.0
            with torch.no_grad(), safetensors.safe_open(path, framework="pt") as file:
                for name in file.keys():
                    total += of(file.get_tensor(name)).double().sum().item()
            return time.process_time() - start, total

        return run

    def in_parts(tensor):
        # 64 rows of 4096 float32 numbers fit the cache, 1 MB.
        return torch.cat([part.float().pow(2).sum(1).sqrt() for part in tensor.split(64)])

    return {
        "PyTorch, .float().pow(2).sum(1).sqrt()": norms(lambda t: t.float().pow(2).sum(1).sqrt()),
        "PyTorch, the same, 64 rows at a time": norms(in_parts),
        "PyTorch, linalg.vector_norm in float32": norms(
            lambda t: torch.linalg.vector_norm(t, dim=1, dtype=torch.float32)
        ),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--folder", help="where the checkpoint is written (default: a temporary directory)")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = os.path.join(folder, "model.safetensors")
        size = write(path, options.megabytes)
        roteq = Program(options.program, path)
        sides = {"roteq": lambda: roteq.ask("rows")[:2]}
        bandwidth = built(folder)
        if bandwidth:
            reader = Program(bandwidth, path)
            sides["reading alone, the same file mapped"] = lambda: (reader.ask("mapped")[0], None)
            sides["reading alone, from memory"] = lambda: (reader.ask("memory")[0], None)
        else:
            print("No C compiler: the rate of reading is left out.")
        others = peers(path)
        sides.update(others)

        seconds = {name: [] for name in sides}
        totals = {}
        for repetition in range(options.repetitions + 1):
            for name, run in sides.items():
                elapsed, totals[name] = run()
                # The first pass brings file and programs into memory.
                if repetition > 0:
                    seconds[name].append(elapsed)
        for name, total in totals.items():
            if total is not None and not math.isclose(total, totals["roteq"], rel_tol=1e-5):
                sys.exit(f"{name} finds norms of {total} together, expected {totals['roteq']}")
        print(f"Norms of {size // (2 * WIDTH)} rows, {size / 1e9:.2f} GB in BF16, one core; {options.repetitions} runs")
        times = {name: (statistics.median(values), min(values)) for name, values in seconds.items()}
        for name, (median, best) in times.items():
            print(f"  {name:40} {median * 1e3:9.1f} ms  {size / median / 1e9:6.1f} GB/s   best {size / best / 1e9:6.1f}")
        if others:
            name = min(others, key=lambda name: times[name])
            print(f"roteq is {times[name][0] / times['roteq'][0]:.1f} times as fast as {name}")
        print(f"roteq took at most {roteq.ask('rows')[2] / 1e6:.0f} MB of memory")


if __name__ == "__main__":
    main()
