"""Quick looks before long ones: which rules can find anything in a text at all?"""

from __future__ import annotations

from collections.abc import Iterable

from ahocorasick_rs import BytesAhoCorasick, Implementation


class Gates:
    """Tells of which rules a word stands in a text. One automaton looks for the words of all of them: a fifth of the time that a
    look for each word takes.

    >>> gates = Gates([["fee", "cost"], ["housing"]])
    >>> gates.open("housing is at your own cost") == 0b11, gates.open("welcome")
    (True, 0)
    """

    def __init__(self, rules: Iterable[Iterable[str]]) -> None:
        """`rules`: of each the words, in small letters; they count wherever they stand, also within a word."""
        bits: dict[str, int] = {}
        for number, words in enumerate(rules):
            for word in words:
                bits[word] = bits.get(word, 0) | 1 << number
        self._bits = list(bits.values())
        whole = [word.encode() for word in bits]
        self._find = BytesAhoCorasick(whole, implementation=Implementation.DFA).find_matches_as_indexes

    def open(self, lower: str) -> int:
        """The rules of which a word stands in `lower`, a bit for each, the first one's the lowest."""
        found = 0
        for index, _, _ in self._find(lower.encode("utf-8", "replace"), overlapping=True):
            found |= self._bits[index]
        return found
