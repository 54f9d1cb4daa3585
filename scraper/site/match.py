"""'Match me': where a person fits, may fit, does not fit and why, from what the pages state.

The answers are sent by POST, so that they stand in no address, no history and no log, and are used for one answer only.
A POST that changes nothing and tells nothing about anybody but its sender needs no token against forgery, and a token
would need a cookie: plugins/usce_atlas.py tells Datasette to ask for none here.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from datasette.app import Datasette
from datasette.utils.asgi import Base400, Request, Response
from dateutil.relativedelta import relativedelta

from scraper.matching import Index, Matches, Person, match
from scraper.matching import person as words
from scraper.matching.load import Proof, programs, proofs, proofs_of
from scraper.matching.verdicts import GROUPS, MEANINGS, Verdict, advice
from scraper.site.app import Meta, Routes, atlas, page
from scraper.site.search import CHOICE
from scraper.site.snapshot import Snapshot, current
from scraper.vocabulary import VocabularyError, vocabulary
from scraper.wording import dollars

SHOWN = 10  # programs of each group
SHOWN_MORE = 100
MONTHS = 24  # start months to choose from
MOST_BYTES = 16_384  # of a form: a hundred times what a filled one has

META = Meta(
    "Match me: where you fit, where you may fit, and why not elsewhere",
    "Tell what you have: year, tests, visa, budget, weeks. See which programs at US hospitals fit, with cost and deadline. Nothing is stored.",
    "/match",
)
_LOADING = asyncio.Lock()
_READING: set[asyncio.Task[Index]] = set()  # holds on to tasks, which nobody else does
_KEY = "programs for matching"


async def index_of(datasette: Datasette, snapshot: Snapshot) -> Index:
    """All programs as facts, read once a snapshot."""
    if _KEY not in snapshot.memo:
        async with _LOADING:
            if _KEY not in snapshot.memo:
                snapshot.memo[_KEY] = await atlas(datasette).execute_fn(lambda db: Index.of(programs(db)))
    return snapshot.memo[_KEY]


async def answers_of(request: Request) -> dict[str, list[str]]:
    """The form's answers. A body that is too long for one is not read to its end."""
    body = b""
    more = True
    while more:
        message = await request.receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            raise Base400("That is more than this form can hold.")
    return parse_qs(body.decode("utf-8", "replace"), max_num_fields=200)


def months(today: dt.date) -> list[tuple[str, str]]:
    """The months to choose from: value and name."""
    firsts = (today.replace(day=1) + relativedelta(months=number) for number in range(MONTHS))
    return [(f"{day:%Y-%m}", f"{day:%B %Y}") for day in firsts]


@cache
def specialty_names() -> list[str]:
    """The usual names of the specialties, offered while typing."""
    try:
        return sorted(set(vocabulary("specialties").titles.values()))
    except VocabularyError:
        return []


def told(person: Person) -> list[str]:
    """The answers in a few words each, for the line above the results."""
    parts = [words.WHO[person.who].removeprefix("a ").capitalize(), f"school {words.SCHOOLS[person.school]}"]
    if person.year and person.who == "student":
        parts.append(words.YEARS[person.year])
    parts += [f"TOEFL {person.toefl:g}"] if person.toefl is not None else []
    parts += [f"IELTS {person.ielts:g}"] if person.ielts is not None else []
    parts += ["Step 1 passed" if person.step1 else "no Step 1"] if person.step1 is not None else []
    if person.visa:
        parts.append("no visa needed" if person.visa == words.NO_VISA else person.visa)
    parts += [f"{person.weeks:g} weeks"] if person.weeks is not None else []
    parts += [f"from {dt.date.fromisoformat(person.start + '-01'):%B %Y}"] if person.start else []
    parts += [f"at most {dollars(person.budget)}"] if person.budget else []
    parts += [person.specialty] if person.specialty else []
    parts += [CHOICE["type"].titles[kind].lower() for kind in person.types]
    return parts + list(person.states)


async def form(datasette: Datasette, request: Request) -> Response:
    """The empty form."""
    return await answer(datasette, request, {})


async def results(datasette: Datasette, request: Request) -> Response:
    """The form as it was filled in, and the programs."""
    return await answer(datasette, request, await answers_of(request))


async def handle(datasette: Datasette, request: Request) -> Response:
    """GET gives the form, POST the answer. While the form is filled in, the programs are read."""
    if request.method == "POST":
        return await results(datasette, request)
    task = asyncio.create_task(index_of(datasette, await current(datasette)))
    _READING.add(task)
    task.add_done_callback(_READING.discard)
    return await form(datasette, request)


async def answer(datasette: Datasette, request: Request, given: dict[str, list[str]]) -> Response:
    """The page: form, and results where the answers can be used."""
    snapshot = await current(datasette)
    today = snapshot.day
    context: dict[str, Any] = {"found": None, "errors": {}, "told": []}
    if given:
        try:
            person = words.of_answers(given, today)
        except words.AnswersError as error:
            context["errors"] = error.errors
        else:
            sort = "cost" if given.get("sort") == ["cost"] else "deadline"
            more = given.get("more", [""])[0]
            index = await index_of(datasette, snapshot)
            found, known = await atlas(datasette).execute_fn(lambda db: matched(db, person, index, today, sort, more))
            context |= {
                "found": found,
                "told": told(person),
                "sort": sort,
                "proofs_of": lambda verdict, finding: proofs_of(finding, known[verdict.facts.id], person.audience),
                "advice": lambda verdict: advice(person, verdict),
            }
    response = await page(
        datasette,
        request,
        "atlas/match.html",
        META,
        200 if not context["errors"] else 400,
        given=given,
        groups=GROUPS,
        meanings=MEANINGS,
        words=words,
        types=CHOICE["type"].titles,
        states=sorted(value for value in snapshot.values["state"] if len(value) == 2),
        months=months(today),
        specialties=specialty_names(),
        **context,
    )
    # Shown again on 'back' by the browser that has it; kept by nothing in between.
    response.headers["cache-control"] = "private, no-cache" if given else "no-cache"
    return response


def matched(
    connection: sqlite3.Connection, person: Person, index: Index, today: dt.date, sort: Any, more: str
) -> tuple[Matches, dict[str, list[Proof]]]:
    """The programs in groups, and the words that prove what is shown of them."""
    found = match(person, index, today, sort=sort, limit=SHOWN_MORE if more in GROUPS else SHOWN)
    shown: list[Verdict] = []
    for group, verdicts in found.shown.items():
        del verdicts[SHOWN if group != more else SHOWN_MORE :]
        shown += verdicts
    return found, proofs(connection, shown)


ROUTES: Routes = [(r"^/match$", handle)]
