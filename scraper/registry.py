"""Reads and checks data/institutions.csv and data/start_urls.csv: whom to visit, and where to begin.

Every line is checked before anything is used, and all that is wrong is told at once, one line a problem: the file, the
line, what is wrong and what to write instead. A registry with a problem is not used at all.
"""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import attrs

from scraper.items import INSTITUTION_KINDS, PROGRAM_TYPES, Institution, StartUrl
from scraper.names import DISTINCT, Names, read_distinct
from scraper.urls import key, problem_with

DIRECTORY = Path(__file__).resolve().parent.parent / "data"

OPTIONAL_COLUMNS = ("aliases", "vslo_source", "browser")  # a registry of one's own may do without
INSTITUTION_COLUMNS = tuple(f.name for f in attrs.fields(Institution) if f.name not in OPTIONAL_COLUMNS)
START_URL_COLUMNS = tuple(field.name for field in attrs.fields(StartUrl))
START_URL_TYPES = (*PROGRAM_TYPES, "hub")  # a hub describes nothing itself, it links to pages that do
STATES = frozenset(
    [
        "AL",
        "AK",
        "AZ",
        "AR",
        "CA",
        "CO",
        "CT",
        "DE",
        "DC",
        "FL",
        "GA",
        "HI",
        "ID",
        "IL",
        "IN",
        "IA",
        "KS",
        "KY",
        "LA",
        "ME",
        "MD",
        "MA",
        "MI",
        "MN",
        "MS",
        "MO",
        "MT",
        "NE",
        "NV",
        "NH",
        "NJ",
        "NM",
        "NY",
        "NC",
        "ND",
        "OH",
        "OK",
        "OR",
        "PA",
        "RI",
        "SC",
        "SD",
        "TN",
        "TX",
        "UT",
        "VT",
        "VA",
        "WA",
        "WV",
        "WI",
        "WY",
        "PR",
        "GU",
        "VI",
        "AS",
        "MP",
    ]
)
# Guam is the southernmost and westernmost place with a teaching hospital, Point Barrow the northern end, the US Virgin
# Islands the eastern one.
LATITUDES = (13.0, 72.0)
LONGITUDES = ((-180.0, -64.0), (144.0, 146.0))

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class RegistryError(ValueError):
    """A registry that cannot be used. `problems` holds every reason, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@attrs.frozen(slots=False)
class Registry:
    """The institutions by id, in the order of the file, and each one's start URLs ([] where none is known)."""

    institutions: dict[str, Institution]
    start_urls: dict[str, list[StartUrl]]

    def starts(self, institution_id: str) -> list[StartUrl]:
        """The start URLs of one institution."""
        return self.start_urls.get(institution_id, [])

    @cached_property
    def names(self) -> Names:
        """What the institutions are called, to find one by name or alias."""
        return Names(self.institutions.values())


def load_registry(directory: Path = DIRECTORY) -> Registry:
    """The registry in `directory`, checked whole. Raises RegistryError with every problem of both files."""
    problems: list[str] = []
    directory = Path(directory)
    institutions = _institutions(directory / "institutions.csv", problems)
    start_urls = _start_urls(directory / "start_urls.csv", institutions, problems)
    if problems:
        raise RegistryError(problems)
    return Registry(institutions, start_urls)


def reviewed_registry(directory: Path = DIRECTORY) -> Registry:
    """The registry, complete as well as sound: every institution with kind and place, none under two names.

    A registry of one's own may be less than that; the project's is not to be. Raises RegistryError with every problem.
    """
    registry = load_registry(directory)
    problems = [*_incomplete(registry), *_twice(registry, Path(directory))]
    if problems:
        raise RegistryError(problems)
    return registry


def _incomplete(registry: Registry) -> Iterator[str]:
    for one in registry.institutions.values():
        if one.kind is None:
            yield f"institutions.csv: {one.id} has no kind: write {_one_of(INSTITUTION_KINDS)}"
        # Some agencies give no address anywhere.
        missing = (
            [name for name in ("city", "state", "lat") if getattr(one, name) is None] if one.kind != "agency" else []
        )
        if missing:
            yield f"institutions.csv: {one.id} has no {' and no '.join(missing).replace('lat', 'coordinates')}: write where it is"


