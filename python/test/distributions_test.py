"""tf.distributions: chances, moments, samples, divergences."""
import math

import numpy as np
import pytest

import weft as tf
from run import run
tfd = tf.distributions


def close(got, wanted, rtol=1e-5, atol=1e-6):
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol)


def normal_density(x, loc, scale):
    return np.exp(-((x - loc) / scale) ** 2 / 2) / (scale * np.sqrt(2 * np.pi))


def test_normal():
    loc, scale, x = np.float32([0, 1]), np.float32([1, 2]), np.float32([0.5, -1])
    d = tfd.Normal(loc=loc, scale=scale)
    assert d.batch_shape.as_list() == [2] and d.event_shape.as_list() == []
    assert d.loc.op.name == "Normal/loc" and d.dtype == tf.float32
    close(run(d.prob(x)), normal_density(x, loc, scale))
    close(run(d.log_prob(x)), np.log(normal_density(x, loc, scale)))
    close(run(d.cdf(x)), [0.5 * (1 + math.erf((a - b) / c / math.sqrt(2)))
                          for a, b, c in zip(x, loc, scale)])
    close(run(d.entropy()), 0.5 * np.log(2 * np.pi * np.e * scale ** 2))
    close(run([d.mean(), d.stddev(), d.variance(), d.mode()]), [loc, scale, scale ** 2, loc])
    assert d.log_prob(0.0).op.name.startswith("Normal/log_prob")


def test_normal_samples():
    d = tfd.Normal(tf.constant([0.0, 10.0]), 2.0)
    samples = d.sample(10000, seed=3)
    assert samples.shape.as_list() == [10000, 2]
    drawn = run(samples)
    close(drawn.mean(0), [0, 10], atol=0.1)
    close(drawn.std(0), [2, 2], atol=0.1)
    assert tfd.Normal(0.0, 1.0).sample().shape.as_list() == []
    assert d.sample([3, 4]).shape.as_list() == [3, 4, 2]
    loc = tf.constant(1.0)
    sample = tfd.Normal(loc, 1.0).sample(5)
    assert run(tf.gradients(sample, loc)[0]) == 5


def test_kl_of_normals():
    a, b = tfd.Normal(1.0, 2.0), tfd.Normal(0.0, 1.0)
    close(run(tfd.kl_divergence(a, b)), np.log(1 / 2) + (4 + 1) / 2 - 0.5)
    close(run(a.kl_divergence(a)), 0)
    close(run(a.cross_entropy(a)), run(a.entropy()))
    with pytest.raises(NotImplementedError, match="No KL"):
        tfd.kl_divergence(a, tfd.Uniform())


def test_uniform():
    d = tfd.Uniform(low=1.0, high=[2.0, 3.0])
    close(run(d.prob(1.5)), [1, 0.5])
    close(run(d.prob(2.5)), [0, 0.5])
    close(run(d.cdf([0.0, 2.0])), [0, 0.5])
    close(run([d.mean(), d.entropy(), d.stddev()]),
          [[1.5, 2], np.log([1, 2]), np.array([1, 2]) / np.sqrt(12)])
    drawn = run(d.sample(1000))
    assert drawn.min() >= 1 and (drawn.max(0) < [2, 3]).all()


def test_bernoulli():
    d = tfd.Bernoulli(probs=[0.2, 0.7])
    close(run(d.prob([1, 0])), [0.2, 0.3])
    close(run(d.logits), np.log([0.2 / 0.8, 0.7 / 0.3]))
    close(run([d.mean(), d.variance()]), [[0.2, 0.7], [0.16, 0.21]])
    close(run(d.entropy()), [-p * np.log(p) - (1 - p) * np.log(1 - p) for p in (0.2, 0.7)])
    assert run(d.mode()).tolist() == [0, 1]
    drawn = run(d.sample(10000, seed=1))
    assert drawn.dtype == np.int32
    close(drawn.mean(0), [0.2, 0.7], atol=0.02)
    close(run(tfd.kl_divergence(tfd.Bernoulli(probs=0.2), tfd.Bernoulli(probs=0.5))),
          0.2 * np.log(0.4) + 0.8 * np.log(1.6))
    with pytest.raises(ValueError, match="Must pass probs or logits, but not both."):
        tfd.Bernoulli(logits=0.0, probs=0.5)
    with pytest.raises(ValueError, match="Must pass probs or logits, but not both."):
        tfd.Bernoulli()


def test_categorical():
    chances = np.array([[0.1, 0.9], [0.4, 0.6]], np.float32)
    d = tfd.Categorical(probs=chances)
    assert d.batch_shape.as_list() == [2]
    close(run(d.prob([1, 0])), [0.9, 0.4])
    close(run(d.log_prob(1)), np.log([0.9, 0.6]))
    close(run(d.log_prob([[0, 0], [1, 1], [0, 1]])),
          np.log([[0.1, 0.4], [0.9, 0.6], [0.1, 0.6]]))
    close(run(d.entropy()), -(chances * np.log(chances)).sum(1))
    assert run(d.mode()).tolist() == [1, 1]
    drawn = run(d.sample(10000, seed=1))
    assert drawn.shape == (10000, 2)
    close(drawn.mean(0), [0.9, 0.6], atol=0.02)
    other = tfd.Categorical(logits=[0.0, 0.0])
    close(run(tfd.kl_divergence(d, other)), (chances * np.log(chances / 0.5)).sum(1))
