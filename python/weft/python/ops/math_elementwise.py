"""Elementwise functions that are one op each; math_ops offers them to users.

All take tensors or what converts to them, and broadcast where they have two arguments."""

from weft.python.framework import gen

__all__ = [
    "acos", "acosh", "add", "add_v2", "asin", "asinh", "atan", "atan2", "atanh", "betainc",
    "ceil", "cos", "cosh", "cross", "digamma", "equal", "erfc", "exp", "expm1", "floor",
    "floor_div", "floormod", "greater", "greater_equal", "igamma", "igammac", "is_finite",
    "is_inf", "is_nan", "less", "less_equal", "lgamma", "log", "log1p", "logical_and",
    "logical_not", "logical_or", "maximum", "minimum", "multiply", "nextafter", "not_equal",
    "polygamma", "realdiv", "reciprocal", "rint", "rsqrt", "sin", "sinh", "squared_difference",
    "subtract", "tan", "truncatediv", "truncatemod", "xdivy", "xlogy", "zeta",
]


def acos(x, name=None):
    """The angle in [0, pi] whose cosine is x."""
    return gen.Acos(x, name=name)


def acosh(x, name=None):
    """The inverse hyperbolic cosine; NaN below 1."""
    return gen.Acosh(x, name=name)


def add(x, y, name=None):
    """x + y, or strings joined, with broadcasting."""
    return gen.Add(x, y, name=name)


def add_v2(x, y, name=None):
    """x + y of numbers, with broadcasting."""
    return gen.AddV2(x, y, name=name)


def asin(x, name=None):
    """The angle in [-pi/2, pi/2] whose sine is x."""
    return gen.Asin(x, name=name)


def asinh(x, name=None):
    """The inverse hyperbolic sine."""
    return gen.Asinh(x, name=name)


def atan(x, name=None):
    """The angle in (-pi/2, pi/2) whose tangent is x."""
    return gen.Atan(x, name=name)


def atan2(y, x, name=None):
    """The angle of the point (x, y), in [-pi, pi]."""
    return gen.Atan2(y, x, name=name)


def atanh(x, name=None):
    """The inverse hyperbolic tangent; infinite at -1 and 1."""
    return gen.Atanh(x, name=name)


def betainc(a, b, x, name=None):
    """The regularized incomplete beta integral I_x(a, b)."""
    return gen.Betainc(a, b, x, name=name)


def ceil(x, name=None):
    """The smallest whole number that is not below x."""
    return gen.Ceil(x, name=name)


def cos(x, name=None):
    """The cosine of x radians."""
    return gen.Cos(x, name=name)


def cosh(x, name=None):
    """The hyperbolic cosine."""
    return gen.Cosh(x, name=name)


def cross(a, b, name=None):
    """The cross products of 3-vectors along the last axis."""
    return gen.Cross(a, b, name=name)


def digamma(x, name=None):
    """The derivative of lgamma."""
    return gen.Digamma(x, name=name)


def equal(x, y, name=None):
    """True where x equals y."""
    return gen.Equal(x, y, name=name)


def erfc(x, name=None):
    """1 - erf(x), exact also where erf is nearly 1."""
    return gen.Erfc(x, name=name)


def exp(x, name=None):
    """e to the power of x."""
    return gen.Exp(x, name=name)


def expm1(x, name=None):
    """exp(x) - 1, exact also near 0."""
    return gen.Expm1(x, name=name)


def floor(x, name=None):
    """The largest whole number that is not above x."""
    return gen.Floor(x, name=name)


def floor_div(x, y, name=None):
    """x / y rounded down."""
    return gen.FloorDiv(x, y, name=name)


def floormod(x, y, name=None):
    """The remainder of division rounded down: it has the sign of y."""
    return gen.FloorMod(x, y, name=name)


def greater(x, y, name=None):
    """True where x > y."""
    return gen.Greater(x, y, name=name)


def greater_equal(x, y, name=None):
    """True where x >= y."""
    return gen.GreaterEqual(x, y, name=name)


