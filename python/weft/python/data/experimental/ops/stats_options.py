"""What is counted of a pipeline."""
from weft.python.data.util import options

__all__ = ["StatsOptions"]


class StatsOptions(options.OptionsBase):
    """What a StatsAggregator is told. There is none here, so that these are kept, no more."""

    aggregator = options.create_option("aggregator", object, "Who is told.")
    prefix = options.create_option("prefix", str, "What the tags begin with.", lambda: "")
    counter_prefix = options.create_option("counter_prefix", str, "The same of counters.",
                                           lambda: "")
    latency_all_edges = options.create_option("latency_all_edges", bool,
                                              "Whether each step's time is told.")
