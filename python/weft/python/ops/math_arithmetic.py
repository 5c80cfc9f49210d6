"""Elementwise functions that are more than one op: casts, division, signs, complex parts, sums.

math_ops offers them to users. Where a SparseTensor or IndexedSlices may come in, the function is
applied to its values."""

from weft.python.framework import dtypes, gen, ops, sparse_tensor

__all__ = [
    "abs", "accumulate_n", "add_n", "angle", "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e",
    "cast", "complex", "conj", "div", "div_no_nan", "divide", "erf", "floordiv", "imag",
    "log_sigmoid", "logical_xor", "multiply_no_nan", "negative", "polyval", "pow", "real",
    "reciprocal_no_nan", "round", "saturate_cast", "scalar_mul", "sigmoid", "sign", "sqrt",
    "square", "tanh", "to_bfloat16", "to_complex128", "to_complex64", "to_double", "to_float",
    "to_int32", "to_int64", "truediv",
]

# What integers become when they are divided by "/".
_QUOTIENT = {
    dtypes.uint8: dtypes.float32, dtypes.int8: dtypes.float32, dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32, dtypes.int32: dtypes.float64, dtypes.int64: dtypes.float64,
    dtypes.bfloat16: None, dtypes.float16: None, dtypes.float32: None, dtypes.float64: None,
    dtypes.complex64: None, dtypes.complex128: None,
}


def _on_values(op_type, x, name):
    """The op on x or, where x is sparse, on its values."""
    if not isinstance(x, sparse_tensor.SparseTensor):
        return getattr(gen, op_type)(x, name=name)
    with ops.name_scope(name, op_type, [x]) as scope:
        values = getattr(gen, op_type)(x.values, name=scope)
        return sparse_tensor.SparseTensor(x.indices, values, x.dense_shape)


def negative(x, name=None):
    """-x; x may be sparse."""
    return _on_values("Neg", x, name)


def sign(x, name=None):
    """-1, 0 or 1 as x is below, at or above 0; x / |x| if complex. x may be sparse."""
    return _on_values("Sign", x, name)


def square(x, name=None):
    """x * x; x may be sparse."""
    return _on_values("Square", x, name)


def sqrt(x, name=None):
    """The square root; x may be sparse."""
    return _on_values("Sqrt", x, name)


def erf(x, name=None):
    """The error function; x may be sparse."""
    return _on_values("Erf", x, name)


def tanh(x, name=None):
    """The hyperbolic tangent; x may be sparse."""
    return _on_values("Tanh", x, name)


def abs(x, name=None):
    """The absolute value, a real number for complex x; x may be sparse."""
    with ops.name_scope(name, "Abs", [x]) as name:
        if isinstance(x, sparse_tensor.SparseTensor):
            return sparse_tensor.SparseTensor(x.indices, _abs(x.values, name), x.dense_shape)
        return _abs(ops.convert_to_tensor(x, name="x"), name)


def _abs(x, name):
    if x.dtype.is_complex:
        return gen.ComplexAbs(x, Tout=x.dtype.real_dtype, name=name)
    return gen.Abs(x, name=name)


def sigmoid(x, name=None):
    """1 / (1 + exp(-x))."""
    with ops.name_scope(name, "Sigmoid", [x]) as name:
        return gen.Sigmoid(ops.convert_to_tensor(x, name="x"), name=name)


