"""Writes the tables of docs/accuracy.md anew, from the corpus and from the fragments of the tests.

python benchmarks/accuracy.py LABELS.jsonl PAGES.warc.gz
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from scraper.evaluate import (
    CONFIDENCE,
    SCORES,
    Evaluation,
    band_rows,
    evaluate,
    markdown,
    read_folder,
    read_records,
    score_rows,
)
from scraper.extract import pages_of_warc
from scraper.items import Page
from scraper.reading import Reader
from scraper.record import to_record

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "accuracy.md"
FRAGMENTS = ROOT / "tests" / "fragments"


def tables(result: Evaluation) -> str:
    """What stands between the marks: day, scores by field, calibration."""
    day = f"{result.pages} pages, read on {dt.date.today().isoformat()}; {result.conflicts} facts in conflict."
    return f"{day}\n\n{markdown(SCORES, score_rows(result))}\n\n{markdown(CONFIDENCE, band_rows(result))}\n"


def put(text: str, name: str, content: str) -> str:
    """`text` with `content` between the marks of `name`."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, _, rest = text.partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        raise SystemExit(f"{DOCUMENT}: the marks of '{name}' are gone.")
    return f"{before}{begin}{content}{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("pages", type=Path)
    args = parser.parse_args()
    reader = Reader()
    facts = {page.url.rstrip("/"): to_record(reader.read(page)) for page in pages_of_warc(args.pages)}
    corpus = evaluate(read_records(args.labels), facts)
    fragments = evaluate(
        *read_folder(
            FRAGMENTS, lambda name, body: to_record(reader.read(Page(f"https://www.example.org/{name}", body)))
        )
    )
    text = DOCUMENT.read_text("utf-8")
    for name, result in (("corpus", corpus), ("fragments", fragments)):
        text = put(text, name, tables(result))
        print(f"{name}: {result.overall:.3f}")
    DOCUMENT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
