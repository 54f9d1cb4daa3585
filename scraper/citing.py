"""How to cite what is shown: a program by its institution, its page and the day on which that was read; the whole dataset."""

from __future__ import annotations

from scraper.wording import day_words

NAME = "USCE Atlas"


def cite_program(institution: str, program: str, url: str, read: str) -> str:
    """'Alderbrook Hospital. Visiting Students. https://… (read on March 1, 2026, by USCE Atlas).'

    `read` is a day or a time, ISO 8601.
    """
    return f"{institution.rstrip('.')}. {program.rstrip('.')}. {url} (read on {day_words(read[:10], None)}, by {NAME})."


def cite_dataset(title: str, newest: str) -> str:
    """The same for the dataset; `newest` is the time of its newest reading, '' where it holds none."""
    state = f" State of {day_words(newest[:10], None)}." if newest else ""
    return f"{title}.{state} Compiled by {NAME} from public pages of US hospitals and medical schools."
