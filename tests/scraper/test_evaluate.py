"""`usce evaluate`: scores as the corpus's own scorer gives them, and what confidence is worth."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scraper.cli import app
from scraper.evaluate import (
    EvaluationError,
    band_rows,
    evaluate,
    is_right,
    markdown,
    read_records,
    rule_rows,
    score_rows,
    worst,
)

ROOT = Path(__file__).resolve().parents[2]


def fact(field: str, value: Any, confidence: float = 0.95, rule: str = "rule", **more: Any) -> dict[str, Any]:
    return {"field": field, "value": value, "confidence": confidence, "rule": rule, **more}


LABEL = {
    "url": "https://www.example.org/a/",
    "relevant": True,
    "vslo": True,
    "toefl_ibt_min": 90,
    "audiences": ["us_student", "graduate"],
    "fees": [{"kind": "application", "amount": 50, "per": "once", "refundable": None}],
    "deadlines": [{"kind": "closes", "lead": {"n": 2, "unit": "month"}}, {"kind": "opens", "date": "2026-03-01"}],
    "phones": ["5555550123"],
}
GIVEN = {
    "url": "https://www.example.org/a",
    "relevant": True,
    "vslo": False,
    "toefl_ibt_min": 90.0,
    "audiences": ["us_student", "physician"],
    "fees": [{"kind": "program", "amount": 50.0, "per": "once", "refundable": None}],
    "deadlines": [{"kind": "closes", "lead": {"n": 60, "unit": "day"}}, {"kind": "opens", "month_day": "03-01"}],
    "phones": ["(555) 555-0123"],
    "evidence": [
        fact("vslo", False, 0.95),
        fact("vslo", True, 0.9, conflict=True),
        fact("toefl_ibt_min", 90.0),
        fact("audiences", "us_student", 0.6),
        fact("audiences", "us_student", 0.8),
        fact("audiences", "physician", 0.6, "guess"),
        fact("housing", "none"),  # of which the labels know nothing
    ],
}


def one() -> Any:
    return evaluate([LABEL], {GIVEN["url"]: GIVEN})  # type: ignore[dict-item]


def test_scores() -> None:
    fields = {
        field: (c.right, c.wrong, c.missed) for (_, field), c in one().fields.items() if c.right + c.wrong + c.missed
    }
    assert fields == {
        "relevant": (1, 0, 0),
        "vslo": (0, 1, 1),
        "toefl_ibt_min": (1, 0, 0),
        "audiences": (1, 1, 1),
        "fee": (1, 0, 0),
        "fee.kind": (0, 1, 1),
        "fee.per": (1, 0, 0),
        "deadline": (2, 0, 0),
        "deadline.year": (0, 0, 1),
        "phones": (1, 0, 0),
    }


def test_facts_are_judged_once_a_value_and_without_those_in_conflict() -> None:
    result = one()
    assert [(f.field, f.value, f.confidence, f.right) for f in result.judged] == [
        ("vslo", "false", 0.95, False),
        ("toefl_ibt_min", "90.0", 0.95, True),
        ("audiences", '"us_student"', 0.8, True),
        ("audiences", '"physician"', 0.6, False),
    ]
    assert result.conflicts == 1
    assert [row[1:] for row in band_rows(result)] == [("2", "1", "0.500"), ("1", "1", "1.000"), ("1", "0", "0.000")]
    assert ("audiences", "guess", "1", "0", "0.000", "0.60") in list(rule_rows(result))


def test_an_irrelevant_page_read_as_relevant_counts_once_and_its_facts_are_wrong() -> None:
    result = evaluate([{"url": LABEL["url"], "relevant": False}], {GIVEN["url"]: GIVEN})  # type: ignore[dict-item]
    assert result.groups["relevance"].wrong == 1
    assert sum(counts.wrong for counts in result.groups.values()) == 1
    assert not any(fact.right for fact in result.judged)


def test_a_page_without_facts_misses_all() -> None:
    result = evaluate([LABEL], {})
    assert result.without_facts == 1
    assert result.groups["fees"].missed == 1


@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("fees", {"kind": "application", "amount": 50.0, "per": "once"}, True),
        ("fees", {"kind": "program", "amount": 50.0, "per": "once"}, False),
        ("fees", {"kind": "application", "amount": 60.0, "per": "once"}, False),
        ("deadlines", {"kind": "opens", "date": "2026-03-01"}, True),
        ("deadlines", {"kind": "opens", "date": "2027-03-01"}, False),
        ("deadlines", {"kind": "opens", "month_day": "03-01"}, True),
        ("deadlines", {"kind": "closes", "lead": {"n": 60, "unit": "day"}}, True),
        ("vslo", True, True),
        ("vslo", False, False),
        ("letters_required", 1.0, False),
    ],
)
def test_single_facts(field: str, value: Any, right: bool) -> None:
    assert is_right(LABEL, field, value) is right


def test_tables() -> None:
    rows = list(score_rows(one()))
    assert rows[0][0] == "RELEVANCE"
    assert rows[-1][0] == "OVERALL"
    table = markdown(("field", "F1"), [("FEES", "0.5")])
    assert table.splitlines() == ["| field | F1 |", "| --- | ---: |", "| FEES | 0.5 |"]
    assert worst(one(), 1)[0][0] == LABEL["url"]


@pytest.mark.parametrize("text", ["not json", '{"relevant": true}', "[1]"])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(text + "\n", "utf-8")
    with pytest.raises(EvaluationError, match=r"labels\.jsonl"):
        read_records(path)


def test_command_reads_a_folder_of_pages(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "<h1>Visiting students</h1><p>We offer clinical electives to visiting medical students.</p>"
    )
    (tmp_path / "page.json").write_text(json.dumps({"relevant": True, "program_types": ["clinical_elective"]}))
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path), "--json"])
    assert json.loads(done.output)["groups"]["relevance"] == 1
    assert CliRunner().invoke(app, ["evaluate", str(tmp_path), "--bar", "1.01"]).exit_code == 1
    assert "| RELEVANCE | 1.000 |" in CliRunner().invoke(app, ["evaluate", str(tmp_path), "--markdown"]).output


def test_command_needs_facts_beside_labels(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text(json.dumps(LABEL) + "\n")
    assert CliRunner().invoke(app, ["evaluate", str(labels)]).exit_code == 2


@pytest.mark.corpus
def test_scores_are_those_of_the_corpus_own_scorer(corpus: Path, tmp_path: Path) -> None:
    """On facts with every kind of error: the labels themselves, a third of the values taken away or changed."""
    labels = read_records(corpus / "labels.jsonl")
    facts = []
    for number, label in enumerate(labels):
        given = {"url": label["url"], "relevant": label["relevant"] != (number % 11 == 0)}
        for place, (key, value) in enumerate(label.items()):
            if key not in given and (number + place) % 3:
                given[key] = (
                    value[1:]
                    if isinstance(value, list) and place % 2
                    else True
                    if place % 5 == 0 and not isinstance(value, list)
                    else value
                )
        facts.append(given)
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(json.dumps(given) + "\n" for given in facts), "utf-8")
    done = subprocess.run(
        [sys.executable, str(corpus / "score.py"), str(corpus / "labels.jsonl"), str(path), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = json.loads(done.stdout)
    result = evaluate(labels, {given["url"].rstrip("/"): given for given in facts})
    assert {group: round(counts.f1, 4) for group, counts in result.groups.items()} == wanted["groups"]
    assert round(result.overall, 4) == wanted["overall"]
