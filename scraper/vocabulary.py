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

import bisect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import yaml
from ahocorasick_rs import BytesAhoCorasick, Implementation

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times quicker, where it is there

DIRECTORY = Path(__file__).resolve().parent.parent / "data" / "vocabulary"

_WORD = re.compile(r"\w+")
_PART = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|([^()\[\]]+)")
_BETWEEN = r"[\s\-‐-―/]+"
_JOINT = re.compile(_BETWEEN)
_ODD_JOINT = re.compile(r"[^\S ]|[\-‐-―/]")  # what may stand for a blank
_BLANKS = re.compile(r"  +")
_PLAIN = re.compile(r"\w+(?:[ -]\w+)*")  # a phrase of words and nothing else
_GAP = r"(?:[^\w.;!?]+\w+){0,4}?[^\w.;!?]+"
_APOSTROPHES = re.compile("[’`]")
_NO_WORD = re.compile(r"\W")
_ALONE = bytes(code if chr(code).isalnum() or chr(code) == "_" else 32 for code in range(128)).ljust(256)


class VocabularyError(ValueError):
    """A vocabulary file that cannot be used; the message names the file, the key and the remedy."""


class Match(NamedTuple):
    """A phrase found in a text: the key it means and where it stands, `text[start:end]`."""

    key: str
    start: int
    end: int


_match = partial(tuple.__new__, Match)  # half of what a call of the class costs


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


# A sentence is looked through by a dozen vocabularies, and by some of them more than once: what is read of short texts is kept.
_SHORT = 1000


def _even(text: str) -> tuple[str, Callable[[int], int] | None]:
    """`text` made even for the search, in small letters and with one blank for whatever may part the words of a phrase;
    and what tells where a place in it is in `text`, None where it is the same."""
    lower = text.lower()
    if len(lower) != len(text):  # the small form of a few letters is longer
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    if lower.isascii() and lower.isprintable():
        even = lower.replace("-", " ").replace("/", " ")
    else:
        even = _ODD_JOINT.sub(" ", _APOSTROPHES.sub("'", lower))
    if "  " not in even:
        return even, None
    ends, gone = [], [0]
    for run in _BLANKS.finditer(even):
        gone.append(gone[-1] + run.end() - run.start() - 1)
        ends.append(run.end() - gone[-1])
    return _BLANKS.sub(" ", even), lambda place: place + gone[bisect.bisect_right(ends, place)]


def _seeds(phrase: str) -> Iterator[str]:
    """The even texts of which one stands wherever `phrase` does: the first three words of what is words alone, else all up
    to a gap."""
    if _PLAIN.fullmatch(phrase):
        yield " ".join(phrase.lower().replace("-", " ").split(" ", 3)[:3])
        return
    even = _even(phrase.partition("...")[0])[0].strip()
    parts = even.split("'")
    # An apostrophe may be left out, but not within the first word.
    kept = 1 if len(parts) > 1 and parts[1][:1].isalnum() and _WORD.fullmatch(parts[0]) else 0
    for marks in itertools.product(("'", ""), repeat=len(parts) - 1 - kept):
        yield "".join(itertools.chain(*zip(parts, ["'"] * kept + [*marks, ""], strict=True)))


def _alone(even: str) -> bytes:
    """An even text, a byte for each letter, with a blank for whatever is of no word and one more at both ends, so that a word
    stands alone where blanks do beside it. Letters of which a byte cannot tell are all the same."""
    if even.isascii():
        return b" %b " % even.encode("ascii").translate(_ALONE)
    return b" %b " % _NO_WORD.sub(" ", even).encode("latin-1", "replace")


def _behind_gap(phrase: str) -> str:
    """The longest word behind the first gap of `phrase`, without which it stands nowhere; '' where there is none without a mark."""
    words = [word for word in _JOINT.split(phrase.partition("...")[2].lower()) if word.isalnum()]
    return max(words, key=len, default="")


class _End(NamedTuple):
    """What may end at a word, in one vocabulary."""

    key: str  # '' for a phrase under `unless`
    rank: int  # of several at one place the highest wins
    words: tuple[tuple[int, str], ...] = ()  # those in a case of their own, and where they begin in the phrase
    # Of phrases that are more than words: with an empty group at the end of each, and their keys and ranks.
    expression: re.Pattern[str] | None = None
    ends: tuple[tuple[str, int], ...] = ()


