"""REINFORCE: a policy learns to balance a pole on a cart, from nothing but the reward.

    weft py reinforce.py
"""
import numpy as np
import tensorflow as tf

LONGEST = 200


class Cart:
    """A pole on a cart that is pushed left or right, 50 times a second."""

    def __init__(self, random):
        self.random = random

    def reset(self):
        self.state = self.random.uniform(-0.05, 0.05, 4)
        return self.state

    def step(self, push):
        """The next state, and whether the pole still stands."""
        x, speed, angle, turn = self.state
        force = 10.0 if push else -10.0
        sin, cos = np.sin(angle), np.cos(angle)
        pull = (force + 0.05 * turn ** 2 * sin) / 1.1
        fall = (9.8 * sin - cos * pull) / (0.5 * (4.0 / 3.0 - 0.1 * cos ** 2 / 1.1))
        slide = pull - 0.05 * fall * cos / 1.1
        self.state = np.array([x, speed, angle, turn]) + 0.02 * np.array([speed, slide, turn, fall])
        return self.state, abs(self.state[0]) < 2.4 and abs(self.state[2]) < 0.21


def build():
    states = tf.placeholder(tf.float32, [None, 4])
    actions = tf.placeholder(tf.int32, [None])
    advantages = tf.placeholder(tf.float32, [None])
    hidden = tf.layers.dense(states, 32, activation=tf.nn.tanh)
    logits = tf.layers.dense(hidden, 2)
    choice = tf.multinomial(logits, 1)[0, 0]
    cost = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
    train = tf.train.AdamOptimizer(0.01).minimize(tf.reduce_mean(cost * advantages))
    return states, actions, advantages, choice, train


def episode(cart, choose):
    states, actions = [], []
    state, stands = cart.reset(), True
    while stands and len(states) < LONGEST:
        states.append(state)
        actions.append(choose([state]))
        state, stands = cart.step(actions[-1])
    return states, actions


def returns(n):
    """The discounted rewards from each of n steps on, one a step."""
    total = np.zeros(n)
    running = 0.0
    for i in reversed(range(n)):
        running = 1.0 + 0.98 * running
        total[i] = running
    return total


def main():
    tf.set_random_seed(2)
    states, actions, advantages, choice, train = build()
    cart, lengths = Cart(np.random.RandomState(2)), []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        choose = sess.make_callable(choice, [states])
        for update in range(120):
            batch = [episode(cart, choose) for _ in range(5)]
            gains = np.concatenate([returns(len(s)) for s, _ in batch])
            gains = (gains - gains.mean()) / (gains.std() + 1e-8)
            sess.run(train, {states: sum((s for s, _ in batch), []),
                             actions: sum((a for _, a in batch), []), advantages: gains})
            lengths += [len(s) for s, _ in batch]
            if update % 20 == 19:
                print("after %3d episodes the pole stands for %.0f steps"
                      % (len(lengths), np.mean(lengths[-50:])))
            if np.mean(lengths[-50:]) > 180:
                break
    reached = np.mean(lengths[-50:])
    print("the pole stands for %.0f of %d steps" % (reached, LONGEST))
    assert reached > 150


if __name__ == "__main__":
    main()
