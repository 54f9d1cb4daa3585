"""How quick every type of page is at 50,000 programs, beside Datasette's own plain table page on the same data in the same run.

    python benchmarks/site.py [--database FILE] [--requests 200] [--markdown]

Without --database one is generated (benchmarks/generate.py). Requests go one after the other to a served site, all types of
page in turn, so that whatever else the machine does falls on all alike; each request asks for another program, filter
or page. Exit code 1 where the p95 of a type is more than twice that of the plain table page.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

import httpx

from benchmarks.generate import SPECIALTIES, SPECIALTY_KEYS, VISAS, generate
from scraper.serving import serving

ALLOWED = 2.0
PLAIN = "Datasette's plain table page"
PORT = 8799


def kinds(database: Path, pick: random.Random) -> dict[str, Callable[[], str]]:
    """Types of page: each a function that gives the next address to ask for."""
    name = database.stem
    with closing(sqlite3.connect(database)) as connection:
        programs = [row[0] for row in connection.execute("select id from programs order by random() limit 2000")]
        hosts = [row[0] for row in connection.execute("select id from institutions order by random() limit 2000")]
        states = [row[0] for row in connection.execute("select distinct state from institutions")]
        months = [row[0] for row in connection.execute("select distinct substr(date, 1, 7) from upcoming_deadlines")]
        cities = [row[0] for row in connection.execute("select distinct city from institutions")]
    types = ("clinical_elective", "sub_internship", "observership", "research")
    number = lambda high: pick.randrange(1, high)  # noqa: E731
    return {
        PLAIN: lambda: f"/{name}/programs?_nofacet=1&_nosuggest=1&_next={pick.choice(programs)}",
        "Home": lambda: "/",
        "Programs, all": lambda: f"/programs?page={number(2000)}",
        "Programs, filtered": lambda: f"/programs?state={pick.choice(states)}&visa={pick.choice(list(VISAS))}&type={pick.choice(types)}&fee_max={number(50)}00",
        "Programs, searched": lambda: f"/programs?q={pick.choice(SPECIALTIES)}+{pick.choice(cities)}&sort=fee",
        "Programs, table": lambda: f"/programs?view=table&sort=fee&unstated=no&my_toefl={number(120)}&page={number(40)}",
        "Program": lambda: f"/program/{pick.choice(programs)}",
        "Compare": lambda: "/compare?" + "&".join(f"id={pick.choice(programs)}" for _ in range(4)),
        "Match me": lambda: (
            f"/match\nwho=student&school=abroad&year=final&toefl={number(120)}&budget={number(60)}00&weeks=4&visa=B-1&state={pick.choice(states)}"
        ),
        "Institutions": lambda: f"/institutions?state={pick.choice(states)}",
        "Institution": lambda: f"/institution/{pick.choice(hosts)}",
        "Deadlines": lambda: f"/deadlines?month={pick.choice(months)}",
        "Deadlines, filtered": lambda: f"/deadlines?month={pick.choice(months)}&state={pick.choice(states)}&type={pick.choice(types)}",
        "Electives": lambda: f"/electives?page={number(500)}",
        "Electives, filtered": lambda: f"/electives?state={pick.choice(states)}&specialty={pick.choice(list(SPECIALTY_KEYS.values()))}&international=yes",
        "VSLO": lambda: f"/vslo?page={number(10)}&by={pick.choice(('', 'aamc'))}",
        "Agencies": lambda: "/agencies",
        "Changes": lambda: f"/changes?page={number(100)}",
        "Charts": lambda: "/charts",
        "Data": lambda: "/data",
        "Health": lambda: f"/health?page={number(4)}",
        "Not found": lambda: f"/nothing/{number(10**6)}",
        "Datasette's page of program_overview": lambda: f"/{name}/program_overview?_nofacet=1&state={pick.choice(states)}",
    }  # fmt: skip


def measure(base: str, types: dict[str, Callable[[], str]], requests: int) -> dict[str, list[float]]:
    """Milliseconds of each request, by type of page."""
    times: dict[str, list[float]] = {name: [] for name in types}
    with httpx.Client(base_url=base, timeout=120) as client:
        for turn in range(-3, requests):  # the first three of each type only warm up
            for name, address in types.items():
                path, _, form = address().partition("\n")  # an address with a form is posted
                posted = {"content": form, "headers": {"content-type": "application/x-www-form-urlencoded"}}
                start = time.perf_counter()
                answer = client.post(path, **posted) if form else client.get(path)  # type: ignore[arg-type]
                took = (time.perf_counter() - start) * 1000
                if answer.status_code != (404 if name == "Not found" else 200):
                    raise SystemExit(f"{path}: status {answer.status_code}")
                if turn >= 0:
                    times[name].append(took)
    return times


def report(times: dict[str, list[float]]) -> Iterator[tuple[str, float, float, float]]:
    """Each type with its median, its p95, and how many times the plain page's p95 that is."""
    p95 = {name: quantiles(values, n=20)[-1] for name, values in times.items()}
    for name, values in times.items():
        yield name, median(values), p95[name], p95[name] / p95[PLAIN]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--programs", type=int, default=50_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = arguments.database or Path(folder) / "made.db"
        if not arguments.database:
            for _ in generate(database, programs=arguments.programs, institutions=max(1, arguments.programs // 8)):
                pass
        with serving(database, PORT, timeout=300) as base:
            times = measure(base, kinds(database, random.Random(1)), arguments.requests)
    if arguments.markdown:
        print("| page | median, ms | p95, ms | of the plain page's p95 |\n|---|---:|---:|---:|")
    slow = []
    for name, middle, p95, share in report(times):
        print(
            f"| {name} | {middle:.1f} | {p95:.1f} | {share:.2f} |"
            if arguments.markdown
            else f"{name:30} {middle:8.1f} {p95:8.1f} {share:6.2f}"
        )
        if share > ALLOWED:
            slow.append(name)
    if slow:
        sys.exit(f"More than {ALLOWED:g} times the plain page: {', '.join(slow)}")


if __name__ == "__main__":
    main()
