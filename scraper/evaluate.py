"""`usce evaluate`: what was read, held against what careful readers wrote down; and whether confidence means what it says.

Scores are those of the corpus's own scorer: a value that the label has and the facts give is right, a wrong or extra value is a
false positive, a missed one a false negative; sets and lists count item by item; a group's score is the F1 over its fields, the overall
score the plain mean of the groups. Calibration asks of the single facts: of those marked with a confidence, how many are right?
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from scraper.items import FIELD, FIELDS

Record = dict[str, Any]

GROUPS = ("relevance", "offer", "eligibility", "documents", "fees", "deadlines", "duration", "contacts")
# Fields that the labels do not settle item by item: they are read, but not scored.
UNSCORED = ("specialties", "email_links")
LEAD_DAYS = {"day": 1, "week": 7, "month": 30}
BANDS = ((0.9, 1.01, "high (0.9 and more)"), (0.75, 0.9, "normal (0.75 to 0.9)"), (0.0, 0.75, "weak (below 0.75)"))


class EvaluationError(ValueError):
    """Labels or facts that cannot be compared; the message names the file and the remedy."""


@attrs.define
class Counts:
    """Values right, given wrongly, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, other: Counts) -> None:
        self.right, self.wrong, self.missed = (
            self.right + other.right,
            self.wrong + other.wrong,
            self.missed + other.missed,
        )

    @property
    def precision(self) -> float:
        given = self.right + self.wrong
        return self.right / given if given else 1.0

    @property
    def recall(self) -> float:
        wanted = self.right + self.missed
        return self.right / wanted if wanted else 1.0

    @property
    def f1(self) -> float:
        every = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / every if every else 1.0


@attrs.frozen
class Judged:
    """One fact that was given: where, by which rule, how sure, and whether a careful reader agrees."""

    url: str
    field: str
    value: str
    rule: str
    confidence: float
    right: bool


@attrs.define
class Evaluation:
    """The scores by field and group, the errors page by page, and every fact judged."""

    pages: int = 0
    without_facts: int = 0
    fields: dict[tuple[str, str], Counts] = attrs.field(factory=lambda: defaultdict(Counts))
    groups: dict[str, Counts] = attrs.field(factory=lambda: {group: Counts() for group in GROUPS})
    errors: dict[str, list[str]] = attrs.field(factory=lambda: defaultdict(list))
    judged: list[Judged] = attrs.field(factory=list)
    conflicts: int = 0

    @property
    def overall(self) -> float:
        return sum(counts.f1 for counts in self.groups.values()) / len(self.groups)

    def bands(self) -> Iterator[tuple[str, int, int]]:
        """Each band of confidence: its name, the facts in it, and how many of them are right."""
        for low, high, name in BANDS:
            inside = [fact for fact in self.judged if low <= fact.confidence < high]
            yield name, len(inside), sum(fact.right for fact in inside)

    def rules(self) -> list[tuple[str, str, int, int, float]]:
        """Each rule: field, name, facts, right ones, mean confidence; those that err most first."""
        by_rule: dict[tuple[str, str], list[Judged]] = defaultdict(list)
        for fact in self.judged:
            by_rule[fact.field, fact.rule].append(fact)
        rows = [
            (field, rule, len(facts), sum(f.right for f in facts), sum(f.confidence for f in facts) / len(facts))
            for (field, rule), facts in by_rule.items()
        ]
        return sorted(rows, key=lambda row: (row[3] - row[2], row[0], row[1]))


# -- comparing ------------------------------------------------------------------------------------------------------------


def deadline_keys(items: Iterable[Record] | None) -> dict[tuple[str, str], set[str | None]]:
    """What identifies each deadline, its kind and its day, month, lead time or 'rolling', with the years given for it."""
    keys: dict[tuple[str, str], set[str | None]] = {}
    for item in items or ():
        lead, year = item.get("lead"), None
        if item.get("rolling"):
            what = "rolling"
        elif item.get("date"):
            year, _, what = str(item["date"]).partition("-")
        elif item.get("month_day"):
            what = str(item["month_day"])
        else:
            what = f"{LEAD_DAYS[lead['unit']] * float(lead['n']):g} days before" if lead else "?"
        keys.setdefault((str(item.get("kind")), what), set()).add(year)
    return keys


def _fees(items: Iterable[Record] | None) -> dict[float, Record]:
    """Fees by their amount; the first of each."""
    fees: dict[float, Record] = {}
    for fee in items or ():
        fees.setdefault(round(float(fee.get("amount") or 0), 2), fee)
    return fees


def _item(field: str, value: Any) -> str:
    if field == "phones":
        return re.sub(r"\D", "", str(value))[-10:]
    if field == "visas":
        return re.sub(r"[\s–—]", "", str(value)).upper().replace("ESTA/WB", "ESTA").replace("VWP", "ESTA")
    return str(value).strip().lower() if field == "emails" else str(value)


