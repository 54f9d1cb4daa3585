"""Documents."""

from __future__ import annotations

from pipelines import Stage
from scraper.items import Block, Fact


def find_documents(blocks: list[Block]) -> list[Fact]:
    return []


class DocumentsStage(Stage):
    find = staticmethod(find_documents)