def _twice(registry: Registry, directory: Path) -> Iterator[str]:
    distinct = read_distinct(directory)
    suspected = {frozenset([a.id, b.id]): (a, b) for a, b, _ in registry.names.duplicates()}
    for pair, (a, b) in suspected.items():
        if pair not in distinct:
            yield (
                f"institutions.csv: {a.id} ('{a.name}') and {b.id} ('{b.name}') may be one: make them one line with aliases, "
                f"or add '{a.id},{b.id},WHY THEY ARE TWO' to {DISTINCT}"
            )
    for pair, why in distinct.items():
        names = ",".join(sorted(pair))
        if unknown := sorted(pair - registry.institutions.keys()):
            yield f"{DISTINCT}: '{names}' names {unknown[0]}, which is not in institutions.csv: remove the line"
        elif not why:
            yield f"{DISTINCT}: '{names}' gives no reason: write why they are two"


def _institutions(path: Path, problems: list[str]) -> dict[str, Institution]:
    found: dict[str, Institution] = {}
    lines: dict[str, int] = {}
    for number, row in _rows(path, INSTITUTION_COLUMNS, problems, OPTIONAL_COLUMNS):
        wrong = _Wrong(path, number, problems)
        identifier = row["id"]
        if not identifier:
            wrong("the id is empty: write a short name of lower-case letters, digits and hyphens")
        elif not _ID.fullmatch(identifier):
            wrong(
                f"id '{identifier}' may hold lower-case letters, digits and single hyphens only: write '{_slug(identifier)}'"
            )
        elif identifier in lines:
            wrong(
                f"id '{identifier}' stands on line {lines[identifier]} too: remove one of the two, or give it another id"
            )
        lines.setdefault(identifier, number)
        if not row["name"]:
            wrong("the name is empty: write the name the institution gives itself")
        if row["kind"] and row["kind"] not in INSTITUTION_KINDS:
            wrong(f"kind '{row['kind']}' is not known: write {_one_of(INSTITUTION_KINDS)}, or leave it empty")
        if row["state"] and row["state"] not in STATES:
            wrong(
                f"state '{row['state']}' is not a US state: write its two capital letters such as MA, or leave it empty"
            )
        latitude = _degrees(row["lat"], "lat", (LATITUDES,), "latitude 13 to 72", "42.36", wrong)
        longitude = _degrees(row["lon"], "lon", LONGITUDES, "longitude -180 to -64, or 144 to 146", "-71.06", wrong)
        if bool(row["lat"]) != bool(row["lon"]):
            there, missing = ("lat", "lon") if row["lat"] else ("lon", "lat")
            wrong(f"{there} is given without {missing}: write both, or leave both empty")
        if row["website"] and (trouble := problem_with(row["website"])):
            wrong(
                f"website '{row['website']}' {trouble}: write an address such as https://www.hospital.org/, or leave it empty"
            )
        if row["vslo_host"] not in ("", "yes", "no"):
            wrong(
                f"vslo_host '{row['vslo_host']}' is not known: write yes, no, or leave it empty where it is not known"
            )
        if row.get("browser", "") not in ("", "yes", "no"):
            wrong(
                f"browser '{row['browser']}' is not known: write yes where pages show nothing without scripts, or leave it empty"
            )
        found.setdefault(
            identifier,
            Institution(
                id=identifier,
                name=row["name"],
                kind=row["kind"] or None,
                parent=row["parent"] or None,
                city=row["city"] or None,
                state=row["state"] or None,
                lat=latitude,
                lon=longitude,
                website=row["website"] or None,
                vslo_host={"yes": True, "no": False}.get(row["vslo_host"]),
                notes=row["notes"] or None,
                browser=row.get("browser") == "yes",
                aliases=tuple(alias.strip() for alias in row.get("aliases", "").split("|") if alias.strip()),
                vslo_source=row.get("vslo_source") or None,
            ),
        )
    return found


