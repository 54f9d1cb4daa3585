"""The places that the guide names, each as a small site in the form of the real one: a crawl over HTTP ends in rows a student knows.

No site needs a spider of its own: start URLs, sister hosts and the registry's parents are enough. Every host, name and
sentence is invented.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scraper import cli_institutions
from scraper.crawling import CrawlRequest, run_crawl
from scraper.database import Row, open_database, select
from scraper.registry import load_registry
from tests.spiders.hosts import NO_DELAY, Content, Hosts, serve

HEADER = "id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes,aliases,vslo_source\n"
SETTINGS = {name: value for name, value in NO_DELAY.items() if name != "ITEM_PIPELINES"}


def html(title: str, body: str) -> str:
    return f"<!doctype html><html><head><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>"


def link(text: str, url: str) -> str:
    return f'<p><a href="{url}">{text}</a></p>'


Crawl = Callable[[dict[str, dict[str, Content]], list[str], list[tuple[str, str]]], dict[str, list[Row]]]


@pytest.fixture
def crawl(tmp_path: Path) -> Crawl:
    """Serve the hosts, crawl them under a registry of these lines and start URLs, and give the database's tables."""

    def run(
        pages: dict[str, dict[str, Content]], lines: list[str], starts: list[tuple[str, str]]
    ) -> dict[str, list[Row]]:
        database = tmp_path / "atlas.db"
        with serve(pages) as hosts:
            text = HEADER + "".join(f"{line}\n" for line in lines)
            (tmp_path / "institutions.csv").write_text(text.replace(".example/", f".example:{hosts.port}/"), "utf-8")
            rows = "".join(f"{owner},http://{url},,test\n" for owner, url in starts)
            rows = rows.replace(".example/", f".example:{hosts.port}/")
            (tmp_path / "start_urls.csv").write_text(f"institution_id,url,program_type,seen\n{rows}", "utf-8")
            names = SETTINGS | {"USCE_HOSTS": dict.fromkeys(pages, "127.0.0.1")}
            run_crawl(CrawlRequest(database=database, registry=tmp_path, settings=names))
        db = open_database(database)
        tables = ("program_overview", "electives", "pages", "agency_terms", "agency_transparency")
        found = {name: select(db, name) for name in tables}
        db.conn.close()
        return found

    return run


def programs(found: dict[str, list[Row]]) -> dict[str, Row]:
    return {row["id"]: row for row in found["program_overview"]}


def pages_of(found: dict[str, list[Row]], program: str) -> set[str]:
    return {
        row["url"].partition(".example")[2].partition("/")[2] for row in found["pages"] if row["program_id"] == program
    }


def test_a_school_with_an_overview_and_a_page_for_each_kind_of_student(crawl: Crawl) -> None:
    """Yale's form: an overview, a program for students from abroad with its own fees and dates, one for US students."""
    top = "/md-program/visiting-students"
    site: dict[str, Content] = {
        f"{top}/": html(
            "Visiting Student Programs",
            "<p>Students of other medical schools may apply for clinical electives.</p>"
            + link("US visiting students", f"{top}/us") + link("International visiting students", f"{top}/international"),
        ),
        f"{top}/us": html(
            "US Visiting Students",
            "<p>Students of LCME schools in their final year may take clinical electives and apply through VSLO.</p>",
        ),
        f"{top}/international": html(
            "International Visiting Students",
            "<p>International medical students in their final year may apply for clinical electives of four weeks.</p>"
            + link("Fees for international students", f"{top}/international/fees"),
        ),
        f"{top}/international/fees": html(
            "Fees for International Visiting Students",
            "<p>International visiting students pay an application fee of $150 and a program fee of $4,000 for each four-week elective.</p>",
        ),
    }  # fmt: skip
    found = crawl(
        {"medicine.elmgate.example": site},
        ["elmgate,Elmgate School of Medicine,medical_school_md,Elmgate University,Onset,CT,41.3,-72.9,http://medicine.elmgate.example/,,,,"],
        [("elmgate", f"medicine.elmgate.example{top}/")],
    )  # fmt: skip
    known = programs(found)
    assert set(known) == {"elmgate--electives-us", "elmgate--electives-international"}
    abroad = known["elmgate--electives-international"]
    assert (abroad["application_fee"], abroad["international_students"]) == (150, "yes")
    assert pages_of(found, "elmgate--electives-international") >= {
        "md-program/visiting-students/international", "md-program/visiting-students/international/fees",
    }  # fmt: skip
    assert known["elmgate--electives-us"]["vslo"] == "yes"


