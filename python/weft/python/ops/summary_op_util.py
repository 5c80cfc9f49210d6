"""What summaries are called: their tags, their scopes, the collections that they are put into."""
import contextlib
import re

from weft.python.framework import ops
from weft.python.platform import tf_logging

__all__ = ["clean_tag", "collect", "summary_scope"]


def collect(val, collections, default_collections):
    """Puts a summary into the collections named, else into the usual ones."""
    for key in default_collections if collections is None else collections:
        ops.add_to_collection(key, val)


def clean_tag(name):
    """The name with "_" for each character that a scope cannot have."""
    if name is None:
        return None
    clean = re.sub(r"[^-/\w\.]", "_", name).lstrip("/")
    if clean != name:
        tf_logging.info("Summary name %s is illegal; using %s instead.", name, clean)
    return clean


@contextlib.contextmanager
def summary_scope(name, family=None, default_name=None, values=None):
    """A context that yields (tag, scope) of a summary: the scope is unique, the tag is the scope,
    below the family once more so that TensorBoard shows the family together."""
    name, family = clean_tag(name), clean_tag(family)
    scope_name = name if family is None else "%s/%s" % (family, name)
    with ops.name_scope(scope_name, default_name, values) as scope:
        tag = scope.rstrip("/")
        yield tag if family is None else "%s/%s" % (family, tag), scope
