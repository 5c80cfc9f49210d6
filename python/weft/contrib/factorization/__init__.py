"""tf.contrib.factorization: points in clusters."""
from weft.contrib.factorization.clustering_ops import (     # noqa: F401
    CLUSTERS_VAR_NAME, COSINE_DISTANCE, KMC2_INIT, KMEANS_PLUS_PLUS_INIT, KMeans, RANDOM_INIT,
    SQUARED_EUCLIDEAN_DISTANCE)

__all__ = ["CLUSTERS_VAR_NAME", "COSINE_DISTANCE", "KMC2_INIT", "KMEANS_PLUS_PLUS_INIT", "KMeans",
           "RANDOM_INIT", "SQUARED_EUCLIDEAN_DISTANCE"]
