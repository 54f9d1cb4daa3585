"""Whose fact is it? The audience of a sentence: its own words first, then its column, its lead, its headings, nearest first."""

from __future__ import annotations

from scraper.items import Audience, Block
from scraper.vocabulary import vocabulary


def audience_in(text: str) -> Audience | None:
    """The audience that `text` names: 'us', 'international', 'any' where it names both, None where it names none."""
    keys = vocabulary("audiences").keys_in(text)
    us, international = "us_student" in keys, "international_student" in keys
    if us and international:
        return "any"
    return "international" if international else "us" if us else None


def audience_of(block: Block, sentence: str = "") -> Audience:
    """Whose fact `sentence` of `block` states, 'any' where nothing near it says."""
    for text in (sentence, block.lead, *reversed(block.headings)):
        if text and (audience := audience_in(text)):
            return audience
    return "any"
