"""`usce`: the front door. It reads arguments, draws progress and says what went wrong; the work is done elsewhere."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import json
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.history import as_of
from scraper import (
    __version__,
    cli_collect,
    cli_evaluate,
    cli_extract,
    cli_institutions,
    demo,
    evaluate,
    extract,
    serving,
    shards,
    status,
)
from scraper import contact as contacts
from scraper.archive import ArchiveError
from scraper.cli_progress import progress_bar
from scraper.crawling import NOTHING_LEFT, CrawlError, CrawlLocked, CrawlReport, CrawlRequest, Lock, run_crawl
from scraper.crawling import Progress as CrawlProgress
from scraper.database import DatabaseError, open_database
from scraper.export import PackageError, newest_date
from scraper.export import export as export_package
from scraper.export import load as load_package
from scraper.formats import FormatError
from scraper.matching import report as match_report
from scraper.matching.person import AnswersError
from scraper.outcomes import REASONS
from scraper.queue import OFFLINE, QueueError, safe
from scraper.reading import collect_less_often
from scraper.registry import DIRECTORY, RegistryError, load_registry, reviewed_registry
from scraper.staging import Staging, Verdict
from scraper.vocabulary import VocabularyError

ROOT = Path(__file__).resolve().parent.parent
DATABASE = ROOT / "data" / "atlas.db"
PUBLISHED = ROOT / "data" / "published"
FIRST_VISITS = 12  # a newcomer's first run should not visit every hospital

# Exit codes that scripts can use.
FAILED, USAGE, LOCKED, GATE, INTERRUPTED = 1, 2, 3, 4, 130
KNOWN_ERRORS = (
    ArchiveError,
    CrawlError,
    contacts.ContactError,
    DatabaseError,
    FormatError,
    PackageError,
    QueueError,
    RegistryError,
    VocabularyError,
    demo.SiteError,
    evaluate.EvaluationError,
    extract.ExtractError,
    serving.ServingError,
    shards.ShardError,
)

out = Console()
err = Console(stderr=True)

app = typer.Typer(
    name="usce",
    help="USCE Atlas: US clinical experience for visiting medical students and graduates, read from the hospitals' own pages.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
registry_app = typer.Typer(help="Look after data/institutions.csv and data/start_urls.csv.", no_args_is_help=True)
app.add_typer(registry_app, name="registry")
app.add_typer(cli_institutions.app, name="institution")
app.command(name="vslo")(cli_institutions.vslo)


def examples(*lines: str) -> str:
    """An epilog that shows how a command is used."""
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  {escape(line)}" for line in lines)


class Form(enum.StrEnum):
    """The forms of scraper.formats.WRITERS."""

    csv = "csv"
    xlsx = "xlsx"
    jsonl = "jsonl"
    parquet = "parquet"
    sqlite = "sqlite"


DatabaseOption = Annotated[
    Path, typer.Option("--database", "-d", metavar="FILE", help="The SQLite file.", show_default="data/atlas.db")
]
RegistryOption = Annotated[
    Path,
    typer.Option(
        "--registry", metavar="DIR", help="Folder with institutions.csv and start_urls.csv.", show_default="data/"
    ),
]
PortOption = Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port of the site on this machine.")]


def complain(message: object) -> None:
    """Say on stderr what went wrong."""
    err.print("[bold red]Error:[/bold red] " + escape(str(message)), highlight=False, soft_wrap=True)


@app.callback(invoke_without_command=True)
def top(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        out.print(f"usce-atlas {__version__}", highlight=False, soft_wrap=True)
        raise typer.Exit


# --- crawling ----------------------------------------------------------------------------------------------------


def crawl_with_bar(request: CrawlRequest) -> CrawlReport:
    """Run a crawl and draw how it goes; without a terminal, a line every half minute instead."""
    said = time.monotonic()
    with progress_bar(err) as (bar, task):

        def show(progress: CrawlProgress) -> None:
            nonlocal said
            counts = f"{progress.pages} pages · {progress.programs} programs · {progress.errors} errors"
            if progress.elsewhere or progress.workers > 1:
                counts += f" here · {progress.workers} workers"
            done = progress.done + progress.elsewhere
            bar.update(task, total=progress.institutions or None, completed=done, counts=counts)
            if bar.disable and time.monotonic() - said > 30:
                said = time.monotonic()
                err.print(
                    f"{done} of {progress.institutions} institutions · {counts}",
                    highlight=False,
                    soft_wrap=True,
                )

        return run_crawl(request, show)


def show_report(report: CrawlReport, rows: int = 15) -> None:
    """The table at the end of a crawl: what was found and what failed."""
    finished = [o for o in report.outcomes.values() if o.finished]
    table = Table(title="The crawl", title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    with_programs = sum(1 for outcome in finished if outcome.programs)
    for name, number in (
        ("Institutions visited", len(report.outcomes)),
        ("  with programs", with_programs),
        ("  not reached", len(report.unreached)),
        ("Pages read", report.pages),
        ("  about a program", report.relevant),
        ("Programs", report.programs),
    ):
        table.add_row(name, str(number))
    out.print(table)
    if report.failures:
        failed = Table(title="Not read", title_justify="left", box=None, pad_edge=False)
        failed.add_column("pages", justify="right")
        failed.add_column("why")
        for reason, number in report.failures.most_common(rows):
            failed.add_row(str(number), REASONS.get(reason, reason.replace("http_", "answered with HTTP status ")))
        out.print(failed)
    if report.unreached and not report.offline:
        names = ", ".join(report.unreached[:rows]) + (" …" if len(report.unreached) > rows else "")
        out.print(f"Not reached: {names}", highlight=False, soft_wrap=True)
    if report.no_institution:
        out.print(f"{len(report.no_institution)} archived pages belong to no institution of the registry:")
        for url in report.no_institution[:rows]:
            out.print(f"  {url}", highlight=False, markup=False)
    if report.archive:
        out.print(f"Recorded: {report.archive}", highlight=False, markup=False)


@app.command(
    epilog=examples(
        "usce crawl                                  every institution of the registry",
        "usce crawl yale-school-of-medicine          one institution",
        "usce crawl --due --resume --minutes 300     for a schedule: whoever is due, for five hours at most",
        "usce crawl --record data/archives           keep what was fetched as WARC",
        "usce crawl --replay pages.warc.gz -d x.db   the same from an archive, without the network",
        "usce crawl --queue redis://10.0.0.5/0       one worker of many; the same on other machines joins in",
    )
)
def crawl(
    institutions: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Institutions to visit; none = all.")
    ] = None,
    database: DatabaseOption = DATABASE,
    registry: RegistryOption = DIRECTORY,
    replay: Annotated[
        Path | None, typer.Option(metavar="WARC", help="Read pages from this archive instead of the network.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write what is fetched into a new WARC file in this folder.")
    ] = None,
    max_pages: Annotated[int | None, typer.Option(min=1, help="Pages to fetch of one institution at most.")] = None,
    log_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the log into this file.")] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only who was read longer ago than a week; a deadline near, than two days.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a crawl that was cut off; where none was, begin one.")
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Stop after so long; the others' turn comes next time.")
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Your e-mail or web address, told to every host; kept for next time."),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Publish the crawl that did not pass the gate: you found it right.")
    ] = False,
    queue: Annotated[
        str, typer.Option(metavar="URL", help="Share the work with others through this Redis; `usce collect` writes.")
    ] = "",
) -> None:
    """Visit institutions, read their pages and publish what was found if it passes the gate.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 another crawl goes on, 4 not published (the old data stays), 130 stopped.
    """
    if accept:
        accept_crawl(database)
        return
    if queue and replay:
        raise typer.BadParameter("shares visits, and a replay makes none.", param_hint="--queue")
    chosen = list(institutions or ())
    if due and not replay:
        if chosen:
            raise typer.BadParameter("chooses whom to visit: name no institution besides.", param_hint="--due")
        chosen = list(status.due(database, registry))
        if not chosen and not (resume and Staging(database).waiting()):
            out.print(status.nobody_is_due(database, registry), highlight=False, soft_wrap=True)
            return
    if not replay:
        contact = who_we_are(contact, len(chosen) or len(load_registry(registry).institutions))
    request = CrawlRequest(
        database=database,
        registry=registry,
        institutions=tuple(chosen),
        staged=not queue,
        resume=resume,
        minutes=minutes,
        queue=queue,
        contact=contact or None,
        replay=replay,
        record=record,
        max_pages=max_pages,
        log_file=log_file,
        log_level="INFO" if log_file else "WARNING",
    )
    report = crawl_with_bar(request)
    if queue:
        finish_work(report, queue)
        return
    if report.resumed:
        out.print(f"{report.resumed} institutions were visited before the break.", highlight=False, soft_wrap=True)
    show_report(report)
    if report.verdict is not None and not report.verdict.passed:
        show_verdict(report.verdict, database)
    if report.stopped:
        err.print("Stopped. What was finished is stored; the rest is as it was.")
        raise typer.Exit(INTERRUPTED)
    if report.out_of_time:
        err.print(
            "Out of time. What was finished is stored; `usce crawl --resume` visits the others.",
            highlight=False,
            soft_wrap=True,
        )
    if report.verdict is not None and not report.verdict.passed:
        raise typer.Exit(GATE)
    if report.offline:
        complain(f"none of {len(report.unreached)} institutions could be reached: is this machine online?")
        raise typer.Exit(FAILED)


def finish_work(report: CrawlReport, queue: str) -> None:
    """What a worker says at its end."""
    if report.stats.get("finish_reason") == NOTHING_LEFT:
        err.print(
            "Nothing is left to visit in this crawl; `usce collect` publishes it.", highlight=False, soft_wrap=True
        )
        return
    show_report(report)
    if report.stopped:
        err.print("Stopped. What was not finished is other workers' work now.", highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED)
    if report.stats.get("finish_reason") == OFFLINE:
        complain(
            f"none of {len(report.unreached)} institutions could be reached from here: is this machine online? Other workers visit them."
        )
        raise typer.Exit(FAILED)
    if report.out_of_time:
        err.print("Out of time. The others are left to other workers.", highlight=False, soft_wrap=True)
    err.print(f"What was found is written by: usce collect --queue {safe(queue)}", highlight=False, soft_wrap=True)


@app.command(epilog=examples(*cli_collect.EXAMPLES))
def collect(
    queue: cli_collect.QueueOption,
    database: DatabaseOption = DATABASE,
    registry: RegistryOption = DIRECTORY,
    end: cli_collect.EndOption = False,
) -> None:
    """Write what the workers of `usce crawl --queue` find, and publish it if it passes the gate.

    One process, beside the database; it may be started before the workers, and stopped and started again at any time.
    Exit codes: 0 published, 1 failed, 2 wrong usage, 3 the database is in use, 4 not published (the old data stays), 130 stopped.
    """
    report = cli_collect.run(queue, database, registry, end)
    if report.stopped:
        err.print(
            "Stopped. What was written is whole; `usce collect` goes on with the rest.", highlight=False, soft_wrap=True
        )
        raise typer.Exit(INTERRUPTED)
    show_report(report)
    if report.left_out:
        names = ", ".join(report.left_out[:15]) + (" …" if len(report.left_out) > 15 else "")
        out.print(f"Not visited to the end: {names}", highlight=False, soft_wrap=True)
    if report.verdict is not None and not report.verdict.passed:
        show_verdict(report.verdict, database)
        raise typer.Exit(GATE)


def show_verdict(verdict: Verdict, database: Path) -> None:
    """Say why a crawl is not published, and which institutions broke."""
    complain("this crawl is not published; the data stays as it was. " + "; ".join(verdict.problems))
    for line in verdict.institutions:
        err.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    err.print(
        f"Look at these sites. If the crawl is right: usce crawl --accept -d {database}", highlight=False, markup=False
    )


def accept_crawl(database: Path) -> None:
    """Publish what waits."""
    need(database)
    lock = Lock(database)
    if (holder := lock.acquire()) is not None:
        raise CrawlLocked(str(database), holder)
    try:
        Staging(database).accept()
    finally:
        lock.release()
    out.print("Published.")


def who_we_are(contact: str | None, sites: int) -> str:
    """The contact to send along: given, known, or asked for. A crawl of more than a handful of sites must have one."""
    if contact is not None:
        contact = contacts.checked(contact)
        if contact != contacts.known_contact():
            out.print(f"Kept in {contacts.keep_contact(contact)}", highlight=False, markup=False)
        return contact
    contact = contacts.known_contact()
    if contact or sites <= contacts.HANDFUL:
        return contact
    remedy = "give --contact ADDRESS once (an e-mail or web address), or set USCE_CONTACT."
    if not (sys.stdin.isatty() and err.is_terminal):
        raise contacts.ContactError(f"a crawl of {sites} sites must tell their hosts who runs it: {remedy}")
    asked = typer.prompt("Your e-mail or web address, for hosts that want to reach whoever crawls them", err=True)
    return who_we_are(asked, sites)


# --- reading without storing ---------------------------------------------------------------------------------------


app.command("extract", epilog=examples(*cli_extract.EXAMPLES))(cli_extract.command)
app.command("evaluate", epilog=examples(*cli_evaluate.EXAMPLES))(cli_evaluate.command)


# --- the dataset ---------------------------------------------------------------------------------------------------


@app.command(
    epilog=examples(
        "usce export data/published --no-quotes        the dataset as CSV files",
        "usce export /tmp/june --as-of 2026-06-01      as it stood on that day",
        "usce export /tmp/book --format xlsx           one workbook",
    )
)
def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the files and datapackage.json.")],
    database: DatabaseOption = DATABASE,
    quotes: Annotated[
        bool, typer.Option("--quotes/--no-quotes", help="Carry the pages' own words along as evidence.")
    ] = True,
    form: Annotated[Form, typer.Option("--format", "-f", help="Form of the files.")] = Form.csv,
    day: Annotated[
        dt.datetime | None,
        typer.Option(
            "--as-of", metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="The state at the end of that day, UTC."
        ),
    ] = None,
) -> None:
    """Write the dataset as files with their data package: CSV, XLSX, JSON Lines, Parquet or SQLite."""
    need(database)
    with as_of(database, day.date()) if day else contextlib.nullcontext(database) as source:
        written = export_package(source, directory, quotes=quotes, form=form.value)
    table = Table(title=f"Written to {directory}", title_justify="left", box=None, pad_edge=False, show_header=False)
    for name, number in written.items():
        table.add_row(name, str(number))
    out.print(table)


@app.command(epilog=examples("usce load data/published", "usce load /tmp/atlas -d other.db"))
def load(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `usce export` wrote.")],
    database: DatabaseOption = DATABASE,
) -> None:
    """Read an export back into a database, whole or not at all."""
    loaded = load_package(directory, database)
    kept = f"; {loaded.kept} were newer in the database and stay" if loaded.kept else ""
    out.print(
        f"{loaded.programs} programs of {loaded.institutions} institutions brought in{kept}.",
        highlight=False,
        soft_wrap=True,
    )


def need(database: Path) -> None:
    """Raise DatabaseError where there is no database yet."""
    if not database.exists():
        raise DatabaseError(
            f"{database}: there is no such database. `usce load data/published` or `usce crawl` makes one."
        )


@app.command(name="status", epilog=examples("usce status", "usce status -d x.db"))
def status_command(database: DatabaseOption = DATABASE, registry: RegistryOption = DIRECTORY) -> None:
    """What the database holds, how fresh it is, how the last crawls went, and what to look at first."""
    need(database)
    for table in status.tables(database, load_registry(registry)):
        out.print(table)
        out.print()


@registry_app.command("check", epilog=examples("usce registry check", "usce registry check --registry my/"))
def registry_check(registry: RegistryOption = DIRECTORY) -> None:
    """Check every line of the registry; each broken one is named with what to write instead."""
    loaded = reviewed_registry(registry)
    starts = sum(len(urls) for urls in loaded.start_urls.values())
    out.print(
        f"{len(loaded.institutions)} institutions and {starts} start URLs are in order.",
        highlight=False,
        soft_wrap=True,
    )


# --- matching ------------------------------------------------------------------------------------------------------


@app.command(
    name="match",
    epilog=examples(
        "usce match --who student --school abroad --year final --weeks 8 --budget 5000",
        "usce match --who student --school abroad --toefl 100 --visa B-1 --start 2027-03 --state NY --state NJ",
        "usce match --who graduate --school abroad --type observership --specialty cardiology --sort cost",
        "usce match --who student --school us --home-vslo yes --step1 yes --json > matches.json",
    ),
)
def match_command(
    who: Annotated[str, typer.Option(metavar="WHO", help="student, graduate or physician.")],
    school: Annotated[str, typer.Option(metavar="WHERE", help="Where the medical school is or was: us or abroad.")],
    year: Annotated[str, typer.Option(metavar="YEAR", help="Students: final, clinical or preclinical.")] = "",
    home_vslo: Annotated[str, typer.Option(metavar="yes|no", help="Is the home school in VSLO?")] = "",
    affiliated: Annotated[str, typer.Option(metavar="yes|no", help="Has it an agreement with the hosts?")] = "",
    toefl: Annotated[str, typer.Option(metavar="SCORE", help="TOEFL iBT, total.")] = "",
    ielts: Annotated[str, typer.Option(metavar="BAND", help="IELTS, overall.")] = "",
    step1: Annotated[str, typer.Option(metavar="yes|no", help="Is USMLE Step 1 passed?")] = "",
    visa: Annotated[
        str,
        typer.Option(
            metavar="VISA", help="Visa held or planned: B-1, B-2, J-1, F-1, ESTA/WB, H-4, or none needed: none."
        ),
    ] = "",
    budget: Annotated[str, typer.Option(metavar="USD", help="Budget for all fees.")] = "",
    weeks: Annotated[str, typer.Option(metavar="N", help="Weeks of stay; without, costs are for four.")] = "",
    start: Annotated[str, typer.Option(metavar="YYYY-MM", help="Month in which to start.")] = "",
    specialty: Annotated[str, typer.Option(metavar="NAME", help="Specialty looked for.")] = "",
    state: Annotated[list[str] | None, typer.Option(metavar="XX", help="State, two letters; may be repeated.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--type", metavar="TYPE", help="clinical_elective, sub_internship, observership, research; may be repeated."
        ),
    ] = None,
    sort: Annotated[str, typer.Option(metavar="ORDER", help="deadline or cost.")] = "deadline",
    limit: Annotated[int, typer.Option(min=1, help="Programs of each group to show.")] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with the words that prove each finding.")
    ] = False,
    database: DatabaseOption = DATABASE,
) -> None:
    """Where a person fits, may fit, or does not fit and why, with cost and deadline. Nothing that is told here is stored."""
    given = {
        "who": [who], "school": [school], "year": [year], "home_vslo": [home_vslo], "affiliated": [affiliated],
        "toefl": [toefl], "ielts": [ielts], "step1": [step1], "visa": [visa], "budget": [budget], "weeks": [weeks],
        "start": [start], "specialty": [specialty], "state": state or [], "type": kind or [], "sort": [sort],
    }  # fmt: skip
    need(database)
    try:
        answer = match_report.ask(database, given, limit)
    except AnswersError as error:
        option, message = next(iter(error.errors.items()))
        raise typer.BadParameter(message, param_hint=f"--{option.replace('_', '-')}") from None
    if as_json:
        print(json.dumps(match_report.record(answer), ensure_ascii=False, indent=1))
        return
    for piece in match_report.tables(answer):
        out.print(piece, highlight=False, soft_wrap=True)


# --- the site ------------------------------------------------------------------------------------------------------


@app.command(epilog=examples("usce serve", "usce serve -d x.db --port 8002"))
def serve(database: DatabaseOption = DATABASE, port: PortOption = 8001) -> None:
    """Serve the site on this machine until Ctrl-C."""
    need(database)
    open_database(database).close()
    with serving.serving(database, port) as address:
        out.print(f"USCE Atlas is on {address}  (Ctrl-C stops it)", highlight=False, soft_wrap=True)
        wait_for_end()


def wait_for_end() -> None:
    """Do nothing until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


