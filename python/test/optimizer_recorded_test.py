"""Optimizers beside the real TensorFlow: the steps it recorded, the graphs it wrote.

The facts are those of SEMANTICS.md F.2 and F.3."""
import json
import os

import numpy as np
import pytest
import weft as tf
import written_graphs

SHARED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared")
RECORDED = os.path.join(SHARED, "recorded", "ops")
MODELS = os.path.join(SHARED, "models")
with_models = pytest.mark.skipif(not os.path.isdir(MODELS), reason="no ../shared/models")


def initialized():
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


# ---- steps, as TensorFlow took them ----

def recorded_case(case):
    """The nodes of a recorded graph, the runs that were made and their answers."""
    folder = os.path.join(RECORDED, case)
    with open(os.path.join(folder, "runs.json")) as f:
        runs = json.load(f)
    golden = np.load(os.path.join(folder, "golden.npz"))
    return written_graphs.nodes_of(os.path.join(folder, "graph.pb")), runs, golden


# What the inputs of each op are, in order; slots by the optimizer's names for them.
RULES = {
    "GradientDescent": ("var alpha delta", lambda a: tf.train.GradientDescentOptimizer(a["alpha"])),
    "Momentum": ("var momentum lr grad mu", lambda a: tf.train.MomentumOptimizer(
        a["lr"], a["mu"], use_nesterov=a["use_nesterov"])),
    "Adagrad": ("var accumulator lr grad", lambda a: tf.train.AdagradOptimizer(a["lr"])),
    "Adadelta": ("var accum accum_update lr rho epsilon grad", lambda a: (
        tf.train.AdadeltaOptimizer(a["lr"], a["rho"], a["epsilon"]))),
    "RMSProp": ("var rms momentum lr rho mu epsilon grad", lambda a: tf.train.RMSPropOptimizer(
        a["lr"], a["rho"], a["mu"], a["epsilon"])),
    "CenteredRMSProp": ("var mg rms momentum lr rho mu epsilon grad", lambda a: (
        tf.train.RMSPropOptimizer(a["lr"], a["rho"], a["mu"], a["epsilon"], centered=True))),
    "Ftrl": ("var accum linear grad lr l1 l2 power", lambda a: tf.train.FtrlOptimizer(
        a["lr"], a["power"], l1_regularization_strength=a["l1"],
        l2_regularization_strength=a["l2"])),
    "FtrlV2": ("var accum linear grad lr l1 l2 shrinkage power", lambda a: tf.train.FtrlOptimizer(
        a["lr"], a["power"], l1_regularization_strength=a["l1"],
        l2_regularization_strength=a["l2"],
        l2_shrinkage_regularization_strength=a["shrinkage"])),
    "Adam": ("var m v beta1_power beta2_power lr beta1 beta2 epsilon grad", lambda a: (
        tf.train.AdamOptimizer(a["lr"], a["beta1"], a["beta2"], a["epsilon"]))),
    "ProximalAdagrad": ("var accumulator lr l1 l2 grad", lambda a: (
        tf.train.ProximalAdagradOptimizer(a["lr"], l1_regularization_strength=a["l1"],
                                          l2_regularization_strength=a["l2"]))),
    "ProximalGradientDescent": ("var alpha l1 l2 delta", lambda a: (
        tf.train.ProximalGradientDescentOptimizer(a["alpha"], a["l1"], a["l2"]))),
    "AdagradDA": ("var gradient_accumulator gradient_squared_accumulator grad lr l1 l2 step",
                  lambda a: tf.train.AdagradDAOptimizer(
                      a["lr"], tf.constant(a["step"] - 1), l1_regularization_strength=a["l1"],
                      l2_regularization_strength=a["l2"])),
}


def cases():
    """Those of the optimizers here; Adam's other form is none of them."""
    if not os.path.isdir(RECORDED):
        return []
    return sorted(c for c in os.listdir(RECORDED) if c.startswith("train__")
                  and rule_of(c) in RULES and not ("ApplyAdam_" in c and "nesterov" in c))


