"""word2vec (skip-gram, noise-contrastive estimation) on a text: words that stand near each other
come to lie near each other.

    weft py word2vec.py [text file ...]
"""
import collections
import glob
import re
import sys
import sysconfig

import numpy as np
import tensorflow as tf

VOCABULARY, SIZE, WINDOW, BATCH, NEGATIVE, STEPS = 2000, 64, 2, 256, 32, 8000


def read(files):
    """Words of the files, or of the modules of Python's own library."""
    if not files:
        files = sorted(glob.glob(sysconfig.get_paths()["stdlib"] + "/*.py"))
    texts = [open(f, encoding="utf-8").read().lower() for f in files]
    return [w for text in texts for w in re.findall("[a-z]+", text)]


def encode(words):
    """(word numbers, the words by number); rare words are number 0."""
    common = [w for w, _ in collections.Counter(words).most_common(VOCABULARY - 1)]
    number = {w: i + 1 for i, w in enumerate(common)}
    return np.array([number.get(w, 0) for w in words]), ["?"] + common


def pairs(text):
    """All (word, neighbour) of the text, without the rare words."""
    near = [np.stack([text[d:], text[:-d]], 1) for d in range(1, WINDOW + 1)]
    both = np.concatenate(near + [p[:, ::-1] for p in near])
    return both[(both > 0).all(axis=1)]


def build():
    centers = tf.placeholder(tf.int32, [None])
    neighbours = tf.placeholder(tf.int64, [None, 1])
    embeddings = tf.Variable(tf.random_uniform([VOCABULARY, SIZE], -0.5, 0.5))
    weights = tf.Variable(tf.truncated_normal([VOCABULARY, SIZE], stddev=SIZE ** -0.5))
    biases = tf.Variable(tf.zeros([VOCABULARY]))
    loss = tf.reduce_mean(tf.nn.nce_loss(
        weights=weights, biases=biases, labels=neighbours,
        inputs=tf.nn.embedding_lookup(embeddings, centers), num_sampled=NEGATIVE,
        num_classes=VOCABULARY))
    train = tf.train.AdagradOptimizer(1.0).minimize(loss)
    score = tf.reduce_sum(tf.nn.embedding_lookup(embeddings, centers) *
                          tf.nn.embedding_lookup(weights, neighbours[:, 0]), 1)
    score += tf.nn.embedding_lookup(biases, neighbours[:, 0])
    return centers, neighbours, loss, train, score, tf.nn.l2_normalize(embeddings, 1)


def ranks_above_chance(run, held_out, random):
    """How often a true neighbour scores higher than a word drawn at random."""
    others = random.randint(1, VOCABULARY, len(held_out))
    return np.mean(run(held_out[:, 0], held_out[:, 1]) > run(held_out[:, 0], others))


def main():
    text, words = encode(read(sys.argv[1:]))
    random = np.random.RandomState(1)
    data = random.permutation(pairs(text))
    held_out, data = data[:5000], data[5000:]
    tf.set_random_seed(1)
    centers, neighbours, loss, train, score, normalized = build()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        total = 0.0
        for step in range(1, STEPS + 1):
            batch = data[random.randint(0, len(data), BATCH)]
            _, l = sess.run([train, loss], {centers: batch[:, 0], neighbours: batch[:, 1:]})
            total += l
            if step % 2000 == 0:
                print("step %d: average loss %.2f" % (step, total / 2000))
                total = 0.0
        vectors = sess.run(normalized)
        for word in ("name", "file", "returns"):
            if word in words:
                near = np.argsort(-vectors @ vectors[words.index(word)])[1:6]
                print("near %r: %s" % (word, ", ".join(words[i] for i in near)))
        reached = ranks_above_chance(
            lambda c, n: sess.run(score, {centers: c, neighbours: n[:, None]}), held_out, random)
    print("true neighbours rank above random words in %.3f of held-out cases" % reached)
    assert reached > 0.85


if __name__ == "__main__":
    main()
