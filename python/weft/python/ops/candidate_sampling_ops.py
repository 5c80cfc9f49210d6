"""Samplers of classes to compare the true ones with, for losses over very many classes."""

from weft.python.framework import gen, random_seed

__all__ = [
    "all_candidate_sampler", "compute_accidental_hits", "fixed_unigram_candidate_sampler",
    "learned_unigram_candidate_sampler", "log_uniform_candidate_sampler",
    "uniform_candidate_sampler",
]


def _seeds(seed):
    seed, seed2 = random_seed.get_seed(seed)
    return {"seed": seed or 0, "seed2": seed2 or 0}


def uniform_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max, seed=None,
                              name=None):
    """Classes drawn with equal chances: (sampled, true_expected_count, sampled_expected_count)."""
    return gen.UniformCandidateSampler(true_classes, num_true=num_true, num_sampled=num_sampled,
                                       unique=unique, range_max=range_max, name=name,
                                       **_seeds(seed))


def log_uniform_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max,
                                  seed=None, name=None):
    """Classes drawn with chances of log((c + 2) / (c + 1)) / log(range_max + 1)."""
    return gen.LogUniformCandidateSampler(true_classes, num_true=num_true,
                                          num_sampled=num_sampled, unique=unique,
                                          range_max=range_max, name=name, **_seeds(seed))


def learned_unigram_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max,
                                      seed=None, name=None):
    """Classes drawn as often as they were seen as true ones before."""
    return gen.LearnedUnigramCandidateSampler(true_classes, num_true=num_true,
                                              num_sampled=num_sampled, unique=unique,
                                              range_max=range_max, name=name, **_seeds(seed))


def fixed_unigram_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max,
                                    vocab_file="", distortion=1.0, num_reserved_ids=0,
                                    num_shards=1, shard=0, unigrams=(), seed=None, name=None):
    """Classes drawn by given frequencies, from a list or the last column of a file."""
    return gen.FixedUnigramCandidateSampler(
        true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique,
        range_max=range_max, vocab_file=vocab_file, distortion=distortion,
        num_reserved_ids=num_reserved_ids, num_shards=num_shards, shard=shard,
        unigrams=list(unigrams), name=name, **_seeds(seed))


def all_candidate_sampler(true_classes, num_true, num_sampled, unique, seed=None, name=None):
    """All classes, for tests."""
    return gen.AllCandidateSampler(true_classes, num_true=num_true, num_sampled=num_sampled,
                                   unique=unique, name=name, **_seeds(seed))


def compute_accidental_hits(true_classes, sampled_candidates, num_true, seed=None, name=None):
    """(rows, places, weights) of candidates that are true classes; weights are very negative."""
    return gen.ComputeAccidentalHits(true_classes, sampled_candidates, num_true=num_true,
                                     name=name, **_seeds(seed))
