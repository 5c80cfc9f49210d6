"""tf.contrib.learn.preprocessing: texts as numbers; summaries of contrib.layers."""
import numpy as np
import pytest
import weft as tf

TEXTS = ["the cat sat", "The cat's TFRecord sat on the well-known mat", ""]


def test_words():
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(5)
    rows = np.array(list(processor.fit_transform(TEXTS)))
    assert rows.dtype == np.int64
    assert rows.tolist() == [[1, 2, 3, 0, 0], [4, 5, 6, 7, 3], [0, 0, 0, 0, 0]]
    assert len(processor.vocabulary_) == 11
    assert list(processor.transform(["cat dog mat"]))[0].tolist() == [2, 0, 10, 0, 0]
    assert list(processor.reverse([[2, 0]])) == ["cat <UNK>"]


def test_tokens():
    tokens = list(tf.contrib.learn.preprocessing.tokenizer(TEXTS))
    assert tokens[1] == ["The", "cat's", "TF", "Record", "sat", "on", "the", "well-known", "mat"]


def test_frequencies(tmp_path):
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(4, min_frequency=1)
    processor.fit(["b a", "b c", "a b"])
    assert [processor.vocabulary_.get(w) for w in "abc"] == [2, 1, 0]
    path = str(tmp_path / "vocabulary")
    processor.save(path)
    again = tf.contrib.learn.python.learn.preprocessing.VocabularyProcessor.restore(path)
    assert list(again.transform(["c b a"]))[0].tolist() == [0, 1, 2, 0]


def test_vocabulary():
    vocabulary = tf.contrib.learn.preprocessing.CategoricalVocabulary(support_reverse=False)
    assert vocabulary.get("x") == 1 and vocabulary.get("y") == 2
    vocabulary.freeze()
    assert vocabulary.get("z") == 0
    with pytest.raises(ValueError, match="wasn't initialized with support_reverse"):
        vocabulary.reverse(1)


def test_bytes():
    processor = tf.contrib.learn.preprocessing.ByteProcessor(4)
    rows = list(processor.fit_transform(["ab", "toolong"]))
    assert rows[0].tolist() == [97, 98, 0, 0] and rows[1].tobytes() == b"tool"
    assert list(processor.reverse(rows)) == ["ab", "tool"]


def test_summaries():
    x = tf.constant([-1., 2., 8.])
    made = tf.contrib.layers.summarize_activation(tf.nn.relu6(x, name="r"))
    assert made.op.name == "r/activation" and made.op.type == "HistogramSummary"
    scalar = tf.contrib.layers.summarize_tensor(tf.constant(1., name="c"))
    assert scalar.op.name == "c_summary" and scalar.op.type == "ScalarSummary"
    assert tf.contrib.layers.summarize_tensor(tf.constant("text")) is None
    tf.get_variable("v", [2])
    assert [s.op.name for s in tf.contrib.layers.summarize_variables("v")] == ["v_summary"]
    assert tf.contrib.layers.summarize_collection("none") == []
    with tf.Session() as sess:
        summary = tf.Summary.FromString(sess.run(tf.summary.merge(
            [s for s in tf.get_collection("summaries") if s.op.type == "ScalarSummary"])))
    values = {v.tag: v.simple_value for v in summary.value}
    assert values["r/zeros"] == values["r/sixes"] == pytest.approx(1 / 3)
