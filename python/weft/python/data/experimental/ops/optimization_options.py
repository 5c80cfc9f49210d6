"""Which rewrites of a pipeline are wanted. They change no value; here they change nothing else
either, but are written into the graph as TensorFlow writes them."""
from weft.python.data.util import options

__all__ = ["MapVectorizationOptions", "OptimizationOptions"]

_BY_DEFAULT = ("map_and_batch_fusion", "noop_elimination", "shuffle_and_repeat_fusion")
_NAMES = ("filter_fusion", "filter_with_random_uniform_fusion", "hoist_random_uniform",
          "map_and_batch_fusion", "map_and_filter_fusion", "map_fusion", "map_parallelization",
          "noop_elimination", "parallel_batch", "shuffle_and_repeat_fusion")


def _flag(name, docstring):
    return options.create_option(name, bool, docstring)


class MapVectorizationOptions(options.OptionsBase):
    """Whether maps become maps of batches."""

    enabled = _flag("enabled", "Whether it is wanted.")
    use_choose_fastest = _flag("use_choose_fastest", "Whether the faster way is found by trying.")


class OptimizationOptions(options.OptionsBase):
    """Each is None, True or False."""

    apply_default_optimizations = _flag("apply_default_optimizations",
                                        "Whether the usual ones are; by default they are.")
    autotune = _flag("autotune", "Whether sizes of buffers and numbers of threads are found by "
                                 "trying; by default they are.")
    autotune_buffers = _flag("autotune_buffers", "The same of buffers.")
    autotune_algorithm = options.create_option("autotune_algorithm", int, "Which way to try.")
    autotune_cpu_budget = options.create_option("autotune_cpu_budget", int,
                                                "How many cores there are to try with.")
    filter_fusion = _flag("filter_fusion", "Filters after filters become one.")
    filter_with_random_uniform_fusion = _flag("filter_with_random_uniform_fusion",
                                              "Filters by chance become samples.")
    hoist_random_uniform = _flag("hoist_random_uniform", "Random numbers are drawn before maps.")
    map_and_batch_fusion = _flag("map_and_batch_fusion", "A map and a batch become one.")
    map_and_filter_fusion = _flag("map_and_filter_fusion", "A map and a filter become one.")
    map_fusion = _flag("map_fusion", "Maps after maps become one.")
    map_parallelization = _flag("map_parallelization", "Maps without state run side by side.")
    map_vectorization = options.create_option(
        "map_vectorization", MapVectorizationOptions, "Whether maps become maps of batches.",
        MapVectorizationOptions)
    noop_elimination = _flag("noop_elimination", "What changes nothing goes.")
    parallel_batch = _flag("parallel_batch", "Batches are copied side by side.")
    shuffle_and_repeat_fusion = _flag("shuffle_and_repeat_fusion",
                                      "A shuffle and a repeat become one.")

    def _static_optimizations(self):
        """The names of those that are wanted, sorted."""
        wanted = {name for name in _NAMES if getattr(self, name)}
        if self.apply_default_optimizations is not False:
            wanted |= {name for name in _BY_DEFAULT if getattr(self, name) is not False}
        if self.map_vectorization is not None and self.map_vectorization.enabled:
            wanted.add("map_vectorization")
        return sorted(wanted)

    def _autotune_settings(self):
        """(whether to try, which way, cores)."""
        return (self.autotune is not False, self.autotune_algorithm or 0,
                self.autotune_cpu_budget or 0)