@app.command(
    epilog=examples(
        "usce up                 the site, and a visit to the dozen institutions read longest ago",
        "usce up --all           visit every institution",
        "usce up --no-crawl      the site only",
        "make run PORT=8002      the same through make",
    )
)
def up(
    database: DatabaseOption = DATABASE,
    registry: RegistryOption = DIRECTORY,
    port: PortOption = 8001,
    every: Annotated[bool, typer.Option("--all", help="Visit every institution of the registry.")] = False,
    no_crawl: Annotated[bool, typer.Option("--no-crawl", help="Visit nobody, only serve.")] = False,
) -> None:
    """The main job: load the published dataset, open the site, and refresh it from the hospitals' pages."""
    if every and no_crawl:
        raise typer.BadParameter("takes the place of --no-crawl: give one of the two.", param_hint="--all")
    serving.check_port(port)
    institutions = load_registry(registry).institutions
    open_database(database).close()
    if (PUBLISHED / "datapackage.json").exists():
        load_package(PUBLISHED, database)
    with serving.serving(database, port) as address:
        out.print(f"USCE Atlas is on [bold]{address}[/bold]  (Ctrl-C stops it)", highlight=False, soft_wrap=True)
        if not no_crawl:
            chosen = () if every else status.longest_ago(database, registry, FIRST_VISITS)
            contact = who_we_are(None, len(chosen) or len(institutions))
            number = len(institutions) if every else len(chosen)
            out.print(
                f"Reading {number} institutions' pages again, politely; the site shows what is found.",
                highlight=False,
                soft_wrap=True,
            )
            report = crawl_with_bar(
                CrawlRequest(database=database, registry=registry, institutions=chosen, contact=contact or None)
            )
            if report.offline:
                date = newest_date(PUBLISHED)
                out.print(
                    f"No network: none of {len(report.unreached)} sites could be reached. The dataset of {date or 'an unknown day'} is served. "
                    "To see a crawl without a network: make demo",
                    highlight=False,
                    soft_wrap=True,
                )
            elif not report.stopped:
                show_report(report)
            if report.stopped:
                return
        wait_for_end()