def test_a_school_whose_hospitals_have_hosts_of_their_own(crawl: Crawl) -> None:
    """Harvard's form: the school's program and catalog by hospital; a hospital's department with an observership of its own."""
    school: dict[str, Content] = {
        "/exchange": html(
            "Exchange Clerk Program for Visiting Students",
            "<p>Visiting medical students from the US and from abroad may take clinical electives at our hospitals.</p>"
            + link("Catalog of clinical electives", "/exchange/catalog"),
        ),
        "/exchange/catalog": html(
            "Catalog of clinical electives for visiting students",
            "<table><tr><th>Course</th><th>Code</th><th>Hospital</th><th>Weeks</th><th>International students</th></tr>"
            "<tr><td>Cardiology Consults</td><td>ME 510</td><td>Harbor General</td><td>4</td><td>Yes</td></tr>"
            "<tr><td>Pediatric Neurology</td><td>NE 520</td><td>Quay Children's</td><td>4</td><td>No</td></tr></table>",
        ),
    }
    hospital: dict[str, Content] = {
        "/radiology/education/observership": html(
            "Radiology Observership Program",
            "<p>International physicians may apply for an observership of up to four weeks in our department of radiology.</p>",
        )
    }
    found = crawl(
        {"hms.alderwick.example": school, "www.harborgeneral.example": hospital},
        [
            "alderwick,Alderwick Medical School,medical_school_md,Alderwick University,Bay City,MA,42.3,-71.1,http://hms.alderwick.example/,,,,",
            "harbor,Harbor General Hospital,teaching_hospital,Alderwick University,Bay City,MA,42.3,-71.0,http://www.harborgeneral.example/,,,,",
        ],
        [("alderwick", "hms.alderwick.example/exchange"), ("harbor", "www.harborgeneral.example/radiology/education/observership")],
    )  # fmt: skip
    known = programs(found)
    assert {row["institution_id"] for row in known.values()} == {"alderwick", "harbor"}
    [observership] = [row for row in known.values() if row["institution_id"] == "harbor"]
    assert observership["types"] == "Observership"
    assert observership["id"].endswith("radiology") or "radiology" in observership["id"]
    electives = {row["code"]: row for row in found["electives"]}
    assert electives["ME 510"]["site"] == "Harbor General"
    assert electives["ME 510"]["accepts_international"] == 1
    assert (electives["NE 520"]["accepts_international"], electives["NE 520"]["institution_id"]) == (0, "alderwick")
    assert electives["ME 510"]["program_id"] in known


def test_one_school_with_campuses_in_three_states(crawl: Crawl) -> None:
    """Mayo Clinic's form: one site, clerkships for all campuses on one page, a department's page under it, a calendar."""
    top = "/academics/visiting-medical-student-clerkships"
    site: dict[str, Content] = {
        f"{top}/": html(
            "Visiting Medical Student Clerkships",
            "<p>Visiting medical students in their final year may take clerkships on our campuses in Arizona, Florida and Minnesota.</p>"
            + link("Clerkship dates and deadlines for visiting students", f"{top}/dates"),
        ),
        f"{top}/dates": html(
            "Clerkship dates and deadlines for visiting students",
            "<p>Visiting students must submit the application at least 12 weeks before the start of the clerkship.</p>",
        ),
        "/academics/residencies": html("Residencies", "<p>Our residencies train physicians.</p>"),
    }
    found = crawl(
        {"college.brightwater.example": site},
        ["brightwater,Brightwater Clinic School of Medicine,medical_school_md,Brightwater Clinic,Lakeside,MN,44.0,-92.4,http://college.brightwater.example/,,,,"],
        [("brightwater", f"college.brightwater.example{top}/")],
    )  # fmt: skip
    assert set(programs(found)) == {"brightwater--electives"}
    assert pages_of(found, "brightwater--electives") == {
        "academics/visiting-medical-student-clerkships/", "academics/visiting-medical-student-clerkships/dates",
    }  # fmt: skip


def test_a_school_with_pages_on_sister_hosts(crawl: Crawl) -> None:
    """Johns Hopkins' form: the registrar's page on the main host, an observership of a department on a sister host."""
    main: dict[str, Content] = {
        "/som/registrar/visiting": html(
            "Visiting Medical Students",
            "<p>Visiting medical students apply for clinical electives through our own portal, not through VSLO.</p>"
            + link(
                "Ophthalmology observership for international visitors", "http://eye.stonebridge.example/observership"
            ),
        )
    }
    sister: dict[str, Content] = {
        "/observership": html(
            "Ophthalmology Observership",
            "<p>International physicians may apply for an observership of two weeks. The observership fee is $500.</p>",
        )
    }
    found = crawl(
        {"www.stonebridge.example": main, "eye.stonebridge.example": sister},
        ["stonebridge,Stonebridge University School of Medicine,medical_school_md,Stonebridge University,Harbor,MD,39.3,-76.6,http://www.stonebridge.example/,no,,,"],
        [("stonebridge", "www.stonebridge.example/som/registrar/visiting")],
    )  # fmt: skip
    known = programs(found)
    assert len(known) == 2
    assert {row["types"] for row in known.values()} == {"Clinical elective", "Observership"}
    [eye] = [row for row in known.values() if row["types"] == "Observership"]
    assert "ophthalmology" in eye["id"]


