"""The person who asks, as far as they tell. Lives as long as one answer takes and is written nowhere."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from scraper.items import PROGRAM_TYPES, Audience

Who = Literal["student", "graduate", "physician"]
School = Literal["us", "abroad"]
Year = Literal["final", "clinical", "preclinical"]
Sort = Literal["deadline", "cost"]

WHO: dict[str, str] = {
    "student": "a medical student",
    "graduate": "a medical graduate (IMG or other)",
    "physician": "a physician in practice or training",
}
SCHOOLS: dict[str, str] = {"abroad": "outside the US", "us": "in the US"}
YEARS: dict[str, str] = {
    "final": "final year",
    "clinical": "clinical year before the final one",
    "preclinical": "before the clinical years",
}
NO_VISA = "none"  # needs no visa: citizens, permanent residents
VISAS: dict[str, str] = {
    "B-1": "B-1 (business visitor)",
    "B-2": "B-2 (visitor)",
    "J-1": "J-1 (exchange visitor)",
    "F-1": "F-1 (student)",
    "ESTA/WB": "ESTA / visa waiver",
    "H-4": "H-4 (dependant)",
    NO_VISA: "I need no visa",
}
SORTS: dict[str, str] = {"deadline": "Soonest deadline first", "cost": "Cheapest first"}
STATES = re.compile(r"[A-Z]{2}")
MONTH = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])")
MOST = {"toefl": 120, "ielts": 9, "budget": 1_000_000, "weeks": 52}
LEAST = {"toefl": 0, "ielts": 0, "budget": 0, "weeks": 1}
ASKED_TEXT = 80  # characters of a specialty's name that are looked at


class AnswersError(ValueError):
    """Answers that cannot be used. `errors` says for each question what is wrong and what to write instead."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


@attrs.frozen(kw_only=True)
class Person:
    """None and empty mean 'not told'. `school` is where the medical school is or was; `budget` in US dollars for the
    whole stay; `start` the month, 'YYYY-MM'; `home_vslo`: is the home school in VSLO?; `affiliated`: has it an agreement
    with the hosts wanted?; `visa`: held or planned, NO_VISA where none is needed."""

    who: Who
    school: School
    year: Year | None = None
    home_vslo: bool | None = None
    affiliated: bool | None = None
    toefl: float | None = None
    ielts: float | None = None
    step1: bool | None = None
    visa: str | None = None
    budget: float | None = None
    weeks: float | None = None
    start: str | None = None
    specialty: str = ""
    states: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if errors := _errors(self):
            raise AnswersError(errors)

    @property
    def audience(self) -> Audience:
        """Whose fees and deadlines are this person's."""
        return "us" if self.school == "us" else "international"

    @property
    def visitor(self) -> str:
        """The group of `items.AUDIENCES` that this person belongs to."""
        if self.who == "student":
            return "us_student" if self.school == "us" else "international_student"
        return self.who

    @property
    def start_day(self) -> dt.date | None:
        """The first day of the month in which to start."""
        return dt.date.fromisoformat(f"{self.start}-01") if self.start else None


def _errors(person: Person) -> dict[str, str]:
    """What is wrong with each answer."""
    errors = {}
    if person.who not in WHO:
        errors["who"] = "Say who you are: a student, a graduate or a physician."
    if person.school not in SCHOOLS:
        errors["school"] = "Say where your medical school is: in the US or outside."
    if person.year is not None and person.year not in YEARS:
        errors["year"] = "Choose one of the years."
    if person.visa is not None and person.visa not in VISAS:
        errors["visa"] = f"Choose one of {', '.join(VISAS)}."
    for name, most in MOST.items():
        number = getattr(person, name)
        if number is not None and not LEAST[name] <= number <= most:
            errors[name] = f"Write a number from {LEAST[name]} to {most:,}."
    if person.start is not None and not MONTH.fullmatch(person.start):
        errors["start"] = "Write the month as year and month: 2027-03."
    if any(not STATES.fullmatch(state) for state in person.states):
        errors["state"] = "Write states with their two letters: NY."
    if any(kind not in PROGRAM_TYPES for kind in person.types):
        errors["type"] = f"Choose among {', '.join(PROGRAM_TYPES)}."
    return errors


def of_answers(answers: Mapping[str, Sequence[str]], today: dt.date) -> Person:
    """A person from the texts that a form or a command line sends; empty answers count as not given.

    Raises AnswersError, which names every answer that cannot be used.
    """

    def text(name: str) -> str | None:
        return next((given.strip() for given in answers.get(name, ()) if given.strip()), None)

    errors: dict[str, str] = {}

    def number(name: str) -> float | None:
        given = text(name)
        if given is None:
            return None
        plain = re.sub(r"[$,\s]", "", given)
        if not re.fullmatch(r"\d{1,9}(?:\.\d{1,2})?", plain):
            errors[name] = f"Write a number from {LEAST[name]} to {MOST[name]:,}."
            return None
        return float(plain)

    def yes_no(name: str) -> bool | None:
        given = text(name)
        if given not in (None, "yes", "no"):
            errors[name] = "Answer yes or no, or not at all."
        return None if given is None else given == "yes"

    given: dict[str, Any] = {
        "who": text("who") or "",
        "school": text("school") or "",
        "year": text("year"),
        "home_vslo": yes_no("home_vslo"),
        "affiliated": yes_no("affiliated"),
        "toefl": number("toefl"),
        "ielts": number("ielts"),
        "step1": yes_no("step1"),
        "visa": text("visa"),
        "budget": number("budget"),
        "weeks": number("weeks"),
        "start": text("start"),
        "specialty": (text("specialty") or "")[:ASKED_TEXT],
        "states": tuple(dict.fromkeys(state.strip().upper() for state in answers.get("state", ()) if state.strip())),
        "types": tuple(dict.fromkeys(kind for kind in answers.get("type", ()) if kind)),
    }
    start = given["start"]
    if start and MONTH.fullmatch(start) and start < f"{today:%Y-%m}":
        errors["start"] = f"That month has passed: write {today:%Y-%m} or a later one."
    try:
        person = Person(**given)
    except AnswersError as error:
        raise AnswersError({**error.errors, **errors}) from None
    if errors:
        raise AnswersError(errors)
    return person
