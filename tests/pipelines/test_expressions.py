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


def expressions() -> Iterator[tuple[str, re.Pattern[str]]]:
    """The expressions of all rooms of rules that begin with a look at one letter."""
    for room in (pipelines, scraper):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if found.name.startswith(("scraper.site", "scraper.cli")):
                continue
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str) and _letters(value) is not None:
                    yield f"{found.name}.{name}", value


def _letters(expression: re.Pattern[str]) -> Any:
    """What is looked at first, None where nothing is."""
    first = next(iter(_parser.parse(expression.pattern, expression.flags)))
    return first[1][1] if first[0] is op.ASSERT and first[1][0] == 1 and len(first[1][1]) == 1 else None


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
    for kind, value in what:
        if kind is op.LITERAL and letter == chr(value):
            return True
        if kind is op.RANGE and value[0] <= ord(letter) <= value[1]:
            return True
        if (kind is op.CATEGORY and value is op.CATEGORY_DIGIT and letter.isdigit()) or (
            kind is op.CATEGORY and value is op.CATEGORY_SPACE and letter.isspace()
        ):
            return True
    return False


@pytest.mark.parametrize(("name", "expression"), [pytest.param(*one, id=one[0]) for one in expressions()])
def test_the_letters_that_are_looked_for_first_are_those_of_every_choice(
    name: str, expression: re.Pattern[str]
) -> None:
    looked_for, _ = _begins(list(_letters(expression)))
    rest = list(_parser.parse(expression.pattern, expression.flags))[1:]
    letters, _ = _begins(rest)
    assert not {letter.lower() for letter in letters} - {letter.lower() for letter in looked_for}
