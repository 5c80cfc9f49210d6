"""Images, against NumPy."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import image_ops

IMAGE = np.random.RandomState(0).uniform(size=(4, 6, 3)).astype(np.float32)


def test_flips():
    for batch in (IMAGE, np.stack([IMAGE, IMAGE + 1])):
        assert np.array_equal(run(tf.image.flip_left_right(batch)), batch[..., :, ::-1, :])
        assert np.array_equal(run(tf.image.flip_up_down(batch)), batch[..., ::-1, :, :])
    with pytest.raises(ValueError, match="must be at least three-dimensional"):
        tf.image.flip_left_right(IMAGE[0])
    p = tf.placeholder(tf.float32)
    flipped = tf.image.flip_left_right(p)
    assert np.array_equal(run(flipped, {p: IMAGE}), IMAGE[:, ::-1])
    assert flipped.shape.as_list() == [None, None, None]


def test_random_flips_do_either():
    y = tf.image.random_flip_left_right(IMAGE, seed=1)
    seen = set()
    with tf.Session() as session:
        for _ in range(20):
            seen.add(session.run(y).tobytes())
    assert seen == {IMAGE.tobytes(), IMAGE[:, ::-1].tobytes()}
    batch = run(tf.image.random_flip_up_down(np.stack([IMAGE] * 8), seed=2))
    kinds = {b.tobytes() for b in batch}
    assert kinds <= {IMAGE.tobytes(), np.ascontiguousarray(IMAGE[::-1]).tobytes()}


@pytest.mark.parametrize("k", range(-1, 5))
def test_rot90(k):
    assert np.array_equal(run(tf.image.rot90(IMAGE, k)), np.rot90(IMAGE, k))
    batch = np.stack([IMAGE, IMAGE + 1])
    assert np.array_equal(run(tf.image.rot90(batch, k)), np.rot90(batch, k, axes=(1, 2)))
    p = tf.placeholder(tf.int32, [])
    assert np.array_equal(run(tf.image.rot90(IMAGE, p), {p: k}), np.rot90(IMAGE, k))


def test_transpose():
    assert np.array_equal(run(tf.image.transpose_image(IMAGE)), IMAGE.transpose(1, 0, 2))


def test_crop_and_pad():
    assert np.array_equal(run(tf.image.central_crop(IMAGE, 0.5)), IMAGE[1:3, 1:5])
    assert tf.image.central_crop(IMAGE, 1.0).shape == [4, 6, 3]
    cropped = tf.image.crop_to_bounding_box(IMAGE, 1, 2, 2, 3)
    assert cropped.shape == [2, 3, 3] and np.array_equal(run(cropped), IMAGE[1:3, 2:5])
    padded = tf.image.pad_to_bounding_box(IMAGE, 1, 2, 7, 9)
    assert np.array_equal(run(padded), np.pad(IMAGE, [[1, 2], [2, 1], [0, 0]]))
    both = tf.image.resize_image_with_crop_or_pad(IMAGE, 2, 8)
    assert np.array_equal(run(both), np.pad(IMAGE[1:3], [[0, 0], [1, 1], [0, 0]]))
    p = tf.placeholder(tf.float32, [None, None, 3])
    both = tf.image.resize_image_with_crop_or_pad(p, 2, 8)
    assert both.shape == [2, 8, 3]
    assert np.array_equal(run(both, {p: IMAGE}), np.pad(IMAGE[1:3], [[0, 0], [1, 1], [0, 0]]))
    with pytest.raises(ValueError, match="width must be >= target"):
        tf.image.crop_to_bounding_box(IMAGE, 0, 5, 2, 3)
    with pytest.raises(ValueError, match="height must be <= target - offset"):
        tf.image.pad_to_bounding_box(IMAGE, 1, 0, 4, 6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="width must be >= target"):
        run(tf.image.crop_to_bounding_box(p, 0, 5, 2, 3), {p: IMAGE})


def test_resize():
    for method in range(4):
        y = tf.image.resize_images(IMAGE, [2, 3], method)
        assert y.shape == [2, 3, 3] and np.isfinite(run(y)).all()
    nearest = tf.image.resize_images(IMAGE, [2, 3], tf.image.ResizeMethod.NEAREST_NEIGHBOR)
    assert np.array_equal(run(nearest), IMAGE[::2, ::2])
    area = tf.image.resize_images(IMAGE, [2, 3], tf.image.ResizeMethod.AREA)
    assert np.allclose(run(area), IMAGE.reshape(2, 2, 3, 2, 3).mean((1, 3)), atol=1e-6)
    kept = tf.image.resize_images(IMAGE, [8, 9], preserve_aspect_ratio=True)
    assert run(kept).shape == (6, 9, 3)
    assert tf.image.resize_images(IMAGE, [4, 6]).op.type == "Squeeze"
    p = tf.placeholder(tf.float32, [None, None, None, 1])
    assert tf.image.resize_images(p, (5, 7)).shape.as_list() == [None, 5, 7, 1]
    padded = tf.image.resize_image_with_pad(IMAGE, 8, 8)
    assert run(padded).shape == (8, 8, 3)


def test_resize_refusals():
    with pytest.raises(ValueError, match="'images' contains no shape"):
        tf.image.resize_images(tf.placeholder(tf.float32), [1, 1])
    with pytest.raises(ValueError, match="must have either 3 or 4 dimensions"):
        tf.image.resize_images(IMAGE[0], [1, 1])
    with pytest.raises(ValueError, match="'size' must be a 1-D Tensor of 2 elements"):
        tf.image.resize_images(IMAGE, [1, 1, 1])
    with pytest.raises(ValueError, match="Resize method is not implemented"):
        tf.image.resize_images(IMAGE, [1, 1], 9)


def test_convert_image_dtype():
    whole = np.array([0, 127, 255], np.uint8)
    assert np.allclose(run(tf.image.convert_image_dtype(whole, tf.float32)), whole / 255.)
    back = tf.image.convert_image_dtype(np.float32([0, 0.5, 1]), tf.uint8)
    assert run(back).tolist() == [0, 127, 255]
    assert run(tf.image.convert_image_dtype(np.float32([2]), tf.uint8, saturate=True)) == [255]
    assert run(tf.image.convert_image_dtype(whole, tf.int16)).tolist() == [0, 16256, 32640]
    assert run(tf.image.convert_image_dtype(np.int16([32640]), tf.uint8)).tolist() == [255]
    assert tf.image.convert_image_dtype(whole, tf.uint8).op.type == "Identity"


def test_gray():
    gray = run(tf.image.rgb_to_grayscale(IMAGE))
    assert np.allclose(gray[..., 0], IMAGE @ [0.2989, 0.5870, 0.1140], atol=1e-6)
    color = tf.image.grayscale_to_rgb(IMAGE[..., :1])
    assert color.shape == [4, 6, 3] and np.array_equal(run(color)[..., 2], IMAGE[..., 0])
    with pytest.raises(ValueError, match="Last dimension of a grayscale image should be size 1"):
        tf.image.grayscale_to_rgb(IMAGE)


def test_color_spaces_there_and_back():
    for there, back in ((tf.image.rgb_to_yuv, tf.image.yuv_to_rgb),
                        (tf.image.rgb_to_yiq, tf.image.yiq_to_rgb)):
        assert np.allclose(run(back(there(IMAGE))), IMAGE, atol=1e-4)


def test_standardization():
    y = run(tf.image.per_image_standardization(IMAGE))
    assert np.allclose(y, (IMAGE - IMAGE.mean()) / IMAGE.std(), atol=1e-5)
    same = np.full((2, 2, 1), 3, np.float32)
    assert run(tf.image.per_image_standardization(same)).tolist() == np.zeros((2, 2, 1)).tolist()


def test_brightness_and_gamma():
    assert np.allclose(run(tf.image.adjust_brightness(IMAGE, .1)), IMAGE + .1)
    whole = np.array([[[10, 250]]], np.uint8)
    assert run(tf.image.adjust_brightness(whole, .1)).ravel().tolist() == [35, 255]
    assert np.allclose(run(tf.image.adjust_gamma(IMAGE, 2, 3)), 3 * IMAGE ** 2, atol=1e-5)
    with pytest.raises(ValueError, match="Gamma should be a non-negative real number"):
        tf.image.adjust_gamma(IMAGE, -1)
    y = run(tf.image.random_brightness(IMAGE, .2, seed=3)) - IMAGE
    assert abs(y[0, 0, 0]) <= .2 and np.allclose(y, y[0, 0, 0], atol=1e-6)
    for wrong in (lambda: tf.image.random_brightness(IMAGE, -1),
                  lambda: tf.image.random_contrast(IMAGE, 2, 1),
                  lambda: tf.image.random_hue(IMAGE, 1),
                  lambda: tf.image.random_saturation(IMAGE, -1, 1)):
        with pytest.raises(ValueError):
            wrong()


def test_contrast():
    mean = IMAGE.mean((0, 1))
    assert np.allclose(run(tf.image.adjust_contrast(IMAGE, 2.)), (IMAGE - mean) * 2 + mean,
                       atol=1e-5)


def test_hsv():
    import colorsys
    hsv = run(tf.image.rgb_to_hsv(IMAGE))
    assert np.allclose(hsv[1, 2], colorsys.rgb_to_hsv(*IMAGE[1, 2]), atol=1e-5)
    assert np.allclose(run(tf.image.hsv_to_rgb(hsv)), IMAGE, atol=1e-5)


def test_hue_and_saturation():
    assert np.allclose(run(tf.image.adjust_hue(IMAGE, 1.)), IMAGE, atol=1e-5)
    gray = run(tf.image.adjust_saturation(IMAGE, 0.))
    assert np.allclose(gray, IMAGE.max(-1, keepdims=True), atol=1e-5)


def test_differences():
    down, right = np.diff(IMAGE, axis=0), np.diff(IMAGE, axis=1)
    total = np.abs(down).sum() + np.abs(right).sum()
    assert np.allclose(run(tf.image.total_variation(tf.constant(IMAGE))), total)
    dy, dx = run(tf.image.image_gradients(tf.constant(IMAGE[None])))
    assert np.allclose(dy[0, :-1], down) and not dy[0, -1].any()
    assert np.allclose(dx[0, :, :-1], right) and not dx[0, :, -1].any()


def test_psnr_and_ssim():
    other = IMAGE + np.float32(0.1)
    assert np.allclose(run(tf.image.psnr(IMAGE, other, 1.)), 20, atol=1e-3)
    big = np.random.RandomState(1).uniform(size=(2, 16, 16, 3)).astype(np.float32)
    assert np.allclose(run(tf.image.ssim(big, big, 1.)), [1, 1])
    assert (run(tf.image.ssim(big, 1 - big, 1.)) < 0).all()
    with pytest.raises(ValueError):
        tf.image.psnr(IMAGE, IMAGE[:2], 1.)
    large = np.random.RandomState(1).uniform(size=(1, 180, 180, 1)).astype(np.float32)
    assert np.allclose(run(image_ops.ssim_multiscale(large, large, 1.)), [1], atol=1e-4)


def test_sobel():
    ramp = np.broadcast_to(np.arange(5, dtype=np.float32)[:, None], (5, 5))[None, ..., None]
    edges = run(tf.image.sobel_edges(tf.constant(ramp)))
    assert edges.shape == (1, 5, 5, 1, 2)
    assert edges[0, 2, 2, 0].tolist() == [8, 0] and edges[0, 0, 0, 0].tolist() == [0, 0]


def test_non_max_suppression():
    boxes = np.float32([[0, 0, 1, 1], [0, .1, 1, 1.1], [0, -.1, 1, .9], [0, 10, 1, 11],
                        [0, 10.1, 1, 11.1], [0, 100, 1, 101]])
    scores = np.float32([.9, .75, .6, .95, .5, .3])
    assert run(tf.image.non_max_suppression(boxes, scores, 3)).tolist() == [3, 0, 5]
    few = tf.image.non_max_suppression(boxes, scores, 30, score_threshold=.4)
    assert run(few).tolist() == [3, 0]


def test_crop_and_resize():
    y = tf.image.crop_and_resize(IMAGE[None], [[0., 0., 1., 1.]], box_ind=[0], crop_size=[4, 6])
    assert np.allclose(run(y)[0], IMAGE, atol=1e-6)


def test_everything_named_is_there():
    for name in image_ops.__all__:
        assert hasattr(image_ops, name), name