def test_an_agency_is_kept_apart_and_says_what_it_says(crawl: Crawl) -> None:
    site: dict[str, Content] = {
        "/": html(
            "Bridgeway Rotations",
            "<p>International medical graduates may apply for a hands-on externship at Marlow Harbor Hospital.</p>"
            "<p>Letters of recommendation are written by your attending physician.</p>"
            + link("Externship prices", "/externship-prices")
            + "<footer><p>Bridgeway Rotations, 412 Quarry Hill Road, Onset, VA 23450</p></footer>",
        ),
        "/externship-prices": html(
            "Externship prices for international medical graduates",
            "<p>A four-week externship costs $1,950.</p><p>The program fee is non-refundable.</p>",
        ),
    }
    found = crawl(
        {"bridgeway.example": site},
        ["bridgeway,Bridgeway Rotations,agency,,,,,,http://bridgeway.example/,no,,,"],
        [("bridgeway", "bridgeway.example/"), ("bridgeway", "bridgeway.example/externship-prices")],
    )
    assert {row["institution_kind"] for row in found["program_overview"]} <= {"agency"}
    said = {row["item"]: row for row in found["agency_terms"]}
    assert said["host_named"]["value"] == "Marlow Harbor Hospital"
    assert said["price_public"]["value"] == "1950"
    assert all(row["quote"] and row["page_url"] for row in found["agency_terms"])
    [row] = found["agency_transparency"]
    assert (row["host_named"], row["price_public"], row["refund_policy"], row["letter_signer"]) == ("yes",) * 4
    assert row["told"] >= 4


HOSTS = html(
    "Visiting Student Learning Opportunities",
    "<h2>U.S. host institutions</h2><table><tr><th>Institution</th><th>City</th><th>State</th></tr>"
    "<tr><td>Alderwick Medical School</td><td>Bay City</td><td>MA</td></tr>"
    "<tr><td>Elmgate University School of Medicine</td><td>Onset</td><td>CT</td></tr>"
    "<tr><td>Nowhere College of Medicine</td><td>Nowhere</td><td>TX</td></tr></table>"
    "<h2>Global network host institutions</h2><ul><li>University of Farland Faculty of Medicine, Farland</li></ul>"
    "<h2>Fees</h2><p>Applicants pay an application fee of $20 for each elective to which they apply.</p>",
)


def test_vslo_hosts_are_listed_and_matched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "alderwick,Alderwick Medical School,medical_school_md,Alderwick University,Bay City,MA,42.3,-71.1,,,,,",
        "elmgate,Elmgate School of Medicine,medical_school_md,Elmgate University,Onset,CT,41.3,-72.9,,,,Elmgate University School of Medicine,",
    ]
    (tmp_path / "institutions.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines), "utf-8")
    (tmp_path / "start_urls.csv").write_text("institution_id,url,program_type,seen\n", "utf-8")
    database, runner = tmp_path / "atlas.db", CliRunner()

    def run(hosts: Hosts) -> Any:
        where = ["vslo", hosts.url("aamc.example", "/hosts"), "-d", str(database), "--registry", str(tmp_path)]
        return runner.invoke(VSLO, where[1:])

    with serve({"aamc.example": {"/hosts": HOSTS}}) as hosts:
        monkeypatch.setattr(
            cli_institutions, "CRAWL_SETTINGS", SETTINGS | {"USCE_HOSTS": {"aamc.example": "127.0.0.1"}}
        )
        result = run(hosts)
        assert result.exit_code == 0, result.output
        assert "4 hosts, 2 of them known" in result.output
        assert "Who is it? Nowhere College of Medicine" in result.output
        (tmp_path / "vslo_matches.csv").write_text("name,institution_id\nNowhere College of Medicine,-\n", "utf-8")
        assert "Who is it? Nowhere" not in run(hosts).output
    db = open_database(database)
    rows = {row["name"]: row for row in select(db, "vslo_hosts")}
    assert rows["Elmgate University School of Medicine"]["institution_id"] == "elmgate"
    assert rows["Nowhere College of Medicine"]["matched"] == "reviewed"
    assert {row["network"] for row in rows.values()} == {"us", "global"}
    [fee] = select(db, "shared_terms", field="fees")
    assert "20" in fee["in_words"]
    assert load_registry(tmp_path).institutions["elmgate"].aliases
    db.conn.close()


def _vslo_app() -> Any:
    import typer

    app = typer.Typer()
    app.command()(cli_institutions.vslo)
    return app


VSLO = _vslo_app()
