"""Categories, mostly words, by number."""
import collections

__all__ = ["CategoricalVocabulary"]


class CategoricalVocabulary:
    """Gives each category a number, in the order in which they come; 0 is the unknown one's."""

    def __init__(self, unknown_token="<UNK>", support_reverse=True):
        self._unknown_token = unknown_token
        self._support_reverse = support_reverse
        self._mapping = {unknown_token: 0}
        self._reverse_mapping = [unknown_token]
        self._freq = collections.defaultdict(int)
        self._freeze = False

    def __len__(self):
        return len(self._mapping)

    def freeze(self, freeze=True):
        """No more categories: others are unknown."""
        self._freeze = freeze

    def get(self, category):
        """The number of a category, a new one if it is new."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category, count=1):
        """Counts a category, if it is known."""
        number = self.get(category)
        if number > 0:
            self._freq[category] += count

    def trim(self, min_frequency, max_frequency=-1):
        """Keeps the categories that came more than `min_frequency` times, and less than
        `max_frequency` times if that is not -1; the most frequent get the first numbers."""
        kept = [self._unknown_token] + [
            category for category, count in sorted(
                sorted(self._freq.items()), key=lambda pair: pair[1], reverse=True)
            if count > min_frequency and not 0 < max_frequency <= count]
        self._freq = collections.defaultdict(int, {c: self._freq[c] for c in kept[1:]})
        self._reverse_mapping = kept
        self._mapping = {category: i for i, category in enumerate(kept)}

    def reverse(self, class_id):
        """The category of a number.

        Raises:
          ValueError: it was made without support for that.
        """
        if not self._support_reverse:
            raise ValueError("This vocabulary wasn't initialized with support_reverse to support "
                             "reverse() function.")
        return self._reverse_mapping[class_id]
