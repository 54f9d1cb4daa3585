"""The answer for the command line: as tables, and as JSON with the words that prove each finding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from rich.console import Group as Lines
from rich.markup import escape
from rich.padding import Padding

from scraper.database import open_database
from scraper.matching.checks import Finding
from scraper.matching.load import Proof, programs, proofs, proofs_of
from scraper.matching.person import SORTS, AnswersError, of_answers
from scraper.matching.verdicts import GROUPS, MEANINGS, Matches, Verdict, advice, match
from scraper.wording import count

_SIGNS = {"yes": "[green]✓[/green]", "open": "[cyan]?[/cyan]", "no": "[red]✕[/red]"}


@attrs.frozen
class Answer:
    """What was found, and the readings that the shown programs rest on."""

    matches: Matches
    proofs: dict[str, list[Proof]]


def ask(database: Path, answers: Mapping[str, Sequence[str]], limit: int, today: dt.date | None = None) -> Answer:
    """The answer of a database to a person's answers. Raises AnswersError where these cannot be used."""
    today = today or dt.date.today()
    errors: dict[str, str] = {}
    sort = next(iter(answers.get("sort", ())), "deadline")
    if sort not in SORTS:
        errors["sort"] = f"Choose one of {', '.join(SORTS)}."
    try:
        person = of_answers(answers, today)
    except AnswersError as error:
        raise AnswersError({**error.errors, **errors}) from None
    if errors:
        raise AnswersError(errors)
    db = open_database(database)
    try:
        found = match(person, programs(db.conn), today, sort="cost" if sort == "cost" else "deadline", limit=limit)
        shown = [verdict for verdicts in found.shown.values() for verdict in verdicts]
        return Answer(found, proofs(db.conn, shown))
    finally:
        db.close()


def record(answer: Answer) -> dict[str, Any]:
    """The answer as JSON can hold it."""
    found = answer.matches
    groups: dict[str, Any] = {group: [_program(answer, verdict) for verdict in found.shown[group]] for group in GROUPS}
    return {"date": found.today.isoformat(), "counts": dict(found.counts), "left_out": found.left_out, **groups}


def _program(answer: Answer, verdict: Verdict) -> dict[str, Any]:
    facts, price, when = verdict.facts, verdict.cost, verdict.timing
    return {
        "id": facts.id,
        "program": facts.name,
        "institution": facts.institution,
        "city": facts.city,
        "state": facts.state,
        "url": facts.url,
        "last_read": facts.last_seen,
        "unreachable_since": facts.stale_since,
        "cost": {
            "weeks": price.weeks,
            "at_least_usd": price.low,
            "at_most_usd": price.high,
            "in_words": price.words,
            "parts": [part.words for part in price.parts],
            "not_stated": list(price.missing),
        },
        "apply_by": when.apply_by.isoformat() if when.apply_by else None,
        "when_to_apply": when.words,
        "opens": when.opens.isoformat() if when.opens else None,
        "findings": [_finding(answer, verdict, finding) for finding in verdict.findings],
        "advice": advice(answer.matches.person, verdict) or None,
    }


def _finding(answer: Answer, verdict: Verdict, finding: Finding) -> dict[str, Any]:
    readings = proofs_of(finding, answer.proofs[verdict.facts.id], answer.matches.person.audience)
    return {
        "criterion": finding.criterion,
        "outcome": finding.outcome,
        "stated": finding.stated,
        "in_words": finding.words,
        "proof": [
            {"quote": one.quote, "says": one.in_words, "page_url": one.page_url, "read": one.read} for one in readings
        ],
    }


def tables(answer: Answer) -> Iterator[Any]:
    """The answer as it is printed."""
    found = answer.matches
    for group, title in GROUPS.items():
        shown, number = found.shown[group], found.counts[group]
        more = f", the first {len(shown)} of them" if len(shown) < number else ""
        yield f"\n[bold]{title}: {count(number, 'program')}[/bold]{more}\n[dim]{MEANINGS[group]}[/dim]"
        for verdict in shown:
            yield Padding(_lines(answer, verdict), (1, 0, 0, 2))
    if found.left_out:
        yield f"\n{count(found.left_out, 'program')} of other types or in other states left out."
    yield "\n[dim]Read from the hospitals' pages by a program: ask the hospital before you decide or pay.[/dim]"


def _lines(answer: Answer, verdict: Verdict) -> Lines:
    facts, when = verdict.facts, verdict.timing
    place = ", ".join(filter(None, (facts.city, facts.state)))
    lines = [
        f"[bold]{escape(facts.name)}[/bold] · {escape(facts.institution)}{escape(' · ' + place) if place else ''}",
        f"{count(verdict.cost.weeks, 'week')}: {verdict.cost.words} · {escape(when.words)}",
    ]
    for finding in verdict.reasons:
        lines.append(f"{_SIGNS[finding.outcome]} {finding.title}: {escape(finding.words)}")
        readings = proofs_of(finding, answer.proofs[facts.id], answer.matches.person.audience)
        if readings and readings[0].quote:
            quote = " ".join(readings[0].quote.split())
            lines.append(f"  [dim]“{escape(quote[:160])}{'…' if len(quote) > 160 else ''}”[/dim]")
    if hint := advice(answer.matches.person, verdict):
        lines.append(f"  {hint}")
    lines.append(f"[dim]{escape(facts.url)}[/dim]")
    return Lines(*lines)
