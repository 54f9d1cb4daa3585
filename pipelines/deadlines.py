"""Deadlines."""

from __future__ import annotations

from pipelines import Stage
from scraper.items import Block, Fact


def find_deadlines(blocks: list[Block]) -> list[Fact]:
    return []


class DeadlinesStage(Stage):
    find = staticmethod(find_deadlines)
