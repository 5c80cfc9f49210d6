"""MNIST's files."""
import gzip
import struct

import numpy as np
import pytest
from weft.examples.tutorials.mnist import input_data
from weft.python.framework import dtypes


def write(folder, part, number, zipped):
    images = np.arange(number * 6, dtype=np.uint8)
    labels = (np.arange(number) % 10).astype(np.uint8)
    for name, head, data in (("images-idx3", (2051, number, 2, 3), images),
                             ("labels-idx1", (2049, number), labels)):
        path = folder / ("%s-%s-ubyte" % (part, name) + (".gz" if zipped else ""))
        with (gzip.open if zipped else open)(path, "wb") as f:
            f.write(struct.pack(">%di" % len(head), *head) + data.tobytes())


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "train", 12, True)
    write(tmp_path, "t10k", 4, False)
    return str(tmp_path)


def test_parts_and_scaling(folder):
    mnist = input_data.read_data_sets(folder, validation_size=2)
    assert [d.num_examples for d in mnist] == [10, 2, 4]
    assert mnist.validation.images.shape == (2, 6) and mnist.validation.images.dtype == np.float32
    np.testing.assert_allclose(mnist.validation.images[0], np.arange(6) / 255, rtol=1e-6)
    assert mnist.train.labels.tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_options(folder):
    mnist = input_data.read_data_sets(folder, one_hot=True, dtype=dtypes.uint8, reshape=False,
                                      validation_size=0)
    assert mnist.train.images.shape == (12, 2, 3, 1) and mnist.train.images.dtype == np.uint8
    assert mnist.train.labels.shape == (12, 10) and mnist.train.labels[3].argmax() == 3
    with pytest.raises(TypeError, match="Invalid image dtype"):
        input_data.read_data_sets(folder, dtype=dtypes.int32, validation_size=0)
    with pytest.raises(ValueError, match="Validation size should be between 0 and 12"):
        input_data.read_data_sets(folder, validation_size=13)


def test_batches_go_through_epochs(folder):
    train = input_data.read_data_sets(folder, validation_size=2, dtype=dtypes.uint8).train
    np.random.seed(3)
    first = np.arange(10)
    np.random.shuffle(first)
    second = np.arange(10)
    np.random.shuffle(second)
    np.random.seed(3)
    batches = [train.next_batch(4)[1] for _ in range(4)]
    labels = np.arange(2, 12) % 10
    assert np.concatenate(batches[:3])[:10].tolist() == labels[first].tolist()
    assert np.concatenate(batches)[10:].tolist() == labels[first][second][:6].tolist()
    assert train.epochs_completed == 1


def test_without_shuffling(folder):
    train = input_data.read_data_sets(folder, validation_size=2).train
    assert train.next_batch(8, shuffle=False)[1].tolist() == [2, 3, 4, 5, 6, 7, 8, 9]
    assert train.next_batch(4, shuffle=False)[1].tolist() == [0, 1, 2, 3]


def test_fake_data():
    mnist = input_data.read_data_sets("nowhere", fake_data=True, one_hot=True)
    images, labels = mnist.train.next_batch(3)
    assert len(images) == 3 and len(images[0]) == 784 and labels[0][0] == 1


def test_missing_and_damaged_files(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte.gz .*downloads nothing"):
        input_data.read_data_sets(str(tmp_path / "nowhere"))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(b"\0\0\0\1" * 4)
    with pytest.raises(ValueError, match="Invalid magic number 1 in MNIST image file"):
        input_data.read_data_sets(folder)
