"""Fits the polynomials of math.inc: minimax in relative error by Remez exchange, coefficients rounded to float.

Run: python3 fit.py (needs mpmath); prints the constants of coefficients.inc, lowest power first.
Refuses to judge the result: the runner compares the finished functions with double libm, in ulp.
"""
import struct
from mpmath import mp, mpf, exp, log, log1p, tanh, erf, erfc, sqrt, matrix, lu_solve, cos, pi, ln

mp.dps = 40

def to_float(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]

def remez(f, weight, low, high, degree, rounds=12):
    """Coefficients of p that minimise max |weight(x) * (f(x) - p(x))| on [low, high]."""
    low, high = mpf(low), mpf(high)
    n = degree + 2
    nodes = [(low + high) / 2 - (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    grid = [low + (high - low) * mpf(i) / 2000 for i in range(2001)]
    values = [(x, f(x), weight(x)) for x in grid]
    for _ in range(rounds):
        system, right = matrix(n, n), matrix(n, 1)
        for i, x in enumerate(nodes):
            for k in range(degree + 1):
                system[i, k] = x ** k
            system[i, degree + 1] = (-1) ** i / weight(x)
            right[i] = f(x)
        solution = lu_solve(system, right)
        coefficients = [solution[k] for k in range(degree + 1)]
        errors = [w * (y - sum(c * x ** k for k, c in enumerate(coefficients))) for x, y, w in values]
        extremes, start = [], 0
        for i in range(1, len(errors) + 1):
            if i == len(errors) or (errors[i] > 0) != (errors[start] > 0):
                extremes.append(max(range(start, i), key=lambda j: abs(errors[j])))
                start = i
        if len(extremes) < n:
            break
        while len(extremes) > n:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        nodes = [grid[i] for i in extremes]
    return coefficients, max(abs(e) for e in errors)

def show(name, fit, comment, kind="relative"):
    coefficients, error = fit
    print(f"// {comment}; largest {kind} error {float(error):.1e} before rounding")
    digits = [f"{to_float(c):.9g}" for c in coefficients]
    print(f"constexpr float {name}[] = {{" + ", ".join(d + ("f" if "." in d or "e" in d else ".0f") for d in digits) + "};")

half_ln2 = ln(2) / 2 + mpf("1e-4")
show("kExp", remez(lambda r: (exp(r) - 1 - r) / r ** 2 if r else mpf(1) / 2, lambda r: max(r ** 2, mpf("1e-9")) / exp(r), -half_ln2, half_ln2, 4),
     "(exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2")
show("kLog", remez(lambda x: (log1p(x) - x + x * x / 2) / x ** 3 if abs(x) > mpf("1e-9") else mpf(1) / 3,
     lambda x: max(abs(x ** 3 / log1p(x)), mpf("1e-7")) if x else mpf("1e-7"), sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1, 7),
     "(log(1 + f) - f + f^2 / 2) / f^3 on [sqrt(1/2) - 1, sqrt(2) - 1]")
show("kTanh", remez(lambda s: (tanh(sqrt(s)) / sqrt(s) - 1) / s if s > mpf("1e-9") else -mpf(1) / 3,
     lambda s: max(s * sqrt(s) / tanh(sqrt(s)) if s else mpf(0), mpf("1e-6")), 0, mpf("0.625") ** 2, 4),
     "(tanh(x) / x - 1) / x^2 in x^2, |x| <= 0.625")
show("kErfSmall", remez(lambda s: erf(sqrt(s)) / sqrt(s) - 1 if s > mpf("1e-12") else 2 / sqrt(pi) - 1,
     lambda s: sqrt(s) / erf(sqrt(s)) if s else mpf(1), 0, mpf("0.9375") ** 2, 5),
     "erf(x) / x - 1 in x^2, |x| <= 0.9375")
show("kErfLarge", remez(lambda t: (log(erfc(t)) + t) / t, lambda t: t * erfc(t) / erf(t), mpf("0.9375"), 4, 6),
     "(log(erfc(t)) + t) / t on [0.9375, 4]")
# GELU: relative where its values are large, and ever less so where they vanish.
normal_tail = lambda a: erfc(a / sqrt(2)) / 2
log2_tail = lambda a: log(normal_tail(a)) / ln(2)
slope = lambda a: 1 - a * exp(-a * a / 2) / sqrt(2 * pi) / normal_tail(a)
half = lambda a: sqrt(normal_tail(a))
power = remez(lambda f: (mpf(2) ** f - 1) / f if f else ln(2), lambda f: abs(f) * mpf(2) ** -f + mpf("1e-12"), mpf("-0.5001"), mpf("0.5001"), 5)
show("kExp2", ([mpf(1)] + power[0], power[1]), "2^f on |f| <= 1/2, exact at 0")
show("kTail", remez(log2_tail, half, 0, mpf("13.25"), 10), "log2(tail(a)) on [0, 13.25], tail the normal distribution's beyond a", "tail^(1/2)-weighted")
show("kTailSlope", remez(slope, half, 0, mpf("13.25"), 11), "1 - a * density(a) / tail(a) on [0, 13.25]", "tail^(1/2)-weighted")
# The same, to be rounded to bf16.
show("kShortExp2", remez(lambda f: mpf(2) ** f, lambda f: mpf(2) ** -f, mpf("-0.5001"), mpf("0.5001"), 4), "2^f on |f| <= 1/2")
show("kShortTail", remez(log2_tail, lambda a: normal_tail(a) ** mpf("0.25"), 0, mpf("13.25"), 7), "log2(tail(a)) on [0, 13.25]", "tail^(1/4)-weighted")
show("kShortSlope", remez(slope, half, 0, mpf("13.25"), 6), "1 - a * density(a) / tail(a) on [0, 13.25]", "tail^(1/2)-weighted")
