#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""High-precision reference values for the closed forms of rotational equilibrium.

Writes the CSV files next to this script. Needs only mpmath.

    python3 closed_forms.py [file ...]

Every value is evaluated from its definition in plain, cancellation-prone form at
WORKING digits and printed to PRINTED significant digits. Every row is evaluated
twice, at WORKING and at CHECK digits, and the two must agree to 1e-60. Second
moments come from solving the stationary linear equations of the random walk; the
closed forms are only asserted against them, to 1e-40.

Notation: q = 1 - eta lambda, x = eta lambda, c = (1-beta1)/(1+beta1),
A = E|w|^2, G = E|g|^2, Gt = E|g~|^2 = G A (scale-invariant weights).
"""

import csv
import os
import sys
import time

from mpmath import mp, mpf

WORKING = 160
CHECK = 220
PRINTED = 50
HERE = os.path.dirname(os.path.abspath(__file__))

QUANTITIES = [
    "equilibrium_norm",
    "rms_update_size",
    "expected_rotation",
    "rms_diffusion_rate",
    "rotational_diffusion_rate",
]
FIDELITIES = ["leading", "geometric", "moments"]
COLUMNS = [f"{quantity}.{fidelity}" for quantity in QUANTITIES for fidelity in FIDELITIES]


# ---------------------------------------------------------------------------
# Helpers


def agree(label, a, b, tolerance="1e-40"):
    """Assert that two values agree to a relative tolerance."""
    if a == b:
        return
    error = abs(a - b) / max(abs(a), abs(b))
    if not error < mpf(tolerance):
        raise AssertionError(f"{label}: {mp.nstr(a, 30)} against {mp.nstr(b, 30)}, {mp.nstr(error, 5)}")


def linear(M):
    """Solve [matrix | right-hand side], given as a list of rows."""
    n = len(M)
    matrix = mp.matrix([row[:n] for row in M])
    right = mp.matrix([row[n] for row in M])
    return list(mp.lu_solve(matrix, right))


def stationary(M, n):
    """Stationary covariance S = M S M^T + n n^T of y' = M y + n g, E g = 0, E g^2 = 1.

    y = (weight, momentum). Returns (A, B, D) = (S00, S01, S11).
    """
    (a, b), (c, d) = M
    one = mpf(1)
    return linear(
        [
            [one - a * a, -2 * a * b, -b * b, n[0] * n[0]],
            [-a * c, one - (a * d + b * c), -b * d, n[0] * n[1]],
            [-c * c, -2 * c * d, one - d * d, n[1] * n[1]],
        ]
    )


def spectral_radius(M):
    (a, b), (c, d) = M
    trace, determinant = a + d, a * d - b * c
    root = mp.sqrt(mp.mpc(trace * trace - 4 * determinant))
    return max(abs((trace + root) / 2), abs((trace - root) / 2))


def multiply(X, Y):
    return [[sum(X[i][k] * Y[k][j] for k in range(2)) for j in range(2)] for i in range(2)]


def power(M, n):
    """M^n by repeated squaring."""
    result = [[mpf(1), mpf(0)], [mpf(0), mpf(1)]]
    while n:
        if n & 1:
            result = multiply(result, M)
        M = multiply(M, M)
        n >>= 1
    return result


def power_sums(q, b, n):
    """(q^n, b^n, h_n, H_n) by doubling, positive terms only, for q = b as well.

    h_n = sum_{j<n} q^(n-1-j) b^j = (q^n - b^n)/(q - b),  H_n = h_1 + ... + h_n.
    """
    one = mpf(1)
    qn, bn, h, H = one, one, mpf(0), mpf(0)
    for bit in bin(n)[2:]:
        B = b * (1 - bn) / (1 - b)  # b + ... + b^n
        H = H + qn * H + h * B
        h = h * (qn + bn)
        qn, bn = qn * qn, bn * bn
        if bit == "1":
            h = qn + b * h
            qn, bn = qn * q, bn * b
            H = H + h
    return qn, bn, h, H


def one_minus_rho(q, b, n, cosine):
    """1 - rho_n from rho_1 = cosine without cancellation, for decaying poles q and b.

    rho_n = q^n + (rho_1 - q) h_n, so rho_k - rho_(k+1) = (1-rho_1) q^k
    + (rho_1 - q)(1 - b) h_k, a sum of positive terms since rho_1 >= q.
    """
    qn = power_sums(q, b, n)[0]
    H = power_sums(q, b, n - 1)[3] if n > 1 else mpf(0)
    return (1 - cosine) * (1 - qn) / (1 - q) + (cosine - q) * (1 - b) * H


def transient(row, decay):
    row["decay_per_step"] = decay
    row["half_life_steps"] = mp.log(mpf(1) / 2) / mp.log(decay)


def put(row, quantity, leading=None, geometric=None, moments=None):
    for fidelity, value in zip(FIDELITIES, (leading, geometric, moments)):
        row[f"{quantity}.{fidelity}"] = value


# ---------------------------------------------------------------------------
# SGD with momentum. State (w, p) with p = eta m; the gradient enters p as eta g.


def heavy_ball(x, alpha):
    """Per unit of eta^2 G: (A, E<w,w'>, stable)."""
    # p' = alpha p + eta g + x w ;  w' = w - p'
    M = [[1 - x, -alpha], [x, alpha]]
    A, B, D = stationary(M, [mpf(-1), mpf(1)])
    return A, M[0][0] * A + M[0][1] * B, spectral_radius(M) < 1


def nesterov(x, alpha):
    """Per unit of eta^2 G: (A, E<w,w'>, stable), for the PyTorch form."""
    # p' = alpha p + eta g + x w ;  w' = w - (eta g + x w + alpha p')
    M = [[1 - x - alpha * x, -alpha * alpha], [x, alpha]]
    A, B, D = stationary(M, [-(1 + alpha), mpf(1)])
    agree(
        "Nesterov A",
        A,
        (1 + alpha + alpha * (1 + 2 * alpha) * x)
        / (x * (1 - alpha + alpha * x) * (2 * (1 + alpha) - (1 + 2 * alpha) * x)),
    )
    one_step = M[0][0] * A + M[0][1] * B
    agree(
        "Nesterov 1 - cos",
        1 - one_step / A,
        x
        * (1 + 2 * alpha * (1 - alpha) * (1 + alpha) + alpha * (1 + alpha) * (1 + 2 * alpha) * x)
        / (1 + alpha + alpha * (1 + 2 * alpha) * x),
    )
    stable = spectral_radius(M) < 1
    assert stable == (x < 2 * (1 + alpha) / (1 + 2 * alpha))
    return A, one_step, stable


def sgd(eta, lam, alpha, G, Gt, use_nesterov):
    """Rows for scale-invariant weights (Gt given) or scale-sensitive ones (Gt None)."""
    x = eta * lam
    row = {}
    # Size of the gradient part of an update over eta sqrt(G), one gradient at a time:
    # sum of squared weights with which g_t, g_{t-1}, ... enter the update.
    if use_nesterov:
        weights = (1 + alpha) ** 2 + alpha**4 / (1 - alpha**2)
    else:
        weights = 1 / (1 - alpha**2)
    update = eta * mp.sqrt(G * weights)
    diffusion = eta / (1 - alpha) * mp.sqrt(G)
    put(row, "rms_update_size", update, update, update)
    put(row, "rms_diffusion_rate", diffusion, diffusion, diffusion)

    def rates(N):
        gradient = mp.sqrt(Gt) / N if Gt is not None else mp.sqrt(G)
        return eta * gradient * mp.sqrt(weights) / N, eta / (1 - alpha) * gradient / N

    def norm(A_per_G):
        # A = A_per_G G with G = Gt / A, or G fixed.
        return mp.root(A_per_G * Gt, 4) if Gt is not None else mp.sqrt(A_per_G * G)

    N = [None] * 3
    rotation = [None] * 3
    turning = [None] * 3

    N[0] = norm(eta / (2 * lam * (1 - alpha)))
    rotation[0] = mp.sqrt(2 * x / (1 + alpha))
    if use_nesterov:
        rotation[0] *= mp.sqrt((1 - alpha**2) * weights)
    turning[0] = mp.sqrt(2 * x / (1 - alpha))
    agree("leading rotation", rotation[0], rates(N[0])[0])
    agree("leading rotational diffusion", turning[0], rates(N[0])[1])

    if x < 2 * (1 - alpha):
        N[1] = norm(eta / (2 * lam * (1 - alpha) - eta * lam**2))
        rotation[1], turning[1] = rates(N[1])
        # (8) itself: (N - |d|)^2 + |u|^2 = N^2, with total contributions d and u.
        u = turning[1] * N[1]
        d = x / (1 - alpha) * N[1]
        agree("geometric model", (N[1] - d) ** 2 + u * u, N[1] ** 2)
        if not use_nesterov:
            agree("geometric rotation", rotation[1], mp.sqrt(x * (2 * (1 - alpha) - x) / (1 - alpha**2)))

    A, one_step, stable = nesterov(x, alpha) if use_nesterov else heavy_ball(x, alpha)
    if stable:
        N[2] = norm(eta * eta * A)
        rotation[2] = mp.acos(one_step / A)
        turning[2] = rates(N[2])[1]
        if not use_nesterov:
            agree("SGDM A", eta * eta * A, eta / (lam * (1 - alpha) * (2 - x / (1 + alpha))))
            agree("SGDM rotation", rotation[2], mp.acos(1 - x / (1 + alpha)))
    if not use_nesterov:
        assert stable == (x < 2 * (1 + alpha))
    put(row, "equilibrium_norm", *N)
    put(row, "expected_rotation", *rotation)
    put(row, "rotational_diffusion_rate", *turning)
    return row


def sgdm(eta, lam, alpha, Gt, G):
    row = sgd(eta, lam, alpha, G, Gt, False)
    y = 1 - eta * lam / (1 - alpha)
    row["decay_per_step"] = y**4
    # Above eta lambda = 1 - alpha the per-step law overshoots and no half-life is given.
    row["half_life_steps"] = mp.log(mpf(1) / 2) / mp.log(y**4) if y > 0 else None
    return row


def sgdm_nesterov(eta, lam, alpha, Gt, G):
    return sgd(eta, lam, alpha, G, Gt, True)


def sgdm_scale_sensitive(eta, lam, alpha, G):
    return sgd(eta, lam, alpha, G, None, False)


# ---------------------------------------------------------------------------
# AdamW. State (w, p), p = eta m, unit gradient power per coordinate.


def adamw_matrix(x, u, beta1):
    """p' = beta1 p + (1-beta1)(eta xi + u w) ;  w' = (1-x) w - p'."""
    c = 1 - beta1
    return [[1 - x - c * u, -beta1], [c * u, beta1]], [-c, c]


def adamw_stationary(x, u, beta1):
    """Per unit of eta^2 and coordinate: (M, (A, B), E<w,w'>/A, stable)."""
    M, n = adamw_matrix(x, u, beta1)
    A, B, D = stationary(M, n)
    cosine = (M[0][0] * A + M[0][1] * B) / A
    return M, (A, B), cosine, spectral_radius(M) < 1


def adamw_like(eta, lam, lam_u, beta1, C):
    """(row, stationary quantities); lam_u adds to the decay through the gradient."""
    le = lam + lam_u
    row = {}
    c = (1 - beta1) / (1 + beta1)
    update = eta * mp.sqrt(C * c)
    diffusion = eta * mp.sqrt(C)
    put(row, "rms_update_size", update, update, update)
    put(row, "rms_diffusion_rate", diffusion, diffusion, diffusion)
    N = [None] * 3
    rotation = [None] * 3
    N[0] = mp.sqrt(eta * C / (2 * le))
    rotation[0] = mp.sqrt(2 * eta * le * c)
    agree("leading rotation", rotation[0], update / N[0])
    agree("leading rotational diffusion", mp.sqrt(2 * eta * le), diffusion / N[0])
    if eta * le < 2:
        N[1] = mp.sqrt(eta * C / (2 * le - eta * le**2))
        rotation[1] = update / N[1]
        agree("geometric model", (N[1] - eta * le * N[1]) ** 2 + diffusion**2, N[1] ** 2)
    M, AB, cosine, stable = adamw_stationary(eta * lam, eta * lam_u, beta1)
    if stable:
        N[2] = eta * mp.sqrt(C * AB[0])
        rotation[2] = mp.acos(cosine)
    put(row, "equilibrium_norm", *N)
    put(row, "expected_rotation", *rotation)
    put(row, "rotational_diffusion_rate", *[diffusion / n if n is not None else None for n in N])
    return row, M, AB, cosine, stable


def adamw(eta, lam, beta1, C):
    row, M, (A, B), cosine, stable = adamw_like(eta, lam, mpf(0), beta1, C)
    assert stable
    q = 1 - eta * lam
    agree("AdamW A", A, (1 - beta1) / (1 + beta1) * (1 + q * beta1) / (1 - q * beta1) / (1 - q * q))
    agree("AdamW cos", cosine, (q + beta1) / (1 + q * beta1))
    agree("AdamW 1 - cos", 1 - cosine, eta * lam * (1 - beta1) / (1 + q * beta1))
    transient(row, (1 - eta * lam) ** 2)
    return row


def adamw_radial(eta, lam, lam_u, beta1, C):
    row, M, (A, B), cosine, stable = adamw_like(eta, lam, lam_u, beta1, C)
    x, u = eta * lam, eta * lam_u
    if stable:
        agree(
            "radial A",
            A,
            (1 - beta1)
            * (1 + beta1 * (1 - x))
            / ((x + u) * (1 - beta1 * (1 - x)) * ((1 + beta1) * (2 - x) - (1 - beta1) * u)),
        )
        agree("radial 1 - cos", 1 - cosine, (1 - beta1) * (x + u) / (1 + beta1 * (1 - x)))
    assert stable == ((1 + beta1) * (2 - x) - (1 - beta1) * u > 0)
    return row


def adamw_n_steps(eta, lam, beta1, steps):
    M, (A, B), cosine, stable = adamw_stationary(eta * lam, mpf(0), beta1)
    T = power(M, steps)
    rho = (T[0][0] * A + T[0][1] * B) / A
    q = 1 - eta * lam
    if q != beta1:
        closed = ((1 - beta1**2) * q ** (steps + 1) - (1 - q**2) * beta1 ** (steps + 1)) / (
            (q - beta1) * (1 + q * beta1)
        )
        agree("AdamW 1 - rho_n", 1 - rho, 1 - closed)
    if beta1 > 0:
        agree("AdamW rho_1 - q", cosine - q, beta1 * (1 - q * q) / (1 + q * beta1))
    agree("AdamW 1 - rho_n, positive sum", 1 - rho, one_minus_rho(q, beta1, steps, cosine))
    return {"rotation_over_n_steps": mp.acos(rho)}


# ---------------------------------------------------------------------------
# Adam with l2 regularization, equal coordinates


def increasing_root(f, low, high):
    """Root of an increasing f(log t): bisection, then bracketed secant steps."""
    low, high = mp.log(low), mp.log(high)
    while f(low) >= 0:
        low -= 20
    while f(high) <= 0:
        high += 20
    previous, mp.prec = mp.prec, 90
    for _ in range(60):
        middle = (low + high) / 2
        if f(middle) < 0:
            low = middle
        else:
            high = middle
    mp.prec = previous
    a, b = low, high
    if a == b:
        b = a + mpf(10) ** -20
    fa, fb = f(a), f(b)
    for _ in range(40):
        if fb == fa:
            break
        new = b - fb * (b - a) / (fb - fa)
        a, fa, b = b, fb, new
        fb = f(b)
        if fb == 0 or abs(b - a) < mpf(10) ** (20 - mp.dps):
            break
    # A sign change around the root proves it.
    width = mpf(10) ** (30 - mp.dps)
    assert f(b - width) < 0 < f(b + width)
    return mp.exp(b)


def adam_l2_moment_root(eta, lam, beta1, v_of_x, guess):
    """x = E w_k^2 with 2 lambda sqrt(v) x = eta v - 2 eta lambda^2 x beta1/(1+beta1).

    Divided by v, both terms in x/sqrt(v) and x/v increase, so the root is unique.
    """

    def f(logx):
        x = mp.exp(logx)
        v = v_of_x(x)
        return 2 * lam * x / mp.sqrt(v) / eta + 2 * lam**2 * x / v * beta1 / (1 + beta1) - 1

    x = increasing_root(f, guess / 1000, guess * 1000)
    v = v_of_x(x)
    agree("Adam+l2 moments", 2 * lam * mp.sqrt(v) * x, eta * v - 2 * eta * lam**2 * x * beta1 / (1 + beta1))
    agree(
        "Adam+l2 moments, positive terms",
        2 * lam * mp.sqrt(v) * x,
        eta * ((v - lam**2 * x) + lam**2 * x * (1 - beta1) / (1 + beta1)),
    )
    return x


def adam_l2_rows(eta, lam, beta1, C, gradient, leading_norm):
    """gradient(x) = E g_k^2 at E w_k^2 = x; leading_norm as printed."""
    row = {}
    c = (1 - beta1) / (1 + beta1)

    def v_of_x(x):
        return gradient(x) + lam**2 * x

    N = [leading_norm, None, None]
    f = [mpf(1), None, None]
    guess = leading_norm**2 / C

    # Geometric: (86), which is the moment equation at beta1 = 0.
    x1 = adam_l2_moment_root(eta, lam, mpf(0), v_of_x, guess)
    v1 = v_of_x(x1)
    agree("(84)", x1, (1 - eta * lam / mp.sqrt(v1)) ** 2 * x1 + eta**2 * gradient(x1) / v1)
    N[1] = mp.sqrt(C * x1)
    f[1] = gradient(x1) / v1

    x2 = adam_l2_moment_root(eta, lam, beta1, v_of_x, guess)
    v2 = v_of_x(x2)
    N[2] = mp.sqrt(C * x2)
    f[2] = gradient(x2) / v2
    # The random walk at this fixed v is linear, p = eta m / sqrt(v):
    # p' = beta1 p + (1-beta1)(eta/sqrt(v))(g + lambda w) ;  w' = w - p'
    s = eta / mp.sqrt(v2) * (1 - beta1)
    M = [[1 - s * lam, -beta1], [s * lam, beta1]]
    A, B, D = stationary(M, [-s, s])
    assert spectral_radius(M) < 1
    agree("Adam+l2 walk", A * gradient(x2), x2)
    cosine = (M[0][0] * A + M[0][1] * B) / A
    closed = 1 - eta * lam * c / mp.sqrt(v2)
    agree("Adam+l2 1 - cos", 1 - cosine, 1 - closed)

    update = [eta * mp.sqrt(C * c * value) for value in f]
    diffusion = [eta * mp.sqrt(C * value) for value in f]
    put(row, "equilibrium_norm", *N)
    put(row, "rms_update_size", *update)
    put(row, "rms_diffusion_rate", *diffusion)
    put(
        row,
        "expected_rotation",
        update[0] / N[0],
        update[1] / N[1],
        mp.acos(cosine) if closed >= -1 else None,
    )
    put(row, "rotational_diffusion_rate", *[diffusion[i] / N[i] for i in range(3)])
    return row, x1


def adam_l2(eta, lam, beta1, C, Gamma):
    # E g~_k^2 = (Gamma/C)^2, E g_k^2 = E g~_k^2 / N^2, N^2 = C x.
    row, x1 = adam_l2_rows(
        eta, lam, beta1, C, lambda x: (Gamma / C) ** 2 / (C * x), mp.cbrt(eta / (2 * lam) * Gamma)
    )
    z = C * x1
    agree("cubic", 4 * lam**2 * z**3, eta**2 * lam**2 * C * z**2 + eta**2 * Gamma**2)
    agree(
        "(94)",
        row["expected_rotation.leading"],
        mp.cbrt(2 * eta**2 * lam / Gamma) * mp.sqrt((1 - beta1) / (1 + beta1) * C),
    )
    agree(
        "leading rotational diffusion",
        row["rotational_diffusion_rate.leading"],
        mp.cbrt(2 * eta**2 * lam / Gamma) * mp.sqrt(C),
    )
    return row


def adam_l2_scale_sensitive(eta, lam, beta1, C, G):
    power_k = G / C
    row, x1 = adam_l2_rows(
        eta, lam, beta1, C, lambda x: power_k, mp.sqrt(eta * mp.sqrt(C) * mp.sqrt(G) / (2 * lam))
    )
    agree("quadratic", 4 * lam**2 * x1**2, eta**2 * lam**2 * x1 + eta**2 * power_k)
    # and its quadratic-formula root
    a, b, d = 4 * lam**2, -(eta**2) * lam**2, -(eta**2) * power_k
    agree("quadratic root", x1, (-b + mp.sqrt(b * b - 4 * a * d)) / (2 * a))
    return row


# ---------------------------------------------------------------------------
# Lion, one coordinate, unit gradient power:
# n = beta1 m + (1-beta1) g, m' = beta2 m + (1-beta2) g, v = k n + white, E v^2 = 1,
# w' = q w - eta v.


def lion_walk(x, beta1, beta2):
    """(S, R1, A, B, k, E<w,w'>/A), A and B = E w m per unit of eta^2 and eta."""
    q = 1 - x
    D = linear([[1 - beta2**2, (1 - beta2) ** 2]])[0]  # E m^2
    S = beta1**2 * D + (1 - beta1) ** 2  # E n^2
    agree("Lion S", S, (1 - beta1) ** 2 + beta1**2 * (1 - beta2) / (1 + beta2))
    k = mp.sqrt(2 / mp.pi) / mp.sqrt(S)
    nm = beta1 * beta2 * D + (1 - beta1) * (1 - beta2)  # E n m'
    R1 = beta1 * nm  # E n n'
    agree("Lion R1", R1, beta1 * (1 - beta2) * ((1 - beta1) + beta1 * beta2 / (1 + beta2)))
    # Unknowns A, B:  A = q^2 A - 2 q k beta1 B + 1 ;  B = q beta2 B - k E n m'
    A, B = linear(
        [
            [1 - q * q, 2 * q * k * beta1, mpf(1)],
            [mpf(0), 1 - q * beta2, -k * nm],
        ]
    )
    cosine = (q * A - k * beta1 * B) / A
    return S, R1, A, B, k, cosine


def lion_brute_force(x, beta1, beta2, A, cosine, S, R1):
    """Sum the autocovariance c_0 = 1, c_j = (2/pi)(R1/S) beta2^(j-1) term by term.

    w_t = -sum_i q^i v_(t-1-i):  A = sum_ij q^(i+j) c_|i-j|, E w_t w_(t+1) likewise.
    """
    q = 1 - x
    K = 2 / mp.pi * R1 / S
    tiny = mpf(10) ** -50
    total, cross, qj, bj = mpf(1), mpf(0), q, mpf(1)  # cross = sum_j q^(j-1) c_j
    while abs(qj * bj) > tiny:
        total += 2 * qj * K * bj
        cross += qj / q * K * bj
        qj *= q
        bj *= beta2
    variance = total / (1 - q * q)
    agree("Lion sum A", A, variance)
    # E w_t w_(t+1) = q A - E w_t v_t,  E w_t v_t = -sum_j q^(j-1) c_j
    agree("Lion sum cos", cosine, q + cross / variance)
    return True


brute_forced = 0


def lion(eta, lam, beta1, beta2, C):
    global brute_forced
    x = eta * lam
    q = 1 - x
    S, R1, A, B, k, cosine = lion_walk(x, beta1, beta2)
    agree("Lion A", A, (1 + 4 / mp.pi * R1 / S * q / (1 - q * beta2)) / (1 - q * q))
    agree("Lion 1 - cos", 1 - cosine, 1 - (q + 2 / mp.pi * R1 / S / ((1 - q * beta2) * A)))
    # Without cancellation: K <= 2/pi, since R1 <= S.
    K = 2 / mp.pi * R1 / S
    below = 1 - beta2 + beta2 * x + 2 * K * q
    agree("Lion 1 - cos, stable", 1 - cosine, x * ((1 - beta2) * q + (1 - K) * x) / below)
    agree("Lion A, stable", A, below / (x * (2 - x) * (1 - beta2 + beta2 * x)))
    if beta1 > 0:
        agree("Lion cos - q", cosine - q, K * x * (2 - x) / below)
    if mp.dps == WORKING and q * beta2 < 0.97 and q > 0:
        lion_brute_force(x, beta1, beta2, A, cosine, S, R1)
        brute_forced += 1
    row = {}
    update = eta * mp.sqrt(C)
    put(row, "rms_update_size", update, update, update)
    diffusion = eta * mp.sqrt(2 * C / (mp.pi * S))
    # c_0 + 2 sum_j c_j
    long_run = eta * mp.sqrt(C * (1 + 4 / mp.pi * (R1 / S) / (1 - beta2)))
    put(row, "rms_diffusion_rate", diffusion, diffusion, long_run)
    N = [
        mp.sqrt(eta * C / (mp.pi * lam)) / mp.sqrt(S),
        mp.sqrt(2 * eta * C / (mp.pi * (2 * lam - eta * lam**2))) / mp.sqrt(S),
        eta * mp.sqrt(C * A),
    ]
    agree("geometric model", (N[1] - x * N[1]) ** 2 + diffusion**2, N[1] ** 2)
    put(row, "equilibrium_norm", *N)
    leading = mp.sqrt(mp.pi * x) * mp.sqrt(S)
    agree("leading rotation", leading, update / N[0])
    put(row, "expected_rotation", leading, update / N[1], mp.acos(cosine))
    turning = mp.sqrt(2 * x)
    agree("leading rotational diffusion", turning, diffusion / N[0])
    put(row, "rotational_diffusion_rate", turning, diffusion / N[1], long_run / N[2])
    transient(row, (1 - x) ** 2)
    return row


def lion_n_steps(eta, lam, beta1, beta2, steps):
    x = eta * lam
    q = 1 - x
    S, R1, A, B, k, cosine = lion_walk(x, beta1, beta2)
    # Conditional means: w' = q w - k beta1 m, m' = beta2 m.
    T = power([[q, -k * beta1], [mpf(0), beta2]], steps)
    rho = (T[0][0] * A + T[0][1] * B) / A
    if q != beta2:
        closed = q**steps + (cosine - q) * (q**steps - beta2**steps) / (q - beta2)
        agree("Lion 1 - rho_n", 1 - rho, 1 - closed)
    agree("Lion 1 - rho_n, positive sum", 1 - rho, one_minus_rho(q, beta2, steps, cosine))
    return {"rotation_over_n_steps": mp.acos(rho)}


# ---------------------------------------------------------------------------
# Inputs: grids of special values, then a low-discrepancy sequence. Every power and
# logarithm is taken at high precision and rounded once, so that the doubles do not
# depend on the platform.

SPECIAL_X = [1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]
SPECIAL_BETA = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12]
SPECIAL_C = [1, 2, 3, 10, 128, 768, 4096, 10**6, 10**9]
SPECIAL_POWER = [1e-20, 1e-12, 1e-6, 1e-3, 1.0, 7.0, 1e3, 1e10]
SPECIAL_ETA = [1e-8, 1e-6, 1e-5, 5e-4, 2e-3, 0.01, 0.1, 0.25, 1.0, 10.0]


