"""How running text is cut: white space, sentences, number words. Everything cut stays verbatim, so that it can be a quote."""

from __future__ import annotations

import re

_SPACE = re.compile(r"\s+")
# A full stop ends a sentence when white space and something that can open one follow it.
_STOP = re.compile(r"[.!?;][\"')\]”’]*\s+(?=[\"'(\[“‘*•]?[A-Z0-9$])|\s+[•▪●◦‣]\s+")
# After these a full stop ends nothing (abbreviations as hospitals write them).
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|Mt|No|vs|etc|approx|min|max|Dept|Univ|Inc|Ext|ext|Ave|Blvd|Rm|Ste|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
    r"|\b[A-Z]|\b(?:[A-Za-z]\.)+[A-Za-z]|\be\.g|\bi\.e)\.$"
)

NUMBER_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "eighteen": 18, "twenty": 20,
    "thirty": 30, "forty": 40, "forty-five": 45, "sixty": 60, "ninety": 90, "a": 1, "an": 1, "single": 1,
}  # fmt: skip


def fold_space(text: str) -> str:
    """`text` with every run of white space (no-break and zero-width spaces included) made one blank, ends stripped."""
    return _SPACE.sub(" ", text.replace("\u200b", "").replace("\ufeff", "")).strip()


def sentences(text: str) -> list[str]:
    """Cut `text` into sentences, each a verbatim piece of it. Semicolons and bullets part as full stops do."""
    out, start = [], 0
    for match in _STOP.finditer(text):
        end = match.end() if match[0][0].isspace() else match.start() + 1
        if match[0][0] == "." and _ABBREVIATION.search(text[max(start, match.start() - 12) : match.start() + 1]):
            continue
        piece = text[start : match.start() if match[0][0].isspace() else match.end()].strip()
        if piece:
            out.append(piece)
        start = max(end, match.end())
    rest = text[start:].strip()
    if rest:
        out.append(rest)
    return out


def number(word: str) -> float | None:
    """The number that '4', 'four', '1,250.50' or 'a' stands for, None for other words."""
    word = word.strip().lower().replace(",", "")
    if word in NUMBER_WORDS:
        return float(NUMBER_WORDS[word])
    try:
        return float(word)
    except ValueError:
        return None
