"""MNIST's handwritten digits, from the four files that a folder holds.

    mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
    images, labels = mnist.train.next_batch(100)

Nothing is downloaded: the files, compressed (.gz) or not, must be there.
"""
import collections
import gzip
import os

import numpy as np

from weft.python.framework import dtypes, random_seed

__all__ = ["DataSet", "Datasets", "dense_to_one_hot", "extract_images", "extract_labels",
           "read_data_sets"]

Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])

_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")}
_IMAGES, _LABELS = 2051, 2049                   # what a file of each begins with
_FAKE_PIXELS = 784


def _open(folder, name):
    for path, opener in ((name + ".gz", gzip.open), (name, open)):
        if os.path.exists(os.path.join(folder, path)):
            return opener(os.path.join(folder, path), "rb")
    raise FileNotFoundError(
        "MNIST's file %s.gz (or %s) is not in the folder '%s'. Weft downloads nothing: put the "
        "four files there." % (name, name, folder))


def _numbers(f, count, magic, what):
    """The big-endian numbers that a file begins with, after its magic one."""
    head = np.frombuffer(f.read(4 * (count + 1)), ">i4").tolist()
    if len(head) != count + 1 or head[0] != magic:
        raise ValueError("Invalid magic number %s in MNIST %s file: %s"
                         % (head[0] if head else None, what, getattr(f, "name", f)))
    return head[1:]


def extract_images(f):
    """The images in a file, a uint8 array [number, rows, columns, 1]."""
    number, rows, columns = _numbers(f, 3, _IMAGES, "image")
    pixels = np.frombuffer(f.read(number * rows * columns), np.uint8)
    return pixels.reshape(number, rows, columns, 1)


def extract_labels(f, one_hot=False, num_classes=10):
    """The labels in a file, uint8 [number], or with `one_hot` [number, num_classes]."""
    number, = _numbers(f, 1, _LABELS, "label")
    labels = np.frombuffer(f.read(number), np.uint8)
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def dense_to_one_hot(labels_dense, num_classes):
    """Rows of zeros with a one where the label says."""
    return np.eye(num_classes)[labels_dense]


class DataSet:
    """Images and labels, handed out batch by batch."""

    def __init__(self, images, labels, fake_data=False, one_hot=False, dtype=dtypes.float32,
                 reshape=True, seed=None):
        """Images [number, rows, columns, 1] become rows of pixels if `reshape`, and numbers from 0
        to 1 unless `dtype` is uint8. `seed` is that of the shuffling."""
        graph_seed, op_seed = random_seed.get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        dtype = dtypes.as_dtype(dtype)
        if dtype not in (dtypes.uint8, dtypes.float32):
            raise TypeError("Invalid image dtype %r, expected uint8 or float32" % dtype)
        self._fake, self._one_hot = fake_data, one_hot
        self._epochs_completed = self._index_in_epoch = 0
        if fake_data:
            self._images, self._labels, self._num_examples = None, None, 10000
            return
        if len(images) != len(labels):
            raise ValueError("images.shape: %s labels.shape: %s" % (images.shape, labels.shape))
        if reshape:
            images = images.reshape(len(images), -1)
        if dtype == dtypes.float32:
            images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
        self._images, self._labels, self._num_examples = images, labels, len(images)

    @property
    def images(self):
        """All images, in the order of this epoch."""
        return self._images

    @property
    def labels(self):
        """All labels, in the same order."""
        return self._labels

    @property
    def num_examples(self):
        """How many there are."""
        return self._num_examples

    @property
    def epochs_completed(self):
        """How often all were handed out."""
        return self._epochs_completed

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """The next images and labels. Where an epoch ends the batch goes on with the next one,
        which is in another order if `shuffle`."""
        if fake_data or self._fake:
            return self._fake_batch(batch_size)
        start = self._index_in_epoch
        if shuffle and start == 0 and self._epochs_completed == 0:
            self._shuffle()
        if start + batch_size <= self._num_examples:
            self._index_in_epoch += batch_size
            return self._between(start, self._index_in_epoch)
        self._epochs_completed += 1
        rest = self._between(start, self._num_examples)
        if shuffle:
            self._shuffle()
        self._index_in_epoch = batch_size - len(rest[0])
        new = self._between(0, self._index_in_epoch)
        return np.concatenate((rest[0], new[0])), np.concatenate((rest[1], new[1]))

    def _shuffle(self):
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]

    def _between(self, start, end):
        return self._images[start:end], self._labels[start:end]

    def _fake_batch(self, batch_size):
        label = [1] + [0] * 9 if self._one_hot else 0
        return [[1] * _FAKE_PIXELS] * batch_size, [label] * batch_size


def read_data_sets(train_dir, fake_data=False, one_hot=False, dtype=dtypes.float32, reshape=True,
                   validation_size=5000, seed=None, source_url=None):
    """MNIST as (train, validation, test): the first `validation_size` of the training images are
    kept for validation. FileNotFoundError if a file is not in `train_dir`."""
    options = {"dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        return Datasets(*(DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype, seed=seed)
                          for _ in range(3)))
    images, labels = _read(train_dir, "train", one_hot)
    test = _read(train_dir, "test", one_hot)
    if not 0 <= validation_size <= len(images):
        raise ValueError("Validation size should be between 0 and %d. Received: %d."
                         % (len(images), validation_size))
    kept, rest = slice(validation_size), slice(validation_size, None)
    return Datasets(DataSet(images[rest], labels[rest], **options),
                    DataSet(images[kept], labels[kept], **options),
                    DataSet(*test, **options))


def _read(folder, part, one_hot):
    images, labels = _FILES[part]
    with _open(folder, images) as f:
        pixels = extract_images(f)
    with _open(folder, labels) as f:
        return pixels, extract_labels(f, one_hot)
