"""Texts as arrays of the numbers of their words."""
import pickle
import re

import numpy as np

from weft.contrib.learn.preprocessing.categorical_vocabulary import CategoricalVocabulary
from weft.python.platform import gfile

__all__ = ["ByteProcessor", "VocabularyProcessor", "tokenizer"]

# Words with "-" and "'"; what is written together in capitals and camel case comes apart.
_TOKEN = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator):
    """The words of each text."""
    for value in iterator:
        yield _TOKEN.findall(value)


class ByteProcessor:
    """Texts as arrays of their bytes, cut or padded with zeros to one length."""

    def __init__(self, max_document_length):
        self.max_document_length = max_document_length

    def fit(self, x):
        """Learns nothing."""
        return self

    def fit_transform(self, x):
        """transform()."""
        return self.transform(x)

    def reverse(self, x):
        """The texts again."""
        for row in x:
            data = np.trim_zeros(np.asarray(row, dtype=np.uint8), "b").tobytes()
            yield data.decode("utf-8", "replace")

    def transform(self, x):
        """An array of each text."""
        for document in x:
            data = document.encode("utf-8") if isinstance(document, str) else document
            row = np.zeros(self.max_document_length, np.uint8)
            row[:len(data)] = np.frombuffer(data[:self.max_document_length], np.uint8)
            yield row


class VocabularyProcessor:
    """Texts as arrays of the numbers of their words, cut or padded with zeros to one length.

    Args:
      max_document_length: the length.
      min_frequency: words that come no more often are unknown: 0.
      vocabulary: a CategoricalVocabulary, which grows no more.
      tokenizer_fn: function(texts) that yields lists of words.
    """

    def __init__(self, max_document_length, min_frequency=0, vocabulary=None, tokenizer_fn=None):
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents, unused_y=None):
        """Learns the words of texts; returns itself."""
        for words in self._tokenizer(raw_documents):
            for word in words:
                self.vocabulary_.add(word)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents, unused_y=None):
        """fit() and transform()."""
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents):
        """An int64 array of each text."""
        for words in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            for i, word in enumerate(words[:self.max_document_length]):
                row[i] = self.vocabulary_.get(word)
            yield row

    def reverse(self, documents):
        """The words of each array, with blanks between."""
        for document in documents:
            yield " ".join(self.vocabulary_.reverse(number) for number in document)

    def save(self, filename):
        """Writes it into a file."""
        with gfile.Open(filename, "wb") as f:
            f.write(pickle.dumps(self))

    @classmethod
    def restore(cls, filename):
        """The one that a file holds. A file may run any code: read only your own."""
        with gfile.Open(filename, "rb") as f:
            return pickle.loads(f.read())
