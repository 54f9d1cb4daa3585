"""`usce extract --explain`: why a page gives the facts that it gives, and why it gives no others.

The tool with which a maintainer mends a rule. Stages tell what they looked at and did not take (`scraper.considered`); where no stage says anything of a field, the words that announce it are
looked for in data/vocabulary/, so that text which no rule reads is seen as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import attrs
from rich.console import Console
from rich.padding import Padding
from rich.text import Text
from scrapy.utils.misc import load_object

from scraper.considered import Passed, explaining
from scraper.items import FIELD, FIELDS, HOSPITAL_SETTINGS, Block, Fact, Field, Page
from scraper.record import choose, value_text
from scraper.vocabulary import vocabulary
from scraper.wording import value_words

MOST_SHOWN = 3  # texts shown for a field without a fact
LONGEST_TEXT = 240
RELEVANCE = "pipelines.relevance"  # the kernel imports no stage: it is loaded by name, as Scrapy does


# What announces a field, where no stage says anything: vocabularies with their keys (none named = all), and plain words.
_ANNOUNCED: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "program_types": (("program_types", ()),),
    "audiences": (("audiences", ()),),
    "accepts_international": (
        ("audiences", ("international_student", "visitor_abroad", "offshore", "abroad", "everyone")),
    ),
    "status": (("offer", ("closed", "refusing", "open")),),
    "vslo": (("offer", ("vslo",)),),
    "toefl_ibt_min": (("eligibility", ("english_test",)),),
    "ielts_min": (("eligibility", ("english_test",)),),
    "english_proficiency_required": (("eligibility", ("english_test", "english_skill")),),
    "usmle_step1_required": (("eligibility", ("step1", "usmle")),),
    "visas": (("visas", ()), ("documents", ("visa_copy", "visa_bare"))),
    "visa_sponsored": (("visas", ()), ("documents", ("visa_copy", "visa_bare"))),
    "final_year_required": (("eligibility", ("final_year", "earlier_year")),),
    "core_clerkships_required": (("eligibility", ("core",)),),
    "affiliation_required": (("eligibility", ("agreement", "partner")),),
    "letters_required": (("eligibility", ("letter",)),),
    "fees": (("fees", ("application", "program", "deposit", "other", "money", "free")),),
    "deadlines": (("deadlines", ("opens", "closes", "window", "rolling")),),
    "documents": (("documents", ()),),
    "specialties": (("specialties", ()),),
    "compensation": (("offer", ("unpaid", "paid", "pay", "stipend")),),
    "certificate_offered": (("offer", ("certificate",)),),
    "recommendation_offered": (("offer", ("recommendation",)),),
    "interview_required": (("guide", ("interview",)),),
    "hospital_settings": (("guide", HOSPITAL_SETTINGS),),
    "mentorship_offered": (("guide", ("mentor",)),),
    "housing": (("guide", ("lodging",)),),
    "who_pays": (("guide", ("living_costs", "tuition")),),
    "home_school_applies": (("guide", ("nominate",)),),
    "malpractice_provided": (("guide", ("malpractice",)),),
    "health_insurance_provided": (("guide", ("health_insurance",)),),
}
_WORDS: dict[str, tuple[str, ...]] = {
    "toefl_ibt_min": ("toefl", "ibt"),
    "ielts_min": ("ielts",),
    "visa_sponsored": ("visa", "ds-2019", "i-20", "sponsor"),
    "visas": ("visa", "esta"),
    "good_standing_required": ("standing",),
    "affiliation_required": ("affiliat", "agreement"),
    "fees": ("$", "usd", " fee", "tuition"),
    "deadlines": ("deadline", "apply by", "in advance", "prior to"),
    "duration_weeks_min": (" week", "-week", " month", " days", "duration"),
    "duration_weeks_max": (" week", "-week", " month", " days", "duration"),
    "total_weeks_max": ("maximum", "no more than", "total of", "up to"),
    "emails": ("@", "e-mail", "email"),
    "phones": ("phone", "telephone", "call "),
}


def announcing(field: str, blocks: Iterable[Block]) -> Iterator[Passed]:
    """The sentences of `blocks` with words that announce `field`, in reading order."""
    for block in blocks:
        words = [word for word in _WORDS.get(field, ()) if word in block.lower]
        named = not words and any(_names(block.text[:2000], *source) for source in _ANNOUNCED.get(field, ()))
        if block.kind == "title" or not (words or named):
            continue
        for sentence in block.sentences[:200]:
            low = sentence[:2000].lower()
            hit = next((word.strip() for word in words if word in low), "")
            hit = hit or next((word for source in _ANNOUNCED.get(field, ()) if (word := _names(low, *source))), "")
            if hit:
                yield Passed(field, sentence, f"no rule reads a value beside '{hit}'", block.headings)


def _names(text: str, name: str, keys: tuple[str, ...]) -> str:
    """The first words of `text` that a vocabulary has under one of `keys`, '' where there are none."""
    for match in vocabulary(name).find(text):
        if not keys or match.key in keys:
            return text[match.start : match.end]
    return ""


class Reading(Protocol):
    """What reads a page through all stages: `scraper.reading.Reader`."""

    def read(self, page: Page) -> Page: ...


@attrs.frozen
class Missing:
    """A field without a fact, and the texts nearest to one."""

    field: Field
    nearest: tuple[Passed, ...]
    more: int = 0  # texts beyond those


@attrs.frozen
class Explanation:
    """What one page gave and why: its facts by field, in conflict or not; the fields without one; the evidence on relevance."""

    page: Page
    facts: dict[str, tuple[Fact, ...]]
    losers: frozenset[int]  # id() of facts that another was chosen over
    missing: tuple[Missing, ...]
    besides: tuple[Missing, ...]  # of fields with several values: what was looked at and not taken beside them
    evidence: tuple[Any, ...]
    bias: float
    threshold: float


def explain(page: Page, reader: Reading, fields: Iterable[str] = ()) -> Explanation:
    """Read `page` and tell why it gives what it gives; `fields` narrows it to some."""
    with explaining() as considered:
        reader.read(page)
    wanted = tuple(fields) or tuple(FIELD)
    facts: dict[str, tuple[Fact, ...]] = {}
    losers: set[int] = set()
    missing: list[Missing] = []
    besides: list[Missing] = []
    for field in FIELDS:
        if field.name not in wanted:
            continue
        found = tuple(page.facts_of(field.name))
        if found:
            facts[field.name] = found
            refused = tuple(dict.fromkeys(passed for passed in considered if passed.field == field.name))
            if field.kind in ("set", "fees", "deadlines") and refused:
                besides.append(Missing(field, refused[:MOST_SHOWN], max(0, len(refused) - MOST_SHOWN)))
            if field.kind in ("bool", "number", "choice"):
                losers.update(id(fact) for fact in choose(field, found)[1])
        elif page.relevant:
            nearest = _nearest(field.name, considered, page.blocks)
            missing.append(Missing(field, nearest[:MOST_SHOWN], max(0, len(nearest) - MOST_SHOWN)))
    evidence, bias, stage = (load_object(f"{RELEVANCE}.{name}") for name in ("evidence", "BIAS", "RelevanceStage"))
    reasons = tuple(evidence(page.title, page.blocks)) if page.blocks else ()
    return Explanation(page, facts, frozenset(losers), tuple(missing), tuple(besides), reasons, bias, stage.threshold)


def _nearest(field: str, considered: list[Passed], blocks: list[Block]) -> tuple[Passed, ...]:
    """What was looked at for a field: what a rule refused by name, else the sentences that announce the field."""
    refused = [passed for passed in considered if passed.field == field]
    return tuple(dict.fromkeys(refused or announcing(field, blocks)))


# -- how it is shown ------------------------------------------------------------------------------------------------------


def show(explanation: Explanation, console: Console) -> None:
    """Print an explanation: in colours on a terminal, as plain lines elsewhere."""
    page = explanation.page
    _line(console, Text(page.url, "bold underline"))
    if page.title:
        _line(console, Text(page.title, "bold"))
    _show_relevance(explanation, console)
    for name, facts in explanation.facts.items():
        console.print()
        _line(console, Text(f"{FIELD[name].title} ({name})", "bold cyan"))
        for fact in facts:
            _show_fact(fact, id(fact) in explanation.losers, console)
    for title, group in (
        ("Looked at besides, and not taken", explanation.besides),
        ("Fields without a fact", explanation.missing),
    ):
        if group:
            console.print()
            _line(console, Text(title, "bold magenta"))
        for missing in group:
            _show_missing(missing, console)
    console.print()


def _line(console: Console, text: Text, indent: int = 0) -> None:
    """One line; on a terminal it is folded and stays indented, elsewhere it is left whole, so that it can be searched."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True, highlight=False)


