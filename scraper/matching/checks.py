"""One question each: what a program's pages state against what a person told.

A check gives a Finding, or None where there is no question for this person. Its outcome is 'yes' (stated, and fits),
'no' (stated, and does not fit) or 'open' (not stated, not told, or to be asked).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import attrs

from scraper.items import Deadline, Fee
from scraper.matching.costs import Cost
from scraper.matching.dates import Outcome, Timing
from scraper.matching.facts import ProgramFacts, Reading
from scraper.matching.person import NO_VISA, Person
from scraper.vocabulary import VocabularyError, vocabulary
from scraper.wording import count, dollars

HALF_WEEK = 0.5  # 'a month' and 'four weeks' are the same to a page
_STUDENTS = frozenset(("us_student", "international_student"))
_NAMES = {
    "us_student": "students of US schools",
    "international_student": "students of schools outside the US",
    "graduate": "medical graduates",
    "physician": "physicians",
}
_OFFERS = {
    "clinical_elective": "clinical electives",
    "sub_internship": "sub-internships",
    "observership": "observerships",
    "research": "research",
}
_VISITS = frozenset(("B-1", "B-2", "ESTA/WB"))  # who may visit with one of these can often do so with another
_SPONSORED = frozenset(("J-1", "F-1"))  # need a host or school that issues the form


@attrs.frozen
class Finding:
    """The answer to one question. `fields` name the readings that prove it, `values` those fees or deadlines of them that
    count; `stated` is False where no page says anything about it."""

    criterion: str
    title: str
    outcome: Outcome
    words: str
    fields: tuple[str, ...] = ()
    values: tuple[Fee | Deadline, ...] = ()
    stated: bool = True


Answer = tuple[Outcome, str]


@attrs.frozen
class Check:
    """A question: `ask` it of the program's facts. It rests on the facts named in `needs` only, and is asked only of the
    people whom it `concerns`."""

    name: str
    needs: tuple[str, ...]
    ask: Callable[[Person, ProgramFacts], Finding | None]
    concerns: Callable[[Person], bool] = lambda person: True


def settle(criterion: str, title: str, field: str, values: Iterable[Any], answer: Callable[[Any], Answer]) -> Finding:
    """The finding for a field with one or several values: where they lead to different answers, the question is open."""
    answers = list(dict.fromkeys(answer(value) for value in values))
    if len({outcome for outcome, _ in answers}) == 1:
        return Finding(criterion, title, *answers[0], (field,))
    words = f"Its pages do not agree: {' / '.join(said for _, said in answers)}"
    return Finding(criterion, title, "open", words, (field,))


def unstated(criterion: str, title: str, words: str) -> Finding:
    return Finding(criterion, title, "open", words, stated=False)


def listed(names: Iterable[str], most: int = 6) -> str:
    """'B-1, B-2 and J-1'; of many the first few."""
    known = list(names)
    if len(known) > most:
        return f"{', '.join(known[:most])} and {len(known) - most} more"
    return " and ".join(filter(None, (", ".join(known[:-1]), *known[-1:])))


def _is_student(person: Person) -> bool:
    return person.who == "student"


# --- what is looked for --------------------------------------------------------------------------------------------


def kind(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is one of the types offered that are looked for?"""
    title = "What is offered"
    wanted = [name for name in _OFFERS if name in facts.types and name in person.types]
    if wanted:
        return Finding("type", title, "yes", f"Offers {listed(_OFFERS[name] for name in wanted)}.", ("program_types",))
    if not facts.types:
        return unstated("type", title, "What is offered is not stated.")
    offered = listed(_OFFERS.get(name, name) for name in sorted(facts.types))
    return Finding("type", title, "no", f"Offers {offered} only.", ("program_types",))


