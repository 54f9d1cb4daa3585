"""A line for the registry out of what a site says of itself, and what the registry's addresses are still worth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scraper import cli_institutions
from scraper.proposing import append, propose
from scraper.registry import Registry, RegistryError, load_registry
from scraper.upkeep import check_addresses
from tests.spiders.hosts import NO_DELAY, Hosts, page, redirect, serve

INSTITUTIONS = """id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes
fernbrook,Fernbrook Hospital,teaching_hospital,,Onset,VA,37.1,-76.2,http://fernbrook.example/,,
"""
JSON_LD = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
 {"@type": "WebPage", "name": "Home"},
 {"@type": ["Hospital", "LocalBusiness"], "name": "Wrenfield  Medical Center", "address": {"@type": "PostalAddress",
  "addressLocality": "Wrenfield", "addressRegion": "Ohio", "postalCode": "44000"},
  "geo": {"latitude": "41.2345", "longitude": -81.5}, "parentOrganization": {"name": "Wren Health"}}]}</script>"""

# what the page holds -> what the line says
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "JSON-LD says it all": (
        JSON_LD,
        {"id": "wrenfield-medical-center", "name": "Wrenfield Medical Center", "kind": "teaching_hospital", "city": "Wrenfield", "state": "OH",
         "lat": 41.23, "lon": -81.5, "parent": "Wren Health", "website": "https://www.wrenfield.example/"},
    ),
    "Open Graph and an address in the footer": (
        '<meta property="og:site_name" content="Quarry Hill College of Osteopathic Medicine"><title>Home | QHCOM</title>'
        "<body><p>Call us</p><footer>12 Mill Road, Quarry Hill, MO 63000</footer>",
        {"name": "Quarry Hill College of Osteopathic Medicine", "kind": "medical_school_do", "city": "Quarry Hill", "state": "MO", "lat": None},
    ),
    "a title alone": (
        "<title>Visiting Students | Ash Valley School of Medicine</title>",
        {"name": "Ash Valley School of Medicine", "kind": "medical_school_md", "city": None, "state": None},
    ),
    "a home page's title": ("<title>Welcome to Ash Valley Health</title>", {"name": "Ash Valley Health", "kind": "health_system"}),
    "coordinates elsewhere and broken JSON": (
        JSON_LD.replace("41.2345", "51.5").replace("-81.5", "0.1") + '<script type="application/ld+json">{"name": </script>',
        {"name": "Wrenfield Medical Center", "lat": None, "lon": None},
    ),
    "nothing at all": ("", {"name": "www.wrenfield.example", "kind": None}),
    "an accreditor's code is no state": ("<title>Oak Clinic</title><p>Room ZZ 12345, Oak, QQ 12345</p>", {"name": "Oak Clinic", "state": None}),
}  # fmt: skip


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "institutions.csv").write_text(INSTITUTIONS, "utf-8")
    (tmp_path / "start_urls.csv").write_text("institution_id,url,program_type,seen\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_a_site_proposes_its_line(name: str) -> None:
    html, wanted = CASES[name]
    one = propose(html.encode(), "https://www.wrenfield.example/visitors", Registry({}, {})).institution
    assert {column: getattr(one, column) for column in wanted} == wanted


def test_the_page_becomes_a_start_url_and_a_home_page_does_not() -> None:
    body = b"<title>Oak Clinic</title>"
    assert propose(body, "https://oak.example/", Registry({}, {})).start is None
    start = propose(body, "https://oak.example/visit", Registry({}, {})).start
    assert start is not None
    assert (start.institution_id, start.url) == ("oak-clinic", "https://oak.example/visit")


def test_what_the_registry_may_know_is_named(registry: Path) -> None:
    known = load_registry(registry)
    for url, title in (
        ("http://fernbrook.example/x", "Anything"),
        ("https://other.example/", "The Fernbrook Hospital"),
    ):
        found = propose(f"<title>{title}</title>".encode(), url, known).known
        assert [f.institution.id for f in found] == ["fernbrook"]


def test_a_line_is_written_whole_or_not_at_all(registry: Path) -> None:
    proposal = propose(JSON_LD.encode(), "https://www.wrenfield.example/visitors", load_registry(registry))
    after = append(registry, proposal.institution, proposal.start)
    assert after.institutions["wrenfield-medical-center"] == proposal.institution
    assert load_registry(registry).starts("wrenfield-medical-center")[0].url == "https://www.wrenfield.example/visitors"
    texts = [(registry / name).read_text("utf-8") for name in ("institutions.csv", "start_urls.csv")]
    with pytest.raises(RegistryError):
        append(registry, proposal.institution, proposal.start)
    assert texts == [(registry / name).read_text("utf-8") for name in ("institutions.csv", "start_urls.csv")]
    assert {path.name for path in registry.iterdir()} == {"institutions.csv", "start_urls.csv"}


VISITING = page(
    "Visiting students",
    text="Visiting medical students from US schools may apply for a four-week clinical elective at our hospital. Apply through VSLO.",
)


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    site: dict[str, Any] = {
        "/": page("Fernbrook Hospital"),
        "/visiting": VISITING,
        "/old": redirect("http://fernbrook.example/visiting-new"),
        "/visiting-new": VISITING,
        "/gone-home": redirect("http://fernbrook.example/"),
        "/parking": page("Parking", text="Park in the garage on Mill Road."),
    }
    with serve({"fernbrook.example": site, "oak.example": {"/visit": JSON_LD + VISITING}}) as served:
        yield served


@pytest.fixture
def settings(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    values = {**NO_DELAY, "USCE_HOSTS": dict.fromkeys(hosts.pages, "127.0.0.1")}
    values.pop("ITEM_PIPELINES")
    monkeypatch.setattr(cli_institutions, "CRAWL_SETTINGS", values)
    return values


def test_addresses_that_moved_died_or_look_wrong_are_named(
    registry: Path, hosts: Hosts, settings: dict[str, Any]
) -> None:
    wanted = {
        "/visiting": "good",
        "/old": "moved",
        "/gone-home": "suspicious",
        "/parking": "suspicious",
        "/nowhere": "dead",
    }
    rows = "".join(f"fernbrook,{hosts.url('fernbrook.example', path)},clinical_elective,test\n" for path in wanted)
    (registry / "start_urls.csv").write_text(f"institution_id,url,program_type,seen\n{rows}", "utf-8")
    found = {checked.url: checked for checked in check_addresses(registry, settings=settings)}
    got = {path: found[hosts.url("fernbrook.example", path)].state for path in wanted}
    assert got == wanted
    assert found[hosts.url("fernbrook.example", "/old")].now == hosts.url("fernbrook.example", "/visiting-new")
    result = CliRunner().invoke(cli_institutions.app, ["check", "--registry", str(registry)])
    assert result.exit_code == 1
    assert "1 dead, 1 moved, 2 suspicious" in result.output


def test_adding_asks_first(registry: Path, hosts: Hosts, settings: dict[str, Any]) -> None:
    url, runner = hosts.url("oak.example", "/visit"), CliRunner()
    refused = runner.invoke(cli_institutions.app, ["add", url, "--registry", str(registry)], input="n\n")
    assert refused.exit_code == 1
    assert len(load_registry(registry).institutions) == 1
    added = runner.invoke(cli_institutions.app, ["add", url, "--registry", str(registry), "--id", "oak", "--yes"])
    assert added.exit_code == 0, added.output
    one = load_registry(registry).institutions["oak"]
    assert (one.name, one.state, one.lat) == ("Wrenfield Medical Center", "OH", 41.23)
    assert load_registry(registry).starts("oak")[0].url == url