class _Step:
    """A word of phrases: which may follow, and by vocabulary what ends here."""

    __slots__ = ("ends", "next", "of", "plain")

    def __init__(self) -> None:
        self.next: dict[str, _Step] = {}
        self.ends: dict[int, list[_End]] = {}  # by the vocabulary's bit
        self.plain: dict[
            int, tuple[str, int]
        ] = {}  # where that is one phrase in any case: its key, its rank below zero
        self.of = 0  # the vocabularies of `ends`, a bit for each

    def to(self, words: list[str]) -> _Step:
        """The step that `words` lead to."""
        step = self
        for word in words:
            step = step.next.setdefault(word.lower(), _Step())
        return step


class _Beginning(NamedTuple):
    """What begins with a seed."""

    seed: str  # '' for a word: where it stands alone nothing else can
    step: _Step
    gaps: tuple[tuple[frozenset[str], _Step], ...]  # phrases with a gap, and the words of which one stands behind it
    behind: str  # the seed, where it is such a word


class _Found:
    """Where phrases may stand in a text, and by vocabulary which do, as far as it was asked for."""

    __slots__ = ("at", "matches", "of", "places")

    def __init__(self, places: list[tuple[int, int, _Step]], of: int, at: Callable[[int], int] | None) -> None:
        self.places = places
        self.of = of  # the vocabularies whose phrases these are, a bit for each
        self.at = at
        self.matches: dict[int, tuple[Match, ...]] = {}


_NOTHING = _Found([], 0, None)


