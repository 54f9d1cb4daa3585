"""How running text is cut: white space, sentences, number words. Everything cut stays verbatim, so that it can be a quote."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import attrs

# A full stop ends a sentence when white space and something that can open one follow it. White space is met at its
# beginning only, so that long runs of it cost no more than they are long.
_PLAIN_STOP = re.compile(r"[.!?;][\"')\]”’]*\s+(?=[\"'(\[“‘*•]?[A-Z0-9$])")
_BULLETS = "•▪●◦‣"
_STOP = re.compile(_PLAIN_STOP.pattern + rf"|(?<!\s)\s+[{_BULLETS}]\s+")
# After these a full stop ends nothing (abbreviations as hospitals write them).
_ABBREVIATED = "Dr|Mr|Mrs|Ms|Prof|St|Mt|No|vs|etc|approx|min|max|Dept|Univ|Inc|Ext|ext|Ave|Blvd|Rm|Ste|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
_ABBREVIATED_WORDS = frozenset(_ABBREVIATED.split("|"))
_ABBREVIATION = re.compile(rf"(?:\b(?:{_ABBREVIATED})|\b[A-Z]|\b(?:[A-Za-z]\.)+[A-Za-z]|\be\.g|\bi\.e)\.$")
# ... but 'U.S.' or 'p.m.' does, where a word follows that begins sentences and is no name: 'outside the U.S. The fee is'.
_DOTTED = re.compile(r"\b(?:U\.S(?:\.A)?|[ap]\.m|M\.D|D\.O|Ph\.D)\.$")
_OPENER = re.compile(
    r"(?:The|This|That|These|Those|They|There|It|Its|You|Your|We|Our|If|When|Once|While|Although|However|Please|All|Any|Each|Every|For|To|In|On|At|As|After|Before|Upon|Note)\s"
)

_DIGITS = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15}")

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")

# '&#149;' means a bullet, as browsers read it: the numbers of Windows' characters, which parsers take for controls.
_WINDOWS = {code: char for code in range(0x80, 0xA0) if (char := bytes([code]).decode("windows-1252", "ignore"))}

NUMBER_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "twenty-one": 21, "twenty-four": 24, "twenty-six": 26, "twenty-eight": 28,
    "thirty": 30, "forty": 40, "forty-five": 45, "sixty": 60, "ninety": 90, "a": 1, "an": 1, "single": 1,
}  # fmt: skip


# Unicode's own hyphen, and the one that does not break, as word processors write it ('non\u2011refundable').
_HYPHEN, _HYPHEN_UNBROKEN = ("\u2010", "-"), ("\u2011", "-")


def fold_space(text: str) -> str:
    """`text` with every run of white space (no-break and zero-width spaces included) made one blank, ends stripped.

    What no reader sees goes as well: soft hyphens, joiners and the marks of direction that pasted text carries.
    """
    if text.isprintable() and "  " not in text:
        return text.strip()  # blanks are the only white space that is printable: most texts have nothing to fold
    folded = " ".join(text.split())
    if folded.isascii() or folded.isprintable():
        return folded
    return " ".join(_INVISIBLE.sub("", folded).translate(_WINDOWS).split())


def sentences(text: str) -> list[str]:
    """Cut `text` into sentences, each a verbatim piece of it. Semicolons and bullets part as full stops do."""
    return list(_remembered(text) if len(text) <= _SHORT else _cut(text))


def _cut(text: str) -> tuple[str, ...]:
    bullets = not text.isascii() and has_any(text, _BULLETS)
    # Most labels, headings and entries of lists hold nothing that could end a sentence.
    if not bullets and "." not in text and ";" not in text and "!" not in text and "?" not in text:
        return (whole,) if (whole := text.strip()) else ()
    out, start = [], 0
    for match in (_STOP if bullets else _PLAIN_STOP).finditer(text):
        at, end = match.span()
        mark = text[at]
        if mark == "." and at > 2 and text.startswith("...", at - 3):
            continue  # 'Application fee ........ $150': the dots lead on
        if mark == "." and not _ends(text[max(start, at - 12) : at + 1], text, end):
            continue
        piece = text[start : at if mark.isspace() else end].strip()
        if piece:
            out.append(piece)
        start = end
    rest = text[start:].strip()
    if rest:
        out.append(rest)
    return tuple(out)


# Every stage cuts the same paragraphs: those of the page that is being read are kept.
_SHORT = 2000
_remembered = lru_cache(maxsize=1024)(_cut)


def _ends(before: str, text: str, following: int) -> bool:
    """Does the full stop that `before` ends with end a sentence, given what follows in `text`?"""
    word = before[before.rfind(" ") + 1 : -1]
    if len(word) > 1 and word.isalpha():
        return word not in _ABBREVIATED_WORDS  # nearly all sentences end with a plain word
    if not _ABBREVIATION.search(before):
        return True
    return bool(_DOTTED.search(before) and _OPENER.match(text, following))


def small(text: str) -> str:
    """`text` in small letters and with plain hyphens, character for character, so that what is found there stands at the same
    place in `text`."""
    lower = text.lower()
    if text.isascii():
        return lower
    if len(lower) != len(text):
        lower = "".join(char if len(one := char.lower()) > 1 else one for char in text)
    return lower if lower.isascii() else lower.replace(*_HYPHEN).replace(*_HYPHEN_UNBROKEN)


def has_any(text: str, pieces: Iterable[str]) -> bool:
    """Does one of `pieces` stand in `text`? Many times quicker than a regular expression of them all."""
    for piece in pieces:  # noqa: SIM110  any() costs more than the look itself
        if piece in text:
            return True
    return False


@attrs.frozen
class Gate:
    """A quick look before the long one: do the words that a rule reads stand in a text of small letters at all?

    `pieces` say so wherever they stand, also within a word. What has to stand alone or in a certain form is left to
    `pattern`, which is only asked where one of `hints` stands.
    """

    pieces: tuple[str, ...]
    hints: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None

    def opens(self, lower: str) -> bool:
        """Is the long look worth its time?"""
        for piece in self.pieces:
            if piece in lower:
                return True
        return self.pattern is not None and has_any(lower, self.hints) and self.pattern.search(lower) is not None


def number(word: str) -> float | None:
    """The number that '4', 'four', '1,250.50' or 'a' stands for, None for other words."""
    word = word.strip().lower().replace(",", "")
    if word in NUMBER_WORDS:
        return float(NUMBER_WORDS[word])
    return float(word) if _DIGITS.fullmatch(word) else None