class Sequence:
    """Additive recurrence on [0,1)^d with the generalized golden ratio (Roberts' R_d)."""

    def __init__(self, dimensions, offset):
        with mp.workdps(60):
            phi = mp.findroot(lambda t: t ** (dimensions + 1) - t - 1, mpf("1.2"))
            self.steps = [1 / phi ** (i + 1) for i in range(dimensions)]
            self.state = [mpf(offset) * s for s in self.steps]

    def __next__(self):
        with mp.workdps(60):
            self.state = [s - mp.floor(s) for s in map(sum, zip(self.state, self.steps))]
            return list(self.state)


def log_uniform(u, low, high):
    with mp.workdps(60):
        return float(mpf(10) ** (low + (high - low) * u))


def pick(u, values):
    return values[min(int(u * len(values)), len(values) - 1)]


def some_beta(u, v):
    """Listed values, a uniform one, or one close to 1."""
    if v < 0.3:
        return pick(u, SPECIAL_BETA)
    if v < 0.6:
        return float(u)
    with mp.workdps(60):
        return float(1 - mpf(10) ** (-12 * u))


def some_x(u, v):
    """eta lambda: listed values, log-uniform, or log-uniform in 1 - eta lambda."""
    if v < 0.15:
        return pick(u, SPECIAL_X)
    if v < 0.9:
        return log_uniform(u, -14, 0)
    with mp.workdps(60):
        return float(1 - mpf(10) ** (-4 * u - mpf("0.05")))


