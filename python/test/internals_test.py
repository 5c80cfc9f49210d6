"""What scripts take from TensorFlow's inner modules."""
import weft as tf
from weft.python import pywrap_tensorflow
from weft.python.ops import control_flow_util


def test_where_operations_stand():
    made = []

    def body(i):
        made.append(tf.identity(i))
        return i + 1

    tf.while_loop(lambda i: i < 3, body, [tf.constant(0)])
    tf.cond(tf.constant(True), lambda: made.append(tf.constant(1.) + 1.) or made[-1],
            lambda: tf.constant(2.))
    in_loop, in_branch = made[0].op, made[1].op
    assert control_flow_util.IsInWhileLoop(in_loop) and not control_flow_util.IsInCond(in_loop)
    assert control_flow_util.IsInCond(in_branch)
    assert not control_flow_util.IsInWhileLoop(in_branch)
    outside = tf.constant(1.).op
    assert control_flow_util.GetContainingWhileContext(
        outside._get_control_flow_context()) is None
    assert control_flow_util.GetContainingXLAContext(
        in_loop._get_control_flow_context()) is None
    kinds = {name: [op for op in tf.get_default_graph().get_operations() if ask(op)]
             for name, ask in (("enter", control_flow_util.IsLoopEnter),
                               ("exit", control_flow_util.IsLoopExit),
                               ("loop merge", control_flow_util.IsLoopMerge),
                               ("merge", control_flow_util.IsCondMerge))}
    assert [op.type for op in kinds["enter"]] == ["Enter"]
    assert [op.name for op in kinds["exit"]] == ["while/Exit"]
    assert [op.name for op in kinds["loop merge"]] == ["while/Merge"]
    assert [op.name for op in kinds["merge"]] == ["cond/Merge"]


def test_events_writer(tmp_path):
    writer = pywrap_tensorflow.EventsWriter(str(tmp_path / "a" / "mine").encode())
    writer.WriteEvent(tf.Event(step=3))
    writer.Flush()
    name = writer.FileName().decode()
    assert "/mine.out.tfevents." in name
    writer.Close()
    first, second = tf.train.summary_iterator(name)
    assert first.file_version == "brain.Event:2" and second.step == 3
