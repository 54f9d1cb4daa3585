"""The rules of the house (docs/house.md), as far as a machine can see them."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scraper.urls import domain_of, host_of

ROOT = Path(__file__).resolve().parent.parent
STAGES = sorted((ROOT / "pipelines").glob("*.py"))
VOCABULARY = sorted((ROOT / "data" / "vocabulary").glob("*.yml"))
PACKAGE_HOSTS = re.compile(
    r"\b(?:pypi\.(?:org|python)|pythonhosted\.|npmjs\.|yarnpkg\.|anaconda\.org|crates\.io|rubygems\.|proxy\.golang\.|goproxy\.|nexus[.-]|artifactory"
    r"|https?://[^\s\"'<>]*/simple\b|(?:PIP|UV)_(?:EXTRA_)?INDEX_URL\s*=|--(?:extra-)?index-url[ =]\s*http|mirrors?\.[a-z-]+\.[a-z]{2,})",
    re.I,
)


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a Python file imports: modules, and what it takes from them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_from(path: Path, *rooms: str) -> list[str]:
    """The imports of `path` that come from one of `rooms`."""
    return [name for name in imports(path) if any(f"{name}.".startswith(f"{room}.") for room in rooms)]


@cache
def files() -> list[Path]:
    """The project's text files, as git knows them: what is ignored is not ours."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: the project's own files cannot be told from others")
    binary = {".png", ".jpg", ".ico", ".pdf", ".gz", ".db", ".woff2"}
    paths = [ROOT / name for name in listed if name]
    return [path for path in paths if path.is_file() and path.suffix not in binary]


def test_kernel_imports_neither_spiders_nor_pipelines() -> None:
    for path in (ROOT / "scraper").rglob("*.py"):
        if not path.name.startswith("cli"):  # the front door may
            assert not imported_from(path, "spiders", "pipelines"), path


def test_stages_get_what_they_need_as_arguments() -> None:
    """Rule 7: stages read neither settings nor the database; storage and history (a day's state) are the doors to it."""
    for path in STAGES:
        if path.name not in ("storage.py", "history.py"):
            assert not imported_from(path, "scraper.settings", "scraper.database", "sqlite3", "sqlite_utils"), path


def test_stages_import_no_spiders_and_spiders_no_stages() -> None:
    for path in STAGES:
        assert not imported_from(path, "spiders"), path
    for path in (ROOT / "spiders").rglob("*.py"):
        assert not imported_from(path, "pipelines"), path


def test_only_the_database_module_writes_sql_for_tables() -> None:
    for path in [*(ROOT / "scraper").rglob("*.py"), *STAGES, *(ROOT / "spiders").rglob("*.py")]:
        if path.name != "database.py":
            text = path.read_text("utf-8")
            assert not re.search(r"\b(?:create|alter|drop) (?:table|view|index)\b", text, re.I), path


@pytest.mark.parametrize("path", [*STAGES, *VOCABULARY], ids=lambda path: path.name)
def test_no_stage_names_a_hospital(path: Path) -> None:
    """Rule 3: no rule names one site. Neither hosts of the registry, nor institutions' names."""
    text = path.read_text("utf-8").lower()
    assert not [host for host in registry_hosts() if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", text)]
    assert not [name for name in registry_names() if name in text]


@cache
def registry_hosts() -> frozenset[str]:
    with (ROOT / "data" / "start_urls.csv").open(encoding="utf-8-sig", newline="") as file:
        hosts = {host_of(row["url"]) for row in csv.DictReader(file)}
    return frozenset(hosts | {domain_of(host) for host in hosts})


@cache
def registry_names() -> frozenset[str]:
    """The institutions' names of two words and more; a name of one word may be a word of the language."""
    with (ROOT / "data" / "institutions.csv").open(encoding="utf-8-sig", newline="") as file:
        names = {row["name"].lower() for row in csv.DictReader(file)}
    return frozenset(name for name in names if " " in name)


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of the machine, not of the project."""
    for path in files():
        if "data" not in path.relative_to(ROOT).parts[:1] and path != Path(__file__):
            found = PACKAGE_HOSTS.search(path.read_text("utf-8", "replace"))
            assert not found, f"{path}: {found and found[0]}"


def test_readme_gives_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make run" in readme
    assert "make test" in readme


def test_relative_links_in_the_documents_lead_somewhere() -> None:
    for path in files():
        if path.suffix == ".md":
            for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text("utf-8")):
                assert (path.parent / target).exists(), f"{path}: {target}"


def test_the_published_dataset_holds_no_words_of_the_pages() -> None:
    path = ROOT / "data" / "published" / "evidence.csv"
    if not path.is_file():
        pytest.skip("there is no published dataset yet: make dataset")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert not [row for row in csv.DictReader(file) if row.get("quote") or row.get("headings")]


@pytest.mark.corpus
def test_no_sentence_of_other_peoples_pages(corpus: Path) -> None:
    """The text of real pages stays out of the repository: no run of twelve words is shared with the corpus.

    Names and addresses of the registry and the dataset are facts, which may be published.
    """
    tool = corpus.parent / "tools" / "copied.py"
    if not tool.is_file():
        pytest.skip(f"the tool that compares with the corpus is not at {tool}")
    done = subprocess.run([sys.executable, str(tool)], cwd=ROOT, capture_output=True, text=True)
    facts = (
        "data/institutions.csv:",
        "data/distinct.csv:",
        "data/start_urls.csv:",
        "data/vslo_pages.csv:",
        "data/published/",
    )
    assert not [line for line in done.stdout.splitlines() if ": " in line and not line.startswith(facts)]
