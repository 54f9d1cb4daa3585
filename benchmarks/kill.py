"""Kills a crawl of the sample sites at random moments, and looks at what is left.

    python benchmarks/kill.py [--rounds 50] [--seed 1]

Half of the rounds begin with no database, half with one that an earlier, smaller crawl filled (those work on a staged
copy). Each round: crawl, kill -9 the crawling process, look whether the database is whole and holds every institution
whose visit was reported as stored, resume, and compare with what an undisturbed crawl comes to. Exit code 1 when any differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scraper.crawling import CrawlRequest, run_crawl  # noqa: E402
from scraper.demo import CRAWL_SETTINGS, serve_sites  # noqa: E402
from scraper.staging import Staging  # noqa: E402
from tests.states import facts, is_whole  # noqa: E402


def crawl_and_kill(request: CrawlRequest, after: float) -> tuple[set[str], bool]:
    """Start a crawl, kill it `after` seconds; the institutions reported as stored till then, and whether it was still at work."""
    child = subprocess.Popen(
        [sys.executable, "-m", "scraper.crawling"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    assert child.stdin and child.stdout
    child.stdin.write(request.to_json().encode() + b"\n")
    child.stdin.flush()
    stored: set[str] = set()

    def read() -> None:
        for line in child.stdout or ():
            event: dict[str, Any] = json.loads(line)
            if event["event"] == "institution" and event["outcome"]["finished"]:
                stored.add(event["outcome"]["institution_id"])

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(after)
    working = child.poll() is None
    if working:
        os.kill(child.pid, signal.SIGKILL)
    child.wait()
    reader.join()
    child.stdin.close()
    return stored, working


def visited(database: Path, crawl: int) -> set[str]:
    """The institutions whose visit a database holds."""
    with closing(sqlite3.connect(database)) as connection:
        return {
            row[0] for row in connection.execute("select institution_id from crawl_hosts where crawl_id = ?", [crawl])
        }


def start_again(database: Path, copy: Path | None) -> None:
    """No database, or a copy of one, and nothing left of earlier crawls."""
    for path in database.parent.glob(f"{database.stem}*"):
        path.unlink()
    if copy is not None:
        shutil.copy(copy, database)


def programs(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {row[0] for row in connection.execute("select id from programs where closed_at is null")}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    whole = resumed = killed = kept = 0
    with serve_sites() as served, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plain = CrawlRequest(
            place / "plain.db", served.write_registry(place / "registry"), settings=CRAWL_SETTINGS, staged=True
        )
        run_crawl(attrs.evolve(plain, database=place / "small.db", max_pages=1))
        shutil.copy(place / "small.db", place / "second.db")
        wanted, seconds = {}, {}
        for kind, name in (("empty", "plain.db"), ("filled", "second.db")):
            begun = time.monotonic()
            run_crawl(attrs.evolve(plain, database=place / name))
            seconds[kind], wanted[kind] = time.monotonic() - begun, facts(place / name)
        print(
            f"undisturbed: {seconds['empty']:.1f} s from nothing, {seconds['filled']:.1f} s from a filled database",
            flush=True,
        )
        for number in range(options.rounds):
            kind = ("empty", "filled")[number % 2]
            database = place / f"round-{number}.db"
            start_again(database, place / "small.db" if kind == "filled" else None)
            before = programs(database) if database.exists() else set()
            request = attrs.evolve(plain, database=database)
            moment = chance.uniform(0.0, seconds[kind])
            stored, working = crawl_and_kill(request, moment)
            while not working:  # it was faster than the undisturbed one: this round does not count
                seconds[kind] *= 0.9
                start_again(database, place / "small.db" if kind == "filled" else None)
                moment = chance.uniform(0.0, seconds[kind])
                stored, working = crawl_and_kill(request, moment)
            killed += working
            staged = Staging(database).path
            holder = staged if staged.exists() and kind == "filled" else database
            is_sound = all(is_whole(path) for path in (database, staged) if path.exists())
            has_all = not stored or stored <= visited(holder, 1 if kind == "empty" else 2)
            has_old = not before or before <= programs(database)
            whole += is_sound
            kept += has_all and has_old
            report = run_crawl(attrs.evolve(request, resume=True))
            same = facts(database) == wanted[kind] and is_whole(database) and not staged.exists()
            resumed += same
            if not same:
                found = facts(database)
                differ = [name for name in found if found[name] != wanted[kind][name]]
                print(
                    f"    differs in {differ}; {report.verdict}; {dict(report.failures)}; copy left: {staged.exists()}; {report.log[-3:]}"
                )
            print(
                f"{number + 1:3} {kind:6} killed at {moment:5.2f} s: {len(stored):2} stored,"
                f" {report.resumed:2} not fetched again, whole {is_sound}, kept {has_all and has_old}, same {same}",
                flush=True,
            )
            start_again(database, None)
    rounds = options.rounds
    print(
        f"killed at work {killed} of {rounds}; whole {whole} of {rounds}; nothing lost {kept} of {rounds}; resumed to the same {resumed} of {rounds}"
    )
    return 0 if whole == kept == resumed == rounds else 1


if __name__ == "__main__":
    sys.exit(main())
