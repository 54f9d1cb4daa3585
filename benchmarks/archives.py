"""How quick archives are re-read by one process, by several and by Dask, how much memory that takes, and whether all write the same.

    python benchmarks/archives.py PAGES.warc.gz [--pages 5000] [--workers 2] [--rounds 1]

The archive is repeated until there are so many pages, as files of its size and as one large file, in a temporary folder. Every line of the
table is `usce extract` as a process of its own, its start included, in turn: one process, several, several on the one large
file, a local Dask cluster of as many single-threaded workers (started before). On a machine that others use too, pages a second say
little; the processor time of the process that had most to do says how long it would have taken on an idle one, and so does the
second column of ratios. Peak memory is what the system noted of each process
(VmHWM), at a fifth of the pages and at all of them: the process of the command, and the largest of those that read.
Needs Linux, and the extra `scale` for Dask.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import attrs

from scraper import captures
from scraper.items import Page

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@attrs.define
class Run:
    """One line of the table."""

    way: str
    pages: int
    seconds: float = float("inf")
    processor: float = 0.0
    busiest: float = 0.0
    command_mb: float = 0.0
    reader_mb: float = 0.0
    digest: str = ""
    sorted_digest: str = ""


def ends_of_pages(path: Path) -> list[int]:
    """The offset behind each page of an archive."""
    with path.open("rb") as file:
        found = list(captures.walk(file, str(path), lambda record: record.rec_type))
        pages = {offset for offset, page in captures.pages(_rewound(file), str(path)) if isinstance(page, Page)}
    offsets = [offset for offset, _ in found] + [path.stat().st_size]
    return [end for start, end in pairwise(offsets) if start in pages]


def _rewound(file: captures.Stream) -> captures.Stream:
    file.seek(0)  # type: ignore[attr-defined]
    return file


def repeat(path: Path, pages: int, folder: Path) -> None:
    """Write archives of together so many pages into `folder`."""
    folder.mkdir()
    ends, data = ends_of_pages(path), path.read_bytes()
    for number in range(pages // len(ends) + 1):
        left = min(len(ends), pages - number * len(ends))
        if left:
            (folder / f"{number:03d}.warc.gz").write_bytes(data if left == len(ends) else data[: ends[left - 1]])


def processes_of(session: int) -> dict[int, tuple[float, float]]:
    """Peak memory (MB) and processor time (s) of every process of a session."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(stat[3]) == session:
                    peak = next(line for line in (entry / "status").read_text().splitlines() if "VmHWM" in line)
                    ticks = int(stat[11]) + int(stat[12])
                    found[int(entry.name)] = int(peak.split()[1]) / 1024, ticks / os.sysconf("SC_CLK_TCK")
    return found


def run(way: str, pages: int, arguments: list[str], workers: list[int], folder: Path) -> Run:
    """Run `usce extract`; `workers`: sessions that read for it and were there before."""
    target = folder / f"{way}-{pages}.jsonl".replace(" ", "-")
    before = {pid: used for session in workers for pid, used in processes_of(session).items()}
    begun = time.perf_counter()
    command = subprocess.Popen(
        [sys.executable, "-m", "scraper.cli", "extract", *arguments, "--jsonl", str(target)],
        cwd=ROOT,
        env=ENVIRONMENT,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    peaks: dict[int, tuple[float, float]] = {}
    while command.poll() is None:
        for session in (command.pid, *workers):
            peaks.update(processes_of(session))
        time.sleep(0.1)
    result = Run(way, pages, time.perf_counter() - begun)
    if command.returncode:
        raise SystemExit(f"{way}: ended with {command.returncode}")
    used = [used - before.get(pid, (0.0, 0.0))[1] for pid, (_, used) in peaks.items()]
    result.processor, result.busiest = sum(used), max(used)
    result.command_mb = peaks[command.pid][0]
    result.reader_mb = max((peak for pid, (peak, _) in peaks.items() if pid != command.pid), default=result.command_mb)
    lines = target.read_bytes().splitlines(keepends=True)
    assert len(lines) == pages, f"{way}: {len(lines)} records of {pages} pages"
    result.digest = hashlib.sha256(b"".join(lines)).hexdigest()
    result.sorted_digest = hashlib.sha256(b"".join(sorted(lines))).hexdigest()
    target.unlink()
    return result


@contextlib.contextmanager
def cluster(number: int, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A Dask cluster on this machine: its address, and the sessions of its workers."""
    file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> int:
        started.append(
            subprocess.Popen(
                [*dask, *arguments, "--host", "127.0.0.1", "--no-dashboard"],
                cwd=folder,
                env=ENVIRONMENT,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return started[-1].pid

    try:
        start("scheduler", "--port", "0", "--scheduler-file", str(file))
        while not (file.exists() and file.stat().st_size):
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        workers = [
            start("worker", address, "--nthreads", "1", "--no-nanny", "--memory-limit", "0") for _ in range(number)
        ]
        time.sleep(5)
        yield address, workers
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def ways(folder: Path, one_file: Path, number: int) -> Iterator[tuple[str, list[str], bool]]:
    """Name, arguments, and whether a cluster is needed."""
    yield "1 process", [str(folder)], False
    yield f"{number} processes", [str(folder), "--workers", str(number)], False
    yield f"{number} processes, one file", [str(one_file), "--workers", str(number)], False
    yield f"Dask, {number} workers", [str(folder)], True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="a WARC of pages")
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1, help="the quickest of so many counts (default 1)")
    args = parser.parse_args()
    results: dict[tuple[str, int], Run] = {}
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        for pages in (args.pages // 5, args.pages):
            repeat(args.archive, pages, here / str(pages))
            with (here / f"{pages}.warc.gz").open("wb") as file:
                for path in sorted((here / str(pages)).iterdir()):
                    file.write(path.read_bytes())
        for pages in (args.pages // 5, args.pages):
            for _ in range(args.rounds):
                for way, arguments, needs_cluster in ways(here / str(pages), here / f"{pages}.warc.gz", args.workers):
                    with contextlib.ExitStack() as stack:
                        workers: list[int] = []
                        if needs_cluster:
                            files = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                            address, workers = stack.enter_context(cluster(args.workers, files))
                            arguments = [*arguments, "--dask", address]
                        result = run(way, pages, arguments, workers, here)
                    print(f"  {way}, {pages} pages: {result.seconds:.1f} s", file=sys.stderr)
                    old = results.get((way, pages))
                    if old is None or result.seconds < old.seconds:
                        results[way, pages] = result
    show(results, args.pages)


def show(results: dict[tuple[str, int], Run], pages: int) -> None:
    """Print the table."""
    few = pages // 5
    whole = {way: run for (way, number), run in results.items() if number == pages}
    one = next(iter(whole.values()))
    print(
        f"{pages} pages, Python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n"
    )
    print(
        "| way | pages/s | × | processor time, s | of the busiest process | × "
        f"| command, MB ({few:,} / {pages:,} pages) | largest reader, MB | lines |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---|")
    for way, run in whole.items():
        small = results[way, few]
        same = (
            "the same"
            if run.digest == one.digest
            else "the same, sorted"
            if run.sorted_digest == one.sorted_digest
            else "NOT THE SAME"
        )
        print(
            f"| {way} | {run.pages / run.seconds:.0f} | {one.seconds / run.seconds:.2f} "
            f"| {run.processor:.1f} | {run.busiest:.1f} | {one.busiest / run.busiest:.2f} "
            f"| {small.command_mb:.0f} / {run.command_mb:.0f} | {small.reader_mb:.0f} / {run.reader_mb:.0f} | {same} |"
        )


if __name__ == "__main__":
    main()
