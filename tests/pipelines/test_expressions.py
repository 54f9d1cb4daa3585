"""Regular expressions that look at the first letter before anything else, '(?=[abc])(?:…)', name the letters of all their choices."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string
from collections.abc import Iterator
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import pipelines
import scraper

EVERY = frozenset(string.printable)


def expressions() -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Of every choice of the expressions of all rooms of rules that begins with a look at one letter: that look, and the rest."""
    for room in (pipelines, scraper):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if found.name.startswith(("scraper.site", "scraper.cli")):
                continue
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    for (code, what), *rest in _choices(list(_parser.parse(value.pattern, value.flags))):
                        if code is op.ASSERT and what[0] == 1 and len(what[1]) == 1:
                            yield f"{found.name}.{name}", list(what[1]), rest


def _choices(items: list[Any]) -> list[list[Any]]:
    """The choices of an expression that is nothing but choices, else the one that it is."""
    if len(items) == 1 and items[0][0] is op.BRANCH:
        return [list(choice) for choice in items[0][1][1] if choice]
    return [items] if items else []


def _begins(items: list[Any]) -> tuple[set[str], bool]:
    """The printable letters that `items` may begin with, and whether they may be empty."""
    letters: set[str] = set()
    for code, what in items:
        own, empty = _of(code, what)
        letters |= own
        if not empty:
            return letters, False
    return letters, True


def _of(code: Any, what: Any) -> tuple[set[str], bool]:
    if code is op.LITERAL:
        return {chr(what)}, False
    if code is op.BRANCH:
        choices = [_begins(list(choice)) for choice in what[1]]
        return set().union(*(letters for letters, _ in choices)), any(empty for _, empty in choices)
    if code is op.SUBPATTERN:
        return _begins(list(what[3]))
    if code in (op.MAX_REPEAT, op.MIN_REPEAT):
        letters, empty = _begins(list(what[2]))
        return letters, empty or what[0] == 0
    if code in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return set(), True
    return {letter for letter in EVERY if _stands_for(code, what, letter)}, False


def _stands_for(code: Any, what: Any, letter: str) -> bool:
    """May `letter` be met by a set of letters or a class of them?"""
    if code is op.ANY:
        return True
    if code is op.NOT_LITERAL:
        return letter != chr(what)
    if code is not op.IN:
        return False
    members = [(kind, value) for kind, value in what if kind is not op.NEGATE]
    return any(_is_in(kind, value, letter) for kind, value in members) is not (len(members) < len(what))


def _is_in(kind: Any, value: Any, letter: str) -> bool:
    """Is `letter` the letter, or one of the range or class?"""
    if kind is op.LITERAL:
        return letter == chr(value)
    if kind is op.RANGE:
        return bool(value[0] <= ord(letter) <= value[1])
    return (
        re.match({op.CATEGORY_DIGIT: r"\d", op.CATEGORY_SPACE: r"\s", op.CATEGORY_WORD: r"\w"}[value], letter)
        is not None
    )


@pytest.mark.parametrize(
    ("looked_for", "rest"), [pytest.param(look, rest, id=name) for name, look, rest in expressions()]
)
def test_the_letters_that_are_looked_for_first_are_those_of_every_choice(
    looked_for: list[Any], rest: list[Any]
) -> None:
    first = {letter.lower() for letter in _begins(looked_for)[0]}
    assert not {letter.lower() for letter in _begins(rest)[0]} - first
