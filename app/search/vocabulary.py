"""The words that titles, skills and company names are made of, and which of them a mistyped one may mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

#: Shorter words have too many neighbours to guess; longer ones may have two mistakes.
SHORTEST, TWO_FROM = 4, 8
MOST = 3  # readings of one word
#: A word that is written must be so much rarer than its correction to be taken for a mistake.
RARER = 50
_A = ord("a")


@dataclass(frozen=True, slots=True)
class Entry:
    word: str
    count: int
    letters: int


class Vocabulary:
    """Grouped by length; a bit per letter dismisses most words before their distance is counted."""

    def __init__(self, counted: Iterable[tuple[str, int]]) -> None:
        self._by_length: dict[int, list[Entry]] = defaultdict(list)
        self._counts: dict[str, int] = {}
        for word, count in counted:
            self._counts[word] = count
            if len(word) >= SHORTEST - 1 and word.isalpha():
                self._by_length[len(word)].append(Entry(word, count, _letters(word)))

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, word: str) -> int:
        return self._counts.get(word, 0)

    def corrections(self, word: str, occurrences: int) -> list[str]:
        """Likelier words within one mistake (two in a long word), the nearest and most frequent first.

        `occurrences` is how often the word is written as it is: a word that people use is not corrected.
        """
        if len(word) < SHORTEST or not word.isalpha():
            return []
        most = 2 if len(word) >= TWO_FROM else 1
        least = max(1, occurrences * RARER)
        letters = _letters(word)
        found: list[tuple[int, int, str]] = []
        for length in range(len(word) - most, len(word) + most + 1):
            for entry in self._by_length.get(length, ()):
                # one mistake changes the set of letters by two at most
                if entry.count < least or (entry.letters ^ letters).bit_count() > 2 * most:
                    continue
                distance = edit_distance(word, entry.word, most)
                if 0 < distance <= most:
                    found.append((distance, -entry.count, entry.word))
        found.sort()
        return [corrected for distance, _, corrected in found[:MOST] if distance == found[0][0]]


def _letters(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << ((ord(letter) - _A) & 31)
    return mask


def edit_distance(one: str, other: str, most: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours; `most` + 1 when there are more.

    The restricted Damerau-Levenshtein distance, row by row, given up when a whole row is too far.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, against in enumerate(other, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
