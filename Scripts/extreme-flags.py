#!/usr/bin/env python3
"""Runs command lines with one or two extreme values, and looks for crashes, long runs, large memory and numbers that are none.

Usage: Scripts/extreme-flags.py path/to/roteq [--count N] [--seed N] [--seconds N] [--command NAME]

Each line is one that works, with a value or two changed or added. Flags are read from `roteq COMMAND --help`.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SECONDS, MEGABYTES = 2, 500
REFUSAL_LINES = 4
ALLOWED = {0, 64, 65, 66, 69, 73}
# The limits of the system lie above those that are judged, so that a process shows by how much it is beyond.
LIMITED = 'ulimit -c 0; ulimit -t 10; ulimit -f 400000; ulimit -v 4194304 2>/dev/null; exec "$@"'

NUMBERS = ["0", "-0", "-1", "1e308", "-1e308", "1.7976931348623157e308", "5e-324", "1e-320", "2.2250738585072014e-308", "1e-300", "1e300", "1e-160", "1e160", "0x1p-1074",
           "0.9999999999999999", "0.99999999999999988898", "1.0000000000000002", "1", "2", "0.5", "1e-3", "1e-16", "1e16", "nan", "inf", "-inf", "NaN", "infinity", "", " ", "1e", "1e400",
           "1e-400", "9007199254740993", "١٢", "１", "½", "1_000", "1,5", "+1", ".5", "5.", "0x10", "1e+5", "true", "--"]
WHOLE = ["0", "-1", "1", "2", "3", "1e9", "1000000000", "1000000001", "999999999", "2147483647", "2147483648", "4294967296", "9007199254740992", "9223372036854775807", "9223372036854775808",
         "18446744073709551615", "18446744073709551616", "100000000000000000000000000", "1.5", "1e3", "nan", "inf", "", "-0", "+5", "٣", "0x10", "1000000", "100000"]
SANE = ["1e-4", "1e-3", "0.01", "0.1", "0.5", "0.9", "0.99", "0.999", "1", "10", "100"]
SANE_WHOLE = ["1", "2", "10", "64", "100", "300", "768"]
RANGES = ["1e-4:1e-1:log:3", "1e-300:1e300:log:5", "0:1:lin:3", "5e-324:1e308:log:3", "-1:1:lin:3", "1:1:lin:1", "0:0:log:2", "1e-3:1e-1:log:0", "1e-3:1e-1:log:100000000", "nan:1:lin:2",
          "1e308:-1e308:lin:4", "0:inf:lin:2", "1:2:lin:9223372036854775807", ":::", "1e-4:1e-1:log:1", "1e-3:1e-3:log:1000001"]
SCHEDULES = ["constant", "linear", "cosine", "cosine:floor=0.1", "cosine-restarts:cycles=3", "cosine-squared", "inverse-sqrt", "step", "multistep:milestones=0.5", "exponential", "polynomial",
             "polynomial:power={}", "cosine:floor={}", "cosine-restarts:cycles={}", "cosine:cycles={}", "exponential:end={}", "exponential:floor={}", "trapezoid:decay={}", "wsd:decay={},warmup={}",
             "one-cycle:warmup={}", "step:every={}", "step:factor={}", "multistep:milestones={}", "inverse-sqrt:offset={}", "constant:hold={}", "cosine:end={},floor={}", "trapezoid-cosine:decay={}", "cosine:warmup={}"]
INITIAL = ["default", "kaiming", "xavier={}", "normal={}", "xavier=64", "normal=0.02"]
LAYERS = ["a:{}:{}", "a:64:1,b:{}:default", "a:{}:kaiming", "a:64:{}", "a:64:normal={}", ",".join(f"l{i}:64:1" for i in range(40))]
IMBALANCE = ["faster=0.33,slower=0.17,factor=3", "faster={},slower=0.1,factor=2", "faster=0.5,slower=0.5,factor={}", "faster={},slower={},factor={}"]
WORDS = {"format": ["text", "markdown", "latex", "html", "csv", "json"], "optimizer": ["sgdm", "adamw", "adam-l2", "lion"], "precision": ["single", "double"],
         "fidelity": ["leading", "geometric", "moments"], "decay-convention": ["coupled", "decoupled", "corrected", "fixed"], "to-decay-convention": ["coupled", "decoupled", "corrected", "fixed"],
         "normalisation": ["batch", "layer", "none"], "gains": ["normal", "ones"], "hold": ["decay", "warmup", "initial-norm"], "match": ["rotation-and-update", "diffusion", "product"],
         "over": ["equilibrium", "trajectory"], "rv-granularity": ["neuron", "layer"], "to": ["sgdm", "adamw", "adam-l2", "lion", "rv-sgdm", "rv-adamw", "rv-adam-l2", "rv-lion"],
         "from": ["sgdm", "adamw", "adam-l2", "lion", "rv-adamw", "rv-sgdm"], "as": ["latex", "text", "sympy"], "for": ["weight-decay", "lr", "momentum", "beta1", "dimension", "unit-gradient-norm"],
         "quantity": ["expected-rotation"], "quantities": ["expected-rotation,equilibrium-norm"], "contour": ["0.001", "0.001,{}", "{}"]}
WHOLES = {"steps", "steps-per-epoch", "warmup", "dimension", "neurons", "batch", "seeds", "seed", "every", "window", "settled-from", "shown", "jobs", "batch-size", "to-batch-size", "dataset-size",
          "world-size", "over-steps", "gradient-window", "measured-window", "at-step", "steps-between", "to-dimension"}
PATTERNS = {"schedule": SCHEDULES, "decay-schedule": SCHEDULES, "gradient-schedule": SCHEDULES, "initialization": INITIAL, "layers": LAYERS, "imbalance": IMBALANCE}
# What a command works through as asked, so that a large number is honest work, and what reads or writes files.
WORK = {"simulate": {"steps", "neurons", "dimension", "batch", "seeds", "shown", "jobs"}, "crosscheck": {"steps", "seeds", "jobs"}}
FILES = {"output", "config", "checkpoint", "shapes", "initial-checkpoint", "gradient-moments", "gradient", "measured", "measured-rotation", "templates", "save", "resume", "previous", "weights",
         "gradients", "expected", "config-format", "set", "decay", "no-decay", "transposed", "scale-invariant-tensors", "scale-sensitive-tensors", "decay-rule", "layer", "instructions", "plot",
         "version", "help", "schema", "cross-check", "only"}

ADAMW = "--optimizer adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 --dimension 768 --initial-norm 0.55"
SGDM = "--optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 --dimension 144 --initial-norm 1 --unit-gradient-norm 0.1"
ADAM_L2 = "--optimizer adam-l2 --lr 2e-3 --weight-decay 1e-3 --dimension 128 --initial-norm 1 --gradient-mass 0.1"
LION = "--optimizer lion --lr 5e-4 --weight-decay 1 --beta2 0.999 --dimension 128 --initial-norm 1"
RUN = "--schedule cosine --warmup 25 --steps 300"
WALK = "--dimension 16 --neurons 8 --batch 8 --steps 60 --seeds 1"
LINES = [
    *(f"predict {o}" for o in (ADAMW, SGDM, ADAM_L2, LION)), *(f"predict {o} --explain" for o in (ADAMW, SGDM)), *(f"trajectory {o} {RUN}" for o in (ADAMW, SGDM, LION)),
    f"trajectory {ADAM_L2} --unit-gradient-norm 0.1 {RUN}", "trajectory --optimizer adamw --lr 1e-3 --weight-decay 0.1 --dimension 64 --steps 200 --initialization default", "trajectory --optimizer adamw --lr 1e-3 --weight-decay 0.1 --steps 200 --layers attn:768:default,mlp:3072:kaiming",
    "convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion", "convert --from adamw --lr 1e-3 --weight-decay 0.1 --dimension 768 --to sgdm --to-momentum 0.9 --gradient-norm 0.02",
    "convert --from adamw --lr 5e-4 --weight-decay 1e-4 --dimension 512 --initial-norm 1 --to rv-adamw --schedule cosine --steps 300",
    "convert --from rv-adamw --lr 5e-3 --weight-decay 0.1 --dimension 512 --initial-norm 1 --to adamw --hold decay --steps 300",
    "convert --from rv-adamw --lr 5e-3 --weight-decay 0.1 --to adamw --hold warmup --over-rotation 2 --schedule cosine --steps 3000 --dimension 768 --initialization default",
    f"scale {SGDM} --batch-size 128 --to-batch-size 2048", f"scale {ADAMW} --batch-size 128 --to-batch-size 2048 --noise-share 0.8", f"scale {ADAM_L2} --to-dimension 512",
    "scale --optimizer sgdm --lr 0.1 --weight-decay 5e-4 --momentum 0.9 --to-momentum 0.95", f"scale {ADAMW} --to-beta1 0.8",
    "solve --for weight-decay --expected-rotation 0.0025 --optimizer adamw --lr 6e-4", "solve --for lr --equilibrium-norm 1.5 --optimizer adamw --weight-decay 0.1 --dimension 768",
    "solve --for momentum --expected-rotation 0.0075 --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --fidelity moments",
    "solve --for unit-gradient-norm --equilibrium-norm 0.8 --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9",
    "sweep --optimizer adamw --lr 1e-4:1e-1:log:5 --weight-decay 1e-4:1:log:5 --dimension 768", "sweep --optimizer adamw --lr 1e-4:1e-2:log:3 --contour 0.001,0.003 --dimension 768",
    "sweep --optimizer adamw --lr 1e-4:3e-1:log:4 --constant-product 5e-4 --dimension 144", "sweep --optimizer sgdm --lr 0.1 --weight-decay 1e-4 --momentum 0:0.99:lin:4",
    "sweep --optimizer adamw --lr 1e-4:1e-1:log:3 --weight-decay 0.1 --dimension 768 --initial-norm 1 --over trajectory --steps 200",
    f"simulate --optimizer adamw --lr 1e-2 --weight-decay 0.5 {WALK}", f"simulate --optimizer rv-sgdm --lr 0.5 --weight-decay 1e-2 --momentum 0.9 {WALK}",
    f"simulate --optimizer lion --lr 5e-4 --weight-decay 1 {WALK}", f"simulate --optimizer adam-l2 --lr 1e-3 --weight-decay 1e-2 {WALK}", "crosscheck --steps 150 --seeds 2 --only sgdm",
    "table 1", "table 4", "table 1 --lr 1e-3 --weight-decay 0.1 --dimension 768 --optimizer adamw", "formula --optimizer lion", "derive sgdm",
    "report run.yaml", "predict --config run.yaml", "trajectory run.yaml", "convert --config run.yaml --to lion", "config run.yaml",
]
CONFIGURATION = """name: run
optimizer: {{name: adamw, learning_rate: {learning_rate}, weight_decay: {weight_decay}, beta1: {beta1}, beta2: {beta2}, epsilon: {epsilon}}}
steps: {steps}
steps_per_epoch: {steps_per_epoch}
learning_rate_schedule: {{name: cosine, floor: {floor}, warmup: {warmup}, end: {end}, hold: {hold}}}
layers:
  - {{name: a, neurons: {neurons}, dimension: {dimension}, count: {count}, initial_norm: {initial_norm}}}