class _Index:
    """The phrases of some vocabularies, looked for all at once: Aho and Corasick's automaton finds where they may begin."""

    def __init__(self, vocabularies: Iterable[Vocabulary]) -> None:
        self.bits: dict[str, int] = {}
        self.keys: dict[str, dict[str, str]] = {}
        seeds: dict[str, list[tuple[str, str]]] = {}
        self.behind_gaps: set[str] = set()
        for number, words in enumerate(vocabularies):
            self.bits[words.name] = 1 << number
            self.keys[words.name] = words.phrases
            for phrase in words.phrases:
                for seed in _seeds(phrase):
                    seeds.setdefault(seed, []).append((words.name, phrase))
                if "..." in phrase and (behind := _behind_gap(phrase)):
                    self.behind_gaps.add(behind)
        for behind in sorted(self.behind_gaps):
            seeds.setdefault(behind, [])
        # With the blanks beside them seeds are found where they stand alone only, and the automaton passes over most letters.
        self.find = BytesAhoCorasick(
            map(_alone, seeds), implementation=Implementation.ContiguousNFA
        ).find_matches_as_indexes
        self.seeds = list(seeds.items())
        # Most are never met, and are made ready when they are.
        self.ready: list[_Beginning | None] = [None] * len(self.seeds)
        self.remembered = lru_cache(maxsize=4096)(self.read)

    def _beginning(self, index: int) -> _Beginning:
        """What may follow a seed, and what it is."""
        seed, owners = self.seeds[index]
        first = _Step()
        odd: dict[tuple[str, bool], list[str]] = {}
        gaps: list[tuple[frozenset[str], _Step]] = []

        def end(step: _Step, name: str, what: _End) -> None:
            bit = self.bits[name]
            ends = step.ends.setdefault(bit, [])
            ends.append(what)
            step.of |= bit
            if len(ends) == 1 and not what.words and what.expression is None:
                step.plain[bit] = (what.key, -what.rank)
            else:
                step.plain.pop(bit, None)

        for name, phrase in owners:
            if not _PLAIN.fullmatch(phrase):
                odd.setdefault((name, "..." in phrase), []).append(phrase)
                continue
            words = _JOINT.split(phrase)
            starts = itertools.accumulate((len(word) + 1 for word in words), initial=0)
            cased = tuple((at, word) for at, word in zip(starts, words, strict=False) if word != word.lower())
            # A phrase in a case of its own goes before the same in any case, and whoever asks for more goes first.
            rank = len(phrase) * 64 + min(63, len(cased) + 1)
            end(first.to(words[3:]), name, _End(self.keys[name][phrase], rank, cased))
        for (name, gap), phrases in odd.items():
            root = _Branch()
            for phrase in phrases:
                root.add(phrase)
            ends: list[str] = []
            expression = re.compile(root.expression(ends, ""))
            step = first
            if gap and all(behind_gap := [_behind_gap(phrase) for phrase in phrases]):
                step = _Step()
                gaps.append((frozenset(behind_gap), step))
            end(step, name, _End("", 0, (), expression, tuple((self.keys[name][own], len(own) * 64) for own in ends)))
        plain = "" if _WORD.fullmatch(seed) else seed
        behind = seed if seed in self.behind_gaps else ""
        self.ready[index] = beginning = _Beginning(plain, first, tuple(gaps), behind)
        return beginning

    def read(self, text: str) -> _Found:
        """Where phrases may stand in `text`."""
        even, at = _even(text)
        ready, last, of = self.ready, len(even), 0
        places: list[tuple[int, int, _Step]] = []
        gapped: list[tuple[int, int, tuple[tuple[frozenset[str], _Step], ...]]] = []
        behind_gaps: set[str] = set()
        for index, start, end in self.find(_alone(even), overlapping=True):
            seed, step, gaps, behind = ready[index] or self._beginning(index)
            if behind:
                behind_gaps.add(behind)
            if seed and not even.startswith(seed, start):
                continue  # 'students, visiting' is no 'students visiting'
            end -= 2  # the blanks at both ends
            if gaps:
                gapped.append((start, end, gaps))
            if step.of:
                places.append((start, end, step))
                of |= step.of
            while step.next and end != last and even[end] == " ":
                word = _WORD.match(even, end + 1)
                if word is None or (following := step.next.get(word[0])) is None:
                    break
                step, end = following, word.end()
                if step.of:
                    places.append((start, end, step))
                    of |= step.of
        if behind_gaps:
            for start, end, gaps in gapped:
                for any_of, step in gaps:
                    if not any_of.isdisjoint(behind_gaps):
                        places.append((start, end, step))
                        of |= step.of
        return _Found(places, of, at) if places else _NOTHING

    def choose(self, bit: int, text: str, found: _Found) -> tuple[Match, ...]:
        """The phrases of one vocabulary among what was found in `text`, left to right, not overlapping."""
        may_be: list[tuple[int, int, int, str]] = []  # where one begins, its rank below zero, where it ends, key
        at = found.at
        for start, end, step in found.places:
            if not step.of & bit:
                continue
            begin, stop = (start, end) if at is None else (at(start), at(end))
            if (plain := step.plain.get(bit)) is not None:
                may_be.append((begin, plain[1], stop, plain[0]))
                continue
            for key, rank, words, expression, told in step.ends[bit]:
                if words and not all([text.startswith(word, at(start + n) if at else start + n) for n, word in words]):  # noqa: C419  a generator costs more
                    continue
                if expression is not None:
                    match = expression.match(text, begin)
                    if match is None or not match.lastindex:
                        continue
                    (key, rank), stop = told[match.lastindex - 1], match.end()
                may_be.append((begin, -rank, stop, key))
        if len(may_be) < 2:
            return tuple([_match((key, begin, stop)) for begin, _, stop, key in may_be if key])
        may_be.sort()
        matches, behind = [], 0
        for begin, _, stop, key in may_be:
            if begin >= behind:  # of several that begin at one place the first is the highest
                behind = stop
                if key:
                    matches.append(_match((key, begin, stop)))
        return tuple(matches)


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
        self.name = source

    def find(self, text: str) -> tuple[Match, ...]:
        """The phrases in `text`, left to right, not overlapping, the longest at each place."""
        index, bit = self._index, self._bit
        found = (index.remembered if len(text) <= _SHORT else index.read)(text)
        if not found.of & bit:
            return ()
        matches = found.matches.get(bit)
        if matches is None:
            matches = found.matches[bit] = index.choose(bit, text, found)
        return matches

    @cached_property
    def _index(self) -> _Index:
        return _Index([self])

    @cached_property
    def _bit(self) -> int:
        return self._index.bits[self.name]

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
    return Vocabulary(entries, source=path.name)


def names() -> list[str]:
    """The names of the vocabularies in data/vocabulary/."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yml"))


# Vocabularies in which few texts of a page are looked up, or none: what they alone hold would be found in every text for nothing.
_BY_THEMSELVES = frozenset(
    (
        "agencies", "agency_links", "answers", "catalogs", "chrome", "heading_words", "links", "offer_money", "offer_status",
        "offer_sums", "programs", "study_years",
    )
)  # fmt: skip


@cache
def look_for_all() -> None:
    """Let every vocabulary look for the phrases of all from now on, but for a few: each text is searched once, not once by each of them.

    For a process that reads whole pages. It takes half a second, which whoever needs one vocabulary alone can spare.
    """
    every = [vocabulary(name) for name in names() if name not in _BY_THEMSELVES]
    index = _Index(every)
    for words in every:
        words._index, words._bit = index, index.bits[words.name]
