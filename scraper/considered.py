"""What stages looked at and did not take: a side channel for `usce extract --explain` that is off in every other run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import attrs

from scraper.items import Block

MOST_PASSED = 5000  # of one page: a hostile one shall not fill the memory


@attrs.frozen
class Passed:
    """A text that a stage looked at for `field` and did not take, and the name of the rule by which it did not."""

    field: str
    text: str
    reason: str
    headings: tuple[str, ...] = ()


_considered: ContextVar[list[Passed] | None] = ContextVar("considered", default=None)


def passed_over(field: str, block: Block | None, text: str, reason: str) -> None:
    """Note, for `usce extract --explain`, that `text` of `block` was not taken for `field`; `reason` is the name of a rule."""
    considered = _considered.get()
    if considered is not None and len(considered) < MOST_PASSED:
        considered.append(Passed(field, text, reason, block.headings if block else ()))


def is_explained() -> bool:
    """Does anybody ask? For reasons that cost something to tell."""
    return _considered.get() is not None


@contextmanager
def explaining() -> Iterator[list[Passed]]:
    """Gather what the stages pass over meanwhile.

    >>> with explaining() as considered:
    ...     passed_over("fees", None, "covers $1,000,000 per claim", "insurance_limit")
    >>> considered[0].reason
    'insurance_limit'
    """
    considered: list[Passed] = []
    token = _considered.set(considered)
    try:
        yield considered
    finally:
        _considered.reset(token)
