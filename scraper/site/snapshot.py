"""What the site's lists are made from, held in memory, so that a page with all its counts costs the same at 50,000 programs.

A snapshot holds one bit a program for every value of every filter (a Python integer is the row of bits): choosing values
is 'and' and 'or' of such rows, a count is the number of bits that are set. Bit i is the program with the i-th name. The facts
that a page shows are read from the database; the snapshot only says which programs, how many, in which order.

It is made anew when the database file changes or the day does. A small database is read again at once; of a large one
the last snapshot is shown while the next is being made, a few seconds behind a crawl that writes at the same time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import attrs
from datasette.app import Datasette

from scraper.site.app import Row, atlas
from scraper.site.search import CHOICES, LIMIT_COLUMN, UNKNOWN, Filters, canonical_specialty, search_expression

AT_ONCE = 0.4  # seconds: a snapshot that takes longer to make is made in the background
MEMO = 64  # searches whose hits are kept
RANKED = 2_000  # hits are put in order of relevance up to this number; beyond, a search is too wide for it to matter

_COLUMNS = (
    "id, program, institution, city, state, international_students, status, vslo, final_year_required, affiliation_required,"
    " usmle_step1_required, english_proficiency_required, housing, recommendation_offered,"
    " mentorship_offered, interview_required, institution_kind, institution_id, stated_cost_4_weeks, toefl_ibt_min, ielts_min,"
    " next_deadline, apply_ahead, rolling, last_read, unreachable_since, search_id, latitude, longitude"
)
# What agencies sell is not among the hospitals' own programs: it stands on a page of its own (agencies.py).
_NO_AGENCY = " where coalesce(institution_kind, '') <> 'agency'"
_NO_AGENCY_DATES = " where institution_id not in (select id from institutions where kind = 'agency')"
_INSTITUTIONS = (
    "select i.id, i.name, i.kind, i.parent, i.city, i.state, i.latitude, i.longitude, i.website, i.vslo_host,"
    " v.outcome, v.crawl_id, v.finished_at, v.pages"
    " from institutions i left join (select institution_id, outcome, max(crawl_id) as crawl_id, finished_at, pages"
    " from crawl_hosts group by institution_id) v on v.institution_id = i.id order by i.name collate nocase"
)


@attrs.define(eq=False)
class Snapshot:
    """The programs of one moment. `rows[i]` is the program of bit i; `values[filter][value]` its programs as bits."""

    day: dt.date
    about: dict[str, str]
    rows: list[Row]
    values: dict[str, dict[str, int]]
    orders: dict[str, list[int]]
    numbers: dict[str, tuple[list[float], list[int]]]
    upcoming: list[Row]
    institutions: list[Row]
    crawls: list[Row]
    every: int
    position: dict[int, int]  # search_id -> bit
    memo: dict[Any, Any] = attrs.field(
        factory=dict
    )  # what pages work out of it once: charts, the map, hits of a search

    # --- which programs ---

    def find(self, filters: Filters, words: int | None = None, without: str = "") -> int:
        """The programs that fit, as bits. `words` are those that the search finds; one filter may be left out."""
        bits = self.every if words is None else words
        for name, values in filters.chosen.items():
            if name != without:
                bits &= self.any_of(name, values)
        for name in filters.limits:
            if name != without:
                bits &= self.within(name, filters)
        return bits

    def any_of(self, name: str, values: list[str]) -> int:
        """The programs that have one of `values`."""
        bits = 0
        for value in values:
            bits |= self.values[name].get(value, 0)
        return bits

    def within(self, name: str, filters: Filters) -> int:
        """The programs whose number is not above the limit, and, unless left out, those that state none."""
        amounts, positions = self.numbers[name]
        key = (name, filters.limits[name])
        if (bits := self.memo.get(key)) is None:
            bits = self.remember(key, to_bits(positions[: bisect_right(amounts, filters.limits[name])], len(self.rows)))
        return bits | self.unstated(name) if filters.unstated else bits

    def unstated(self, name: str) -> int:
        if (bits := self.memo.get(("unstated", name))) is None:
            bits = self.every & ~to_bits(self.numbers[name][1], len(self.rows))
            self.memo["unstated", name] = bits
        return bits

    def remember(self, key: Any, thing: Any) -> Any:
        """Keep what was worked out for a visitor's wish; what is oldest makes room."""
        asked = self.memo.setdefault("asked", {})
        asked[key] = self.memo[key] = thing
        if len(asked) > MEMO:
            oldest = next(iter(asked))
            asked.pop(oldest)
            self.memo.pop(oldest, None)
        return thing

    def ordered(self, bits: int, sort: str) -> list[int]:
        """The bits that are set, in an order."""
        text = f"{bits:b}"[::-1]
        text += "0" * (len(self.rows) - len(text))
        return [i for i in self.orders[sort] if text[i] == "1"]

    def ids(self, positions: list[int]) -> list[str]:
        return [self.rows[position]["id"] for position in positions]

    def counts(self, name: str, bits: int) -> Iterator[tuple[str, int]]:
        """For each value of a filter the number of programs among `bits` that have it."""
        for value, having in self.values[name].items():
            if number := (having & bits).bit_count():
                yield value, number

    def once(self, key: str, make: Any) -> Any:
        """What `make(self)` gives, worked out once a snapshot."""
        if key not in self.memo:
            self.memo[key] = make(self)
        return self.memo[key]


def to_bits(positions: list[int], length: int) -> int:
    """Positions as a row of bits."""
    marks = bytearray(b"0") * (length or 1)
    for position in positions:
        marks[length - 1 - position] = 49
    return int(marks, 2)