def igamma(a, x, name=None):
    """The lower regularized incomplete gamma function."""
    return gen.Igamma(a, x, name=name)


def igammac(a, x, name=None):
    """The upper regularized incomplete gamma function."""
    return gen.Igammac(a, x, name=name)


def is_finite(x, name=None):
    """True where x is neither infinite nor NaN."""
    return gen.IsFinite(x, name=name)


def is_inf(x, name=None):
    """True where x is an infinity."""
    return gen.IsInf(x, name=name)


def is_nan(x, name=None):
    """True where x is NaN."""
    return gen.IsNan(x, name=name)


def less(x, y, name=None):
    """True where x < y."""
    return gen.Less(x, y, name=name)


def less_equal(x, y, name=None):
    """True where x <= y."""
    return gen.LessEqual(x, y, name=name)


def lgamma(x, name=None):
    """The logarithm of the absolute value of the gamma function."""
    return gen.Lgamma(x, name=name)


def log(x, name=None):
    """The natural logarithm."""
    return gen.Log(x, name=name)


def log1p(x, name=None):
    """log(1 + x), exact also near 0."""
    return gen.Log1p(x, name=name)


def logical_and(x, y, name=None):
    """True where both are."""
    return gen.LogicalAnd(x, y, name=name)


def logical_not(x, name=None):
    """The negation of booleans."""
    return gen.LogicalNot(x, name=name)


def logical_or(x, y, name=None):
    """True where one is."""
    return gen.LogicalOr(x, y, name=name)


def maximum(x, y, name=None):
    """The larger of x and y; their gradient goes to x where they are equal."""
    return gen.Maximum(x, y, name=name)


def minimum(x, y, name=None):
    """The smaller of x and y; their gradient goes to x where they are equal."""
    return gen.Minimum(x, y, name=name)


def multiply(x, y, name=None):
    """x * y, with broadcasting."""
    return gen.Mul(x, y, name=name)


def nextafter(x1, x2, name=None):
    """The next number that can be represented after x1 towards x2."""
    return gen.NextAfter(x1, x2, name=name)


def not_equal(x, y, name=None):
    """True where x differs from y."""
    return gen.NotEqual(x, y, name=name)


def polygamma(a, x, name=None):
    """The derivative of order a of digamma."""
    return gen.Polygamma(a, x, name=name)


def realdiv(x, y, name=None):
    """x / y of floating or complex numbers."""
    return gen.RealDiv(x, y, name=name)


def reciprocal(x, name=None):
    """1 / x."""
    return gen.Reciprocal(x, name=name)


def rint(x, name=None):
    """The nearest whole number; halves go to the even one."""
    return gen.Rint(x, name=name)


def rsqrt(x, name=None):
    """1 / sqrt(x)."""
    return gen.Rsqrt(x, name=name)


def sin(x, name=None):
    """The sine of x radians."""
    return gen.Sin(x, name=name)


def sinh(x, name=None):
    """The hyperbolic sine."""
    return gen.Sinh(x, name=name)


def squared_difference(x, y, name=None):
    """(x - y) * (x - y)."""
    return gen.SquaredDifference(x, y, name=name)


def subtract(x, y, name=None):
    """x - y, with broadcasting."""
    return gen.Sub(x, y, name=name)


def tan(x, name=None):
    """The tangent of x radians."""
    return gen.Tan(x, name=name)


def truncatediv(x, y, name=None):
    """x / y of integers rounded towards 0."""
    return gen.TruncateDiv(x, y, name=name)


def truncatemod(x, y, name=None):
    """The remainder of division rounded towards 0: it has the sign of x."""
    return gen.TruncateMod(x, y, name=name)


def xdivy(x, y, name=None):
    """x / y, and 0 where x is 0."""
    return gen.Xdivy(x, y, name=name)


def xlogy(x, y, name=None):
    """x * log(y), and 0 where x is 0."""
    return gen.Xlogy(x, y, name=name)


def zeta(x, q, name=None):
    """The Hurwitz zeta function."""
    return gen.Zeta(x, q, name=name)
