"""Blocks cut into statements: one sentence or line each, with the words that introduce it.

'Application deadline<br>June 30' and 'How much is it? $300' each say one thing in two pieces; the second piece means nothing
without the first. A `Statement` keeps the two together, so that stages can read amounts and dates that stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import attrs

from scraper.items import Block
from scraper.text import sentences

MAX_LABEL = 90
_ASKING = ("?", ":")  # how a sentence ends that introduces the next
MAX_STATEMENT = 2000
ANSWER_MARK = r"(?:A(?:nswer)?[:.]\s*)?"  # what lists of questions set before an answer: 'A: Yes'
MAX_QUOTE = 300
# For rules that weigh a phrase by what stands around it.
LONGEST = 2500  # characters of a sentence that are judged together
WHOLE = 150_000  # characters of a block that are read; no real one is longer


@attrs.define(eq=False)  # not frozen: they are made by the hundred, and freezing doubles what that costs
class Statement:
    """A sentence or line of `block`, verbatim; `label` is the line, question or short block right before it, '' if none."""

    block: Block
    text: str
    label: str = ""

    @property
    def lead(self) -> str:
        """The sentence that introduces the list which the block belongs to; a paragraph is introduced by its label only."""
        return self.block.lead if self.block.kind == "item" else ""

    @property
    def context(self) -> tuple[str, ...]:
        """What introduces the statement, nearest first: label, lead, then the two headings right above."""
        return tuple(text for text in (self.label, self.lead, *reversed(self.block.headings[-2:])) if text)


def _is_label(text: str) -> bool:
    return len(text) <= MAX_LABEL and not text.endswith((".", "!", ";"))


# 'Fees. $50 to apply': a word or two in front of a line, as its head
_HEAD = re.compile(r"[A-Z][\w’'-]*(?: (?:[\w’'-]+|&)){0,2}\.")
_LONGEST_HEAD = 32


def _introduces(piece: str, first: bool) -> bool:
    """Does a piece introduce the next: a question, what ends with a colon, the head of a line?"""
    return piece.endswith(_ASKING) or (first and len(piece) <= _LONGEST_HEAD and _HEAD.fullmatch(piece) is not None)


def _cut_down(text: str) -> Iterator[str]:
    """`text` in pieces of bounded length, so that no page, however hostile, makes a rule look far."""
    while len(text) > MAX_STATEMENT:
        cut = text.rfind(" ", 1, MAX_STATEMENT)
        cut = cut if cut > 0 else MAX_STATEMENT
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text


_SENTENCE_BEFORE = re.compile(r"[.!?]\s+(?=[A-Z])")


def last_sentence(text: str) -> str:
    """What introduces a list is the sentence right before it."""
    return _SENTENCE_BEFORE.split(text)[-1]


def statements(blocks: Iterable[Block]) -> Iterator[Statement]:
    """The statements of `blocks` in reading order; table rows are left to the stages, titles out."""
    return iter(_statements(tuple(blocks)))


def statements_of(block: Block) -> Iterator[Statement]:
    """The statements of one block by itself: they are not remembered, so that those of the page are."""
    return iter(_cut((block,)))


@lru_cache(maxsize=2)  # several stages ask for those of the page that is being read; blocks are told apart by identity
def _statements(blocks: tuple[Block, ...]) -> tuple[Statement, ...]:
    return tuple(_cut(blocks))


def _cut(blocks: Iterable[Block]) -> list[Statement]:
    found: list[Statement] = []
    before = ""
    for block in blocks:
        if block.kind in ("title", "row"):
            before = ""
            continue
        label, text = before, block.text
        before = ""
        if "\n" not in text:
            _add_line(found, block, block.sentences, label)
            if block.kind in ("paragraph", "heading") and _is_label(text):
                before = text
            continue
        for line in text.split("\n"):
            label = _add_line(found, block, sentences(line), label)
            if line and _is_label(line):
                label = line
    return found


def _add_line(found: list[Statement], block: Block, line: Iterable[str], label: str) -> str:
    """Add the statements of a line, given as its sentences, to those `found`; what introduces the next line is given back."""
    first = True
    for sentence in line:
        for piece in (sentence,) if len(sentence) <= MAX_STATEMENT else _cut_down(sentence):
            found.append(Statement(block, piece, label))
            label = piece if len(piece) <= MAX_LABEL and _introduces(piece, first) else ""
            first = False
    return label


def judged_pieces(block: Block) -> list[str]:
    """The pieces of a block that are judged one by one: its sentences, cut at line breaks; a heading or title as it is.

    None is longer than LONGEST, so that what is looked for around each phrase stays linear on hostile pages.
    """
    pieces = [block.text] if block.kind in ("heading", "title") else block.sentences
    if "\n" in block.text:
        pieces = [line for piece in pieces for line in piece.split("\n") if line.strip()]
    if len(block.text) <= LONGEST:
        return pieces
    return [piece[i : i + LONGEST] for piece in pieces for i in range(0, len(piece), LONGEST)][: WHOLE // LONGEST]


def quote(text: str, start: int = 0, end: int = 0) -> str:
    """`text`, or where it is long the piece of at most MAX_QUOTE characters around `text[start:end]`, cut at blanks."""
    if len(text) <= MAX_QUOTE:
        return text
    room = max(0, MAX_QUOTE - (end - start))
    left = max(0, start - room * 2 // 3)
    right = min(len(text), left + MAX_QUOTE)
    left = max(0, right - MAX_QUOTE)
    if left and (blank := text.find(" ", left, start)) > 0:
        left = blank + 1
    if right < len(text) and (blank := text.rfind(" ", end, right)) > 0:
        right = blank
    return text[left:right].strip()
