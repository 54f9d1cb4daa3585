"""`usce evaluate`: what was read against what careful readers wrote down."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scraper import evaluate, extract
from scraper.items import Page
from scraper.reading import Reader
from scraper.record import to_record

FAILED = 1
EXAMPLES = (
    "usce evaluate labels.jsonl facts.jsonl",
    "usce evaluate labels.jsonl pages.warc.gz --worst 5   read the pages first",
    "usce evaluate tests/fragments --rules                pages beside what they state",
    "usce evaluate labels.jsonl facts.jsonl --markdown    the tables of docs/accuracy.md",
)
out = Console()
err = Console(stderr=True)


def command(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS", help="JSON Lines with what pages state, or a folder of NAME.html and NAME.json."
        ),
    ],
    facts: Annotated[
        Path | None, typer.Argument(metavar="FACTS", help="What `usce extract --jsonl` wrote, or a WARC to read now.")
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="Show each rule with the share of its facts that is right.")
    ] = False,
    worst: Annotated[int, typer.Option(metavar="N", min=0, help="List the errors of the N worst pages.")] = 0,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print tables for a document.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as one JSON object.")] = False,
    bar: Annotated[float | None, typer.Option(metavar="F", help="Fail where the overall score is below this.")] = None,
) -> None:
    """Hold what was read against what careful readers wrote down: scores by field, and what confidence is worth."""
    result = evaluate.evaluate(*_labels_and_facts(labels, facts))
    if as_json:
        sys.stdout.write(json.dumps(evaluate.summary(result)) + "\n")
    else:
        _show(result, rules, worst, as_markdown)
    if bar is not None and result.overall < bar:
        err.print(f"The overall score is {result.overall:.3f}, below {bar:g}.", highlight=False)
        raise typer.Exit(FAILED)


def _labels_and_facts(labels: Path, facts: Path | None) -> tuple[list[evaluate.Record], dict[str, evaluate.Record]]:
    """What is compared: from a folder, from two files, or from labels and an archive that is read now."""
    reader = Reader()

    def read(name: str, body: bytes) -> evaluate.Record:
        return to_record(reader.read(Page(f"https://www.example.org/{name}", body)))

    if labels.is_dir():
        return evaluate.read_folder(labels, read)
    if facts is None:
        raise typer.BadParameter("is needed beside a file of labels.", param_hint="FACTS")
    if extract.is_archive(facts):
        records = [to_record(reader.read(page)) for page in extract.pages_of_file(facts)]
    else:
        records = evaluate.read_records(facts)
    return evaluate.read_records(labels), {record["url"].rstrip("/"): record for record in records}


def _show(result: evaluate.Evaluation, rules: bool, worst: int, as_markdown: bool) -> None:
    """The tables of an evaluation, and its worst pages."""
    _line(
        f"{result.pages} pages, {result.without_facts} without facts, {result.conflicts} facts in conflict with one that was chosen."
    )
    tables = [
        ("Scores", evaluate.SCORES, evaluate.score_rows),
        ("Confidence", evaluate.CONFIDENCE, evaluate.band_rows),
    ]
    if rules:
        tables.append(("Rules", evaluate.RULES, evaluate.rule_rows))
    for title, header, rows in tables:
        _line("")
        if as_markdown:
            _line(evaluate.markdown(header, rows(result)))
            continue
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for number, name in enumerate(header):
            table.add_column(name, justify="left" if number == 0 or name == "rule" else "right", no_wrap=True)
        for row in rows(result):
            table.add_row(*row, style="bold" if row[0].isupper() else "")
        out.print(table)
    for url, errors in evaluate.worst(result, worst):
        _line(f"\n{url}")
        for error in errors:
            _line(f"  {error}")


def _line(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
