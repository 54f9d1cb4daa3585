"""How much faster several workers crawl than one: a loopback server with slow answers, many hosts, a delay between requests.

    python benchmarks/workers.py [--workers 1 2 4] [--hosts 400] [--pages 8] [--latency 0.2] [--delay 0.5] [--at-once 16]

Needs a redis-server. Every host is an institution of its own: robots.txt, then pages about programs among others. Each worker is a process
with the concurrency of a real one (USCE_CONCURRENT_INSTITUTIONS visits, 32 requests at most). Pages are counted by the server, between the moment
in which all workers are at work, their first visits made, and the one in which the queue is empty: before it they start, after it the last visits
run out, whose length no number of workers changes; the whole run is told as well. The processor time of workers, server, Redis
and collector is told beside the wall clock, which says whether the machine's cores were the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scraper.crawling import CrawlRequest  # noqa: E402
from scraper.queue import connect  # noqa: E402
from scraper.queue.shared import Shared  # noqa: E402
from tests.redis_server import redis_server  # noqa: E402
from tests.spiders.hosts import write_registry  # noqa: E402
from tests.workers import WorkerProcess, collect_all  # noqa: E402

TEXT = "".join(
    f"<p>The clinic of ward {n} is open on weekdays from eight to five. Parking is free in the garage on Elm Street.</p>"
    for n in range(40)
)
PROGRAM = (
    "<h2>Visiting students</h2><p>Students of other medical schools may apply for a clinical elective of four weeks. The application fee is"
    " $75. Applications must be received at least 90 days before the start.</p>"
)


def html(path: str) -> bytes:
    number = int(path.rpartition("-")[2]) if "-" in path else 0
    links = "".join(f'<li><a href="/visiting-students-{n}">Visiting students {n}</a></li>' for n in range(1, 40))
    body = PROGRAM if number % 4 == 1 else ""
    return (
        f"<!doctype html><title>Visiting students {number}</title><main><h1>Visiting students {number}</h1>{body}{TEXT}"
        f"<ul>{links}</ul></main>"
    ).encode()


async def _serve(latency: float, port: Any, moments: Any) -> None:
    """Answers every path of every host after `latency` seconds; the moment of each page goes into `moments`."""
    pages: dict[str, bytes] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                while (await reader.readline()).strip():
                    pass
                await asyncio.sleep(latency)
                found = path not in ("/robots.txt", "/sitemap.xml")
                if found:
                    moments.append(time.monotonic())
                body = pages.setdefault(path, html(path)) if found else b""
                status = "200 OK" if found else "404 Not Found"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (OSError, IndexError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
    port.send(server.sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.add_reader(port.fileno(), done.set)
    await done.wait()
    server.close()


def serve(latency: float, pipe: Any) -> None:
    moments: list[float] = []
    asyncio.run(_serve(latency, pipe, moments))
    pipe.send((moments, time.process_time()))


def seconds_of(pid: int) -> float:
    """Processor seconds of a process that runs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(options: argparse.Namespace, number: int) -> dict[str, float]:
    """One crawl by `number` workers: what it came to."""
    mine, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(options.latency, theirs))
    server.start()
    port = mine.recv()
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as url:
        place = Path(folder)
        names = [f"h{n}.bench{n}.example" for n in range(options.hosts)]
        websites = {f"i{n}": f"http://{name}:{port}/" for n, name in enumerate(names)}
        starts = {identifier: [f"{site}visiting-students-0"] for identifier, site in websites.items()}
        settings = {
            "USCE_HOSTS": dict.fromkeys(names, "127.0.0.1"), "USCE_ALLOW_PRIVATE_ADDRESSES": True, "USCE_BROWSER": False,
            "DOWNLOAD_DELAY": options.delay, "AUTOTHROTTLE_ENABLED": False,
            "USCE_CONCURRENT_INSTITUTIONS": options.at_once, "CONCURRENT_REQUESTS": 2 * options.at_once,
        }  # fmt: skip
        request = CrawlRequest(
            None,
            write_registry(place / "registry", websites, starts),
            queue=url,
            max_pages=options.pages,
            settings=settings,
        )
        begun = time.monotonic()
        workers = [WorkerProcess(request) for _ in range(number)]
        result: dict[str, float] = {"workers": number}
        stop = threading.Event()

        def watch() -> None:
            """When were all at work, and when was the queue empty; what had the workers used by then?"""
            shared = None
            while not stop.wait(0.1):
                shared = shared or Shared.find(connect(url))
                if shared is None:
                    continue
                counts = shared.counts()
                busy = min(options.hosts, number * options.at_once)
                # Each has made its first visit: phrases are compiled, which costs each process a second.
                if "full" not in result and counts.taken >= busy * 0.95 and all(w.visited for w in workers):
                    result["full"] = time.monotonic()
                    result["used"] = sum(seconds_of(worker.process.pid) for worker in workers)
                    result["used_server"] = seconds_of(server.pid or 0)
                if "full" in result and "empty" not in result and counts.queued == 0 and counts.done:
                    result["empty"] = time.monotonic()
                    result["used"] = sum(seconds_of(worker.process.pid) for worker in workers) - result["used"]
                    result["used_server"] = seconds_of(server.pid or 0) - result["used_server"]
                    result["redis"] = float(connect(url).info("cpu")["used_cpu_user"]) + float(
                        connect(url).info("cpu")["used_cpu_sys"]
                    )
                    result["redis_bytes"] = float(connect(url).info("memory")["used_memory_peak"])
                    result["visits_bytes"] = float(connect(url).memory_usage(shared.key("visits")) or 0)

        watcher = threading.Thread(target=watch)
        watcher.start()
        own = time.process_time()
        report = collect_all(url, place / "a.db", request.registry)
        result["collector"] = time.process_time() - own
        for worker in workers:
            worker.wait()
        stop.set()
        watcher.join()
        result["seconds"] = time.monotonic() - begun
        result["pages"] = report.pages
        result["database_bytes"] = (place / "a.db").stat().st_size
        assert len(report.outcomes) == options.hosts, report.left_out
        assert not report.failures, report.failures
    mine.send("end")
    moments, _ = mine.recv()
    server.join()
    result["steady_pages"] = sum(result["full"] <= moment <= result["empty"] for moment in moments)
    result["steady_seconds"] = result["empty"] - result["full"]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--hosts", type=int, default=400)
    parser.add_argument("--pages", type=int, default=8, help="pages of each host")
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--delay", type=float, default=0.5)
    parser.add_argument("--at-once", type=int, default=16, help="visits of a worker at a time")
    options = parser.parse_args()
    print(
        f"{options.hosts} hosts, {options.pages} pages each, latency {options.latency} s, delay {options.delay} s a host,"
        f" {options.at_once} visits a worker at a time, {os.cpu_count()} cores\n"
    )
    print(
        "| workers | pages/s | × one | efficiency | whole run, s | cores used by workers | by the server | CPU ms a page |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    one = 0.0
    for number in options.workers:
        found = run(options, number)
        rate = found["steady_pages"] / found["steady_seconds"]
        one = one or rate / number
        cores, served = found["used"] / found["steady_seconds"], found["used_server"] / found["steady_seconds"]
        print(
            f"| {number} | {rate:.1f} | {rate / one:.2f} | {rate / one / number:.0%} | {found['seconds']:.0f} | {cores:.2f} | {served:.2f}"
            f" | {1000 * found['used'] / found['steady_pages']:.0f} |",
            flush=True,
        )
        print(
            f"  redis {found['redis']:.2f} s of processor, peak {found['redis_bytes'] / 1e6:.1f} MB; collector {found['collector']:.1f} s;"
            f" database {found['database_bytes'] / 1e6:.1f} MB; {found['pages']} pages",
            file=sys.stderr, flush=True,
        )  # fmt: skip
    print(f"\npeak memory of a worker: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
