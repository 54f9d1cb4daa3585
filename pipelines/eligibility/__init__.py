"""Who may come, and what is asked of them: audiences, English, exams, visas, stage of study, standing, agreements, letters.

Each module reads one concern from the same passages, and names its rules; `find_eligibility` puts them together.
"""

from __future__ import annotations

from collections import Counter

from pipelines import Stage
from pipelines.eligibility.agreements import find_agreements
from pipelines.eligibility.exams import find_exams
from pipelines.eligibility.letters import find_letters
from pipelines.eligibility.passages import read_passages
from pipelines.eligibility.people import find_people
from pipelines.eligibility.stages import find_stages
from pipelines.eligibility.visas import find_visas
from scraper.items import Block, Fact

MAX_EVIDENCE = 5  # passages kept as evidence of one and the same statement

__all__ = ["EligibilityStage", "find_eligibility"]


def find_eligibility(blocks: list[Block]) -> list[Fact]:
    """The facts of eligibility that `blocks` state."""
    passages = read_passages(blocks)
    facts: list[Fact] = []
    said: Counter[tuple[str, object, str]] = Counter()
    for find in (find_people, find_exams, find_visas, find_stages, find_agreements, find_letters):
        for fact in find(passages):
            said[key := (fact.field, fact.value, fact.audience)] += 1
            if said[key] <= MAX_EVIDENCE:
                facts.append(fact)
    return facts


class EligibilityStage(Stage):
    """Adds the facts of eligibility."""

    find = staticmethod(find_eligibility)
