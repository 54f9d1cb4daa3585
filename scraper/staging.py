"""A crawl works on a copy of the database, and the copy takes its place only when it passes the gate.

The gate compares what was known of the institutions visited with what is known after the visit. A crawl that closes a
fifth of the programs, cannot read a quarter of the hosts or loses a third of the values of a field has met a fault of
ours or of the network more likely than a change of the hospitals' minds: the old data stays public, the copy is kept
beside it, and whoever looks after it decides (`usce crawl --accept`).

Why not Spidermon: its monitors judge one crawl by its statistics and its items by a schema, run as unit tests when the
spider closes, and report to chat services. What decides here is the difference between two states of a database, which its
monitors would have to work out themselves; what they bring (a test runner, JSON schema, notifiers) is not needed. Three
comparisons are less code than the adapter would be, and one dependency less in what everybody installs.

Publishing is SQLite's own backup of the copy into the public file: one transaction. Who reads meanwhile sees the old
state or the new one, and a process killed in the middle leaves the old one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import attrs
import sqlite_utils

from scraper.crawls import ACCEPTED, PASSED, failures_of, unfinished
from scraper.database import (
    SCALAR_FIELDS,
    SET_TABLES,
    DatabaseError,
    insert,
    open_database,
    select,
    select_one,
    update,
    upsert,
)
from scraper.items import FIELD

LISTED = 20  # institutions named in a verdict


class Thresholds(Protocol):
    """What the gate reads: Scrapy's settings."""

    def getfloat(self, name: str) -> float: ...

    def getint(self, name: str) -> int: ...


@attrs.frozen
class Verdict:
    """May a crawl be published? If not: which rules it broke, and which institutions broke it and how."""

    problems: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.problems

    @property
    def words(self) -> str:
        """For the row of the crawl."""
        return PASSED if self.passed else "; ".join(self.problems)


def verdict_of(gate: str | None) -> Verdict | None:
    """The verdict that a crawl's row tells of; None for a crawl that was not judged."""
    if gate is None:
        return None
    return Verdict(() if gate.startswith((PASSED, ACCEPTED)) else tuple(gate.split("; ")))


@attrs.define
class Measure:
    """What is known of an institution: its open programs, how many of them state each field, and whether pages of it were read."""

    programs: int = 0
    filled: Counter[str] = attrs.field(factory=Counter)
    read: bool = False


def measure(db: sqlite_utils.Database, institutions: Iterable[str]) -> dict[str, Measure]:
    """What `db` knows of some institutions."""
    found = {identifier: Measure() for identifier in institutions}
    of_program = {}
    for program in select(db, "programs", closed_at=None):
        if (one := found.get(program["institution_id"])) is not None:
            one.programs += 1
            one.filled.update(field.name for field in SCALAR_FIELDS if program[field.name] is not None)
            of_program[program["id"]] = one
    for field, (table, _, fixed) in {
        "fees": ("fees", "", {}),
        "deadlines": ("deadlines", "", {}),
        **SET_TABLES,
    }.items():
        for identifier in {row["program_id"] for row in select(db, table, (), **fixed)}:
            if identifier in of_program:
                of_program[identifier].filled[field] += 1
    for row in select(db, "pages", unreachable_since=None):
        if row["institution_id"] in found:
            found[row["institution_id"]].read = True
    return found


def judge(
    before: sqlite_utils.Database, after: sqlite_utils.Database, crawl_id: int, thresholds: Thresholds
) -> Verdict:
    """The verdict on a crawl: `before` is the public state, `after` the one that the crawl made."""
    visits = {row["institution_id"]: row for row in select(after, "crawl_hosts", crawl_id=crawl_id)}
    was, now = measure(before, visits), measure(after, visits)
    least = thresholds.getint("USCE_GATE_AT_LEAST")
    problems: list[str] = []
    broken: dict[str, list[str]] = {}

    known, left = sum(m.programs for m in was.values()), sum(m.programs for m in now.values())
    if known - left >= least and left < known * thresholds.getfloat("USCE_GATE_PROGRAMS"):
        problems.append(f"{left} programs where {known} were known")
        for identifier, old in was.items():
            if now[identifier].programs < old.programs:
                lost = f"{old.programs} programs before, {now[identifier].programs} now"
                broken.setdefault(identifier, []).append(lost)

    readable = [identifier for identifier in visits if was[identifier].read]
    failing = [identifier for identifier in readable if _fails(visits[identifier])]
    if len(failing) >= least and len(failing) > len(readable) * thresholds.getfloat("USCE_GATE_HOSTS"):
        problems.append(f"{len(failing)} of {len(readable)} sites that could be read before cannot be read now")
        for identifier in failing:
            broken.setdefault(identifier, []).append(f"could not be read: {_reasons(visits[identifier])}")

    for field in sorted({name for m in was.values() for name in m.filled}):
        had, has = sum(m.filled[field] for m in was.values()), sum(m.filled[field] for m in now.values())
        share = (has / left if left else 0.0) / (had / known)
        if had - has >= least and share < 1 - thresholds.getfloat("USCE_GATE_FIELDS"):
            problems.append(f"{FIELD[field].title}: stated by {has} of {left} programs, before by {had} of {known}")
            for identifier, old in was.items():
                if now[identifier].filled[field] < old.filled[field]:
                    change = f"{FIELD[field].title} of {old.filled[field]} programs before, of {now[identifier].filled[field]} now"
                    broken.setdefault(identifier, []).append(change)

    worst = sorted(broken.items(), key=lambda item: (-len(item[1]), item[0]))
    lines = [f"{identifier}: {'; '.join(how)}" for identifier, how in worst[:LISTED]]
    if len(worst) > LISTED:
        lines.append(f"and {len(worst) - LISTED} more")
    return Verdict(tuple(problems), tuple(lines))


