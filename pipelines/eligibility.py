"""Eligibility."""

from __future__ import annotations

from pipelines import Stage
from scraper.items import Block, Fact


def find_eligibility(blocks: list[Block]) -> list[Fact]:
    return []


class EligibilityStage(Stage):
    find = staticmethod(find_eligibility)