def rule_of(case):
    name = case[len("train__"):].split("_")[0]
    return name.split("Apply", 1)[1]


@pytest.mark.fact("F32", "F33", "F34", "F35", "F36", "F37", "F38")
@pytest.mark.skipif(not os.path.isdir(RECORDED), reason="no ../shared/recorded")
@pytest.mark.parametrize("case", cases())
def test_recorded_steps(case):
    nodes, runs, golden = recorded_case(case)
    words, make = RULES[rule_of(case)]
    apply = nodes["apply"]
    words = words.split()
    if "Sparse" in apply.op:
        words.insert(words.index("delta" if "delta" in words else "grad") + 1, "indices")
    inputs = dict(zip(words, apply.inputs))
    held = {w: nodes[nodes["i" + name[1:]].inputs[1]].value()
            for w, name in inputs.items() if name.startswith("v")}
    given = {w: nodes[name].value() for w, name in inputs.items()
             if not name.startswith("v")}
    given["use_nesterov"] = "use_nesterovTrue" in case
    check_steps(case, make(given), held, given, runs, golden, list(inputs))


def check_steps(case, opt, held, given, runs, golden, words):
    use_resource = "__Resource" in case
    var = tf.get_variable("var", initializer=held["var"], use_resource=use_resource)
    grad = tf.constant(given.get("grad", given.get("delta")))
    if "indices" in given:
        grad = tf.IndexedSlices(grad, tf.constant(given["indices"]))
    train = opt.apply_gradients([(grad, var)])
    slots = {w: var if w == "var" else opt.get_slot(var, w) for w in held if w[-6:] != "_power"}
    for power in ("beta1_power", "beta2_power"):
        if power in words:
            slots[power] = opt._get_non_slot_variable(power, tf.get_default_graph())
    rtol = 1e-12 if held["var"].dtype == np.float64 else 1e-5
    with initialized() as sess:
        for w, slot in slots.items():
            slot.load(held[w] if w in held else given[w], sess)
        for i, run in enumerate(runs):
            if run["targets"] == ["apply"]:
                sess.run(train)
            if not run["fetches"]:
                continue
            for w in held:
                name = words_name(held, w, use_resource)
                np.testing.assert_allclose(sess.run(slots[w]), golden["r%d|%s" % (i, name)],
                                           rtol=rtol, err_msg="%s %s" % (case, w))
            if "beta1_power" in words:
                return              # there the powers stood still


def words_name(held, word, use_resource):
    """What the recorded run fetched: variables are numbered in the order of the op's inputs."""
    return ("read%d:0" if use_resource else "v%d:0") % list(held).index(word)


# ---- whole graphs ----

def model(path, wrapped):
    """What a model's graph is made of, by name, but for saving."""
    nodes = written_graphs.nodes_of(os.path.join(MODELS, path), wrapped)
    return {name: described(node.op, node.inputs) for name, node in nodes.items()
            if not name.startswith("save")}


def described(op_type, inputs):
    """An operation: its type, its inputs in order and its control inputs."""
    data = [x for x in inputs if not x.startswith("^")]
    return op_type, data, sorted(x for x in inputs if x.startswith("^"))


def built():
    """The same of the default graph."""
    found = {}
    for op in tf.get_default_graph().get_operations():
        inputs = [x.name[:-2] if x.value_index == 0 else x.name for x in op.inputs]
        found[op.name] = described(op.type, inputs + ["^" + c.name for c in op.control_inputs])
    return found


def outside_gradients(nodes):
    """The names in order, and all nodes but those inside one op's gradient: there the library has
    its own ways."""
    def inside(name):
        return name.startswith("gradients/") and "_grad/" in name and "/tuple/" not in name

    def hidden(name):
        return "(inside)" if inside(name.lstrip("^")) else name

    kept = {}
    for name, (op_type, data, control) in nodes.items():
        if not inside(name):
            kept[name] = op_type, [hidden(x) for x in data], sorted({hidden(x) for x in control})
    return list(kept), kept


