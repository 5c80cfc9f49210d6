"""tf.test: the assertions, the sessions, the gradients' checker."""
import unittest

import numpy as np
import weft as tf


class Assertions(tf.test.TestCase):
    def fails(self, assertion, *args, **kwargs):
        with self.assertRaises(AssertionError):
            assertion(*args, **kwargs)

    def test_close(self):
        self.assertAllClose([1.0, np.nan], [1.0 + 1e-7, np.nan])
        self.fails(self.assertAllClose, [1.0], [1.1])
        self.fails(self.assertAllClose, [1.0], [1.0, 1.0])
        self.assertAllClose({"a": [np.ones(2), 3.0]}, {"a": (np.ones(2), 3.0)})
        self.fails(self.assertAllClose, {"a": 1}, {"b": 1})
        self.assertNotAllClose([1.0], [2.0])
        self.fails(self.assertNotAllClose, [1.0], [1.0])
        self.assertAllCloseAccordingToType(np.float16(1), np.float16(1.0005))
        self.fails(self.assertAllCloseAccordingToType, np.float32(1), np.float32(1.0005))
        self.assertNear(1.0, 1.1, 0.2)
        self.fails(self.assertNear, 1.0, 1.1, 0.05)
        self.assertArrayNear([1, 2], [1.1, 2.1], 0.2)
        self.assertNDArrayNear(np.ones(2), np.ones(2) + 0.1, 0.2)

    def test_equal(self):
        self.assertAllEqual([[1, 2]], np.array([[1, 2]]))
        self.assertAllEqual([b"a"], np.array([b"a"], object))
        self.assertAllEqual([np.nan], [np.nan])
        self.fails(self.assertAllEqual, [1, 2], [1, 3])
        self.fails(self.assertAllEqual, [1, 2], [[1, 2]])
        self.assertNotAllEqual([1], [2])
        self.assertAllGreater([2, 3], 1)
        self.assertAllLess([2, 3], 4)
        self.assertAllGreaterEqual([2, 3], 2)
        self.assertAllLessEqual([2, 3], 3)
        self.assertAllInRange([2, 3], 2, 3)
        self.fails(self.assertAllInRange, [2, 3], 2, 3, open_upper_bound=True)
        self.assertAllInSet([1, 2, 1], {1, 2})
        self.fails(self.assertAllInSet, [1, 5], {1, 2})
        self.assertItemsEqual([1, 2], [2, 1])
        self.assertStartsWith("abc", "ab")
        self.assertBetween(2, 1, 3)

    def test_tensors(self):
        x = tf.constant([1.0, 2.0])
        self.assertAllClose([1, 2], x)
        self.assertAllEqual(x, [1, 2])
        self.assertAllClose({"x": x}, {"x": [1, 2]})
        self.assertShapeEqual(np.zeros(2), x)
        self.fails(self.assertShapeEqual, np.zeros(3), x)
        self.assertDTypeEqual(x, np.float32)
        self.assertDeviceEqual("/cpu:0", "/device:CPU:0")
        self.assertEqual(self.evaluate({"a": x})["a"].tolist(), [1, 2])

    def test_messages(self):
        node = tf.NodeDef(name="n", op="Const")
        self.assertProtoEquals("name: 'n' op: 'Const'", node)
        self.assertProtoEquals(tf.NodeDef(name="n", op="Const"), node)
        self.fails(self.assertProtoEquals, "name: 'm'", node)
        graph = tf.GraphDef(node=[node])
        graph.versions.CopyFrom(tf.get_default_graph().graph_def_versions)
        self.assertProtoEqualsVersion("node { name: 'n' op: 'Const' }", graph)
        tf.test.assert_equal_graph_def(graph, graph)
        self.fails(tf.test.assert_equal_graph_def, graph, tf.GraphDef())

    def test_errors(self):
        x = tf.placeholder(tf.float32, name="x")
        with self.cached_session():
            with self.assertRaisesOpError("must feed a value"):
                x.eval()
            with self.assertRaisesOpError("Caused by: x"):
                x.eval()
            with self.assertRaisesOpError(lambda e: e.op.name == "x"):
                x.eval()
        with self.assertRaises(AssertionError):
            with self.assertRaisesOpError("nothing"):
                pass


class Sessions(tf.test.TestCase):
    def test_a_test_begins_with_an_empty_graph_and_its_seed(self):
        self.assertEqual(tf.get_default_graph().get_operations(), [])
        self.assertEqual(tf.get_default_graph().seed, 87654321)

    def test_cached_session_is_one_session(self):
        with self.cached_session() as one:
            self.assertIs(tf.get_default_session(), one)
        with self.test_session() as other:
            self.assertIs(one, other)
        with tf.Graph().as_default():
            with self.assertRaisesRegex(ValueError, "used to get the cached session is different"):
                with self.cached_session():
                    pass

    def test_session_is_a_new_one_each_time(self):
        with self.session() as one:
            pass
        with self.session(graph=tf.Graph()) as other:
            self.assertIsNot(one, other)
            self.assertIs(tf.get_default_graph(), other.graph)

    def test_threads(self):
        seen = []
        thread = self.checkedThread(target=seen.append, args=(1,))
        thread.start()
        thread.join()
        self.assertEqual(seen, [1])
        thread = self.checkedThread(target=lambda: 1 / 0)
        thread.start()
        with self.assertRaises(AssertionError):
            thread.join()

    def test_folder(self):
        self.assertTrue(self.get_temp_dir().startswith(tf.test.get_temp_dir()))


class Gradients(tf.test.TestCase):
    def test_right_ones(self):
        with self.cached_session():
            x = tf.constant([[1.0, 2.0]])
            w = tf.constant([[3.0], [4.0]])
            self.assertLess(tf.test.compute_gradient_error([x, w], [[1, 2], [2, 1]],
                                                           tf.matmul(x, w), [1, 1]), 1e-2)
            jacobian, numeric = tf.test.compute_gradient(x, [1, 2], tf.square(x), [1, 2],
                                                         x_init_value=np.array([[1.0, 2.0]]))
            self.assertAllClose(jacobian, [[2, 0], [0, 4]])
            self.assertAllClose(numeric, [[2, 0], [0, 4]], rtol=1e-2)

    def test_wrong_ones(self):
        with self.cached_session():
            x = tf.constant([1.0])
            wrong = tf.stop_gradient(x) * x
            self.assertGreater(tf.test.compute_gradient_error(x, [1], wrong, [1]), 0.1)


if __name__ == "__main__":
    unittest.main()
