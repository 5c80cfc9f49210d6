"""The values of fetches, in a session of their own."""
import weft as tf


def run(fetches, feeds=None):
    with tf.Session() as session:
        return session.run(fetches, feeds)