@with_models
@pytest.mark.fact("F1", "F14", "F22")
def test_graph_of_a_small_network():
    x, y = tf.placeholder(tf.float32, [4, 2]), tf.placeholder(tf.int32, [4])
    first = tf.Variable(tf.truncated_normal([2, 5]))
    hidden = tf.nn.relu(tf.matmul(x, first))
    second = tf.Variable(tf.truncated_normal([5, 1]))
    guess = tf.sigmoid(tf.squeeze(tf.matmul(hidden, second)))
    loss = tf.reduce_mean(tf.square(guess - tf.to_float(y)), name="loss")
    step = tf.Variable(0, trainable=False, name="global_step")
    tf.train.GradientDescentOptimizer(.1).minimize(loss, global_step=step, name="train_op")
    tf.global_variables_initializer()
    wanted = model("SciSharp_TensorFlow.NET/graph/xor.meta", 1)
    assert outside_gradients(built()) == outside_gradients(wanted)


@with_models
@pytest.mark.fact("F1", "F14", "F22")
def test_graph_of_a_regression():
    x, y = tf.placeholder(tf.float32, name="X"), tf.placeholder(tf.float32, name="Y")
    w, b = tf.Variable(.1, name="W"), tf.Variable(.2, name="b")
    guess = tf.identity(tf.add(tf.multiply(x, w), b), name="pred")
    cost = tf.reduce_sum(tf.pow(guess - y, 2)) / 34
    tf.train.GradientDescentOptimizer(.1).minimize(cost)
    tf.global_variables_initializer()
    wanted = model("onnx_tensorflow-onnx/tests/models/regression/checkpoint/model.meta", 1)
    wanted, got = outside_gradients(wanted), outside_gradients(built())
    assert [n for n in got[0] if "/tuple/" not in n] == [n for n in wanted[0] if "/tuple/" not in n]
    assert got[1] == wanted[1]


@with_models
@pytest.mark.fact("F22", "F23")
@pytest.mark.parametrize("name, op_name, path, wrapped, optimizer", [
    ("Adam", None, "cifar_model/model.ckpt.meta", 1, tf.train.AdamOptimizer),
    ("Momentum", "MomentumOp", "mnist_conv_model/saved_model.pb", 2, lambda: (
        tf.train.MomentumOptimizer(tf.placeholder(tf.float32, name="learning_rate"), .9))),
])
def test_graph_of_slots(name, op_name, path, wrapped, optimizer):
    """The optimizer's part of a bigger graph, for variables like those there."""
    path = os.path.join(MODELS, "dotnet_machinelearning-testdata",
                        "Microsoft.ML.TensorFlow.TestModels", path)
    nodes = written_graphs.nodes_of(path, wrapped)
    trained = [n for n in nodes.values() if n.op == "VariableV2" and n.name + "/" + name in nodes]
    pairs = []
    for n in trained:
        v = tf.get_variable(n.name, shape=n.shape())
        pairs.append((tf.placeholder(tf.float32, n.shape(), name="grad"), v))
    optimizer = optimizer()
    before = len(tf.get_default_graph().get_operations())
    optimizer.apply_gradients(pairs, name=op_name)
    got = list(built().items())[before:]
    wanted = [(n.name, described(n.op, n.inputs)) for n in nodes.values()
              if "/%s" % name in n.name or n.name.startswith((name, "beta"))]
    wanted = [(n, d) for n, d in wanted if not n.startswith("save")]
    assert [n for n, _ in got] == [n for n, _ in wanted]
    assert [without_gradient(d) for _, d in got] == [without_gradient(d) for _, d in wanted]


def without_gradient(description):
    op_type, data, control = description
    return op_type, [x for x in data if not x.startswith("grad")], control
