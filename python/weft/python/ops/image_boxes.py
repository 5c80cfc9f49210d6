"""Boxes in images: drawn, chosen among, cut out. A box is [top, left, bottom, right]."""

from weft.python.framework import gen, ops, random_seed
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "non_max_suppression", "non_max_suppression_with_scores", "non_max_suppression_padded",
    "non_max_suppression_with_overlaps", "combined_non_max_suppression", "crop_and_resize",
    "crop_and_resize_v1", "extract_glimpse", "draw_bounding_boxes", "draw_bounding_boxes_v2",
    "sample_distorted_bounding_box", "sample_distorted_bounding_box_v2",
]


def _thresholds(iou_threshold, score_threshold):
    return (ops.convert_to_tensor(iou_threshold, name="iou_threshold"),
            ops.convert_to_tensor(score_threshold, name="score_threshold"))


def non_max_suppression(boxes, scores, max_output_size, iou_threshold=0.5,
                        score_threshold=float("-inf"), name=None):
    """The indices of the boxes kept: by falling score, none overlapping one kept by more than
    iou_threshold."""
    with ops.name_scope(name, "non_max_suppression"):
        return gen.NonMaxSuppressionV3(boxes, scores, max_output_size,
                                       *_thresholds(iou_threshold, score_threshold))


def non_max_suppression_with_scores(boxes, scores, max_output_size, iou_threshold=0.5,
                                    score_threshold=float("-inf"), soft_nms_sigma=0.0,
                                    name=None):
    """(indices, scores) of the boxes kept; overlapping ones lose score instead with a sigma."""
    with ops.name_scope(name, "non_max_suppression_with_scores"):
        limits = _thresholds(iou_threshold, score_threshold)
        sigma = ops.convert_to_tensor(soft_nms_sigma, name="soft_nms_sigma")
        kept = gen.NonMaxSuppressionV5(boxes, scores, max_output_size, *limits, sigma,
                                       pad_to_max_output_size=False)
        return kept[0], kept[1]


def non_max_suppression_padded(boxes, scores, max_output_size, iou_threshold=0.5,
                               score_threshold=float("-inf"), pad_to_max_output_size=False,
                               name=None):
    """(indices, how many count) of the boxes kept, padded with 0 if so wished."""
    with ops.name_scope(name, "non_max_suppression_padded"):
        limits = _thresholds(iou_threshold, score_threshold)
        kept = gen.NonMaxSuppressionV4(boxes, scores, max_output_size, *limits,
                                       pad_to_max_output_size=pad_to_max_output_size)
        return kept[0], kept[1]


def non_max_suppression_with_overlaps(overlaps, scores, max_output_size, overlap_threshold=0.5,
                                      score_threshold=float("-inf"), name=None):
    """non_max_suppression() with the overlaps of all pairs given as a matrix."""
    with ops.name_scope(name, "non_max_suppression_overlaps"):
        limit = ops.convert_to_tensor(overlap_threshold, name="overlap_threshold")
        return gen.NonMaxSuppressionWithOverlaps(overlaps, scores, max_output_size, limit,
                                                 score_threshold)


def combined_non_max_suppression(boxes, scores, max_output_size_per_class, max_total_size,
                                 iou_threshold=0.5, score_threshold=float("-inf"),
                                 pad_per_class=False, clip_boxes=True, name=None):
    """non_max_suppression() class by class, of a batch."""
    with ops.name_scope(name, "combined_non_max_suppression"):
        limits = _thresholds(iou_threshold, score_threshold)
        return gen.CombinedNonMaxSuppression(
            boxes, scores, max_output_size_per_class, max_total_size, *limits,
            pad_per_class=pad_per_class, clip_boxes=clip_boxes)


def crop_and_resize_v1(image, boxes, box_ind=None, crop_size=None, method="bilinear",
                       extrapolation_value=0, name=None, box_indices=None):
    """Parts of a batch of images, all resized to crop_size: [boxes, height, width, depth].

    boxes are in fractions of the image; box_ind says which image each is of."""
    box_ind = renamed_argument("box_indices", box_indices, "box_ind", box_ind)
    return gen.CropAndResize(image, boxes, box_ind, crop_size, method=method,
                             extrapolation_value=extrapolation_value, name=name)


crop_and_resize = crop_and_resize_v1


def extract_glimpse(input, size, offsets, centered=True, normalized=True, uniform_noise=True,
                    name=None):
    """A window of `size` from each image of a batch; noise where it leaves the image."""
    return gen.ExtractGlimpse(input, size, offsets, centered=centered, normalized=normalized,
                              uniform_noise=uniform_noise, name=name)


def draw_bounding_boxes(images, boxes, name=None, colors=None):
    """A batch of images with the outlines of boxes drawn into them."""
    if colors is None:
        return gen.DrawBoundingBoxes(images, boxes, name=name)
    return gen.DrawBoundingBoxesV2(images, boxes, colors, name=name)


def draw_bounding_boxes_v2(images, boxes, colors, name=None):
    """draw_bounding_boxes() with TF 2's order of arguments."""
    return draw_bounding_boxes(images, boxes, name, colors)


def sample_distorted_bounding_box(image_size, bounding_boxes, seed=None, seed2=None,
                                  min_object_covered=0.1, aspect_ratio_range=None,
                                  area_range=None, max_attempts=None,
                                  use_image_if_no_bounding_boxes=None, name=None):
    """(begin, size, box) of a part of an image, by chance, that covers enough of one box."""
    given = {"aspect_ratio_range": aspect_ratio_range, "area_range": area_range,
             "max_attempts": max_attempts,
             "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes}
    given = {key: value for key, value in given.items() if value is not None}
    with ops.name_scope(name, "sample_distorted_bounding_box"):
        return gen.SampleDistortedBoundingBoxV2(
            image_size, bounding_boxes, min_object_covered, seed=seed or 0, seed2=seed2 or 0,
            **given)


def sample_distorted_bounding_box_v2(image_size, bounding_boxes, seed=0, min_object_covered=0.1,
                                     aspect_ratio_range=None, area_range=None, max_attempts=None,
                                     use_image_if_no_bounding_boxes=None, name=None):
    """sample_distorted_bounding_box() with one seed."""
    seed1, seed2 = random_seed.get_seed(seed) if seed else (0, 0)
    return sample_distorted_bounding_box(image_size, bounding_boxes, seed1, seed2,
                                         min_object_covered, aspect_ratio_range, area_range,
                                         max_attempts, use_image_if_no_bounding_boxes, name)
