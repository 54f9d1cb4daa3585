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
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times quicker, where it is there

DIRECTORY = Path(__file__).resolve().parent.parent / "data" / "vocabulary"

_WORD = re.compile(r"\w+")
_CUT = re.compile(r"(\w+)")
_PART = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|([^()\[\]]+)")
_BETWEEN = r"[\s\-‐-―/]+"
_JOINT = re.compile(_BETWEEN)
_PLAIN = re.compile(r"\w+(?:[ -]\w+)*")  # a phrase of words and nothing else
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


def _second_word(phrase: str) -> str:
    """The word that must follow the first of a phrase, '' where none must or it may be spelt in several ways."""
    if _PLAIN.fullmatch(phrase):
        return phrase.replace("-", " ").split(" ", 2)[1].lower() if " " in phrase or "-" in phrase else ""
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


class _Beginning(dict[str, dict[str, "_Group"]]):
    """The phrases that begin with the same word, by their second one ('' where none has to follow), and by vocabulary.

    Most words are never met: the phrases are parted when theirs is, until then there is nothing here.
    """

    __slots__ = ("phrases",)

    def __init__(self) -> None:
        self.phrases: list[tuple[str, str]] = []  # (name of the vocabulary, phrase)

    def add(self, name: str, phrase: str) -> None:
        self.phrases.append((name, phrase))
        self.clear()

    def part(self) -> _Beginning:
        for name, phrase in self.phrases:
            self.setdefault(_second_word(phrase), {}).setdefault(name, _Group()).plains.append(phrase)
        return self


_Index = dict[str, _Beginning]
_index: _Index = {}  # of all vocabularies


class _Reading:
    """A text cut into words, and where phrases may begin in it."""

    __slots__ = ("behind", "found", "places", "starts", "text", "words")

    def __init__(self, text: str, index: _Index) -> None:
        self.text = text
        lower = text.lower()
        # What stands between words and the words in turn: cut in one go, without an object for each.
        parts = _CUT.split(lower if len(lower) == len(text) else text)  # the small form of a few letters is longer
        words = parts[1::2] if len(lower) == len(text) else [word.lower() for word in parts[1::2]]
        self.words = words
        self.found: dict[str, tuple[Match, ...]] = {}  # by vocabulary, as far as it was asked for
        # At which word phrases may begin, left to right, and those by vocabulary.
        self.places: list[tuple[int, dict[str, _Group]]] = []
        for at, (word, following) in enumerate(zip(words, [*words[1:], ""], strict=False)):
            if (beginning := index.get(word)) is not None:
                parted = beginning or beginning.part()
                if (groups := parted.get("")) is not None:
                    self.places.append((at, groups))
                if following and (groups := parted.get(following)) is not None:
                    self.places.append((at, groups))
        if self.places:
            self.starts = list(itertools.accumulate(map(len, parts)))[:-1:2]  # where each word begins
            self.behind = parts[2::2]  # what stands behind each


_reading = lru_cache(maxsize=4096)(lambda text: _Reading(text, _index))