def _start_urls(path: Path, institutions: dict[str, Institution], problems: list[str]) -> dict[str, list[StartUrl]]:
    found: dict[str, list[StartUrl]] = {identifier: [] for identifier in institutions}
    lines: dict[str, int] = {}
    for number, row in _rows(path, START_URL_COLUMNS, problems):
        wrong = _Wrong(path, number, problems)
        identifier, url = row["institution_id"], row["url"]
        if not identifier:
            wrong("the institution_id is empty: write an id of institutions.csv")
        elif institutions and identifier not in institutions:
            near = difflib.get_close_matches(identifier, institutions, n=1)
            remedy = f"did you mean '{near[0]}'?" if near else "add the institution there first"
            wrong(f"institution_id '{identifier}' is not in institutions.csv: {remedy}")
        if not url:
            wrong("the url is empty: write the address of a page, or remove the line")
        elif trouble := problem_with(url):
            wrong(f"url '{url}' {trouble}: write an address such as https://www.hospital.org/visiting-students")
        elif (same := key(url)) in lines:
            wrong(f"url '{url}' stands on line {lines[same]} already: remove one of the two")
        else:
            lines[same] = number
        if row["program_type"] and row["program_type"] not in START_URL_TYPES:
            wrong(
                f"program_type '{row['program_type']}' is not known: write {_one_of(START_URL_TYPES)}, or leave it empty"
            )
        start = StartUrl(identifier, url, row["program_type"] or None, row["seen"] or None)
        found.setdefault(identifier, []).append(start)
    return found


def _rows(
    path: Path, columns: tuple[str, ...], problems: list[str], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with the number of the line each begins on; what is no row of it goes to `problems`."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problems.append(f"{path.name}: there is no such file in {path.parent}: copy it there, or name another registry")
        return
    except OSError as error:
        problems.append(f"{path.name}: cannot be read ({error.strerror}): make {path} a readable file")
        return
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.append(f"{path.name}:{line}: is not UTF-8: save the file as 'CSV UTF-8'")
        return
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not _header_fits(path, header, columns, problems, optional):
            return
        before = reader.line_num
        for row in reader:
            number, before = before + 1, reader.line_num
            if not any(value.strip() for value in row):
                continue
            if len(row) != len(header):
                problems.append(
                    f"{path.name}:{number}: has {len(row)} values where the header has {len(header)}: put values that hold a comma "
                    "between double quotes, and write nothing between two commas where a value is not known"
                )
                continue
            yield number, dict(zip(header, (value.strip() for value in row), strict=True))
    except csv.Error as error:
        problems.append(
            f"{path.name}:{reader.line_num}: is not CSV ({error}): write double quotes in pairs, twice inside of a value"
        )


def _header_fits(
    path: Path, header: list[str], columns: tuple[str, ...], problems: list[str], optional: tuple[str, ...]
) -> bool:
    right = f"write {','.join(columns)} as the first line"
    if not header:
        problems.append(f"{path.name}:1: the file is empty: {right}")
    elif not set(header) & set(columns):
        problems.append(f"{path.name}:1: there is no header: {right}")
    elif missing := [name for name in columns if name not in header]:
        problems.append(f"{path.name}:1: the header lacks {_listed(missing)}: {right}")
    elif extra := [name for name in header if name not in columns and name not in optional]:
        problems.append(
            f"{path.name}:1: the header has {_listed(extra)}, which nothing reads: remove the column, or use notes"
        )
    elif len(set(header)) < len(header):
        problems.append(f"{path.name}:1: the header names a column twice: {right}")
    else:
        return True
    return False


class _Wrong:
    """Writes down what is wrong with one line."""

    def __init__(self, path: Path, number: int, problems: list[str]) -> None:
        self.place = f"{path.name}:{number}"
        self.problems = problems

    def __call__(self, problem: str) -> None:
        self.problems.append(f"{self.place}: {problem}")


def _degrees(
    text: str,
    name: str,
    ranges: tuple[tuple[float, float], ...],
    inside: str,
    example: str,
    wrong: Callable[[str], None],
) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        wrong(f"{name} '{text}' is not a number: write decimal degrees such as {example}, or leave it empty")
        return None
    if not any(low <= value <= high for low, high in ranges):
        wrong(f"{name} {text} is outside the US ({inside}): write decimal degrees such as {example}, or leave it empty")
        return None
    return value


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "general-hospital"


def _one_of(values: tuple[str, ...]) -> str:
    return ", ".join(values[:-1]) + f" or {values[-1]}"


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
