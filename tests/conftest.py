"""What several tests need: the corpus of real pages and a chromium where this machine has them, the sample sites."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scraper.demo import ServedSites, serve_sites
from tests.redis_server import BINARY, MISSING, redis_server

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("USCE_CORPUS") or ROOT.parent / "shared" / "corpus")
CHROMIUM = os.environ.get("USCE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the corpus: pages.warc.gz, labels.jsonl, score.py. Tests that ask for it bear the mark `corpus`."""
    if not (CORPUS / "pages.warc.gz").is_file():
        pytest.skip(f"the corpus of real pages is not at {CORPUS}: set USCE_CORPUS to its folder")
    return CORPUS


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a chromium. Tests that ask for it bear the mark `browser`."""
    if not CHROMIUM:
        pytest.skip("there is no chromium on this machine: apt-get install chromium, or set USCE_CHROMIUM to its path")
    return CHROMIUM


@pytest.fixture
def sample_sites() -> Iterator[ServedSites]:
    """The fictional hospitals of tests/sites/, served on loopback."""
    with serve_sites() as served:
        yield served


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis of the test's own."""
    if not BINARY:
        pytest.skip(MISSING)
    with redis_server(tmp_path) as url:
        yield url
