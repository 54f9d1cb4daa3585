"""Duration."""

from __future__ import annotations

from pipelines import Stage
from scraper.items import Block, Fact


def find_duration(blocks: list[Block]) -> list[Fact]:
    return []


class DurationStage(Stage):
    find = staticmethod(find_duration)