class _Step:
    """A word of phrases in plain words: which may follow, and the phrases that end here, in any case or in their very own."""

    __slots__ = ("cased", "next", "phrase")

    def __init__(self) -> None:
        self.next: dict[str, _Step] = {}
        self.phrase = ""
        self.cased: list[tuple[str, list[tuple[int, str]]]] = []  # the phrase, its words in a case of their own

    def add(self, phrase: str) -> None:
        step = self
        words = _JOINT.split(phrase)
        for word in words[1:]:
            step = step.next.setdefault(word.lower(), _Step())
        if phrase == phrase.lower():
            step.phrase = step.phrase or phrase
        else:
            step.cased.append((phrase, [(n, word) for n, word in enumerate(words) if word != word.lower()]))
            step.cased.sort(key=lambda cased: -len(cased[1]))  # whoever asks for more goes first


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
    """The phrases of a vocabulary that begin with the same two words. Most are never met: they are made ready when they are."""

    def __init__(self) -> None:
        self.plains: list[str] = []

    @cached_property
    def steps(self) -> _Step:
        """The phrases in plain words, behind their first one."""
        first = _Step()
        for plain in self.plains:
            if _PLAIN.fullmatch(plain):
                first.add(plain)
        return first

    @cached_property
    def expressions(self) -> list[tuple[re.Pattern[str], list[str]]]:
        """The other phrases, without and with a gap apart, each with the phrase that every mark of an end stands for."""
        made = []
        others = [plain for plain in self.plains if not _PLAIN.fullmatch(plain)]
        for group in ([p for p in others if "..." not in p], [p for p in others if "..." in p]):
            if group:
                root = _Branch()
                for plain in group:
                    root.add(plain)
                ends: list[str] = []
                made.append((re.compile(root.expression(ends, "")), ends))
        return made

    def longest(self, reading: _Reading, at: int) -> tuple[str, int]:
        """The longest phrase that begins with word `at`, and where it ends in the text; '' where none does."""
        text, words, starts, behind = reading.text, reading.words, reading.starts, reading.behind
        phrase, last = "", at
        step, word = self.steps, at
        while True:
            if step.phrase:
                phrase, last = step.phrase, word
            for cased, exact in step.cased:
                if len(cased) >= len(phrase) and all(text.startswith(own, starts[at + n]) for n, own in exact):
                    phrase, last = cased, word
                    break
            if not step.next:
                break
            between = behind[word]
            word += 1
            if word == len(words) or (following := step.next.get(words[word])) is None:
                break
            if between != " " and not _JOINT.fullmatch(between):
                break
            step = following
        end = starts[last] + len(words[last])
        for expression, ends in self.expressions:
            match = expression.match(text, starts[at])
            if match and match.lastindex and len(ends[match.lastindex - 1]) > len(phrase):
                phrase, end = ends[match.lastindex - 1], match.end()
        return phrase, end


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
                    plains = expand(phrase) if isinstance(phrase, str) else [""]
                    if not all(map(_WORD.match, plains)):
                        raise VocabularyError(
                            f"{source}: '{key}': the phrase {phrase!r} must be text that begins with a letter or digit."
                        )
                    if _PART.sub("", phrase):
                        raise VocabularyError(
                            f"{source}: '{key}': the phrase {phrase!r} has a bracket that is not closed or stands inside of another."
                        )
                    for plain in plains:
                        mine = key if name == "phrases" else ""
                        if owner.setdefault(plain, mine) != mine:
                            raise VocabularyError(
                                f"{source}: '{plain}' stands under '{owner[plain] or 'unless'}' and under '{mine or 'unless'}'. Keep one."
                            )
        self.titles = {key: entry.get("title", key.replace("_", " ").capitalize()) for key, entry in entries.items()}
        self.entries = entries
        self.phrases = owner
        self._name = ""

    def find(self, text: str) -> tuple[Match, ...]:
        """The phrases in `text`, left to right, not overlapping, the longest at each place."""
        if not self._name or len(text) > _SHORT:
            return self._found(_Reading(text, self._own), "own")
        reading = _reading(text)
        found = reading.found.get(self._name)
        if found is None:
            found = reading.found[self._name] = self._found(reading, self._name)
        return found

    def _found(self, reading: _Reading, name: str) -> tuple[Match, ...]:
        hits: list[tuple[str, int, int]] = []
        phrase, before, end = "", -1, 0
        for at, groups in reading.places:
            if name not in groups:
                continue
            start = reading.starts[at]
            if at != before:
                if start < end:
                    continue
                phrase, before = "", at
            longest, its_end = groups[name].longest(reading, at)
            if len(longest) > len(phrase):
                if phrase:
                    hits.pop()
                phrase, end = longest, its_end
                hits.append((phrase, start, end))
        return tuple([Match(key, start, end) for phrase, start, end in hits if (key := self.phrases[phrase])])

    @cached_property
    def _own(self) -> _Index:
        """The phrases of this vocabulary alone by their first word: for texts too long to look for all at once."""
        index: _Index = {}
        self._add_to(index, "own")
        return index

    def _add_to(self, index: _Index, name: str) -> None:
        for plain in self.phrases:
            first = _WORD.match(plain)
            if first:
                index.setdefault(first[0].lower(), _Beginning()).add(name, plain)

    def share(self, name: str) -> None:
        """Let `find` look for the phrases together with those of the other vocabularies that are shared."""
        self._name = name
        self._add_to(_index, name)
        _reading.cache_clear()

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
        entries = yaml.load(path.read_text("utf-8"), _Loader)
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
