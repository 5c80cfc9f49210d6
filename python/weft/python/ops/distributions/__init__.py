"""Probability distributions: samples, chances, entropies, divergences."""