def same(want: Any, give: Any) -> bool:
    """Is a single value the wanted one? Numbers may differ by a half; true is no number."""
    if isinstance(want, bool) or isinstance(give, bool):
        return want is give
    if isinstance(want, int | float) and isinstance(give, int | float):
        return abs(want - give) <= 0.5
    return bool(want == give)


def _single(want: Any, give: Any) -> Counts:
    agree = same(want, give)
    return Counts(
        int(agree and want is not None), int(give is not None and not agree), int(want is not None and not agree)
    )


def _sets(want: set, give: set) -> Counts:
    return Counts(len(want & give), len(give - want), len(want - give))


def _is_scored(name: str) -> bool:
    """Do the labels settle the field? Of what students ask besides they know nothing (docs/guide-fields.md)."""
    return name not in UNSCORED and FIELD[name].group in GROUPS


def compare(gold: Record, got: Record) -> Iterator[tuple[str, str, Counts, Any, Any]]:
    """(group, field, counts, wanted, given) for everything that one page is scored on."""
    want, give = bool(gold["relevant"]), bool(got.get("relevant"))
    yield (
        "relevance",
        "relevant",
        Counts(int(want and give), int(give and not want), int(want and not give)),
        want,
        give,
    )
    if not want:
        return  # what is said of an irrelevant page counts once, as the false positive above
    for field in FIELDS:
        name = field.name
        if not _is_scored(name) or field.kind in ("fees", "deadlines"):
            continue
        if field.kind == "set":
            wanted, given = ({_item(name, value) for value in of.get(name) or ()} for of in (gold, got))
            yield field.group, name, _sets(wanted, given), sorted(wanted - given), sorted(given - wanted)
        else:
            yield field.group, name, _single(gold.get(name), got.get(name)), gold.get(name), got.get(name)
    yield from _compare_fees(_fees(gold.get("fees")), _fees(got.get("fees")))
    yield from _compare_deadlines(deadline_keys(gold.get("deadlines")), deadline_keys(got.get("deadlines")))


def _compare_fees(want: dict[float, Record], give: dict[float, Record]) -> Iterator[tuple[str, str, Counts, Any, Any]]:
    """Fees are found by their amount; kind, period and refund are scored on those found."""
    extra, missed = sorted(give.keys() - want.keys()), sorted(want.keys() - give.keys())
    yield "fees", "fee", _sets(set(want), set(give)), missed, extra
    for amount in want.keys() & give.keys():
        for name in ("kind", "per", "refundable"):
            one, other = want[amount].get(name), give[amount].get(name)
            if one is not None or other is not None:
                yield "fees", f"fee.{name}", _single(one, other), one, other


def _compare_deadlines(want: dict, give: dict) -> Iterator[tuple[str, str, Counts, Any, Any]]:
    """Deadlines are found by kind and day; their year is scored on those found."""
    extra, missed = sorted(map(str, give.keys() - want.keys())), sorted(map(str, want.keys() - give.keys()))
    yield "deadlines", "deadline", _sets(set(want), set(give)), missed, extra
    for key in want.keys() & give.keys():
        one, other = want[key] - {None}, give[key] - {None}
        yield "deadlines", "deadline.year", _sets(one, other), sorted(one - other), sorted(other - one)


def is_right(gold: Record, field: str, value: Any) -> bool:
    """Does the label of a page bear a single fact out? A fee with its kind and period, a deadline with its year."""
    if not gold["relevant"]:
        return False
    kind = FIELD[field].kind
    if kind == "fees":
        fee = _fees([value])
        wanted = _fees(gold.get("fees"))
        return all(
            amount in wanted and all(wanted[amount].get(name) == one.get(name) for name in ("kind", "per"))
            for amount, one in fee.items()
        )
    if kind == "deadlines":
        wanted_keys = deadline_keys(gold.get("deadlines"))
        return all(
            key in wanted_keys and (not years - {None} or bool(years & wanted_keys[key]))
            for key, years in deadline_keys([value]).items()
        )
    if kind == "set":
        return _item(field, value) in {_item(field, item) for item in gold.get(field) or ()}
    return same(gold.get(field), value)


def judge(gold: Record, got: Record) -> Iterator[Judged]:
    """The facts that stand for a page, each value once under its surest reading; what lost in a conflict does not stand."""
    best: dict[tuple[str, str], Record] = {}
    for fact in got.get("evidence") or ():
        if not _is_scored(fact["field"]) or fact.get("conflict"):
            continue
        key = fact["field"], json.dumps(fact["value"], sort_keys=True)
        if key not in best or fact["confidence"] > best[key]["confidence"]:
            best[key] = fact
    for (field, text), fact in best.items():
        yield Judged(gold["url"], field, text, fact["rule"], fact["confidence"], is_right(gold, field, fact["value"]))


