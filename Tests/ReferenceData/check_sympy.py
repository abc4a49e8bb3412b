"""Re-evaluates the SymPy source that roteq prints and compares it with the reference values.

    python3 check_sympy.py path/to/roteq

The formulas are parsed by SymPy, evaluated with 80 digits, and must agree with the stored 50-digit values to a
relative 1e-40: this checks what is printed, not what the program computes. Needs sympy and mpmath.
"""

import csv
import json
import pathlib
import subprocess
import sys

import mpmath
import sympy

mpmath.mp.dps = 80
TOLERANCE = mpmath.mpf(10) ** -40
ROWS_PER_FILE = 12

# file: the flags that select its formulas
FILES = {
    "sgdm": ["--optimizer", "sgdm"],
    "sgdm_nesterov": ["--optimizer", "sgdm", "--nesterov"],
    "sgdm_scale_sensitive": ["--optimizer", "sgdm", "--scale-sensitive"],
    "adamw": ["--optimizer", "adamw"],
    "adam_l2": ["--optimizer", "adam-l2"],
    "adam_l2_scale_sensitive": ["--optimizer", "adam-l2", "--scale-sensitive"],
    "lion": ["--optimizer", "lion"],
}


def parsed(source, names):
    symbols = {name: sympy.Symbol(name, positive=True) for name in names}
    expression = sympy.parse_expr(source, local_dict=symbols, evaluate=False)
    return sympy.lambdify([symbols[name] for name in names], expression, "mpmath")


def positive_root(function, estimate):
    """Bisection in the exponent: every equation crosses once for positive z."""
    low, high = estimate, estimate
    sign = mpmath.sign(function(estimate))
    if sign == 0:
        return estimate
    while mpmath.sign(function(low)) == sign and mpmath.sign(function(high)) == sign:
        low, high = low / 2, high * 2
    if mpmath.sign(function(low)) == sign:
        low = high / 2
        while mpmath.sign(function(low)) != sign:
            low /= 2
    else:
        high = low * 2
        while mpmath.sign(function(high)) != sign:
            high *= 2
    at_low = mpmath.sign(function(low))
    low, high = mpmath.log(low), mpmath.log(high)
    for _ in range(240):
        middle = (low + high) / 2
        if mpmath.sign(function(mpmath.exp(middle))) == at_low:
            low = middle
        else:
            high = middle
    return mpmath.exp((low + high) / 2)


def compiled(entry):
    """The formula as a function of a row, from its printed source."""
    names = {symbol["name"]: symbol["sympy"] for symbol in entry["symbols"]}
    order = list(names)
    unknowns = [solved["sympy_unknown"] for solved in entry["solved"]]
    formula = parsed(entry["sympy"], [names[name] for name in order] + unknowns)
    roots = []
    for solved in entry["solved"]:
        left, right = solved["sympy"].removeprefix("Eq(").removesuffix(")").rsplit(", ", 1)
        free = [names[name] for name in order] + [solved["sympy_unknown"]]
        roots.append((parsed(f"({left}) - ({right})", free), parsed(solved["sympy_estimate"], free)))

    def value(row):
        inputs = [mpmath.mpf(float(row[name])) for name in order]
        found = [
            positive_root(lambda z: difference(*inputs, z), estimate(*inputs, mpmath.mpf(1)))
            for difference, estimate in roots
        ]
        return formula(*inputs, *found)

    return value


def main(roteq):
    folder = pathlib.Path(__file__).parent
    passed = failed = 0
    for name, flags in FILES.items():
        output = subprocess.run(
            [roteq, "formula", *flags, "--format", "json"], check=True, capture_output=True, text=True
        ).stdout
        with open(folder / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        sample = rows[:: max(1, len(rows) // ROWS_PER_FILE)]
        for entry in json.loads(output):
            column = f"{entry['quantity']}.{entry['fidelity']}"
            function = compiled(entry)
            for row in sample:
                if not row[column]:
                    continue
                expected = mpmath.mpf(row[column])
                error = abs(function(row) / expected - 1)
                if error < TOLERANCE:
                    passed += 1
                else:
                    failed += 1
                    print(f"failed: {name} {column}: relative error {mpmath.nstr(error, 3)} at {row}")
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 500


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(0 if main(sys.argv[1]) else 1)
