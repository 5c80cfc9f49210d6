"""The elements of a dataset, as Python has them."""
import weft as tf


def elements(dataset, feeds=None):
    """All of them: an iterator walks through it once, in a session of its own."""
    iterator = tf.data.make_initializable_iterator(dataset)
    following = iterator.get_next()
    found = []
    with tf.Session() as session:
        session.run(tf.tables_initializer())
        session.run(iterator.initializer, feeds)
        while True:
            try:
                found.append(session.run(following))
            except tf.errors.OutOfRangeError:
                return found


def numbers(dataset, feeds=None):
    """The same as numbers and lists of them."""
    return [x.tolist() if hasattr(x, "tolist") else x for x in elements(dataset, feeds)]
