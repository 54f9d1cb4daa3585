"""Contacts."""

from __future__ import annotations

from pipelines import Stage
from scraper.items import Block, Fact


def find_contacts(blocks: list[Block]) -> list[Fact]:
    return []


class ContactsStage(Stage):
    find = staticmethod(find_contacts)
