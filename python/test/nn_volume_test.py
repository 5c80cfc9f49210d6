"""tf.nn beyond plain images: volumes, morphology, windows of random sizes, patches."""
import itertools

import numpy as np
import pytest

import weft as tf
from run import run

VOLUME = np.random.RandomState(0).randn(2, 4, 5, 6, 2).astype(np.float32)
KERNEL = np.random.RandomState(1).randn(2, 3, 2, 2, 3).astype(np.float32)
IMAGE = np.random.RandomState(2).randint(-9, 9, (1, 6, 6, 2)).astype(np.float32)


def made():
    return ["%s:%s" % (op.name, op.type) for op in tf.get_default_graph().get_operations()]


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def windows(x, size):
    """All windows of the inner axes of `x` [batch, space, channels], as [..., size, channels]."""
    places = itertools.product(*(range(n - k + 1) for n, k in zip(x.shape[1:], size)))
    cut = [x[(slice(None),) + tuple(slice(i, i + k) for i, k in zip(at, size))] for at in places]
    space = tuple(n - k + 1 for n, k in zip(x.shape[1:], size))
    return np.stack(cut, 1).reshape((x.shape[0],) + space + tuple(size) + x.shape[-1:])


def convolved(x, kernel):
    return np.einsum("bdhwijkc,ijkco->bdhwo", windows(x, kernel.shape[:3]), kernel)


# ---- convolutions ----

def test_conv3d():
    close(run(tf.nn.conv3d(VOLUME, KERNEL, [1, 1, 1, 1, 1], "VALID")), convolved(VOLUME, KERNEL))
    close(run(tf.nn.conv3d(VOLUME, filters=KERNEL, strides=[1, 2, 1, 3, 1], padding="VALID")),
          convolved(VOLUME, KERNEL)[:, ::2, :, ::3])
    first = tf.nn.conv3d(VOLUME.transpose(0, 4, 1, 2, 3), KERNEL, [1, 1, 1, 1, 1], "VALID",
                         data_format="NCDHW")
    close(run(first).transpose(0, 2, 3, 4, 1), convolved(VOLUME, KERNEL))
    assert tf.nn.conv3d(VOLUME, KERNEL, [1, 2, 2, 2, 1], "SAME").shape == [2, 2, 3, 3, 3]


def test_gradients_of_conv3d_are_its_backprops():
    x, f = tf.constant(VOLUME), tf.constant(KERNEL)
    y = tf.nn.conv3d(x, f, [1, 1, 1, 1, 1], "VALID")
    dx, df = tf.gradients(tf.reduce_sum(y), [x, f])
    by_filter = tf.nn.conv3d_backprop_filter_v2(VOLUME, KERNEL.shape, tf.ones_like(y),
                                                [1, 1, 1, 1, 1], "VALID")
    back = tf.nn.conv3d_transpose(tf.ones_like(y), KERNEL, VOLUME.shape, [1, 1, 1, 1, 1], "VALID")
    seen = windows(VOLUME, KERNEL.shape[:3]).sum((0, 1, 2, 3))
    close(run(df), np.repeat(seen[..., None], 3, -1))
    close(run(by_filter), run(df))
    close(run(back), run(dx))
    assert "gradients/Conv3D_grad/ShapeN:ShapeN" in made()
    assert "gradients/Conv3D_grad/Conv3DBackpropInputV2:Conv3DBackpropInputV2" in made()
    second = tf.gradients(dx, f, grad_ys=x)[0]
    assert second.shape == KERNEL.shape
    assert second.op.type == "Conv3DBackpropFilterV2"


def test_convolution_and_transpose_of_any_rank():
    wide = np.zeros((3, 5, 2, 2, 3), np.float32)
    wide[::2, ::2] = KERNEL
    close(run(tf.nn.convolution(VOLUME, KERNEL, "VALID", dilation_rate=[2, 2, 1])),
          convolved(VOLUME, wide))
    y = tf.nn.conv_transpose(VOLUME, KERNEL.transpose(0, 1, 2, 4, 3), [2, 8, 10, 12, 3], 2)
    assert run(y).shape == (2, 8, 10, 12, 3)
    assert y.op.type == "Conv3DBackpropInputV2"


def test_depthwise_backprops():
    f = np.random.RandomState(3).randn(2, 2, 2, 1).astype(np.float32)
    x, kernel = tf.constant(IMAGE), tf.constant(f)
    y = tf.nn.depthwise_conv2d_native(x, kernel, [1, 1, 1, 1], "VALID")
    dx, df = tf.gradients(y, [x, kernel])
    close(run(tf.nn.depthwise_conv2d_backprop_input(
        IMAGE.shape, f, tf.ones_like(y), [1, 1, 1, 1], "VALID")), run(dx))
    close(run(tf.nn.depthwise_conv2d_backprop_filter(
        IMAGE, f.shape, tf.ones_like(y), [1, 1, 1, 1], "VALID")), run(df))


# ---- pooling ----

def test_pooling_of_volumes():
    blocks = VOLUME[:, :, :4].reshape(2, 2, 2, 2, 2, 3, 2, 2)
    close(run(tf.nn.max_pool3d(VOLUME, 2, 2, "VALID")), blocks.max((2, 4, 6)))
    close(run(tf.nn.avg_pool3d(VOLUME, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "VALID")),
          blocks.mean((2, 4, 6)))
    close(run(tf.nn.pool(VOLUME, [2, 2, 2], "MAX", "VALID", strides=[2, 2, 2])),
          blocks.max((2, 4, 6)))
    first = tf.nn.max_pool3d(VOLUME.transpose(0, 4, 1, 2, 3), 2, 2, "VALID", data_format="NCDHW")
    close(run(first).transpose(0, 2, 3, 4, 1), blocks.max((2, 4, 6)))
    close(run(tf.nn.avg_pool_v2(VOLUME, 2, 2, "VALID")), blocks.mean((2, 4, 6)))