"""
VALUES = {"learning_rate": "1e-3", "weight_decay": "0.1", "beta1": "0.9", "beta2": "0.999", "epsilon": "0", "steps": "300", "steps_per_epoch": "10", "floor": "0.1", "warmup": "10", "end": "200",
          "hold": "1", "neurons": "16", "dimension": "64", "count": "2", "initial_norm": "1"}
REAL = {"learning_rate", "weight_decay", "beta1", "beta2", "epsilon", "floor", "initial_norm"}
NO_NUMBER = re.compile(r"(?<![\w\\.])[-+−]?(?:nan|NaN|inf|Inf|Infinity|∞)(?![\w.])")


def flags_of(binary, command):
    """The flags of a command, and whether each takes a value."""
    text = subprocess.run([binary, command, "--help"], capture_output=True, check=True).stdout.decode()
    found = {}
    for line in text[text.index("USAGE") :].splitlines():
        flag = re.match(r"^  ((?:--?[\w-]+, )*--[\w-]+)( <[^>]*>)?", line)
        if flag:
            found[flag.group(1).split(", ")[0].lstrip("-")] = bool(flag.group(2))
    return {name: takes for name, takes in found.items() if name not in FILES and name != "o"}


class Lines:
    """Command lines that differ from one that works by a value or two."""

    def __init__(self, binary, seed, only):
        self.random = random.Random(seed)
        self.lines = [shlex.split(line) for line in LINES if not only or line.split()[0] == only]
        self.flags = {command: flags_of(binary, command) for command in {line[0] for line in self.lines}}

    def pick(self, extreme, sane):
        return self.random.choice(extreme if self.random.random() < 0.6 else sane)

    def value(self, command, flag):
        chance = self.random.random()
        if flag in WORDS and chance < 0.97:
            text = self.random.choice(WORDS[flag])
        elif flag in PATTERNS:
            text = self.random.choice(PATTERNS[flag])
        elif command == "sweep" and chance < 0.4 and flag not in WHOLES:
            return self.random.choice(RANGES)
        elif flag in WHOLES:
            honest = WORK.get(command, ())
            choices = [v for v in WHOLE if flag not in honest or not re.fullmatch(r"\d{4,10}|1e[39]", v)]
            return self.pick(choices, SANE_WHOLE if flag not in honest else ["2", "3"])
        else:
            return self.pick(NUMBERS, SANE)
        while "{}" in text:
            text = text.replace("{}", self.pick(NUMBERS, SANE), 1)
        return text

    def line(self):
        """A command line, what was changed in it, and the configuration that it reads."""
        line = list(self.random.choice(self.lines))
        command, changed, values = line[0], [], dict(VALUES)
        for _ in range(self.random.choice((1, 1, 2))):
            present = [i for i, word in enumerate(line[:-1]) if word.startswith("--") and word[2:] in self.flags[command]]
            if "run.yaml" in line and self.random.random() < 0.8:
                key = self.random.choice(sorted(values))
                values[key] = self.pick(*((NUMBERS, SANE) if key in REAL else (WHOLE, SANE_WHOLE))) or "''"
                changed.append(key)
            elif present and self.random.random() < 0.75:
                i = self.random.choice(present)
                flag = line[i][2:]
                if self.flags[command][flag]:
                    line[i + 1] = self.value(command, flag)
                    changed.append(flag)
            elif self.flags[command]:
                flag = self.random.choice(sorted(self.flags[command]))
                if "--" + flag in line:
                    continue
                line += ["--" + flag] + ([self.value(command, flag)] if self.flags[command][flag] else [])
                changed.append(flag)
        if "--format" not in line and self.random.random() < 0.4 and "format" in self.flags[command]:
            line += ["--format", self.random.choice(WORDS["format"])]
        # A value that begins with a dash needs its flag's equals sign, or it is a flag itself.
        joined, i = [], 0
        while i < len(line):
            if line[i].startswith("--") and i + 1 < len(line) and self.flags[command].get(line[i][2:]) and line[i + 1].startswith("-"):
                joined.append(f"{line[i]}={line[i + 1]}")
                i += 1
            else:
                joined.append(line[i])
            i += 1
        return joined, "+".join(sorted(set(changed))) or "nothing", CONFIGURATION.format(**values)


def not_numbers(text, arguments):
    """What stands where a number should, in an output that was given out as good."""
    if "json" in arguments:
        try:
            found = []
            json.loads(text, parse_constant=found.append)
            return found[:1]
        except ValueError as error:
            return [f"JSON cannot be read: {error}"] if text.strip() else []
    prose = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    return [match.group() for match in NO_NUMBER.finditer(prose)][:1]


def judge(binary, line, configuration, folder):
    """Exit code, reasons to fail, what it took."""
    work = tempfile.mkdtemp(dir=folder)
    try:
        with open(f"{work}/run.yaml", "w", encoding="utf-8") as file:
            file.write(configuration)
        with open(f"{work}/out", "wb") as out, open(f"{work}/error", "wb") as error:
            process = subprocess.Popen(["sh", "-c", LIMITED, "sh", binary, *line], cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=error)
            timer = threading.Timer(60, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = code = os.waitstatus_to_exitcode(status)
        with open(f"{work}/out", "rb") as file:
            out = file.read(20_000_000).decode("utf-8", "replace")
        with open(f"{work}/error", "rb") as file:
            error = file.read(100_000).decode("utf-8", "replace")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    seconds, megabytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    reasons = []
    if code < 0 and seconds < SECONDS:  # else by the limit
        reasons.append(f"killed by {signal.Signals(-code).name}")
    elif code not in ALLOWED:
        reasons.append(f"exit code {code}")
    if seconds > SECONDS:
        reasons.append("takes too long")
    if megabytes > MEGABYTES:
        reasons.append("takes too much memory")
    if code == 0 and line[0] not in ("formula", "derive"):  # whose series go on for ever
        reasons += [f"prints {found}" for found in not_numbers(out, line)]
    if code and error.count("\n") > REFUSAL_LINES:
        reasons.append("refuses in many lines")
    if code > 0 and not error.strip():
        reasons.append("refuses without a word")
    return code, reasons, f"{seconds:.1f} s, {megabytes:.0f} MB" + (f": {error.splitlines()[-1][:160]}" if error.strip() and reasons else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600, help="start no line after this time")
    parser.add_argument("--command", help="one command only")
    options = parser.parse_args()
    binary, start = os.path.abspath(options.binary), time.time()
    lines = Lines(binary, options.seed, options.command)
    folder = tempfile.mkdtemp()
    codes, failures = collections.Counter(), collections.Counter()

    def one(task):
        line, changed, configuration = task
        if time.time() - start > options.seconds:
            return None
        return line, changed, configuration, judge(binary, line, configuration, folder)

    base = CONFIGURATION.format(**VALUES).splitlines()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for result in pool.map(one, [lines.line() for _ in range(options.count)]):
            if result is None:
                continue
            line, changed, configuration, (code, reasons, took) = result
            codes[line[0], code] += 1
            for reason in reasons:
                failures[line[0], reason, changed] += 1
                if failures[line[0], reason, changed] == 1:
                    print(f"failed: {line[0]}: {reason}, by {changed} [{took}]\n    roteq {' '.join(map(shlex.quote, line))}")
                    if "run.yaml" in line:
                        print("    " + "\n    ".join(text for text in configuration.splitlines() if text not in base))
                    sys.stdout.flush()
    shutil.rmtree(folder, ignore_errors=True)
    accepted, total = sum(n for (_, code), n in codes.items() if code == 0), sum(codes.values())
    print(f"{total} lines, seed {options.seed}: {accepted} accepted ({100 * accepted / max(1, total):.0f} %), {len(failures)} kinds of failure")
    for command in sorted({command for command, _ in codes}):
        print(f"  {command:11} " + ", ".join(f"{code}: {n}" for (c, code), n in sorted(codes.items(), key=str) if c == command))
    print(f"{time.time() - start:.0f} s", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
