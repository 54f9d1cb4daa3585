"""The words of the field: institutions, pages, blocks of text, facts and programs.

A `Page` walks through the stages of `pipelines/` once; each stage adds `Fact`s of one kind. `FIELDS` is the one list of
the fields that a page or a program can have, with type, unit and meaning: records, database columns, exports and
the data dictionary are made from it. The values follow the labels schema of the project's corpus.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, Generic, Literal, TypeVar, overload

import attrs

from scraper.text import sentences, small

_Value = TypeVar("_Value")


class remembered(Generic[_Value]):
    """A property that is worked out when it is first asked for, and then is an attribute.

    functools.cached_property takes a lock besides, which costs more than making a text small; no two threads read one page.
    """

    def __init__(self, work_out: Callable[[Any], _Value]) -> None:
        self.work_out = work_out
        self.name = work_out.__name__
        self.__doc__ = work_out.__doc__

    @overload
    def __get__(self, thing: None, owner: type) -> remembered[_Value]: ...

    @overload
    def __get__(self, thing: object, owner: type) -> _Value: ...

    def __get__(self, thing: object | None, owner: type) -> _Value | remembered[_Value]:
        if thing is None:
            return self
        value = thing.__dict__[self.name] = self.work_out(thing)
        return value


Audience = Literal["any", "us", "international"]
BlockKind = Literal["title", "heading", "paragraph", "item", "row", "definition"]

PROGRAM_TYPES = ("clinical_elective", "sub_internship", "observership", "research")
AUDIENCES = ("us_student", "international_student", "graduate", "physician")
FEE_KINDS = ("application", "program", "deposit", "insurance", "other")
FEE_PERIODS = ("once", "week", "two_weeks", "four_weeks", "month", "rotation", "day", "year")
HOSPITAL_SETTINGS = ("academic", "community", "safety_net", "rural", "veterans")
HOUSING = ("free", "available", "help", "none")
PAYERS = ("own_costs", "home_tuition", "home_school")
INSTITUTION_KINDS = ("medical_school_md", "medical_school_do", "teaching_hospital", "health_system", "agency")


@attrs.frozen
class Institution:
    """One line of data/institutions.csv. `lat`, `lon` in decimal degrees (WGS 84); None where not known.

    `aliases` are its other names ('Penn'), `vslo_source` says who says whether it is a VSLO host.
    """

    id: str
    name: str
    kind: str | None = None
    parent: str | None = None
    city: str | None = None
    state: str | None = None
    lat: float | None = None
    lon: float | None = None
    website: str | None = None
    vslo_host: bool | None = None
    notes: str | None = None
    browser: bool = False  # its pages show their text by script only
    aliases: tuple[str, ...] = ()
    vslo_source: str | None = None


@attrs.frozen
class StartUrl:
    """One line of data/start_urls.csv: a page that was seen to describe a program of `institution_id`."""

    institution_id: str
    url: str
    program_type: str | None = None
    seen: str | None = None


@attrs.frozen
class Link:
    """A link inside a block: its text and its absolute target (http, https, mailto or tel)."""

    text: str
    url: str


@attrs.frozen
class Cell:
    """A table cell with the text of its column header and of its row's first cell ('' where there is none)."""

    text: str
    column: str = ""
    row: str = ""


@attrs.define(slots=False, eq=False)
class Block:
    """A piece of a page's own content, in reading order.

    `text` is verbatim (white space folded): whatever is cut out of it can serve as a quote. `headings` is the chain of
    headings above the block, outermost first, accordion and tab titles included. `lead` is the sentence that
    introduces the list or table a block belongs to ('Applicants must submit:'). `depth` is the heading level (1-6) of
    a heading and the nesting (1 = outermost) of a list item. `group` numbers lists and tables, so that the
    items of one list share it; 0 for blocks outside of any. `term` is the dt of a definition.
    """

    kind: BlockKind
    text: str
    headings: tuple[str, ...] = ()
    lead: str = ""
    depth: int = 0
    group: int = 0
    cells: tuple[Cell, ...] = ()
    term: str = ""
    links: tuple[Link, ...] = ()

    @remembered
    def sentences(self) -> list[str]:
        """The block's sentences, each a verbatim piece of `text`."""
        return sentences(self.text)

    @remembered
    def lower(self) -> str:
        """`text` in small letters (`scraper.text.small`): for cheap look-ups."""
        return small(self.text)

    @property
    def context(self) -> str:
        """What stands above the block, nearest last: headings, then the lead."""
        return " / ".join((*self.headings, self.lead)) if self.lead else " / ".join(self.headings)


@attrs.frozen
class Fee:
    """What an applicant or participant pays the host or VSLO. `amount` in US dollars; `weeks` where a tier names its length."""

    amount: float
    kind: str = "program"
    per: str = "once"
    refundable: bool | None = None
    audience: Audience = "any"
    weeks: float | None = None