def _show_relevance(explanation: Explanation, console: Console) -> None:
    page = explanation.page
    if not page.blocks:
        why = "its text is fetched by script: it needs a browser" if page.needs_browser else "no text was found in it"
        _line(console, Text(f"Not read: {why}.", "red"))
        return
    total = explanation.bias + sum(reason.weight for reason in explanation.evidence)
    chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
    verdict = "about a program" if page.relevant else "not about a program"
    text = Text(verdict, "bold green" if page.relevant else "bold red")
    text.append(
        f": {page.relevance_score:.2f} (from {explanation.threshold:g} on a page is); "
        f"{explanation.bias:+.1f} at the start, {total:+.1f} with the evidence, which makes {chance:.2f}",
        "none",
    )
    _line(console, text)
    for reason in explanation.evidence:
        line = Text(f"{reason.weight:+.1f} ", "green" if reason.weight > 0 else "red")
        line.append(reason.name, "none")
        if reason.words:
            line.append(f"  “{_short(reason.words)}”", "italic")
        _line(console, line, 2)
    if not explanation.evidence:
        _line(console, Text("no words for or against it", "dim"), 2)


def _show_fact(fact: Fact, loser: bool, console: Console) -> None:
    line = Text("• ").append(value_words(fact.field, value_text(fact.value)), "bold")
    line.append(f"  {fact.rule or 'no rule'} · {fact.confidence:.2f}", "dim")
    if fact.audience != "any":
        line.append(f" · for {fact.audience} applicants", "yellow")
    if loser:
        line.append(" · in conflict: another value was chosen", "red")
    _line(console, line, 2)
    _line(console, Text(f"“{_short(fact.quote)}”", "italic"), 4)
    if fact.headings:
        _line(console, Text("under " + " › ".join(fact.headings), "dim"), 4)


def _show_missing(missing: Missing, console: Console) -> None:
    line = Text(f"{missing.field.title} ({missing.field.name})", "cyan")
    if not missing.nearest:
        _line(console, line.append(": no words on the page announce it", "dim"), 2)
        return
    _line(console, line, 2)
    for passed in missing.nearest:
        reason = passed.reason if " " in passed.reason else passed.reason.replace("_", " ")
        _line(console, Text("– ").append(reason, "yellow").append(f": “{_short(passed.text)}”", "italic"), 4)
        if passed.headings:
            _line(console, Text("under " + " › ".join(passed.headings), "dim"), 6)
    if missing.more:
        _line(console, Text(f"and {missing.more} more", "dim"), 4)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
