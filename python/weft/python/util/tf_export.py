"""Decorators that give a function public names; here the table of names (_api.py) does that."""


class tf_export:
    """Leaves what it decorates as it is."""

    def __init__(self, *names, **options):
        self.names = names

    def __call__(self, what):
        return what


keras_export = estimator_export = tf_export