@attrs.frozen
class Deadline:
    """When applications open or must be in: exactly one of `date` (ISO, 'YYYY-MM-DD' or 'YYYY-MM'), `month_day`
    ('MM-DD' or 'MM', no year given), lead time (`lead_n` `lead_unit`s before the start) or `rolling`."""

    kind: Literal["opens", "closes"] = "closes"
    date: str | None = None
    month_day: str | None = None
    lead_n: float | None = None
    lead_unit: Literal["day", "week", "month"] | None = None
    rolling: bool = False
    audience: Audience = "any"


@attrs.frozen
class Fact:
    """A value that a page states, with the exact words that say so.

    `quote` is a verbatim piece of one block (white space aside), `headings` the chain above it, `rule` the name of the
    rule that read it, `audience` whose fact it is, `confidence` between 0 and 1 (see docs/accuracy.md).
    """

    field: str
    value: Any
    quote: str
    headings: tuple[str, ...] = ()
    confidence: float = 0.9
    rule: str = ""
    audience: Audience = "any"


@attrs.frozen
class Elective:
    """A single elective of a catalog. `specialty` is a key of data/vocabulary/specialties.yml, `months` are 1 to 12, `url`
    the elective's own page, `quote` the row or lines that say so."""

    title: str
    specialty: str | None = None
    code: str | None = None
    site: str | None = None
    weeks_min: float | None = None
    weeks_max: float | None = None
    capacity: int | None = None
    months: tuple[int, ...] = ()
    accepts_international: bool | None = None
    prerequisites: str | None = None
    url: str | None = None
    quote: str = ""
    headings: tuple[str, ...] = ()


@attrs.frozen
class AgencyTerm:
    """A statement of a placement agency about its offer: what about, the value, and the words that say so."""

    item: str
    value: str
    quote: str
    headings: tuple[str, ...] = ()
    rule: str = ""
    confidence: float = 0.8


@attrs.frozen
class VsloHost:
    """An institution that a list of AAMC's names as a VSLO host. `network` is 'us', 'global' or 'unknown'."""

    name: str
    network: str = "unknown"
    place: str = ""
    quote: str = ""


@attrs.define(slots=False, eq=False)
class Page:
    """A fetched page on its way through the stages. `body` is the response's bytes; `fetched_at` is UTC, ISO 8601."""

    url: str
    body: bytes = b""
    institution_id: str | None = None
    content_type: str = "text/html"
    encoding: str | None = None
    fetched_at: str = ""
    status: int = 200
    title: str = ""
    blocks: list[Block] = attrs.field(factory=list)
    facts: list[Fact] = attrs.field(factory=list)
    relevant: bool | None = None
    relevance_score: float = 0.0
    needs_browser: bool = False
    program: Program | None = None
    etag: str = ""  # the validators by which the host may say 'not modified' next time
    last_modified: str = ""
    rendered: bool = False  # by a browser
    electives: list[Elective] = attrs.field(factory=list)  # that a catalog on it lists
    institution_kind: str | None = None
    agency_terms: list[AgencyTerm] = attrs.field(factory=list)  # of an agency's page

    def facts_of(self, field: str) -> Iterator[Fact]:
        """The page's facts of one field, in reading order."""
        return (fact for fact in self.facts if fact.field == field)


@attrs.define(slots=False, eq=False)
class Program:
    """What one institution offers one kind of visitor: facts of one page or of several, under a stable `id`."""

    id: str
    institution_id: str
    name: str
    url: str
    facts: list[tuple[str, Fact]] = attrs.field(factory=list)  # (page URL, fact)
    pages: dict[str, str] = attrs.field(factory=dict)  # page URL -> fetched_at
    links: set[str] = attrs.field(factory=set)  # keys (scraper.urls.key) of the pages that its pages link to


FieldKind = Literal["bool", "number", "choice", "set", "fees", "deadlines"]


@attrs.frozen
class Field:
    """One field of a page or program: its name, kind, choices, unit and meaning in a line."""

    name: str
    kind: FieldKind
    title: str
    meaning: str
    group: str
    choices: tuple[str, ...] = ()
    unit: str = ""
    since: int = 1  # schema version of the database that brought it