def read(connection: sqlite3.Connection, day: dt.date) -> Snapshot:
    """Make a snapshot of the database."""
    programs = _rows(connection, f"select {_COLUMNS} from program_overview{_NO_AGENCY}")
    programs.sort(key=lambda row: (row["institution"].casefold(), row["program"].casefold(), row["id"]))
    at = {row["id"]: number for number, row in enumerate(programs)}
    sets: dict[str, dict[str, list[int]]] = {choice.name: defaultdict(list) for choice in CHOICES}
    for choice in CHOICES:
        found = sets[choice.name]
        if choice.values_of is not None:
            for number, row in enumerate(programs):
                for value in choice.values_of(row, day) or (UNKNOWN,):
                    found[value].append(number)
            continue
        table, column = choice.member
        stating = set()
        for identifier, value in connection.execute(f"select program_id, {column} from {table}"):
            if (number := at.get(identifier, -1)) >= 0:
                found[canonical_specialty(value) if choice.name == "specialty" else value].append(number)
                stating.add(number)
        found[UNKNOWN].extend(number for number in range(len(programs)) if number not in stating)
    length = len(programs)
    numbers = {}
    for name, column in LIMIT_COLUMN.items():
        pairs = sorted((row[column], number) for number, row in enumerate(programs) if row[column] is not None)
        numbers[name] = ([amount for amount, _ in pairs], [number for _, number in pairs])
    return Snapshot(
        day=day,
        about={str(name): str(text) for name, text in connection.execute("select property, value from about")},
        rows=programs,
        values={name: {v: to_bits(p, length) for v, p in found.items() if p} for name, found in sets.items()},
        orders={
            "institution": list(range(length)),
            "deadline": sorted(range(length), key=lambda i: (programs[i]["next_deadline"] or "9", i)),
            "fee": sorted(range(length), key=lambda i: (_number(programs[i]["stated_cost_4_weeks"]), i)),
            "read": sorted(range(length), key=lambda i: programs[i]["last_read"] or "", reverse=True),
        },
        numbers=numbers,
        upcoming=_rows(
            connection, f"select * from upcoming_deadlines{_NO_AGENCY_DATES} order by date, institution, program"
        ),
        institutions=_rows(connection, _INSTITUTIONS),
        crawls=_rows(connection, "select * from crawls order by id desc limit 12"),
        every=(1 << length) - 1,
        position={row["search_id"]: number for number, row in enumerate(programs)},
    )


def _number(amount: float | None) -> float:
    return float("inf") if amount is None else amount


def _rows(connection: sqlite3.Connection, sql: str) -> list[Row]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# --- keeping it fresh ------------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class _Keeper:
    """The snapshot of one running site."""

    snapshot: Snapshot | None = None
    stamp: tuple[Any, ...] = ()
    took: float = 0.0
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None


_KEEPERS: WeakKeyDictionary[Datasette, _Keeper] = WeakKeyDictionary()


def _stamp(path: str | None) -> tuple[Any, ...]:
    """What changes whenever the database does: the day, and time and size of its file and of its log."""
    marks: list[Any] = [dt.date.today()]
    for name in (path, f"{path}-wal"):
        try:
            stat = Path(name or "").stat()
            marks.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            marks.append(None)
    return tuple(marks)


async def current(datasette: Datasette) -> Snapshot:
    """The snapshot to show now."""
    keeper = _KEEPERS.setdefault(datasette, _Keeper())
    stamp = _stamp(atlas(datasette).path)
    if keeper.snapshot is None or (stamp != keeper.stamp and keeper.took <= AT_ONCE):
        async with keeper.lock:
            if keeper.snapshot is None or stamp != keeper.stamp:
                await _renew(datasette, keeper, stamp)
    elif stamp != keeper.stamp and (keeper.task is None or keeper.task.done()):
        keeper.task = asyncio.create_task(_renew(datasette, keeper, stamp))
    assert keeper.snapshot is not None
    return keeper.snapshot


async def _renew(datasette: Datasette, keeper: _Keeper, stamp: tuple[Any, ...]) -> None:
    start = time.perf_counter()
    keeper.snapshot = await atlas(datasette).execute_fn(lambda connection: read(connection, stamp[0]))
    keeper.stamp = stamp
    keeper.took = time.perf_counter() - start


# --- searching -------------------------------------------------------------------------------------------------------


@attrs.frozen
class Hits:
    """What a search found: as bits, and, where they are not too many, the best first."""

    bits: int
    ranked: list[int]


async def search(datasette: Datasette, snapshot: Snapshot, words: str) -> Hits | None:
    """The programs in which all of `words` stand; None where there are no words."""
    expression = search_expression(words)
    if not expression:
        return None
    if (hits := snapshot.memo.get(("search", expression))) is not None:
        return hits

    def look(connection: sqlite3.Connection) -> list[int]:
        sql = "select rowid from program_search where program_search match ?"
        found = [row[0] for row in connection.execute(sql, [expression])]
        if len(found) <= RANKED:
            order = " order by bm25(program_search, 10, 8, 6, 4, 4, 1), rowid"
            found = [row[0] for row in connection.execute(sql + order, [expression])]
        return found

    found = [snapshot.position[i] for i in await atlas(datasette).execute_fn(look) if i in snapshot.position]
    ranked = found if len(found) <= RANKED else []
    return snapshot.remember(("search", expression), Hits(to_bits(found, len(snapshot.rows)), ranked))


def months(upcoming: list[Row]) -> Counter[str]:
    """How many dates each month has."""
    return Counter(row["date"][:7] for row in upcoming)
