"""What a TestCase can assert of values, tensors, messages and errors.

Where an assertion takes values it takes tensors too, and evaluates them; and for most, lists,
tuples and dicts of either.
"""
import contextlib
import math
import re
from collections import abc

import numpy as np

from weft.python.framework import dtypes, errors, ops


class Assertions:
    """Mixed into TestCase, which gives evaluate()."""

    def _array(self, value):
        if isinstance(value, ops.Tensor) or hasattr(value, "_as_graph_element"):
            value = self.evaluate(value)
        return value if isinstance(value, np.ndarray) else np.array(value)

    def _values(self, value):
        """A tensor's value, in structures too."""
        if isinstance(value, ops.Tensor) or hasattr(value, "_as_graph_element"):
            return self.evaluate(value)
        return value

    # ---- numbers that are close ----

    def assertAllClose(self, a, b, rtol=1e-6, atol=1e-6, msg=None):
        """Each element of a is within atol + rtol * |b| of that of b; structures part by part."""
        a, b = self._values(a), self._values(b)
        if isinstance(a, abc.Mapping):
            self.assertIsInstance(b, abc.Mapping, msg)
            self.assertItemsEqual(a, b, msg)
            pairs = [(a[k], b[k]) for k in a]
        elif isinstance(a, (list, tuple)) and any(_is_part(x) for x in a):
            self.assertEqual(len(a), len(b), msg)
            pairs = list(zip(a, b))
        else:
            return self._assert_arrays_close(a, b, rtol, atol, msg)
        for x, y in pairs:
            self.assertAllClose(x, y, rtol, atol, msg)

    def _assert_arrays_close(self, a, b, rtol, atol, msg):
        a, b = self._array(a), self._array(b)
        self._assert_same_shape(a, b, msg)
        if np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
            return
        far = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        where = np.argwhere(far)[:10].tolist()
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, equal_nan=True, err_msg="\n".join(
            filter(None, [msg, "Mismatched value at %s: %s and %s" % (
                where, np.atleast_1d(a[far])[:10], np.atleast_1d(b[far])[:10])])))

    def _assert_same_shape(self, a, b, msg=None):
        self.assertEqual(a.shape, b.shape, "Shape mismatch: expected %s, got %s.%s" % (
            a.shape, b.shape, " " + msg if msg else ""))

    def assertNotAllClose(self, a, b, **kwargs):
        """assertAllClose fails."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise AssertionError("The two values are close at all elements")

    def assertAllCloseAccordingToType(self, a, b, rtol=1e-6, atol=1e-6, float_rtol=1e-6,
                                      float_atol=1e-6, half_rtol=1e-3, half_atol=1e-3,
                                      bfloat16_rtol=1e-2, bfloat16_atol=1e-2, msg=None):
        """assertAllClose, within what the shorter of the two types can hold."""
        a, b = self._array(a), self._array(b)
        types = (a.dtype, b.dtype)
        for kinds, r, t in (((np.float32, np.complex64), float_rtol, float_atol),
                            ((np.float16,), half_rtol, half_atol),
                            ((dtypes.bfloat16.as_numpy_dtype,), bfloat16_rtol, bfloat16_atol)):
            if any(dtype == kind for dtype in types for kind in kinds):
                rtol, atol = max(rtol, r), max(atol, t)
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNear(self, f1, f2, err, msg=None):
        """Two numbers differ by no more than `err`."""
        self.assertTrue(f1 == f2 or math.fabs(f1 - f2) <= err, "%f != %f +/- %f%s" % (
            f1, f2, err, " (%s)" % msg if msg is not None else ""))

    def assertArrayNear(self, farray1, farray2, err, msg=None):
        """Two lists of numbers differ by no more than `err` anywhere."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for f1, f2 in zip(farray1, farray2):
            self.assertNear(float(f1), float(f2), err, msg)

    def assertNDArrayNear(self, ndarray1, ndarray2, err, msg=None):
        """The distance of two arrays is no more than `err`."""
        distance = np.linalg.norm(np.asarray(ndarray1) - np.asarray(ndarray2))
        self.assertTrue(distance <= err, "%s and %s are %s apart; %s" % (
            ndarray1, ndarray2, distance, msg or ""))

    # ---- equal, greater, less ----

    def assertAllEqual(self, a, b, msg=None):
        """Two arrays have the same shape and elements; NaN is NaN."""
        a, b = self._array(a), self._array(b)
        self._assert_same_shape(a, b, msg)
        same = a == b
        if a.dtype.kind in "fc" and b.dtype.kind in "fc":
            same = same | (np.isnan(a) & np.isnan(b))
        if not np.all(same):
            where = np.argwhere(~np.asarray(same)).tolist()
            self.fail("%sArrays differ at %s: %s and %s" % (
                msg + ": " if msg else "", where[:10], a[~same][:10], b[~same][:10]))

    def assertNotAllEqual(self, a, b, msg=None):
        """assertAllEqual fails."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise AssertionError("The two values are equal at all elements. %s" % (msg or ""))

    def assertAllGreater(self, a, comparison_target):
        """Every element is greater."""
        self.assertGreater(self._array(a).min(), comparison_target)

    def assertAllLess(self, a, comparison_target):
        """Every element is less."""
        self.assertLess(self._array(a).max(), comparison_target)

    def assertAllGreaterEqual(self, a, comparison_target):
        """Every element is greater or equal."""
        self.assertGreaterEqual(self._array(a).min(), comparison_target)

    def assertAllLessEqual(self, a, comparison_target):
        """Every element is less or equal."""
        self.assertLessEqual(self._array(a).max(), comparison_target)

    def assertAllInRange(self, target, lower_bound, upper_bound, open_lower_bound=False,
                         open_upper_bound=False):
        """Every element lies between the bounds, which belong to the range unless open."""
        target = self._array(target)
        low = target > lower_bound if open_lower_bound else target >= lower_bound
        high = target < upper_bound if open_upper_bound else target <= upper_bound
        wrong = target[~(low & high)]
        self.assertEqual(wrong.size, 0, "Values out of range: %s" % wrong[:10])

    def assertAllInSet(self, target, expected_set):
        """Every element is one of a set."""
        wrong = set(self._array(target).ravel().tolist()) - set(expected_set)
        self.assertFalse(wrong, "Values not in the set: %s" % sorted(wrong)[:10])

    def assertBetween(self, value, minv, maxv, msg=None):
        """minv <= value <= maxv."""
        self.assertTrue(minv <= value <= maxv, msg or "%r is not between %r and %r"
                        % (value, minv, maxv))

    def assertItemsEqual(self, first, second, msg=None):
        """The same items, in any order."""
        self.assertCountEqual(first, second, msg)

    def assertLen(self, container, expected_len, msg=None):
        """A container holds so many items."""
        self.assertEqual(len(container), expected_len, msg)

    def assertEmpty(self, container, msg=None):
        """A container holds nothing."""
        self.assertLen(container, 0, msg)

    def assertNotEmpty(self, container, msg=None):
        """A container holds something."""
        self.assertGreater(len(container), 0, msg)

    def assertStartsWith(self, actual, expected_start, msg=None):
        """A text begins so."""
        self.assertTrue(actual.startswith(expected_start), "%r does not start with %r%s" % (
            actual, expected_start, ": " + msg if msg else ""))

    # ---- tensors ----

    def assertShapeEqual(self, np_array, tf_tensor, msg=None):
        """A tensor's static shape is that of an array."""
        if not isinstance(np_array, (np.ndarray, np.generic)):
            raise TypeError("np_array must be a Numpy ndarray or Numpy scalar")
        if not isinstance(tf_tensor, ops.Tensor):
            raise TypeError("tf_tensor must be a Tensor")
        self.assertAllEqual(np_array.shape, tf_tensor.get_shape().as_list(), msg)

    def assertDTypeEqual(self, target, expected_dtype):
        """A tensor's, or an array's, elements have a type."""
        dtype = target.dtype if isinstance(target, ops.Tensor) else self._array(target).dtype
        self.assertEqual(dtypes.as_dtype(dtype), dtypes.as_dtype(expected_dtype))

    def assertDeviceEqual(self, device1, device2, msg=None):
        """Two names stand for the same device."""
        from weft.python.framework.device_spec import DeviceSpec
        one, other = (DeviceSpec.from_string(str(d or "")).to_string() for d in (device1, device2))
        self.assertEqual(one, other, msg)

    # ---- messages ----

    def assertProtoEquals(self, expected_message_maybe_ascii, message, msg=None):
        """A message is equal to another one, or to one written as text."""
        expected = expected_message_maybe_ascii
        from google.protobuf import text_format
        from google.protobuf.message import Message
        if isinstance(expected, str):
            expected = text_format.Parse(expected, type(message)())
        self.assertIsInstance(expected, Message, "assertProtoEquals takes a message or a text")
        self.assertEqual(str(expected), str(message), msg)

    def assertProtoEqualsVersion(self, expected, actual, producer=27, min_consumer=0, msg=None):
        """assertProtoEquals of a GraphDef, given without its versions."""
        self.assertProtoEquals("versions { producer: %d min_consumer: %d }\n%s"
                               % (producer, min_consumer, expected), actual, msg)

    # ---- errors ----

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(self, exception_type, expected_err_re_or_predicate):
        """A block raises an error for which a function is true, or whose text a pattern finds.

        With a pattern, the places where its operation was made count as its text.
        """
        accepts = expected_err_re_or_predicate
        if not callable(accepts):
            def accepts(e):
                return re.search(expected_err_re_or_predicate, _whole_text(e))
        try:
            yield
        except Exception as e:
            if not isinstance(e, exception_type) or not accepts(e):
                raise AssertionError("Exception of type %s: %s" % (type(e), e)) from e
        else:
            self.fail(exception_type.__name__ + " not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate):
        """A block raises an OpError: see assertRaisesWithPredicateMatch."""
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)

    def assertRaisesIncompatibleShapesError(self, exception_type=errors.InvalidArgumentError):
        """A block raises an error of shapes that do not fit."""
        return self.assertRaisesWithPredicateMatch(
            exception_type, r"Incompatible shapes|Dimensions must be equal")


def _is_part(x):
    return isinstance(x, (list, tuple, dict, np.ndarray, ops.Tensor)) or hasattr(
        x, "_as_graph_element")


def _whole_text(e):
    if not isinstance(e, errors.OpError):
        return str(e)
    text, op = e.message, e.op
    while op is not None:
        text += "\nCaused by: " + op.name
        op = getattr(op, "_original_op", None)
    return text