def some_C(u, v):
    return pick(u, SPECIAL_C) if v < 0.5 else int(round(log_uniform(u, 0, 9)))


def decay_for(eta, x):
    lam = x / eta
    with mp.workdps(60):
        assert mpf(eta) * mpf(lam) < 1
    return lam


def grid(offset, stride=1):
    """(eta, lambda, beta) over all listed eta lambda and beta, eta cycling."""
    k = offset
    for i, x in enumerate(SPECIAL_X):
        for j, beta in enumerate(SPECIAL_BETA):
            k += 1
            if (i * len(SPECIAL_BETA) + j) % stride == offset % stride:
                eta = SPECIAL_ETA[(7 * k + k // 10) % len(SPECIAL_ETA)]
                yield k, eta, decay_for(eta, x), beta


def sampled(offset, count, extra):
    """(eta, lambda, beta, u) with u the remaining low-discrepancy coordinates."""
    sequence = Sequence(6 + extra, offset)
    for _ in range(count):
        u = next(sequence)
        eta = log_uniform(u[0], -8, 1)
        yield eta, u[1], u[2], some_beta(u[3], u[4]), u[5:]


def sgd_points(offset, stride, count, with_unit):
    def pack(eta, lam, alpha, Gt, G):
        return (eta, lam, alpha, Gt, G) if with_unit else (eta, lam, alpha, G)

    for k, eta, lam, alpha in grid(offset, stride):
        yield pack(
            eta,
            lam,
            alpha,
            SPECIAL_POWER[k % len(SPECIAL_POWER)],
            SPECIAL_POWER[(k // 3) % len(SPECIAL_POWER)],
        )
    for eta, ux, vx, alpha, u in sampled(offset, count, 2):
        x = some_x(ux, vx)
        if u[0] < 0.6:
            # Around and below 1 - alpha, where the geometric model is defined.
            with mp.workdps(60):
                x = float(min(mpf(x), (1 - mpf(alpha)) * mpf(10) ** (mpf("0.25") - 6 * ux)))
            x = max(x, 1e-14)
        yield pack(eta, decay_for(eta, x), alpha, log_uniform(u[1], -20, 10), log_uniform(u[2], -20, 10))


def adamw_points(offset, stride, count):
    for k, eta, lam, beta in grid(offset, stride):
        yield eta, lam, beta, SPECIAL_C[k % len(SPECIAL_C)]
    for eta, ux, vx, beta, u in sampled(offset, count, 1):
        yield eta, decay_for(eta, some_x(ux, vx)), beta, some_C(u[1], u[0])


def radial_points(offset, stride, count):
    def with_radial(eta, lam, u, v):
        if v < 0.45:  # negative, total decay down to a millionth
            with mp.workdps(60):
                lam_u = float(-mpf(lam) * (1 - mpf(10) ** (-6 * u)))
        elif v < 0.9:  # positive
            lam_u = float(mpf(lam) * log_uniform(u, -3, 3))
        else:
            lam_u = 0.0
        return lam_u if lam + lam_u > 0 else 0.0

    for k, eta, lam, beta in grid(offset, stride):
        ratio = [-0.9, -0.5, -0.01, 0.0, 0.01, 0.5, 1.0, 3.0, 10.0, 1000.0][k % 10]
        yield eta, lam, ratio * lam, beta, SPECIAL_C[k % len(SPECIAL_C)]
    for eta, ux, vx, beta, u in sampled(offset, count, 3):
        lam = decay_for(eta, some_x(ux, vx))
        yield eta, lam, with_radial(eta, lam, u[2], u[3]), beta, some_C(u[1], u[0])


def adam_l2_points(offset, stride, count, scale_sensitive):
    def last(C, power_):
        if scale_sensitive:
            return power_
        with mp.workdps(60):  # Gamma = sqrt(C E|g~|^2) for equal coordinates
            return float(mp.sqrt(C * mpf(power_)))

    for k, eta, lam, beta in grid(offset, stride):
        C = SPECIAL_C[k % len(SPECIAL_C)]
        yield eta, lam, beta, C, last(C, SPECIAL_POWER[(k // 2) % len(SPECIAL_POWER)])
    for eta, ux, vx, beta, u in sampled(offset, count, 2):
        C = some_C(u[1], u[0])
        yield eta, decay_for(eta, some_x(ux, vx)), beta, C, last(C, log_uniform(u[2], -20, 10))


def lion_points(offset, stride, count):
    yield 5e-4, 1.0, 0.9, 0.999, 128  # the paper's CIFAR-10 setting
    yield 1e-4, 1.0, 0.9, 0.99, 768
    for k, eta, lam, beta in grid(offset, stride):
        yield eta, lam, SPECIAL_BETA[(k * 4 + k // 15) % len(SPECIAL_BETA)], beta, SPECIAL_C[k % len(SPECIAL_C)]
    for eta, ux, vx, beta, u in sampled(offset, count, 3):
        yield eta, decay_for(eta, some_x(ux, vx)), beta, some_beta(u[2], u[3]), some_C(u[1], u[0])


SPECIAL_STEPS = [1, 2, 3, 5, 10, 30, 100, 1000, 10**4, 10**5, 10**6, 10**7]


def steps_points(offset, count, betas, grid_rows):
    # q equal, or nearly equal, to the other pole: the printed closed form is 0/0 there.
    for i, steps in enumerate(SPECIAL_STEPS):
        eta, beta = [(0.5, 0.5), (0.25, 0.75), (0.1, 0.9), (0.01, 0.99), (2.0**-20, 1 - 2.0**-20)][i % 5]
        yield (eta, 1.0, *([0.9] if betas == 2 else []), beta, steps)
    for i, (k, eta, lam, beta) in enumerate(grid(offset, len(SPECIAL_X) * len(SPECIAL_BETA) // grid_rows)):
        first = [SPECIAL_BETA[(k * 4 + k // 15) % len(SPECIAL_BETA)]] if betas == 2 else []
        yield (eta, lam, *first, beta, SPECIAL_STEPS[i % len(SPECIAL_STEPS)])
    for eta, ux, vx, beta, u in sampled(offset, count, 3):
        first = [some_beta(u[2], u[3])] if betas == 2 else []
        steps = pick(u[1], SPECIAL_STEPS) if u[0] < 0.3 else int(round(log_uniform(u[1], 0, 7)))
        yield (eta, decay_for(eta, some_x(ux, vx)), *first, beta, steps)


FILES = {
    "sgdm": (
        sgdm,
        ["learning_rate", "weight_decay", "momentum", "unit_gradient_power", "gradient_power"],
        COLUMNS + ["decay_per_step", "half_life_steps"],
        lambda: sgd_points(0, 1, 300, True),
    ),
    "sgdm_nesterov": (
        sgdm_nesterov,
        ["learning_rate", "weight_decay", "momentum", "unit_gradient_power", "gradient_power"],
        COLUMNS,
        lambda: sgd_points(1000, 2, 200, True),
    ),
    "sgdm_scale_sensitive": (
        sgdm_scale_sensitive,
        ["learning_rate", "weight_decay", "momentum", "gradient_power"],
        COLUMNS,
        lambda: sgd_points(2001, 2, 130, False),
    ),
    "adamw": (
        adamw,
        ["learning_rate", "weight_decay", "beta1", "dimension"],
        COLUMNS + ["decay_per_step", "half_life_steps"],
        lambda: adamw_points(3000, 1, 300),
    ),
    "adamw_radial": (
        adamw_radial,
        ["learning_rate", "weight_decay", "radial_decay", "beta1", "dimension"],
        COLUMNS,
        lambda: radial_points(4000, 2, 160),
    ),
    "adamw_n_steps": (
        adamw_n_steps,
        ["learning_rate", "weight_decay", "beta1", "steps"],
        ["rotation_over_n_steps"],
        lambda: steps_points(5000, 218, 1, 70),
    ),
    "adam_l2": (
        adam_l2,
        ["learning_rate", "weight_decay", "beta1", "dimension", "gradient_mass"],
        COLUMNS,
        lambda: adam_l2_points(6000, 1, 250, False),
    ),
    "adam_l2_scale_sensitive": (
        adam_l2_scale_sensitive,
        ["learning_rate", "weight_decay", "beta1", "dimension", "gradient_power"],
        COLUMNS,
        lambda: adam_l2_points(7001, 2, 130, True),
    ),
    "lion": (
        lion,
        ["learning_rate", "weight_decay", "beta1", "beta2", "dimension"],
        COLUMNS + ["decay_per_step", "half_life_steps"],
        lambda: lion_points(8000, 1, 300),
    ),
    "lion_n_steps": (
        lion_n_steps,
        ["learning_rate", "weight_decay", "beta1", "beta2", "steps"],
        ["rotation_over_n_steps"],
        lambda: steps_points(9000, 98, 2, 42),
    ),
}


def evaluate(function, inputs, digits):
    with mp.workdps(digits):
        arguments = [v if isinstance(v, int) and i == "steps" else mpf(v) for i, v in inputs]
        return function(*arguments)


def show(value):
    if value is None:
        return ""
    return mp.nstr(value, PRINTED, strip_zeros=True)


def write(name):
    function, inputs, outputs, points = FILES[name]
    start = time.time()
    count = defined = 0
    with open(os.path.join(HERE, name + ".csv"), "w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(inputs + outputs)
        for point in points():
            assert len(point) == len(inputs)
            named = list(zip(inputs, point))
            row = evaluate(function, named, WORKING)
            again = evaluate(function, named, CHECK)
            assert set(row) <= set(outputs)
            with mp.workdps(CHECK):
                for key in outputs:
                    a, b = row.get(key), again.get(key)
                    assert (a is None) == (b is None), (name, point, key)
                    if a is not None:
                        assert mp.isfinite(a) and mp.im(a) == 0, (name, point, key)
                        agree(f"{name} {point} {key}", a, b, "1e-60")
            with mp.workdps(WORKING):
                cells = [show(row.get(key)) for key in outputs]
            defined += sum(1 for cell in cells if cell)
            writer.writerow([repr(v) for v in point] + cells)
            count += 1
    print(f"{name}.csv: {count} rows, {defined} values, {time.time() - start:.1f} s", flush=True)
    return count


def main():
    names = sys.argv[1:] or list(FILES)
    total = sum(write(name) for name in names)
    print(f"{total} rows; Lion autocovariance summed term by term on {brute_forced} of them")


if __name__ == "__main__":
    main()
