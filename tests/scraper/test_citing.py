"""How to cite: a program, the dataset, the project."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scraper import __version__
from scraper.citing import cite_dataset, cite_program


@pytest.mark.parametrize("read", ["2026-03-01", "2026-03-01T12:00:00Z"])
def test_a_program_is_cited_by_institution_page_and_day(read: str) -> None:
    url = "https://www.alderbrook.example/visiting"
    wanted = f"St. Alder's Hosp. Visiting Students. {url} (read on March 1, 2026, by USCE Atlas)."
    assert cite_program("St. Alder's Hosp.", "Visiting Students", url, read) == wanted


def test_the_dataset_is_cited_with_its_day() -> None:
    assert cite_dataset("USCE Atlas", "2026-03-01T12:00:00Z").startswith(
        "USCE Atlas. State of March 1, 2026. Compiled by"
    )
    assert cite_dataset("USCE Atlas", "").startswith("USCE Atlas. Compiled by")


def test_the_citation_file_is_whole(root: Path) -> None:
    """What the Citation File Format 1.2.0 demands, and the version that is installed."""
    found = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(found)
    assert found["cff-version"] == "1.2.0"
    assert found["type"] in ("software", "dataset")
    assert found["version"] == __version__
    assert all(author.get("name") or author.get("family-names") for author in found["authors"])
    assert set(found["license"]) == {"CC-BY-4.0", "Apache-2.0"}
