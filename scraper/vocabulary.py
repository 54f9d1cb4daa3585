"""Reads data/vocabulary/*.yml: the phrases by which hospitals mean a thing.

A file maps keys to phrases::

    cv:
      title: Curriculum vitae
      phrases: [curriculum vitae, "resume(s)", CV]
      unless: ["cv joint"]

A phrase is plain words. A blank in it stands for any white space or hyphen. `(s)` is optional, `[a|b]` is a choice and
` ... ` lets up to four other words stand between. A phrase with a capital letter asks for that very case, others take
any. Of several phrases at one place the longest wins; a phrase under `unless` wins for nobody, so that it hides the
shorter one inside it. Regular expressions are not accepted: whoever adds a phrase need not know them, and every
match takes linear time.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

DIRECTORY = Path(__file__).resolve().parent.parent / "data" / "vocabulary"

_WORD = re.compile(r"\w+")
_CUT = re.compile(r"(\w+)")
_PART = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|([^()\[\]]+)")
_BETWEEN = r"[\s\-‐-―/]+"
_GAP = r"(?:[^\w.;!?]+\w+){0,4}?[^\w.;!?]+"


class VocabularyError(ValueError):
    """A vocabulary file that cannot be used; the message names the file, the key and the remedy."""


class Match(NamedTuple):
    """A phrase found in a text: the key it means and where it stands, `text[start:end]`."""

    key: str
    start: int
    end: int


def expand(phrase: str) -> list[str]:
    """Every plain phrase that `phrase` stands for: 'letter(s) [from|of]' gives four."""
    parts: list[list[str]] = []
    for optional, choice, plain in _PART.findall(phrase):
        options = [optional, ""] if optional else choice.split("|") if choice else [plain]
        # An '(s)' inside of a choice is expanded in its turn: '[student(s)|school(s)]'.
        parts.append(
            [word for option in options for word in (expand(option) if choice and "(" in option else [option])]
        )
    return list(dict.fromkeys(" ".join("".join(words).split()) for words in itertools.product(*parts)))


def _token(word: str) -> str:
    """The regular expression of one word of a phrase."""
    escaped = re.sub(r"['’]", "['’`]?", re.sub(r"[^\w'’]", lambda m: re.escape(m[0]), word))
    return escaped if word != word.lower() else f"(?i:{escaped})"


def _words_of(text: str) -> Iterator[tuple[str, int, str]]:
    """The words of `text` in lower case, where each begins, and which comes next ('' behind the last)."""
    lower = text.lower()
    if len(lower) == len(text):
        # What stands between words and the words in turn: cut in one go, without an object for each.
        parts = _CUT.split(lower)
        words = parts[1::2]
        starts: Iterator[int] = itertools.islice(itertools.accumulate(map(len, parts)), 0, None, 2)
    else:  # a letter whose small form is longer
        words = [word[0].lower() for word in _WORD.finditer(text)]
        starts = (word.start() for word in _WORD.finditer(text))
    return zip(words, starts, [*words[1:], ""], strict=False)


def _second_word(phrase: str) -> str:
    """The word that must follow the first of a phrase, '' where none must or it may be spelt in several ways."""
    words = list(itertools.islice(_WORD.finditer(phrase), 2))
    if (
        len(words) < 2
        or "..." in phrase[words[0].end() : words[1].start()]
        or phrase[words[1].end() :][:1] in ("'", "’")
    ):
        return ""
    return words[1][0].lower()


# A sentence is looked through by a dozen vocabularies, and by some of them more than once: what is read of short texts is kept.
_SHORT = 1000
# The phrases of all vocabularies by their first and second word, each group with its vocabulary's name.
_index: dict[str, dict[str, list[tuple[str, _Group]]]] = {}

Places = list[tuple[int, "_Group"]]  # where a phrase of a group may begin, left to right


@lru_cache(maxsize=4096)
def _places(text: str) -> dict[str, Places | tuple[Match, ...]]:
    """Where the phrases of each vocabulary may begin in `text`; `Vocabulary.find` puts in its stead what it found there."""
    places: dict[str, Any] = defaultdict(list)
    for word, start, following in _words_of(text):
        if (seconds := _index.get(word)) is not None:
            for name, group in seconds.get("", ()):
                places[name].append((start, group))
            if following and (groups := seconds.get(following)) is not None:
                for name, group in groups:
                    places[name].append((start, group))
    return places


class _Branch:
    """The phrases that begin with the same words: the words that may follow, and the phrase that ends here.

    Thousands of phrases share few beginnings; as a tree they compile and match many times faster than one by one.
    """

    __slots__ = ("next", "phrase")

    def __init__(self, phrase: str | None = None) -> None:
        self.next: dict[str, _Branch] = {}
        self.phrase = phrase

    def add(self, phrase: str) -> None:
        branch = self
        for word in re.split(r"[\s\-‐-―]+", phrase):
            branch = branch.next.setdefault(word, _Branch())
        branch.phrase = branch.phrase or phrase

    def joined(self, other: _Branch | None) -> _Branch:
        """This branch with what the other holds."""
        if other is None:
            return self
        both = _Branch(self.phrase or other.phrase)
        for word in {**self.next, **other.next}:
            mine, theirs = self.next.get(word), other.next.get(word)
            both.next[word] = mine.joined(theirs) if mine else theirs  # type: ignore[assignment]
        return both

    def expression(self, ends: list[str], joint: str = _BETWEEN) -> str:
        """What may follow, longer phrases before shorter; an empty group marks each end, told in `ends`.

        Only words that begin alike can stand at one place: the longer goes first, and one in a case of its own goes
        before the same in any case and takes along what may follow that.
        """
        choices = []
        for word in sorted(self.next, key=lambda word: (-len(word), word == word.lower())):
            branch = self.next[word]
            if word == "...":
                choices.append(branch.expression(ends, _GAP))
                continue
            if word != word.lower():
                branch = branch.joined(self.next.get(word.lower()))
            choices.append(f"{joint}{_token(word)}{branch.expression(ends)}")
        if self.phrase is not None:
            ends.append(self.phrase)
            choices.append(r"(?!\w)()")
        return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


class _Group:
    """The phrases that begin with the same two words. Most are never met: their expressions are made when they are."""

    def __init__(self) -> None:
        self.plains: list[str] = []

    @cached_property
    def expressions(self) -> list[tuple[re.Pattern[str], list[str]]]:
        """Those without and those with a gap apart, each with the phrase that every mark of an end stands for."""
        made = []
        for group in ([p for p in self.plains if "..." not in p], [p for p in self.plains if "..." in p]):
            if group:
                root = _Branch()
                for plain in group:
                    root.add(plain)
                ends: list[str] = []
                made.append((re.compile(root.expression(ends, "")), ends))
        return made


class Vocabulary:
    """The phrases of one file, ready to be looked for.

    >>> documents = Vocabulary({"cv": {"phrases": ["curriculum vitae", "CV"]}})
    >>> [match.key for match in documents.find("Send your CV and transcript")]
    ['cv']
    """

    def __init__(self, entries: dict[str, dict], source: str = "vocabulary") -> None:
        owner: dict[str, str] = {}
        for key, entry in entries.items():
            if not isinstance(entry, dict) or not isinstance(entry.get("phrases"), list):
                raise VocabularyError(
                    f"{source}: '{key}' has no list of phrases. Write `{key}: {{phrases: [first phrase]}}`."
                )
            for name, phrases in (("phrases", entry["phrases"]), ("unless", entry.get("unless") or [])):
                for phrase in phrases:
                    if not isinstance(phrase, str) or not all(_WORD.match(plain) for plain in expand(phrase)):
                        raise VocabularyError(
                            f"{source}: '{key}': the phrase {phrase!r} must be text that begins with a letter or digit."
                        )
                    if _PART.sub("", phrase):
                        raise VocabularyError(
                            f"{source}: '{key}': the phrase {phrase!r} has a bracket that is not closed or stands inside of another."
                        )
                    for plain in expand(phrase):
                        mine = key if name == "phrases" else ""
                        if owner.setdefault(plain, mine) != mine:
                            raise VocabularyError(
                                f"{source}: '{plain}' stands under '{owner[plain] or 'unless'}' and under '{mine or 'unless'}'. Keep one."
                            )
        self.titles = {key: entry.get("title", key.replace("_", " ").capitalize()) for key, entry in entries.items()}
        self.entries = entries
        self.phrases = owner
        self._groups: dict[str, dict[str, _Group]] = {}  # first word -> second word -> phrases
        for plain in owner:
            if first := _WORD.match(plain):
                seconds = self._groups.setdefault(first[0].lower(), {})
                seconds.setdefault(_second_word(plain), _Group()).plains.append(plain)
        self._name = ""

    def find(self, text: str) -> tuple[Match, ...]:
        """The phrases in `text`, left to right, not overlapping, the longest at each place."""
        if not self._name or len(text) > _SHORT:
            return self._found(text, self._own_places(text))
        places = _places(text)
        found = places.get(self._name, ())
        if type(found) is list:
            found = places[self._name] = self._found(text, found)
        return found  # type: ignore[return-value]

    def _found(self, text: str, places: Iterable[tuple[int, _Group]]) -> tuple[Match, ...]:
        hits: list[tuple[str, int, int]] = []
        phrase, at, end = "", -1, 0
        for start, group in places:
            if start != at:
                if start < end:
                    continue
                phrase, at = "", start
            for expression, ends in group.expressions:
                match = expression.match(text, start)
                if match and match.lastindex and len(ends[match.lastindex - 1]) > len(phrase):
                    if phrase:
                        hits.pop()
                    phrase, end = ends[match.lastindex - 1], match.end()
                    hits.append((phrase, start, end))
        return tuple([Match(key, start, end) for phrase, start, end in hits if (key := self.phrases[phrase])])

    def _own_places(self, text: str) -> Iterator[tuple[int, _Group]]:
        """Where the phrases of this vocabulary alone may begin in `text`."""
        for word, start, following in _words_of(text):
            if (seconds := self._groups.get(word)) is not None:
                for second in ("", following) if following else ("",):
                    if (group := seconds.get(second)) is not None:
                        yield start, group

    def share(self, name: str) -> None:
        """Let `find` look for the phrases together with those of the other vocabularies that are shared."""
        self._name = name
        for word, seconds in self._groups.items():
            for second, group in seconds.items():
                _index.setdefault(word, {}).setdefault(second, []).append((name, group))
        _places.cache_clear()

    def keys_in(self, text: str) -> set[str]:
        """The keys whose phrases stand in `text`."""
        return {match.key for match in self.find(text)}


@cache
def vocabulary(name: str) -> Vocabulary:
    """The vocabulary of data/vocabulary/NAME.yml, read once.

    Raises VocabularyError where the file is missing, is not YAML or holds a phrase twice.
    """
    path = DIRECTORY / f"{name}.yml"
    try:
        entries = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise VocabularyError(
            f"{path}: there is no such vocabulary. The ones there are: {', '.join(names())}."
        ) from None
    except yaml.YAMLError as error:
        raise VocabularyError(f"{path}: not YAML: {error}") from None
    if not isinstance(entries, dict):
        raise VocabularyError(f"{path}: must be a mapping of keys to phrases.")
    made = Vocabulary(entries, source=path.name)
    made.share(name)
    return made


def names() -> list[str]:
    """The names of the vocabularies in data/vocabulary/."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yml"))
