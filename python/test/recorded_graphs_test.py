"""The same calls make the nodes, and compute the values, that the real TensorFlow recorded.

Each case is a small graph made by one call on inputs that the record calls in_0/read, in_1/read...
"""
import pathlib

import numpy as np
import pytest
import weft as tf
from weft.python.ops import array_ops, image_ops

HERE = pathlib.Path(__file__).resolve()
GOLDEN = next((folder for folder in (HERE.parents[2].parent / "shared/golden",
                                     HERE.parents[3].parent / "shared/golden")
               if folder.is_dir()), None)

CASES = {
    "boolean_mask__rank1_mask1": lambda x, m: tf.boolean_mask(x, m),
    "boolean_mask__rank3_mask2": lambda x, m: tf.boolean_mask(x, m),
    "histogram_fixed_width__rank1": lambda x, r: tf.histogram_fixed_width(x, r, 5),
    "sequence_mask__rank2_provided_maxlen": lambda x, n: tf.sequence_mask(x, n),
    "assert_equal__3,4_1,4_int32": lambda x, y: tf.assert_equal(x, y),
    "assert_less__scalar_int32": lambda x, y: tf.assert_less(x, y),
    "assert_greater_equal__3,4_1,4_int32": lambda x, y: tf.assert_greater_equal(x, y),
    "assert_rank_at_least__rank1_float32": lambda x, n: tf.assert_rank_at_least(x, n),
    "assert_type__rank1_float32": lambda x: tf.assert_type(x, tf.float32),
    "assert_integer__scalar_int64": lambda x: tf.assert_integer(x),
    "broadcast_to__1_4": lambda x, s: tf.broadcast_to(x, s),
    "broadcast_dynamic_shape__1_4": lambda x, y: tf.broadcast_dynamic_shape(x, y),
    "rgb_to_grayscale__float64_from0_to1": lambda x: tf.image.rgb_to_grayscale(x),
    "yiq_to_rgb__float32_1": lambda x: tf.image.yiq_to_rgb(x),
    "yuv_to_rgb__float64": lambda x: tf.image.yuv_to_rgb(x),
    "rgb_to_yiq__float64": lambda x: tf.image.rgb_to_yiq(x),
    "rgb_to_yuv__float64": lambda x: tf.image.rgb_to_yuv(x),
    "rgb_to_hsv__float32": lambda x: tf.image.rgb_to_hsv(x),
    "hsv_to_rgb__float32_1": lambda x: tf.image.hsv_to_rgb(x),
    "resize_area__float32_1": lambda x, n: image_ops.resize_area(x, n),
    "resize_bicubic__int32": lambda x, n: image_ops.resize_bicubic(
        x, n, half_pixel_centers=True),
    "resize_bilinear__float32_1": lambda x, n: image_ops.resize_bilinear(x, n),
    "resize_nearest_neighbor__float64": lambda x, n: image_ops.resize_nearest_neighbor(x, n),
    "non_max_suppression__float32_with_thresholds_1":
        lambda b, s, n: tf.image.non_max_suppression(b, s, n, .5, -1e30),
    "draw_bounding_boxes__float32_input":
        lambda x, b, c: image_ops.draw_bounding_boxes(x, b, colors=c),
    "extractImagePatches__sz1-6-6-2_float32_k3_s1_r1_SAME": lambda x: tf.extract_image_patches(
        x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
    "expand_dims__rank1_axis-1": lambda x: tf.expand_dims(x, -1),
    "check_numerics__rank1_float32": lambda x: tf.check_numerics(x, "bad"),
    "stopGradient__rank1": lambda x: tf.stop_gradient(tf.tanh(x)),
    "space_to_batch__rank4nhwc": lambda x, p: tf.space_to_batch(x, p, 2),
    "batch_to_space__rank4nhwc_crop": lambda x, c: tf.batch_to_space(x, c, 2),
    "unique10-5": lambda x: tf.unique(x),
    "where__cond_rank3_xy_rank3": lambda c, x, y: tf.where(c, x, y),
    "reverse__rank2_axis1": lambda x: tf.reverse(x, [1]),
    "adjust_contrast__float64_rank3": lambda x: tf.image.adjust_contrast(x, 2.),
    "adjust_saturation__rank3_float32": lambda x: tf.image.adjust_saturation(x, 2.),
    "adjust_hue__rank3_float32": lambda x: tf.image.adjust_hue(x, .5),
    "pad__rank1Pone_reflect": lambda x, p: tf.pad(x, p, "REFLECT"),
    "pad__rank2Pone_symmetric": lambda x, p: tf.pad(x, p, "SYMMETRIC"),
    "parallel_stack__rank2": lambda x, y: tf.parallel_stack([x, y]),
    "roll__rank2_float64_axis": lambda x: tf.roll(x, 2, 1),
    "shapen_3x2": lambda x, y, z: tf.concat(tf.shape_n([x, y, z]), 0),
    "split__rank1_9_num3_axis0": lambda x: tf.split(x, 3),
    "split__rank2_8,7_sz2,1,4_axis-1": lambda x: tf.split(x, [2, 1, 4], -1),
    "stack__rank0_axis0": lambda x, y: tf.stack([x, y]),
    "stack__rank2_axis1": lambda x, y: tf.stack([x, y], 1),
    "stack__rank3_axis-2": lambda x, y: tf.stack([x, y], -2),
    "matrix_band_part__float32": lambda x: tf.matrix_band_part(x, 1, -1),
    "matrix_set_diag__rank3_2,3,4": lambda x, d: tf.matrix_set_diag(x, d),
    "gather__gather_4-4_1_axis1": lambda x, i: tf.gather(x, i, axis=1),
    "identity_n_4": lambda *x: array_ops.identity_n(list(x)),
}

def fields(data):
    """(number, value) of each field of a protocol buffer."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            n = varint() if key & 7 == 2 else 4 if key & 7 == 5 else 8
            yield key >> 3, data[at:at + n]
            at += n


def recorded_nodes(case):
    """{name: op type} of a recorded graph."""
    nodes = {}
    for number, value in fields((GOLDEN / case / "graph.pb").read_bytes()):
        if number == 1:
            node = dict(f for f in fields(value) if f[0] in (1, 2))
            nodes[node[1].decode()] = node[2].decode()
    return nodes


@pytest.mark.skipif(GOLDEN is None, reason="no ../shared/golden here")
@pytest.mark.parametrize("case", CASES)
def test_a_call_makes_the_recorded_nodes_and_values(case):
    nodes = recorded_nodes(case)
    golden = np.load(GOLDEN / case / "golden.npz", allow_pickle=True)
    values = {key.replace("|", "/"): golden[key] for key in golden.files}
    feeds = {}
    for name in [name for name in nodes if name.endswith("/read")]:
        value = values[name + ":0"]
        placeholder = tf.placeholder(value.dtype, value.shape, name=name)
        assert placeholder.op.name == name
        feeds[placeholder] = value
    CASES[case](*feeds)
    made = {op.name: op.type for op in tf.get_default_graph().get_operations()}
    own = {name: op for name, op in nodes.items() if made.get(name) != "Placeholder"
           and name + "/read" not in nodes and name in made}
    assert own and own == {name: made[name] for name in own}
    fetches = [name for name in values if name.split(":")[0] in own
               and made[name.split(":")[0]] != "Const"]
    with tf.Session() as session:
        for name, value in zip(fetches, session.run(fetches, feeds)):
            np.testing.assert_allclose(value, values[name], rtol=1e-5, atol=1e-6, err_msg=name)
