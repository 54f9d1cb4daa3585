"""Offer."""

from __future__ import annotations

from pipelines import Stage
from scraper.items import Block, Fact


def find_offer(blocks: list[Block]) -> list[Fact]:
    return []


class OfferStage(Stage):
    find = staticmethod(find_offer)