FIELDS: tuple[Field, ...] = (
    Field("program_types", "set", "Program types", "What the host offers to visitors.", "offer", PROGRAM_TYPES),
    Field("audiences", "set", "Who may apply", "Groups that the page says may take part.", "eligibility", AUDIENCES),
    Field(
        "accepts_international",
        "choice",
        "Accepts international students",
        "May students enrolled at medical schools outside the US take part?",
        "eligibility",
        ("yes", "no", "partners_only"),
    ),
    Field(
        "status",
        "choice",
        "Status",
        "'closed' when suspended or not accepting applications, 'open' when the page says it accepts them now.",
        "offer",
        ("open", "closed"),
    ),
    Field("vslo", "bool", "Through VSLO", "Do applications go through AAMC VSLO (formerly VSAS)?", "offer"),
    Field(
        "toefl_ibt_min", "number", "TOEFL iBT minimum", "Lowest TOEFL iBT total accepted.", "eligibility", (), "points"
    ),
    Field("ielts_min", "number", "IELTS minimum", "Lowest IELTS overall band accepted.", "eligibility", (), "band"),
    Field(
        "english_proficiency_required",
        "bool",
        "English proficiency required",
        "Is English proficiency, fluency or a test demanded?",
        "eligibility",
    ),
    Field(
        "usmle_step1_required",
        "bool",
        "USMLE Step 1 required",
        "Must USMLE Step 1 be passed to apply or take part?",
        "eligibility",
    ),
    Field("visas", "set", "Visas accepted", "Visa classes named as accepted, usable or issued.", "eligibility"),
    Field(
        "visa_sponsored",
        "bool",
        "Sponsors visas",
        "Does the host sponsor or issue visa documents (DS-2019, I-20)?",
        "eligibility",
    ),
    Field(
        "final_year_required",
        "bool",
        "Final year only",
        "Must a student applicant be in the final year?",
        "eligibility",
    ),
    Field(
        "core_clerkships_required",
        "bool",
        "Core clerkships first",
        "Must core clerkships be completed before?",
        "eligibility",
    ),
    Field(
        "good_standing_required", "bool", "Good standing required", "Is good academic standing demanded?", "eligibility"
    ),
    Field(
        "affiliation_required",
        "bool",
        "Affiliation agreement required",
        "Is an agreement between home school and host demanded?",
        "eligibility",
    ),
    Field(
        "letters_required",
        "number",
        "Letters of recommendation",
        "Letters of recommendation demanded; a dean's letter is not one.",
        "eligibility",
        (),
        "letters",
    ),
    Field("fees", "fees", "Fees", "What the applicant or participant pays the host or VSLO.", "fees", (), "USD"),
    Field("deadlines", "deadlines", "Deadlines", "When applications open and when they must be in.", "deadlines"),
    Field(
        "duration_weeks_min",
        "number",
        "Shortest placement",
        "Length of the shortest single placement.",
        "duration",
        (),
        "weeks",
    ),
    Field(
        "duration_weeks_max",
        "number",
        "Longest placement",
        "Length of the longest single placement.",
        "duration",
        (),
        "weeks",
    ),
    Field(
        "total_weeks_max",
        "number",
        "Longest stay",
        "Most weeks, over all placements, that one visitor may spend.",
        "duration",
        (),
        "weeks",
    ),
    Field("documents", "set", "Documents", "What the applicant must hand in or have before starting.", "documents"),
    Field("specialties", "set", "Specialties", "Specialties or departments that the page lists as offered.", "offer"),
    Field("emails", "set", "E-mail", "E-mail addresses of the program's office.", "contacts"),
    Field(
        "email_links",
        "set",
        "E-mail behind a link",
        "Addresses that the page gives behind a link's text only.",
        "contacts",
    ),
    Field("phones", "set", "Phone", "Phone numbers of the program's office, ten digits.", "contacts"),
    Field(
        "compensation",
        "choice",
        "Compensation",
        "'unpaid', or 'stipend' when money is offered.",
        "offer",
        ("unpaid", "stipend"),
    ),
    Field(
        "certificate_offered", "bool", "Certificate offered", "Is a certificate or letter of completion given?", "offer"
    ),
    Field(
        "recommendation_offered",
        "bool",
        "Recommendation offered",
        "May the visitor get a letter of recommendation?",
        "offer",
    ),
    # What students ask besides; each is defined in docs/guide-fields.md.
    Field(
        "interview_required",
        "bool",
        "Interview required",
        "Is an interview part of the selection? 'May be invited' is no answer.",
        "guide",
        since=4,
    ),
    Field(
        "hospital_settings",
        "set",
        "Hospital setting",
        "What kind of place visitors are at, as the page names it.",
        "guide",
        HOSPITAL_SETTINGS,
        since=4,
    ),
    Field(
        "mentorship_offered",
        "bool",
        "Mentor",
        "Does the visitor get a mentor? One whom the applicant has to bring is none.",
        "guide",
        since=4,
    ),
    Field(
        "housing",
        "choice",
        "Housing",
        "'free' rooms, 'available' ones (at a price, or none told), 'help' to find some, or 'none'.",
        "guide",
        HOUSING,
        since=4,
    ),
    Field(
        "who_pays",
        "set",
        "Who pays",
        "'own_costs': the visitor pays travel and living; 'home_tuition': tuition stays with the home school; 'home_school': it pays the fee.",
        "guide",
        PAYERS,
        since=4,
    ),
    Field(
        "home_school_applies",
        "bool",
        "Home school applies",
        "Must the home school nominate or apply? 'No' where visitors apply themselves.",
        "guide",
        since=4,
    ),
    Field(
        "malpractice_provided",
        "bool",
        "Malpractice cover by the host",
        "Does the host's malpractice insurance cover visitors? What they must bring is among the documents.",
        "guide",
        since=4,
    ),
    Field(
        "health_insurance_provided",
        "bool",
        "Health insurance by the host",
        "Does the host provide health insurance? What visitors must bring is among the documents.",
        "guide",
        since=4,
    ),
)
FIELD = {field.name: field for field in FIELDS}


def utc_now() -> str:
    """The present moment as ISO 8601 UTC to the second, the form of every time stamp in the project."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
