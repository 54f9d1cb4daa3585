"""Fees."""

from __future__ import annotations

from pipelines import Stage
from scraper.items import Block, Fact


def find_fees(blocks: list[Block]) -> list[Fact]:
    return []


class FeesStage(Stage):
    find = staticmethod(find_fees)
