"""tf.contrib.learn.preprocessing."""
from weft.contrib.learn.preprocessing.categorical_vocabulary import (       # noqa: F401
    CategoricalVocabulary)
from weft.contrib.learn.preprocessing.text import (                         # noqa: F401
    ByteProcessor, VocabularyProcessor, tokenizer)

__all__ = ["ByteProcessor", "CategoricalVocabulary", "VocabularyProcessor", "tokenizer"]