@app.command(name="demo", epilog=examples("usce demo", "usce demo --port 8002"))
def demo_command(
    database: Annotated[
        Path, typer.Option("--database", "-d", metavar="FILE", show_default="data/local/demo.db")
    ] = demo.DATABASE,
    port: PortOption = 8001,
) -> None:
    """The whole main job on fictional sample hospitals that this machine serves itself: no network is needed."""
    serving.check_port(port)
    demo.mark_fictional(database)
    with (
        demo.serve_sites(port=demo.PORT) as served,
        tempfile.TemporaryDirectory() as registry,
        serving.serving(database, port) as address,
    ):
        out.print(
            f"The demonstration is on [bold]{address}[/bold]  Every hospital in it is invented. (Ctrl-C stops it)",
            highlight=False,
            soft_wrap=True,
        )
        report = crawl_with_bar(
            CrawlRequest(
                database=database,
                registry=served.write_registry(Path(registry)),
                settings=demo.CRAWL_SETTINGS,
            )
        )
        if not report.stopped:
            show_report(report)
            wait_for_end()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command; known errors go to stderr without a traceback. Exit codes: 1 failed, 2 usage, 3 locked,
    4 not published, 130 stopped."""
    # A scheduler stops a program with SIGTERM: that is to end as orderly as Ctrl-C does.
    # Raised, not passed on as SIGINT, which a shell's background jobs ignore.
    signal.signal(signal.SIGTERM, _interrupt)
    collect_less_often()
    try:
        app()
    except CrawlLocked as error:
        complain(error)
        sys.exit(LOCKED)
    except KNOWN_ERRORS as error:
        complain(error)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