def test_gradients_of_pooling_volumes():
    x = tf.constant(VOLUME)
    largest = tf.gradients(tf.nn.max_pool3d(x, 2, 2, "VALID"), x)[0]
    mean = tf.gradients(tf.nn.avg_pool3d(x, 2, 2, "VALID"), x)[0]
    assert [largest.op.type, mean.op.type] == ["MaxPool3DGrad", "AvgPool3DGrad"]
    assert run(largest).sum() == 2 * 2 * 2 * 3 * 2
    close(run(mean)[:, :, :4], 0.125)
    close(run(mean)[:, :, 4], 0)
    zeros = tf.zeros([1, 2, 2, 2, 1])           # TensorFlow's CPU: each of equal maxima has it all
    close(run(tf.gradients(tf.nn.max_pool3d(zeros, 2, 2, "VALID"), zeros)[0]), 1)


def test_places_of_the_largest_count_from_the_image_or_the_batch():
    x = tf.constant(np.array([1, 3, 2, 4], np.float32).reshape(2, 1, 2, 1))
    size = [1, 1, 2, 1]
    assert run(tf.nn.max_pool_with_argmax(x, size, size, "VALID").argmax).tolist() == \
        [[[[1]]], [[[1]]]]
    whole = tf.nn.max_pool_with_argmax(x, size, size, "VALID", include_batch_in_index=True)
    assert run(whole.argmax).tolist() == [[[[1]]], [[[3]]]]
    for pooled in (whole, tf.nn.max_pool_with_argmax(x, size, size, "VALID")):
        dx = tf.gradients(pooled.output, x)[0]
        assert run(dx).ravel().tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("name", ["max", "avg"])
def test_fractional_pooling(name):
    op = getattr(tf.nn, "fractional_%s_pool" % name)
    x = tf.constant(IMAGE)
    pooled = op(x, [1.0, 1.5, 1.2, 1.0], pseudo_random=True, overlapping=True, deterministic=True,
                seed=5, seed2=6)
    assert pooled.output.op.name == "Fractional%sPool" % name.capitalize()
    y, rows, columns = run(pooled)
    assert y.shape == (1, 4, 5, 2)
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (0, 6, 0, 6)
    reduce = np.max if name == "max" else np.mean
    for i, j in itertools.product(range(4), range(5)):
        window = IMAGE[:, rows[i]:rows[i + 1] + 1, columns[j]:columns[j + 1] + 1]
        close(y[:, i, j], reduce(window, (1, 2)))
    dx = tf.gradients(pooled.output, x)[0]
    assert dx.op.type == "Fractional%sPoolGrad" % name.capitalize()
    close(run(dx).sum(), y.size)


def test_fractional_pooling_draws_anew_unless_told_not_to():
    with tf.Session() as session:
        free = tf.nn.fractional_max_pool(IMAGE, [1, 1.6, 1.6, 1], seed=7).row_pooling_sequence
        drawn = {tuple(session.run(free)) for _ in range(20)}
        assert drawn == {(0, 2, 4, 6)} or len(drawn) > 1
        wide = np.zeros((1, 30, 30, 1), np.float32)
        for fixed in (False, True):
            rows = tf.nn.fractional_avg_pool(wide, [1, 1.3, 1.3, 1], deterministic=fixed,
                                             seed=7).row_pooling_sequence
            assert (len({tuple(session.run(rows)) for _ in range(5)}) == 1) == fixed


# ---- morphology and patches ----

def test_dilation_and_erosion():
    kernel = np.array([[1, 0], [-1, 2]], np.float32)[:, :, None].repeat(2, 2)
    seen = windows(IMAGE, [2, 2])
    ones, rates = [1, 1, 1, 1], [1, 1, 1, 1]
    close(run(tf.nn.dilation2d(IMAGE, kernel, ones, rates, "VALID")),
          (seen + kernel).max((3, 4)))
    close(run(tf.nn.dilation2d(IMAGE, filters=kernel, strides=ones, dilations=rates,
                               padding="VALID")), (seen + kernel).max((3, 4)))
    tf.reset_default_graph()
    eroded = tf.nn.erosion2d(tf.constant(IMAGE), tf.constant(kernel), ones, rates, "VALID")
    close(run(eroded), (seen - kernel[::-1, ::-1]).min((3, 4)))
    assert made()[2:] == ["erosion2d/Neg:Neg", "erosion2d/ReverseV2/axis:Const",
                          "erosion2d/ReverseV2:ReverseV2", "erosion2d/Dilation2D:Dilation2D",
                          "erosion2d:Neg"]


def test_gradients_of_dilation():
    x, kernel = tf.constant(IMAGE), tf.zeros([2, 2, 2])
    y = tf.nn.dilation2d(x, kernel, [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
    dx, dk = tf.gradients(y, [x, kernel])
    assert [dx.op.type, dk.op.type] == ["Dilation2DBackpropInput", "Dilation2DBackpropFilter"]
    assert run(dx).sum() == run(dk).sum() == 50


def test_patches_of_volumes():
    x = tf.constant(VOLUME)
    patches = tf.extract_volume_patches(x, [1, 2, 3, 2, 1], [1, 1, 1, 1, 1], "VALID")
    close(run(patches), windows(VOLUME, [2, 3, 2]).reshape(2, 3, 3, 5, 24))
    counts = run(tf.gradients(patches, x)[0])
    assert counts[0, 1, 2, 2, 0] == 2 * 3 * 2 and counts[0, 0, 0, 0, 0] == 1
