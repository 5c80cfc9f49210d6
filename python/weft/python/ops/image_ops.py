"""tf.image.

By subject: image_files, image_flip, image_resize, image_color, image_quality, image_boxes."""

from weft.python.ops import (
    image_boxes, image_color, image_files, image_flip, image_quality, image_resize)
from weft.python.ops.array_ops import extract_image_patches, extract_image_patches_v2
from weft.python.ops.image_boxes import *       # noqa: F401,F403
from weft.python.ops.image_color import *       # noqa: F401,F403
from weft.python.ops.image_files import *       # noqa: F401,F403
from weft.python.ops.image_flip import *        # noqa: F401,F403
from weft.python.ops.image_quality import *     # noqa: F401,F403
from weft.python.ops.image_resize import *      # noqa: F401,F403

from weft.python.ops.random_ops import random_crop

extract_patches = extract_image_patches_v2

__all__ = ["extract_image_patches", "extract_image_patches_v2", "extract_patches", "random_crop"]
for _part in (image_boxes, image_color, image_files, image_flip, image_quality, image_resize):
    __all__ += _part.__all__
del _part
