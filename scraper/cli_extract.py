"""`usce extract`: pages, files and archives → what they state, here or on many processors."""

from __future__ import annotations

import contextlib
import enum
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scraper import explain, extract, rereading, shards
from scraper.items import FIELD
from scraper.reading import Reader
from scraper.remote import is_remote
from scraper.rereading import Dask, Here, Piece, Processes, Tally

FAILED, SKIPPED = 1, 5
EXAMPLES = (
    "usce extract pages.warc.gz --jsonl facts.jsonl",
    "usce extract visiting.html --url https://www.example.edu/visiting",
    "usce extract https://www.example.edu/visiting --explain",
    "usce extract 'archives/**/*.warc.gz' --workers 8 --relevant --jsonl facts.jsonl",
    "usce extract archives/ --workers 8 --output facts/ --format parquet    go on later with the same command",
    "usce extract --list warc.paths.gz --base https://data.commoncrawl.org/ --relevant --output facts/ --dask tcp://10.0.0.1:8786",
)
SAID_EVERY = 30  # seconds between lines about how it goes, where there is no terminal to draw a bar on
out = Console()
err = Console(stderr=True)


class Form(enum.StrEnum):
    """The forms of scraper.shards.FORMS."""

    jsonl = "jsonl"
    parquet = "parquet"


def say(message: str) -> None:
    """A line on stderr."""
    err.print(message, highlight=False, markup=False, soft_wrap=True)


