"""Data as pipelines: where elements come from, what becomes of them, and who walks through them."""
import tensorflow as tf


def show(title, dataset):
    """Print all elements of a dataset."""
    element = dataset.make_one_shot_iterator().get_next()
    print(title)
    with tf.Session() as sess:
        try:
            while True:
                value = sess.run(element)
                print("   ", value.tolist() if hasattr(value, "tolist") else value)
        except tf.errors.OutOfRangeError:
            pass


# Numbers, squared, the even ones of them, in pairs.
squares = tf.data.Dataset.range(8).map(lambda x: x * x)
show("even squares in pairs", squares.filter(lambda x: tf.equal(x % 2, 0)).batch(2))

# Elements may have parts; a function gets them as arguments.
flowers = tf.data.Dataset.from_tensor_slices((["rose", "daisy", "lily"], [5, 34, 6]))
show("names and petals", flowers.map(lambda name, petals: tf.string_join(
    [name, tf.as_string(petals)], separator=" has ")))


# What Python yields, padded to batches.
def countdowns():
    for n in (2, 3, 1):
        yield list(range(n, 0, -1))


numbers = tf.data.Dataset.from_generator(countdowns, tf.int32, [None])
show("countdowns, padded", numbers.padded_batch(3, [None]))

# Shuffled by a seed, twice: each time in another order.
tf.set_random_seed(7)
shuffled = tf.data.Dataset.range(5).shuffle(5).repeat(2).batch(5)
element = shuffled.make_one_shot_iterator().get_next()
with tf.Session() as sess:
    first, second = sess.run(element).tolist(), sess.run(element).tolist()
    print("two orders of the same:", sorted(first) == sorted(second), first != second)

# One iterator, several datasets: each initializer begins a walk through one.
iterator = tf.data.Iterator.from_structure(tf.int64, [])
element = iterator.get_next()
train = iterator.make_initializer(tf.data.Dataset.range(3))
test = iterator.make_initializer(tf.data.Dataset.range(100, 102))
with tf.Session() as sess:
    for name, begin in (("train", train), ("test", test), ("train again", train)):
        sess.run(begin)
        print(name, sess.run(element), sess.run(element))

# Size and files as placeholders: an iterator with an initializer takes feeds.
n = tf.placeholder(tf.int64, [])
iterator = tf.data.Dataset.range(n).make_initializable_iterator()
element = iterator.get_next()
with tf.Session() as sess:
    for limit in (1, 3):
        sess.run(iterator.initializer, {n: limit})
        total = 0
        try:
            while True:
                total += sess.run(element)
        except tf.errors.OutOfRangeError:
            print("the sum of", limit, "numbers is", total)