def evaluate(labels: Iterable[Record], facts: dict[str, Record]) -> Evaluation:
    """Hold `facts`, by address without a slash at its end, against `labels`."""
    result = Evaluation()
    for gold in labels:
        result.pages += 1
        got = facts.get(gold["url"].rstrip("/"))
        result.without_facts += got is None
        got = got or {}
        for group, field, counts, want, give in compare(gold, got):
            result.fields[group, field].add(counts)
            result.groups[group].add(counts)
            if counts.wrong or counts.missed:
                result.errors[gold["url"]].append(f"{field}: wanted {want!r}, got {give!r}")
        result.judged += judge(gold, got)
        result.conflicts += sum(bool(fact.get("conflict")) for fact in got.get("evidence") or ())
    return result


# -- reading what is compared ---------------------------------------------------------------------------------------------


def read_records(path: Path) -> list[Record]:
    """The objects of a JSON Lines file, each with its `url`. Raises EvaluationError where it holds something else."""
    records = []
    try:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if line.strip():
                record = json.loads(line)
                if not isinstance(record, dict) or "url" not in record:
                    raise EvaluationError(f"{path}, line {number}: not an object with a 'url'.")
                records.append(record)
    except OSError as error:
        raise EvaluationError(f"{path}: cannot be read: {error.strerror}.") from None
    except ValueError as error:
        if isinstance(error, EvaluationError):
            raise
        raise EvaluationError(f"{path}: not JSON Lines, one object a line: {error}") from None
    return records


def read_folder(folder: Path, read: Callable[[str, bytes], Record]) -> tuple[list[Record], dict[str, Record]]:
    """Labels and facts of a folder of pages, NAME.html beside NAME.json with what it states; `read` gives a page's record."""
    labels, facts = [], {}
    for path in sorted(folder.glob("*.html")):
        expected = path.with_suffix(".json")
        if expected.exists():
            labels.append({**json.loads(expected.read_text("utf-8")), "url": path.stem})
            facts[path.stem] = read(path.stem, path.read_bytes())
    if not labels:
        raise EvaluationError(f"{folder}: no NAME.html beside a NAME.json in it.")
    return labels, facts


# -- showing --------------------------------------------------------------------------------------------------------------

Row = tuple[str, ...]


def score_rows(result: Evaluation) -> Iterator[Row]:
    """Group and field, precision, recall, F1, right, wrong, missed: groups in capitals, the overall score last."""
    for group, total in result.groups.items():
        yield _row(group.upper(), total)
        for (of, field), counts in sorted(result.fields.items()):
            if of == group:
                yield _row(field, counts)
    yield "OVERALL", "", "", f"{result.overall:.3f}", "", "", ""


def _row(name: str, counts: Counts) -> Row:
    shares = (f"{share:.3f}" for share in (counts.precision, counts.recall, counts.f1))
    return (name, *shares, str(counts.right), str(counts.wrong), str(counts.missed))


def band_rows(result: Evaluation) -> Iterator[Row]:
    """Band of confidence, facts in it, right ones, their share."""
    for name, number, right in result.bands():
        yield name, str(number), str(right), f"{right / number:.3f}" if number else "–"


def rule_rows(result: Evaluation) -> Iterator[Row]:
    """Field, rule, facts, right ones, their share, and the mean confidence they were given."""
    for field, rule, number, right, confidence in result.rules():
        yield field, rule, str(number), str(right), f"{right / number:.3f}", f"{confidence:.2f}"


SCORES: Row = ("field", "precision", "recall", "F1", "right", "wrong", "missed")
CONFIDENCE: Row = ("confidence", "facts", "right", "share")
RULES: Row = ("field", "rule", "facts", "right", "share", "confidence")


def markdown(header: Row, rows: Iterable[Row]) -> str:
    """A table for a document: numbers to the right."""
    lines = [" | ".join(header), " | ".join("---" if i == 0 else "---:" for i in range(len(header)))]
    lines += [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def summary(result: Evaluation) -> Record:
    """The scores as one object, in the form of the corpus's scorer, with the calibration."""
    return {
        "overall": round(result.overall, 4),
        "groups": {group: round(counts.f1, 4) for group, counts in result.groups.items()},
        "pages": result.pages,
        "missing": result.without_facts,
        "confidence": {name: {"facts": number, "right": right} for name, number, right in result.bands()},
        "in_conflict": result.conflicts,
    }


def worst(result: Evaluation, number: int) -> list[tuple[str, list[str]]]:
    """The pages with the most errors, error by error."""
    order = Counter({url: len(errors) for url, errors in result.errors.items()})
    return [(url, result.errors[url]) for url, _ in order.most_common(number)]