def count(number: int, what: str) -> str:
    """'1 shard', '2 shards'."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]…",
            help="WARC, HTML or PDF files, folders of WARC files, patterns such as 'a/*.warc.gz', lists of paths (*.paths, *.paths.gz), or http(s) addresses of WARC files or of a page.",
            show_default=False,
        ),
    ] = None,
    lists: Annotated[
        list[str] | None,
        typer.Option(
            "--list",
            metavar="FILE",
            help="Read the archives that this file names, a path or address a line; text or .gz, a file or an http(s) address. May be repeated.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="URL|DIR", help="Where relative paths of a list begin; without, beside the list."),
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one JSON object a page here; without, to stdout.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write shards into this folder: whole or not there. The same command again reads what is missing.",
        ),
    ] = None,
    form: Annotated[Form, typer.Option("--format", "-f", help="With --output: the form of the shards.")] = Form.jsonl,
    relevant: Annotated[
        bool, typer.Option("--relevant", help="Write only pages that are about a program for visitors.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", "-j", min=1, metavar="N", help="Processes that read, on this machine.")
    ] = 1,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Read on this Dask cluster, such as tcp://10.0.0.1:8786 (extra 'scale')."),
    ] = None,
    url: Annotated[str | None, typer.Option(help="The address of the page in a single HTML or PDF file.")] = None,
    explained: Annotated[
        bool,
        typer.Option("--explain", help="Show why: each fact beside its words and rule, and why others are missing."),
    ] = False,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME", help="With --explain: this field only. May be repeated."),
    ] = None,
) -> None:
    """Read pages and write what they state: one JSON object a page, with the words that prove it.

    What is broken is named on stderr and passed over. Exit codes: 0 all was read, 1 nothing was, or it cannot be written, 2 wrong usage,
    5 done but for what is named, 130 stopped (whole shards stay).
    """
    found = rereading.sources(sources or (), lists or (), base)
    if not found and not lists:
        raise typer.BadParameter("names nothing: give a file, an address or --list.", param_hint="SOURCE")
    if url and (len(found) != 1 or extract.is_archive(Path(found[0]))):
        raise typer.BadParameter("names the page of one HTML or PDF file.", param_hint="--url")
    if unknown := [name for name in fields or () if name not in FIELD]:
        raise typer.BadParameter(f"'{unknown[0]}' is none of {', '.join(FIELD)}.", param_hint="--field")
    if jsonl and output:
        raise typer.BadParameter("takes the place of --jsonl: give one of the two.", param_hint="--output")
    if form != Form.jsonl and not output:
        raise typer.BadParameter("goes with --output DIR.", param_hint="--format")
    if dask and workers > 1:
        raise typer.BadParameter("has workers of its own: give one of the two.", param_hint="--dask")
    if explained or fields:
        if jsonl or output:
            raise typer.BadParameter("writes no records: give one of the two.", param_hint="--explain")
        explain_all(found, url, fields or [])
        return
    many = bool(dask or output or workers > 1)
    if many and (pages := [source for source in found if rereading.is_page(source)]):
        raise typer.BadParameter(
            f"{pages[0]} is a page: only archives are read into shards, or by many.", param_hint="SOURCE"
        )
    if dask:  # its workers may stand in other folders
        found = [source if is_remote(source) else str(Path(source).absolute()) for source in found]
    try:
        if output:
            write_shards(found, output, form.value, relevant, engine_of(workers, dask), url)
        elif many:
            write_lines(found, jsonl, relevant, engine_of(workers, dask), url)
        else:
            write_lines(found, jsonl, relevant, None, url)
    except rereading.WriteError as error:
        raise extract.ExtractError(str(error)) from None


def engine_of(workers: int, dask: str | None) -> Here:
    """Who reads."""
    return Dask(dask) if dask else Processes(workers) if workers > 1 else Here()


def explain_all(found: list[str], url: str | None, fields: list[str]) -> None:
    """Show why each page gives what it gives."""
    reading = Reader()
    with Report(found, None, quiet=True) as report:
        for piece in whole_sources(found, url):
            tally = Tally()
            for _, page in rereading.pages_of(piece, tally):
                tally.pages += 1
                explain.show(explain.explain(page, reading, fields), out)
            report.settle(piece, tally)


def whole_sources(found: list[str], url: str | None) -> Iterator[Piece]:
    """Every source as one piece: for a process that reads alone, in order."""
    return (Piece(number, where, url=url) for number, where in enumerate(found))


def write_lines(found: list[str], jsonl: Path | None, relevant: bool, engine: Here | None, url: str | None) -> None:
    """Read into one file or to stdout, in the order of the sources."""
    with (
        engine or contextlib.nullcontext(),  # first: processes begin before there are threads
        Report(found, jsonl) as report,
        whole_file(jsonl) if jsonl else contextlib.nullcontext(sys.stdout) as file,
    ):
        if engine is None:
            for piece in whole_sources(found, url):
                tally = Tally()
                for _, line in rereading.lines_of(piece, tally, relevant):
                    file.write(line)
                    report.show(tally)
                report.settle(piece, tally)
        else:
            with (
                tempfile.TemporaryDirectory(prefix=".usce-", dir=jsonl.parent if jsonl else None) as directory,
                contextlib.closing(engine),  # before its folder is removed
            ):
                todo = rereading.pieces(found, url)
                for result, path in rereading.in_order(engine, todo, Path(directory), relevant):
                    if path is not None:
                        with path.open(encoding="utf-8", newline="\n") as lines:
                            file.writelines(lines)
                        path.unlink()
                    report.settle(result.piece, result.tally)
        report.check()


def write_shards(found: list[str], output: Path, form: str, relevant: bool, engine: Here, url: str | None) -> None:
    """Read into a folder of shards."""
    about = shards.about(found, relevant=relevant, rules=rereading.rules())
    with (
        engine,  # first: processes begin before there are threads, and hold nothing of the folder
        shards.Shards(output, form, about) as folder,
        contextlib.closing(engine),  # before the folder is cleaned
        Report(found, output) as report,
    ):
        for result, was_there in rereading.into_folder(engine, rereading.pieces(found, url), folder, relevant):
            report.settle(result.piece, result.tally, was_there)
        report.check()


class Report:
    """Draws how it goes, names what is broken when it is met, and says at the end what came of it."""

    def __init__(self, found: list[str], target: Path | None, quiet: bool = False) -> None:
        self.found, self.target, self.quiet = found, target, quiet
        self.all = Tally()
        self.files = self.before = 0
        self.read = 0.0  # sources, parts of them as fractions
        self.said = time.monotonic()
        self.bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[counts]}"),
            TimeElapsedColumn(),
            console=err,
            transient=True,
            # Where the records go to the terminal they are what is looked at.
            disable=quiet or not err.is_terminal or (target is None and sys.stdout.isatty()),
        )
        self.task = self.bar.add_task("sources", total=len(found), counts="")

    def __enter__(self) -> Report:
        self.bar.start()
        self.show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.bar.stop()
        if error is None:
            self._end()
        elif kind is not None and issubclass(kind, KeyboardInterrupt) and self.target is not None:
            say("Stopped. Whole shards stay; the same command goes on." if self.target.is_dir() else "Stopped.")

    def show(self, tally: Tally | None = None) -> None:
        """Draw how far it is; `tally`: of what is being read."""
        pages, relevant = self.all.pages, self.all.relevant
        if tally:
            pages, relevant = pages + tally.pages, relevant + tally.relevant
        counts = f"{int(self.read + 1e-9)} of {len(self.found)} sources · {pages} pages · {relevant} about a program"
        if skipped := self._skipped():
            counts += f" · {skipped}"
        self.bar.update(self.task, completed=self.read, counts=counts)
        if self.bar.disable and self.target is not None and time.monotonic() - self.said > SAID_EVERY:
            self.said = time.monotonic()
            say(counts)

    def settle(self, piece: Piece, tally: Tally, was_there: bool = False) -> None:
        """A piece is read."""
        self.all.add(tally)
        self.all.failed.extend(tally.failed)
        self.read += piece.share
        self.before += was_there
        if not was_there:
            for problem in tally.problems:
                say(f"Skipped: {problem}")
            if (more := tally.broken - len(tally.problems)) > 0:
                say(f"Skipped: {piece.where}: {count(more, 'more broken record')}")
        if len(self.found) > 1:
            for problem in tally.failed:
                say(f"Skipped: {problem}")
        self.show()

    def _skipped(self) -> str:
        parts = [count(self.all.broken, "broken record")] if self.all.broken else []
        parts += [f"{count(len(self.all.failed), 'source')} not read"] if self.all.failed else []
        return ", ".join(parts)

    def check(self) -> None:
        """Raise ExtractError where nothing at all could be read."""
        if self.all.failed and not self.all.pages and len(self.all.failed) >= len(self.found):
            if len(self.found) == 1:
                raise extract.ExtractError(self.all.failed[0])
            raise extract.ExtractError(f"none of {len(self.found)} sources could be read.")

    def _end(self) -> None:
        self.check()
        skipped = self._skipped()
        if self.quiet or (self.target is None and not skipped):
            if skipped:
                raise typer.Exit(SKIPPED)
            return
        said = f"{self.all.pages} pages read, {self.all.relevant} about a program"
        said += f": {self.target}" if self.target else "."
        said += f" ({count(self.before, 'shard')} of before)" if self.before else ""
        say(said)
        if skipped:
            say(f"Not all: {skipped}.")
            raise typer.Exit(SKIPPED)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """A text file that takes its name only when it is complete."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise extract.ExtractError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