def _fails(visit: dict[str, Any]) -> bool:
    return not visit["pages"] and bool(failures_of(visit))


def _reasons(visit: dict[str, Any]) -> str:
    total: Counter[str] = sum((Counter(reasons) for reasons in failures_of(visit).values()), Counter())
    return ", ".join(f"{reason} {count}" for reason, count in total.most_common(5))


class Staging:
    """The copy that a crawl works on."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.path = database.with_name(f"{database.stem}.staging{database.suffix}")
        self.resumed = False  # does `path` hold the copy of a crawl before?

    def prepare(self, resume: bool) -> Path:
        """The file to crawl into: the copy of a crawl that was cut off, a fresh one, or the database itself where it holds
        no program yet: then there is nothing to protect."""
        if resume and self.waiting():
            self.resumed = True
            return self.path
        db = open_database(self.database)
        try:
            protects = select_one(db, "programs") is not None
            self.drop()
            if protects:
                part = self.path.with_name(f"{self.path.name}.part")
                part.unlink(missing_ok=True)
                _copy(db.conn, part)
                part.replace(self.path)
        except (sqlite3.OperationalError, OSError) as error:
            raise DatabaseError(f"{self.path}: no copy to work on can be made ({error}). Is the disk full?") from None
        finally:
            db.conn.close()
        return self.path if protects else self.database

    def waiting(self) -> bool:
        """Is there a copy of a crawl that is not at its end, or at its end and not judged?

        A copy in which no crawl was begun yet holds the crawls of the public database only.
        """
        if not self.path.exists():
            return False
        public, db = open_database(self.database), open_database(self.path)
        try:
            if unfinished(db) is not None:
                return True
            last = _last(db)
            if last is None or select_one(public, "crawls", id=last["id"]) is not None:
                return False
            # Passed, and not in the public database: cut off in the very moment of publishing.
            return last["gate"] == PASSED or (last["gate"] is None and last["outcome"] == "finished")
        finally:
            public.conn.close()
            db.conn.close()

    def judge(self, thresholds: Thresholds) -> Verdict:
        """Judge the crawl in the copy, and publish it where it passes; else only tell the public database of it."""
        before, after = open_database(self.database), open_database(self.path)
        try:
            crawl = _last(after)
            if crawl is None:
                return Verdict()
            verdict = judge(before, after, crawl["id"], thresholds)
            with after.atomic():
                update(after, "crawls", {"id": crawl["id"]}, {"gate": verdict.words})
            if not verdict.passed:
                self._note(before, after, crawl["id"])
        except sqlite3.OperationalError as error:
            raise DatabaseError(f"{self.database}: {error}. {self._remedy()}") from None
        finally:
            before.conn.close()
            after.conn.close()
        if verdict.passed:
            self.publish()
        return verdict

    def accept(self) -> None:
        """Publish a crawl that did not pass, because somebody looked at it and found it right."""
        if not self.path.exists():
            raise DatabaseError(f"{self.path}: there is no crawl that waits to be accepted.")
        db = open_database(self.path)
        try:
            if (crawl := _last(db)) is not None:
                with db.atomic():
                    update(db, "crawls", {"id": crawl["id"]}, {"gate": f"{ACCEPTED}: {crawl['gate'] or 'not judged'}"})
        finally:
            db.conn.close()
        self.publish(again=True)

    def publish(self, again: bool = False) -> None:
        """Put the copy in the place of the public database, at once, and drop it."""
        public, staged = open_database(self.database), open_database(self.path)
        try:
            crawl = _last(staged)
            mine = crawl and select_one(public, "crawls", id=crawl["id"])
            if mine and crawl and mine["started_at"] != crawl["started_at"]:
                raise DatabaseError(
                    f"{self.database}: was changed by something else while the crawl went on, and was left as it is. Crawl again."
                )
            staged.conn.backup(public.conn)
        except sqlite3.OperationalError as error:
            raise DatabaseError(f"{self.database}: {error}. {self._remedy()}") from None
        finally:
            public.conn.close()
            staged.conn.close()
        self.drop()

    def drop(self) -> None:
        """Remove the copy."""
        for name in (self.path.name, f"{self.path.name}-wal", f"{self.path.name}-shm"):
            self.path.with_name(name).unlink(missing_ok=True)

    def _note(self, public: sqlite_utils.Database, staged: sqlite_utils.Database, crawl_id: int) -> None:
        """Write the rows about a crawl that is not published into the public database."""
        with public.atomic():
            for table, key in (("crawls", "id"), ("crawl_hosts", "crawl_id")):
                for row in select(staged, table, (), **{key: crawl_id}):
                    identifier = row.get("institution_id")
                    if identifier and select_one(public, "institutions", id=identifier) is None:
                        insert(public, "institutions", select(staged, "institutions", id=identifier)[0])
                    upsert(public, table, row)

    def _remedy(self) -> str:
        return f"What was found waits in {self.path}: mend that, then `usce crawl --resume`."


def _last(db: sqlite_utils.Database) -> dict[str, Any] | None:
    crawls = select(db, "crawls", ("id",))
    return crawls[-1] if crawls else None


def _copy(source: sqlite3.Connection, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as target:
        source.backup(target)
