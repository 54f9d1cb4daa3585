"""What pages are read by is told by a number that changes with it."""

from __future__ import annotations

import ast
from pathlib import Path

from scraper import reading

TOLD_ONLY = {"considered"}  # what `--explain` tells, which no fact depends on


def imported(path: Path) -> set[str]:
    """The modules of scraper/ that a file imports."""
    tree = ast.walk(ast.parse(path.read_text("utf-8")))
    names = (node.module or "" for node in tree if isinstance(node, ast.ImportFrom))
    return {name.removeprefix("scraper.") for name in names if name.startswith("scraper.")}


def test_whatever_the_reading_stages_import_counts() -> None:
    stages = {path.rpartition(".")[0].replace(".", "/") for path in reading.READING_STAGES}
    counted = {path.stem for pattern in reading.READS_BY for path in reading.ROOT.glob(pattern)}
    files = [path for stage in stages for path in reading.ROOT.glob(f"{stage}.py")]
    files += [path for stage in stages for path in (reading.ROOT / stage).glob("*.py")]
    assert len(files) > len(reading.READING_STAGES)
    assert set().union(*map(imported, files)) - TOLD_ONLY <= counted


def test_the_number_changes_with_a_file_that_counts(tmp_path: Path, monkeypatch) -> None:
    rule = tmp_path / "pipelines" / "fees.py"
    rule.parent.mkdir()
    rule.write_text("LARGEST = 1")
    other = tmp_path / "other.py"
    other.write_text("")
    monkeypatch.setattr(reading, "ROOT", tmp_path)
    before, with_other = reading.fingerprint(), reading.fingerprint("other.py")
    assert before != with_other
    other.write_text("x = 1")
    assert reading.fingerprint() == before
    assert reading.fingerprint("other.py") != with_other
    rule.write_text("LARGEST = 2")
    assert reading.fingerprint() != before