def log_sigmoid(x, name=None):
    """log(sigmoid(x)), finite also for large negative x."""
    with ops.name_scope(name, "LogSigmoid", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        return gen.Neg(gen.Softplus(gen.Neg(x)), name=name)


def pow(x, y, name=None):
    """x to the power of y."""
    with ops.name_scope(name, "Pow", [x]) as name:
        return gen.Pow(x, y, name=name)


def round(x, name=None):
    """The nearest whole number, halves to the even one; integers stay as they are."""
    x = ops.convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else gen.Round(x, name=name)


def logical_xor(x, y, name="LogicalXor"):
    """True where exactly one of x and y is."""
    one = gen.LogicalOr(x, y)
    return gen.LogicalAnd(one, gen.LogicalNot(gen.LogicalAnd(x, y)), name=name)


def polyval(coeffs, x, name=None):
    """The polynomial with these coefficients (highest power first) at x, by Horner's rule."""
    with ops.name_scope(name, "polyval", list(coeffs) + [x]):
        x = ops.convert_to_tensor(x, name="x")
        if len(coeffs) < 1:
            return gen.ZerosLike(x)
        terms = [ops.convert_to_tensor(c, name="coeff_%d" % i) for i, c in enumerate(coeffs)]
        total = terms[0]
        for term in terms[1:]:
            total = term + total * x
        return total


def bessel_i0e(x, name=None):
    """bessel_i0(x) * exp(-abs(x)); x may be sparse."""
    return _on_values("BesselI0e", x, name)


def bessel_i1e(x, name=None):
    """bessel_i1(x) * exp(-abs(x)); x may be sparse."""
    return _on_values("BesselI1e", x, name)


def bessel_i0(x, name=None):
    """The modified Bessel function of order 0."""
    with ops.name_scope(name, "bessel_i0", [x]):
        return gen.Exp(gen.Abs(x)) * gen.BesselI0e(x)


def bessel_i1(x, name=None):
    """The modified Bessel function of order 1."""
    with ops.name_scope(name, "bessel_i1", [x]):
        return gen.Exp(gen.Abs(x)) * gen.BesselI1e(x)


# Casts.

def cast(x, dtype, name=None):
    """x in another dtype; x itself if it is a tensor that already has it."""
    base_type = dtypes.as_dtype(dtype).base_dtype
    if isinstance(x, ops.Tensor) and x.dtype == base_type:
        return x
    with ops.name_scope(name, "Cast", [x]) as name:
        if isinstance(x, sparse_tensor.SparseTensor):
            values = cast(x.values, base_type, name=name)
            return sparse_tensor.SparseTensor(x.indices, values, x.dense_shape)
        if isinstance(x, ops.IndexedSlices):
            values = cast(x.values, base_type, name=name)
            return ops.IndexedSlices(values, x.indices, x.dense_shape)
        x = ops.convert_to_tensor(x, name="x")
        if x.dtype.base_dtype == base_type:
            return x
        return gen.Cast(x, DstT=base_type, name=name)


def saturate_cast(value, dtype, name=None):
    """value in another dtype, clipped to what that one can hold."""
    with ops.name_scope(name, "saturate_cast", [value]) as name:
        value = ops.convert_to_tensor(value, name="value")
        dtype = dtypes.as_dtype(dtype).base_dtype
        if value.dtype.min < dtype.min:
            low = ops.convert_to_tensor(dtype.min, dtype=value.dtype, name="min")
            value = gen.Maximum(value, low)
        if value.dtype.max > dtype.max:
            high = ops.convert_to_tensor(dtype.max, dtype=value.dtype, name="max")
            value = gen.Minimum(value, high)
        return cast(value, dtype, name=name)


def to_float(x, name="ToFloat"):
    """x as float32."""
    return cast(x, dtypes.float32, name=name)


def to_double(x, name="ToDouble"):
    """x as float64."""
    return cast(x, dtypes.float64, name=name)


def to_int32(x, name="ToInt32"):
    """x as int32."""
    return cast(x, dtypes.int32, name=name)


def to_int64(x, name="ToInt64"):
    """x as int64."""
    return cast(x, dtypes.int64, name=name)


def to_bfloat16(x, name="ToBFloat16"):
    """x as bfloat16."""
    return cast(x, dtypes.bfloat16, name=name)


def to_complex64(x, name="ToComplex64"):
    """x as complex64."""
    return cast(x, dtypes.complex64, name=name)


def to_complex128(x, name="ToComplex128"):
    """x as complex128."""
    return cast(x, dtypes.complex128, name=name)


# Division.

def truediv(x, y, name=None):
    """x / y; integers of up to 16 bits are divided as float32, larger ones as float64."""
    if isinstance(x, ops.Tensor) and isinstance(y, ops.Tensor) and \
            x.dtype.is_floating and x.dtype == y.dtype:
        return gen.RealDiv(x, y, name=name or "truediv")       # nothing to convert, no scope
    with ops.name_scope(name, "truediv", [x, y]) as name:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y")
        dtype = _same_dtype(x, y)
        if dtype not in _QUOTIENT:
            raise TypeError("Invalid dtype %r in __truediv__" % (dtype,))
        if _QUOTIENT[dtype] is not None:
            x, y = cast(x, _QUOTIENT[dtype]), cast(y, _QUOTIENT[dtype])
        return gen.RealDiv(x, y, name=name)


def div(x, y, name=None):
    """x / y as in Python 2: integers rounded down, floating numbers exactly."""
    with ops.name_scope(name, "div", [x, y]) as name:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        dtype = _same_dtype(x, y)
        if dtype.is_floating or dtype.is_complex:
            return gen.RealDiv(x, y, name=name)
        return gen.FloorDiv(x, y, name=name)


def _same_dtype(x, y):
    dtype = x.dtype.base_dtype
    if dtype != y.dtype.base_dtype:
        raise TypeError("x and y must have the same dtype, got %r != %r" %
                        (dtype, y.dtype.base_dtype))
    return dtype


def divide(x, y, name=None):
    """x / y with the meaning of Python's "/"."""
    return x / y if name is None else truediv(x, y, name)


def floordiv(x, y, name=None):
    """x / y rounded down."""
    with ops.name_scope(name, "floordiv", [x, y]) as name:
        return gen.FloorDiv(x, y, name=name)


def div_no_nan(x, y, name=None):
    """x / y, and 0 where y is 0."""
    with ops.name_scope(name, "div_no_nan", [x, y]) as name:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        return gen.DivNoNan(x, y, name=name)


def reciprocal_no_nan(x, name=None):
    """1 / x, and 0 where x is 0."""
    with ops.name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = ops.convert_to_tensor(x, name="x")
        one = ops.convert_to_tensor(1, dtype=x.dtype.base_dtype, name="one")
        return gen.DivNoNan(one, x, name=scope)


def multiply_no_nan(x, y, name=None):
    """x * y, and 0 where y is 0 even if x is infinite or NaN."""
    with ops.name_scope(name, "multiply_no_nan", [x, y]) as name:
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        _same_dtype(x, y)
        return gen.MulNoNan(x, y, name=name)


def scalar_mul(scalar, x, name=None):
    """scalar * x, where x may be IndexedSlices; ValueError if scalar has a shape."""
    scalar = ops.convert_to_tensor(scalar, dtype=x.dtype.base_dtype, name="scalar")
    shape = scalar.get_shape()
    if shape.ndims != 0:
        raise ValueError("Only scalar multiply works, got shape %s" % shape)
    if isinstance(x, ops.IndexedSlices):
        values = gen.Mul(scalar, x.values, name=name)
        return ops.IndexedSlices(values, x.indices, x.dense_shape)
    return gen.Mul(scalar, x, name=name)


# Complex numbers.

def complex(real, imag, name=None):
    """real + i * imag: complex64 from float32, complex128 from float64; else TypeError."""
    real = ops.convert_to_tensor(real, name="real")
    imag = ops.convert_to_tensor(imag, name="imag")
    with ops.name_scope(name, "Complex", [real, imag]) as name:
        types = (real.dtype.base_dtype, imag.dtype.base_dtype)
        if types == (dtypes.float64, dtypes.float64):
            out_type = dtypes.complex128
        elif types == (dtypes.float32, dtypes.float32):
            out_type = dtypes.complex64
        else:
            raise TypeError("real and imag have incorrect types: %s %s" %
                            (real.dtype.name, imag.dtype.name))
        return gen.Complex(real, imag, Tout=out_type, name=name)


def conj(x, name=None):
    """The complex conjugate; real numbers stay as they are."""
    if isinstance(x, ops.Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with ops.name_scope(name, "Conj", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        if x.dtype.is_complex or x.dtype == dtypes.variant:
            return gen.Conj(x, name=name)
        if x.dtype.is_floating or x.dtype.is_integer:
            return x
        raise TypeError("Expected numeric or variant tensor, got dtype %r" % (x.dtype,))


def real(input, name=None):
    """The real part."""
    with ops.name_scope(name, "Real", [input]) as name:
        input = ops.convert_to_tensor(input, name="input")
        if not input.dtype.is_complex:
            return input
        return gen.Real(input, Tout=input.dtype.real_dtype, name=name)


def imag(input, name=None):
    """The imaginary part, 0 for real numbers."""
    with ops.name_scope(name, "Imag", [input]) as name:
        input = ops.convert_to_tensor(input, name="input")
        if not input.dtype.is_complex:
            return gen.ZerosLike(input)
        return gen.Imag(input, Tout=input.dtype.real_dtype, name=name)


def angle(input, name=None):
    """The argument in (-pi, pi], 0 for real numbers."""
    with ops.name_scope(name, "Angle", [input]) as name:
        input = ops.convert_to_tensor(input, name="input")
        if not input.dtype.is_complex:
            return gen.ZerosLike(input)
        return gen.Angle(input, Tout=input.dtype.real_dtype, name=name)


# Sums of many.

def add_n(inputs, name=None):
    """The elementwise sum of a list of tensors (IndexedSlices are made dense) of one shape."""
    message = ("inputs must be a list of at least one Tensor/IndexedSlices with the same dtype "
               "and shape")
    inputs = _tensors(inputs, message)
    if len(inputs) == 1:
        value = ops.convert_to_tensor(inputs[0])
        return value if name is None else gen.Identity(value, name=name)
    return gen.AddN(inputs, name=name)


def _tensors(inputs, message):
    if not isinstance(inputs, (list, tuple)):
        try:
            inputs = list(inputs)
        except TypeError:
            raise ValueError(message) from None
    if not inputs:
        raise ValueError(message)
    return [ops.convert_to_tensor_or_indexed_slices(x) for x in inputs]


def accumulate_n(inputs, shape=None, tensor_dtype=None, name=None):
    """The elementwise sum of a list of tensors whose shape may be told by `shape`."""
    message = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not isinstance(inputs, (list, tuple)):
        raise ValueError(message)
    inputs = _tensors(inputs, message)
    if not all(isinstance(x, ops.Tensor) and x.dtype.base_dtype == inputs[0].dtype.base_dtype
               for x in inputs):
        raise ValueError(message)
    if tensor_dtype is not None and dtypes.as_dtype(tensor_dtype) != inputs[0].dtype.base_dtype:
        raise TypeError("tensor_dtype is %s, but input is of type %s" %
                        (tensor_dtype, inputs[0].dtype))
    merged = _merged_shape(inputs, shape)
    if len(inputs) == 1:
        return inputs[0] if name is None else gen.Identity(inputs[0], name=name)
    return gen.AccumulateNV2(inputs, shape=merged, name=name)


def _merged_shape(tensors, shape):
    from weft.python.framework import tensor_shape
    merged = tensor_shape.as_shape(shape)
    for tensor in tensors:
        merged = merged.merge_with(tensor.get_shape())
    return merged
