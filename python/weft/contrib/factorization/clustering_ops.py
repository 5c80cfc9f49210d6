"""KMeans: the graph that moves the centers of clusters to the middle of their points."""
from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.ops import (
    array_ops, check_ops, control_flow_ops, embedding_ops, math_ops, nn, random_ops, state_ops,
    variable_scope)

__all__ = ["CLUSTERS_VAR_NAME", "COSINE_DISTANCE", "KMC2_INIT", "KMEANS_PLUS_PLUS_INIT", "KMeans",
           "RANDOM_INIT", "SQUARED_EUCLIDEAN_DISTANCE", "nearest_neighbors"]

SQUARED_EUCLIDEAN_DISTANCE = "squared_euclidean"
COSINE_DISTANCE = "cosine"
RANDOM_INIT = "random"
KMEANS_PLUS_PLUS_INIT = "kmeans_plus_plus"
KMC2_INIT = "kmc2"
CLUSTERS_VAR_NAME = "clusters"


def nearest_neighbors(points, centers, k, name=None):
    """(numbers, squared distances) of the k centers that are nearest to each point."""
    return gen.NearestNeighbors(points, centers, k, name=name)


class KMeans:
    """Clusters of points, by Lloyd's way or by batches.

    Args:
      inputs: a tensor of points, a row each, or a list of such.
      num_clusters: how many centers.
      initial_clusters: RANDOM_INIT, the first centers themselves, or function(inputs, number) that
        returns some.
      distance_metric: SQUARED_EUCLIDEAN_DISTANCE or COSINE_DISTANCE.
      use_mini_batch: each run gets a part of the points.
      mini_batch_steps_per_iteration: the centers move after so many runs.
      random_seed: of random first centers.
    """

    def __init__(self, inputs, num_clusters, initial_clusters=RANDOM_INIT,
                 distance_metric=SQUARED_EUCLIDEAN_DISTANCE, use_mini_batch=False,
                 mini_batch_steps_per_iteration=1, random_seed=0, kmeans_plus_plus_num_retries=2,
                 kmc2_chain_length=200):
        if distance_metric not in (SQUARED_EUCLIDEAN_DISTANCE, COSINE_DISTANCE):
            raise ValueError("Unsupported distance metric passed to Kmeans %s" % distance_metric)
        if isinstance(initial_clusters, str) and initial_clusters != RANDOM_INIT:
            raise ValueError("Unsupported initialization type %r: there is '%s'"
                             % (initial_clusters, RANDOM_INIT))
        self._inputs = inputs if isinstance(inputs, list) else [inputs]
        self._num_clusters = num_clusters
        self._initial_clusters = initial_clusters
        self._distance_metric = distance_metric
        self._use_mini_batch = use_mini_batch
        self._steps = int(mini_batch_steps_per_iteration)
        self._random_seed = random_seed

    @property
    def _is_cosine(self):
        return self._distance_metric == COSINE_DISTANCE

    @property
    def _are_centers_normalized(self):
        """Are the variable's centers of length 1 at any time?"""
        return self._is_cosine and (not self._use_mini_batch or self._steps > 1)

    def training_graph(self):
        """Adds the nodes.

        Returns:
          (all_scores, cluster_idx, scores, cluster_centers_initialized, init_op, training_op).
          The first three are tuples with an element for each of the inputs: the distances to all
          centers, the number of the nearest center, and the distance to that.
        """
        n = ops.convert_to_tensor(self._num_clusters)
        if not (isinstance(self._initial_clusters, str) or callable(self._initial_clusters)):
            self._initial_clusters = ops.convert_to_tensor(self._initial_clusters)
            n = array_ops.shape(self._initial_clusters)[0]
        centers, initialized, counts, updated, left = self._create_variables(n)
        init_op = self._init_op(n, centers, updated, initialized)
        inputs, current = self._inputs, centers
        if self._is_cosine:
            inputs = [nn.l2_normalize(x, dim=1) for x in inputs]
            if not self._are_centers_normalized:
                current = nn.l2_normalize(current, dim=1)
        all_scores, scores, numbers = self._infer(inputs, current)
        if self._use_mini_batch:
            with ops.control_dependencies([self._sync(left, centers, updated, counts)]):
                train = self._batch_step(inputs, numbers, updated, counts)
        else:
            train = self._full_step(inputs, n, numbers, centers)
        return all_scores, numbers, scores, initialized, init_op, train

    def _create_variables(self, n):
        empty = constant_op.constant([], dtype=dtypes.float32)
        centers = variable_scope.variable(empty, name=CLUSTERS_VAR_NAME, validate_shape=False)
        initialized = variable_scope.variable(False, dtype=dtypes.bool, name="initialized")
        if self._use_mini_batch and self._steps > 1:
            updated = variable_scope.variable(empty, name="clusters_updated",
                                              validate_shape=False)
            left = variable_scope.variable(self._steps, dtype=dtypes.int64,
                                           name="update_in_steps")
            counts = variable_scope.variable(array_ops.zeros([n], dtype=dtypes.int64))
            return centers, initialized, counts, updated, left
        counts = variable_scope.variable(array_ops.ones([n], dtype=dtypes.int64)) \
            if self._use_mini_batch else None
        return centers, initialized, counts, centers, None

    # ---- the first centers ----

    def _init_op(self, n, centers, updated, initialized):
        """The op that chooses more centers, from the points of each run, until there are all."""
        chosen = array_ops.shape(centers)[0]
        missing = n - chosen

        def finish():
            return state_ops.assign(initialized, True).op

        def more():
            with ops.control_dependencies([check_ops.assert_positive(missing)]):
                now = self._add_centers(n, missing, chosen, centers, updated)
                return control_flow_ops.cond(math_ops.equal(now, 0), finish,
                                             control_flow_ops.no_op)
        return control_flow_ops.cond(math_ops.equal(missing, 0), finish, more)

    def _add_centers(self, n, missing, chosen, centers, updated):
        """Adds as many centers as there are points for; how many are missing then."""
        new = self._new_centers(missing)
        if self._is_cosine:
            new = nn.l2_normalize(new, dim=1)
        all_ = control_flow_ops.cond(math_ops.equal(chosen, 0), lambda: new,
                                     lambda: array_ops.concat([centers, new], 0))
        assigned = state_ops.assign(centers, all_, validate_shape=False)
        if updated is not centers:
            assigned = state_ops.assign(updated, assigned, validate_shape=False)
        return n - array_ops.shape(assigned)[0]

    def _new_centers(self, missing):
        if callable(self._initial_clusters):
            return self._initial_clusters(self._inputs, missing)
        if not isinstance(self._initial_clusters, str):
            return self._initial_clusters
        points = math_ops.add_n([array_ops.shape(x)[0] for x in self._inputs])

        def some():
            rows = random_ops.random_uniform(
                array_ops.reshape(missing, [-1]), minval=0,
                maxval=math_ops.cast(points, dtypes.int64), seed=self._random_seed,
                dtype=dtypes.int64)
            return embedding_ops.embedding_lookup(self._inputs, rows, partition_strategy="div")
        return control_flow_ops.cond(points <= missing,
                                     lambda: array_ops.concat(self._inputs, 0), some)

    # ---- distances ----

    def _infer(self, inputs, centers):
        found = []
        for x in inputs:
            with ops.colocate_with(x, ignore_existing=True):
                numbers, distances = nearest_neighbors(x, centers, 1)
                if self._is_cosine:
                    distances *= 0.5        # of squared distances on the sphere
                found.append((self._distances(x, centers), array_ops.squeeze(distances, [-1]),
                              array_ops.squeeze(numbers, [-1])))
        return zip(*found)

    def _distances(self, x, centers):
        products = math_ops.matmul(x, centers, transpose_b=True)
        if self._is_cosine:
            return 1 - products
        return (math_ops.reduce_sum(math_ops.square(x), 1, keepdims=True) - 2 * products +
                array_ops.transpose(math_ops.reduce_sum(math_ops.square(centers), 1,
                                                        keepdims=True)))

    # ---- steps ----

    def _full_step(self, inputs, n, numbers, centers):
        """Each center becomes the mean of its points."""
        sums = math_ops.add_n([math_ops.unsorted_segment_sum(x, i, n)
                               for x, i in zip(inputs, numbers)])
        counts = math_ops.add_n([math_ops.unsorted_segment_sum(
            array_ops.ones([array_ops.shape(x)[0], 1], dtype=x.dtype), i, n)
            for x, i in zip(inputs, numbers)])
        new = sums / (counts + constant_op.constant(1e-6, dtype=inputs[0].dtype))
        if self._are_centers_normalized:
            new = nn.l2_normalize(new, dim=1)
        return state_ops.assign(centers, new)

    def _sync(self, left, centers, updated, counts):
        """What makes the moved centers the current ones, every so many runs."""
        if left is None:
            return control_flow_ops.no_op()

        def move():
            with ops.control_dependencies([state_ops.assign(left, self._steps - 1)]):
                new = nn.l2_normalize(updated, dim=1) if self._is_cosine else updated
                with ops.control_dependencies([state_ops.assign(centers, new)]):
                    with ops.control_dependencies([
                            state_ops.assign(counts, array_ops.zeros_like(counts))]):
                        return array_ops.identity(left)
        return control_flow_ops.cond(left <= 0, move, lambda: state_ops.assign_sub(left, 1))

    def _batch_step(self, inputs, numbers, centers, counts):
        """Each center moves towards the mean of all its points so far."""
        updates = []
        for x, i in zip(inputs, numbers):
            ids, rows = array_ops.unique(array_ops.reshape(i, [-1]))
            n = array_ops.size(ids)
            more = math_ops.unsorted_segment_sum(
                array_ops.ones_like(rows, dtype=counts.dtype), rows, n)
            before = array_ops.gather(centers, ids)
            factor = math_ops.cast(more, x.dtype)[:, None]
            change = math_ops.unsorted_segment_sum(x, rows, n) - factor * before
            total = array_ops.gather(counts, ids) + more
            rate = math_ops.reciprocal(math_ops.cast(total, x.dtype))[:, None]
            updates += [state_ops.scatter_add(counts, ids, more),
                        state_ops.scatter_add(centers, ids, change * rate)]
        return control_flow_ops.group(*updates)