def place(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is it in one of the states looked for?"""
    if facts.state is None:
        return unstated("state", "State", "The state is not known.")
    return Finding("state", "State", "yes" if facts.state in person.states else "no", f"In {facts.state}.")


def specialty(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is the specialty looked for among those that the pages list?"""
    title, asked, offered = "Specialty", person.specialty, facts.specialties
    if not offered:
        return unstated("specialty", title, "Which specialties are offered is not stated.")
    alike = {likeness(asked, name): name for name in reversed(offered)}
    if name := alike.get("same"):
        return Finding("specialty", title, "yes", f"Lists {name}.", ("specialties",))
    if name := alike.get("wider"):
        return Finding("specialty", title, "open", f"Lists {name}: ask for {asked}.", ("specialties",))
    words = f"{asked} is not among the specialties that its page lists: {listed(offered)}."
    return Finding("specialty", title, "no", words, ("specialties",))


@lru_cache(maxsize=65_536)
def likeness(asked: str, offered: str) -> str:
    """'same': the specialty asked for or a part of it; 'wider': one that may hold it; '' where neither."""
    if (_keys(asked) | _keys(asked.upper())) & _keys(offered):  # people write 'ob/gyn', the vocabulary 'OB/GYN'
        return "same"
    mine, theirs = _words(asked), _words(offered)
    if mine and mine <= theirs:
        return "same"
    return "wider" if theirs and theirs < mine else ""


def _words(name: str) -> frozenset[str]:
    """The words of a name, in lower case."""
    return frozenset(re.findall(r"\w+", name.lower())) - {"and", "of", "the", "in"}


@lru_cache(maxsize=16_384)
def _keys(name: str) -> frozenset[str]:
    """The keys of the specialties vocabulary that a name means."""
    try:
        return frozenset(vocabulary("specialties").keys_in(name))
    except VocabularyError:
        return frozenset()


# --- who may apply -------------------------------------------------------------------------------------------------


def status(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is the program closed for now?"""
    says: dict[str, Answer] = {
        "closed": ("no", "Closed: its page says that it takes no applications now."),
        "open": ("yes", "Its page says that applications are open."),
    }
    values = [value for value in facts.values("status", person.audience) if value in says]
    return settle("status", "Open or closed", "status", values, lambda value: says[value]) if values else None


def who(person: Person, facts: ProgramFacts) -> Finding:
    """Is the person's group among those who may apply?

    Groups of the same kind (students; graduates and physicians) that are not named have to ask; groups of the
    other kind are not meant. Labels schema: a page that speaks of 'medical students' and names no country names students
    of US schools alone, so that students of schools abroad have to ask; a page for these alone does not mean those.
    """
    title, mine, named = "Who may apply", person.visitor, facts.visitors
    if mine == "international_student":
        accepts = [one for one in facts.values("accepts_international", person.audience) if one in _ACCEPTS]
        if accepts:
            return settle("who", title, "accepts_international", accepts, lambda one: _ACCEPTS[one])
    if mine in named:
        return Finding("who", title, "yes", f"Open to {_NAMES[mine]}.", ("audiences",))
    if not named:
        return unstated("who", title, "Who may apply is not stated.")
    others = listed(_NAMES[name] for name in _NAMES if name in named)
    of_my_kind = named & _STUDENTS if mine in _STUDENTS else named - _STUDENTS
    if of_my_kind and mine != "us_student":
        words = f"For {others}; whether {_NAMES[mine]} may apply is not stated."
        return Finding("who", title, "open", words, ("audiences",))
    return Finding("who", title, "no", f"For {others}; {_NAMES[mine]} are not named.", ("audiences",))


_ACCEPTS: dict[str, Answer] = {
    "yes": ("yes", "Students of schools outside the US are accepted."),
    "no": ("no", "Students of schools outside the US are not accepted."),
    "partners_only": ("yes", "Students of schools outside the US are accepted, from partner schools only."),
}


def affiliation(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is an agreement between the schools demanded?"""
    title, field = "Agreement between schools", "affiliation_required"
    demanded = facts.values(field, person.audience)
    if person.school == "abroad" and facts.values("accepts_international", "international") == ("partners_only",):
        field, demanded = "accepts_international", (True,)

    def answer(needed: bool) -> Answer:
        if not needed:
            return "yes", "No agreement between your school and the host is needed."
        if person.affiliated is False:
            return "no", "Needs an agreement between your school and the host; your school has none."
        if person.affiliated:
            return "open", "Needs an agreement between your school and the host: check that yours is with this one."
        return "open", "Needs an agreement between your school and the host: ask your school."

    if demanded:
        return settle("affiliation", title, field, demanded, answer)
    if person.affiliated is False:
        return unstated("affiliation", title, "Whether an agreement with your school is needed is not stated.")
    return None


# --- what is demanded ----------------------------------------------------------------------------------------------


def year(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is the final year demanded?"""
    title, told = "Year of study", person.year

    def answer(only: bool) -> Answer:
        if not only:
            return "yes", "The final year is not demanded."
        if told == "final":
            return "yes", "For students in their final year, as you are."
        return ("no", "For students in their final year only.") if told else ("open", "For the final year only.")

    values = facts.values("final_year_required", person.audience)
    if values:
        return settle("year", title, "final_year_required", values, answer)
    if told in (None, "final"):
        return None
    return unstated("year", title, "Whether the final year is demanded is not stated.")


def clerkships(person: Person, facts: ProgramFacts) -> Finding | None:
    """Have core clerkships to be done before?"""
    title, told = "Core clerkships", person.year

    def answer(needed: bool) -> Answer:
        if not needed:
            return "yes", "Core clerkships need not be done before."
        if told == "final":
            return "yes", "Core clerkships must be done before, as they are by the final year."
        if told == "preclinical":
            return "no", "Core clerkships must be done before."
        return "open", "Core clerkships must be done before: check that yours are."

    values = facts.values("core_clerkships_required", person.audience)
    if values:
        return settle("clerkships", title, "core_clerkships_required", values, answer)
    if told == "preclinical":
        return unstated("clerkships", title, "Whether core clerkships must be done before is not stated.")
    return None


def vslo(person: Person, facts: ProgramFacts) -> Finding | None:
    """Do applications go through VSLO, and is the home school in it? A page that says 'VSLO' of nobody in particular may
    well have another way for students of schools abroad."""
    readings: tuple[Reading, ...] = facts.stated.get("vslo", ())
    for_me = person.school == "us" or any(reading.audience == person.audience for reading in readings)

    def answer(through: bool) -> Answer:
        if not through:
            return "yes", "Applications do not go through VSLO."
        if person.home_vslo:
            return "yes", "Applications go through VSLO, and your school is in it."
        if person.home_vslo is None:
            return "open", "Applications go through VSLO: check that your school is in it."
        if for_me:
            return "no", "Applications go through VSLO, and your school is not in it."
        return "open", "Applications go through VSLO, and your school is not in it: ask for another way."

    values = facts.values("vslo", person.audience)
    if values:
        return settle("vslo", "VSLO", "vslo", values, answer)
    if person.home_vslo is False:
        return unstated("vslo", "VSLO", "Whether applications go through VSLO is not stated.")
    return None


def step1(person: Person, facts: ProgramFacts) -> Finding | None:
    """Must USMLE Step 1 be passed?"""

    def answer(needed: bool) -> Answer:
        if not needed:
            return "yes", "USMLE Step 1 is not needed."
        if person.step1:
            return "yes", "USMLE Step 1 is needed, and you have passed it."
        if person.step1 is None:
            return "open", "USMLE Step 1 is needed: you did not say whether you have passed it."
        return "no", "USMLE Step 1 must be passed."

    values = facts.values("usmle_step1_required", person.audience)
    if values:
        return settle("step1", "USMLE Step 1", "usmle_step1_required", values, answer)
    if person.step1 is False:
        return unstated("step1", "USMLE Step 1", "Whether USMLE Step 1 is needed is not stated.")
    return None


def english(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is the English good enough? Where minima of both tests are stated, either will do."""
    title = "English"
    answers: list[Answer] = []
    fields = []
    for field, test, score in (("toefl_ibt_min", "TOEFL iBT", person.toefl), ("ielts_min", "IELTS", person.ielts)):
        if minima := facts.values(field, person.audience):
            fields.append(field)
            answers.append(_score(minima, test, score))
    if answers:
        best = min((outcome for outcome, _ in answers), key=("yes", "open", "no").index)
        said = [words for outcome, words in answers if outcome == best or best != "yes"]
        return Finding("english", title, best, f"{'; or '.join(said)}.", tuple(fields))
    needed = facts.values("english_proficiency_required", person.audience)
    if needed:
        words = "English is demanded; which score is enough is not stated."
        return settle(
            "english", title, "english_proficiency_required", needed,
            lambda demanded: ("open", words) if demanded else ("yes", "No English test is needed."),
        )  # fmt: skip
    if person.toefl is not None or person.ielts is not None:
        return unstated("english", title, "Which English score is enough is not stated.")
    return None


def _score(minima: tuple[float, ...], test: str, score: float | None) -> Answer:
    """A score against one minimum or several that pages state."""
    said = f"{test} of at least {' or '.join(f'{minimum:g}' for minimum in sorted(minima))}"
    if score is None:
        return "open", f"{said} is needed: you gave no {test} score"
    if score >= max(minima):
        return "yes", f"{said} is needed, and yours is {score:g}"
    return ("no" if score < min(minima) else "open"), f"{said} is needed, and yours is {score:g}"


def visa(person: Person, facts: ProgramFacts) -> Finding | None:
    """Is the visa held or planned among those named as accepted?"""
    title, mine = "Visa", person.visa or ""
    named = facts.visas(person.audience)
    if mine in named:
        return Finding("visa", title, "yes", f"{mine} is named as accepted.", ("visas",))
    if named:
        words = f"Names {listed(sorted(named))}; {mine} is not named."
        if mine in _VISITS and named & _VISITS:
            return Finding("visa", title, "open", f"{words} Ask whether it will do.", ("visas",))
        return Finding("visa", title, "no", words, ("visas",))
    if mine in _SPONSORED and facts.values("visa_sponsored", person.audience) == (False,):
        words = f"The host sponsors no visa: a {mine} would have to come from another sponsor."
        return Finding("visa", title, "open", words, ("visa_sponsored",))
    return unstated("visa", title, f"Whether {mine} is accepted is not stated.")


def weeks(person: Person, facts: ProgramFacts) -> Finding | None:
    """Can one stay that long, in one placement or in several? Of several stated lengths the one that shuts out fewest counts."""
    title, want = "Weeks", person.weeks or 0
    total = max(facts.values("total_weeks_max", person.audience), default=None)
    shortest = min(facts.values("duration_weeks_min", person.audience), default=None)
    longest = max(facts.values("duration_weeks_max", person.audience), default=None)

    def found(outcome: Outcome, words: str, *fields: str) -> Finding:
        return Finding("weeks", title, outcome, words, fields)

    if total is not None and want > total + HALF_WEEK:
        return found("no", f"At most {count(total, 'week')} in all; you want {want:g}.", "total_weeks_max")
    if shortest is not None and want < shortest - HALF_WEEK:
        return found("no", f"At least {count(shortest, 'week')}; you want {want:g}.", "duration_weeks_min")
    if longest is None:
        if total is None:
            return unstated("weeks", title, "How long one may stay is not stated.")
        return found("yes", f"Up to {count(total, 'week')} in all.", "total_weeks_max")
    placement = f"One placement is up to {count(longest, 'week')}"
    if want <= longest + HALF_WEEK:
        return found("yes", f"{placement}.", "duration_weeks_max")
    number = math.ceil((want - HALF_WEEK) / longest) if longest > 0 else 1
    if total is None:
        words = f"{placement}; whether several may follow each other is not stated."
        return found("open", words, "duration_weeks_max")
    if shortest is not None and number * shortest > want + HALF_WEEK:
        words = f"{placement} and not less than {count(shortest, 'week')}: {want:g} weeks are no whole number of them."
        return found("open", words, "duration_weeks_max", "duration_weeks_min")
    words = f"{placement}, and {count(total, 'week')} in all: {number} placements."
    return found("yes", words, "duration_weeks_max", "total_weeks_max")


# --- time and money: what was worked out ---------------------------------------------------------------------------


def start(person: Person, timing: Timing) -> Finding | None:
    """Is there still time to apply for the month?"""
    if person.start is None:
        return None
    fields = ("deadlines",) if timing.stated else ()
    return Finding("start", "Time to apply", timing.outcome, timing.words, fields, timing.deadlines, timing.stated)


def budget(person: Person, cost: Cost) -> Finding | None:
    """Is the stay within the budget?"""
    limit = person.budget
    if limit is None:
        return None
    if cost.low is None:
        words = "Fees are stated for others only." if cost.elsewhere else "No fee for taking part is stated."
        return unstated("budget", "Cost", words)
    stay, price = f"for {count(cost.weeks, 'week')}", cost.words[0].upper() + cost.words[1:]

    def found(outcome: Outcome, words: str) -> Finding:
        return Finding(
            "budget", "Cost", outcome, words, ("fees",), tuple(fee for part in cost.parts for fee in part.fees)
        )

    if cost.low > limit:
        least = dollars(cost.low) if cost.high == cost.low else f"At least {dollars(cost.low)}"
        return found("no", f"{least} {stay}; your budget is {dollars(limit) if limit else '$0'}.")
    if cost.high is None:
        return found("open", f"{price} {stay}: the {cost.unstated} is not stated.")
    if cost.high > limit:
        return found("open", f"{price} {stay}: whether it is within your budget depends on what applies to you.")
    return found("yes", f"{price} {stay}, within your budget.")


WISHES = (  # what is not wished for is left out, not judged
    Check("state", ("state",), place, lambda person: bool(person.states)),
    Check("type", ("program_types",), kind, lambda person: bool(person.types)),
)
WISHED = frozenset(check.name for check in WISHES)
CHECKS = (
    Check("status", ("status",), status),
    Check("who", ("audiences", "accepts_international"), who),
    Check("affiliation", ("affiliation_required", "accepts_international"), affiliation, _is_student),
    Check("specialty", ("specialties",), specialty, lambda person: bool(person.specialty)),
    Check("year", ("final_year_required",), year, _is_student),
    Check("clerkships", ("core_clerkships_required",), clerkships, _is_student),
    Check("vslo", ("vslo",), vslo, _is_student),
    Check("step1", ("usmle_step1_required",), step1),
    Check("english", ("toefl_ibt_min", "ielts_min", "english_proficiency_required"), english, lambda person: person.school != "us"),
    Check("visa", ("visas", "visa_sponsored"), visa, lambda person: person.visa not in (None, NO_VISA)),
    Check("weeks", ("total_weeks_max", "duration_weeks_min", "duration_weeks_max"), weeks, lambda person: person.weeks is not None),
)  # fmt: skip
