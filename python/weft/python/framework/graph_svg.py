"""A graph as a picture: operations in the boxes of their scopes, drawn by Graphviz.

Scopes are folded, deepest first, until what is left can be read at a glance.
"""
import collections
import subprocess

_MOST = 60                              # boxes in a picture


def draw(graph):
    """The graph as SVG text; None where Graphviz is not installed."""
    try:
        done = subprocess.run(["dot", "-Tsvg"], input=dot(graph).encode(), timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    text = done.stdout.decode()
    return text[text.index("<svg"):]


def dot(graph, most=_MOST):
    """The graph in Graphviz's language."""
    operations = graph.get_operations()
    fold = _folding([op.name for op in operations], most)
    members, edges = _boxes(operations, fold)
    lines = ["digraph {", '  rankdir=BT; node [shape=box, style="rounded,filled", '
             'fillcolor="#f4f4f4", fontname=sans, fontsize=10];',
             "  edge [fontname=sans, fontsize=8, arrowsize=0.6];"]
    lines += _clusters(members)
    for (a, b), label in edges.items():
        style = ", style=dashed" if label is None else ""
        lines.append("  %s -> %s [label=%s%s];" % (_quoted(a), _quoted(b), _quoted(label or ""),
                                                   style))
    return "\n".join(lines + ["}"])


def html(graph):
    """The graph as a short table, for where there is no picture."""
    counts = collections.Counter(op.type for op in graph.get_operations())
    rows = "".join("<tr><td>%s</td><td>%d</td></tr>" % item for item in counts.most_common(20))
    return "<table><tr><th>op type</th><th>operations</th></tr>%s</table>" % rows


def _folding(names, most):
    """The depth to which scopes are opened."""
    depth = max((name.count("/") for name in names), default=0) + 1
    while depth > 1 and len({_cut(name, depth) for name in names}) > most:
        depth -= 1
    return depth


def _cut(name, depth):
    return "/".join(name.split("/")[:depth])


def _boxes(operations, depth):
    members = collections.OrderedDict()     # box -> its operations
    edges = collections.OrderedDict()       # (box, box) -> label; None: control
    for op in operations:
        box = _cut(op.name, depth)
        members.setdefault(box, []).append(op)
        for t in op.inputs:
            source = _cut(t.op.name, depth)
            if source != box:
                edges[source, box] = str(t.shape)
        for c in op.control_inputs:
            source = _cut(c.name, depth)
            if source != box:
                edges.setdefault((source, box), None)
    return members, edges


def _clusters(members):
    lines, open_scopes = [], []
    for box in sorted(members, key=lambda name: name.split("/")):
        scopes = box.split("/")[:-1]
        shared = 0
        while shared < min(len(scopes), len(open_scopes)) and \
                scopes[shared] == open_scopes[shared]:
            shared += 1
        lines += ["  }"] * (len(open_scopes) - shared)
        for depth in range(shared, len(scopes)):
            name = "/".join(scopes[:depth + 1])
            lines.append('  subgraph %s { label=%s; color="#bbbbbb"; fontname=sans; fontsize=10;'
                         % (_quoted("cluster_" + name), _quoted(scopes[depth])))
        open_scopes = scopes
        lines.append("  %s [label=%s%s];" % (_quoted(box), _quoted(_label(box, members[box])),
                                             _color(members[box])))
    return lines + ["  }"] * len(open_scopes)


def _label(box, operations):
    last = box.split("/")[-1]
    if len(operations) == 1:
        op = operations[0]
        return last if op.type == last else "%s\n%s" % (last, op.type)
    return "%s\n%d operations" % (last, len(operations))


def _color(operations):
    kinds = {op.type for op in operations}
    if len(operations) > 1:
        return ', fillcolor="#e3ecf7"'
    if kinds & {"VariableV2", "VarHandleOp"}:
        return ', fillcolor="#f7ecd8"'
    return ', fillcolor="#e4f3e1"' if kinds & {"Placeholder"} else ""


def _quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
