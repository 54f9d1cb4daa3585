"""Pages of one institution that speak of one program become that program; facts that disagree are kept and marked.

Two questions are answered here, each by a pure function. `merge_programs`: which pages speak of the same program?
`merge_facts`: what holds for a program whose pages say several things? Nothing here knows the database: `pipelines.storage`
finds the programs that are stored already and keeps their ids.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import attrs
from scrapy import signals
from scrapy.crawler import Crawler

from scraper.items import FIELDS, Audience, Block, Deadline, Fact, Fee, Page, Program
from scraper.outcomes import Outcome
from scraper.record import choose
from scraper.scope import audience_in
from scraper.signals import institution_finished, programs_ready
from scraper.text import fold_space
from scraper.urls import host_of, key, segments
from scraper.vocabulary import vocabulary

FAMILIES = ("electives", "observership", "research")
_FAMILY_OF_TYPE = {
    "clinical_elective": "electives",
    "sub_internship": "electives",
    "observership": "observership",
    "research": "research",
}
_STUDENTS, _PROFESSIONALS = {"us_student", "international_student"}, {"graduate", "physician"}
_TITLE_PARTS = re.compile(r"\s+[|–—»·:-]+\s+|\s*[|»]\s*")
_WORD = re.compile(r"[a-z0-9]+")
_DEPARTMENT = re.compile(
    r"^(?:the-)?(?:department|dept|division|section|school|institute|center)-?(?:of-)?(?:the-)?|-(?:department|dept|division)$"
)
_NO_NAME = {
    "home", "overview", "welcome", "about", "program", "programs", "introduction", "details", "general information", "information",
    "faq", "faqs", "frequently asked questions", "apply", "how to apply", "application", "contact", "contact us", "main content",
}  # fmt: skip
_STOPWORDS = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "our", "the", "to", "with", "your"]
)
# From this closeness on two pages of one kind are taken for one program: pages that lie beside or below each other, or
# of which one is an FAQ or the like; and pages whose addresses have nothing in common.
NEAR, NEAR_APART = 1.0, 1.5
MAX_NAME = 120


@attrs.frozen
class Summary:
    """What is kept of a page until its institution is done: no body and no blocks, so that memory stays flat."""

    url: str
    fetched_at: str = ""
    status: int = 200
    title: str = ""
    name: str = ""  # its first heading
    relevant: bool = True
    facts: tuple[Fact, ...] = ()
    links: frozenset[str] = frozenset()  # keys (scraper.urls.key) of the pages that it links to
    content_hash: str = ""

    @classmethod
    def of(cls, page: Page) -> Summary:
        """The summary of a page that has passed the reading stages."""
        return cls(
            url=page.url,
            fetched_at=page.fetched_at,
            status=page.status,
            title=page.title,
            name=_first_heading(page.blocks),
            relevant=bool(page.relevant),
            facts=tuple(page.facts) if page.relevant else (),
            links=frozenset(_links(page)) if page.relevant else frozenset(),
            content_hash=content_hash(page.blocks),
        )


def content_hash(blocks: Iterable[Block]) -> str:
    """The fingerprint of a page's own text: the same while its words are, whatever its markup does. '' for no text."""
    text = "\n".join(fold_space(block.text) for block in blocks)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16] if text else ""


def _first_heading(blocks: Sequence[Block]) -> str:
    headings = [block for block in blocks if block.kind == "heading"]
    top = [block for block in headings if block.depth == 1] or headings[:1]
    return top[0].text[:300] if top else ""


def _links(page: Page) -> Iterator[str]:
    own = key(page.url)
    for block in page.blocks:
        for link in block.links:
            if link.url.startswith(("http://", "https://")):
                try:
                    target = key(link.url)
                except ValueError:
                    continue
                if target != own:
                    yield target


# --- what a page speaks of -----------------------------------------------------------------------------------------


@attrs.define(eq=False)
class _Profile:
    """What tells the program of a page: the kind of offer, whose it is, of which department, and for whom."""

    page: Summary
    families: frozenset[str]
    kind: Audience  # 'us' and 'international' only where title or address say so, or where nobody else is spoken of
    topic: str
    visitors: frozenset[str]
    support: bool  # an FAQ, a fee page, a calendar: speaks of a program that has a page of its own
    words: frozenset[str]


def _title_part(page: Summary) -> str:
    """The title without the site's name: its first part."""
    return _TITLE_PARTS.split(page.title, maxsplit=1)[0] if page.title else ""


def _address_words(url: str, last: int = 2) -> str:
    pieces = [re.sub(r"\.\w{2,5}$", "", piece) for piece in segments(url)[-last:]]
    return " / ".join(re.sub(r"[-_+.%]+", " ", piece) for piece in pieces)


def _topic(page: Summary, label: str) -> str:
    """The department whose own program the page describes: named in its heading or title, or as a piece of its address."""
    specialties = vocabulary("specialties")
    # 'Medicine' alone is the school, not the department.
    named = sorted({m.key for m in specialties.find(label) if label[m.start : m.end].lower() != "medicine"})
    if not named:
        for piece in segments(page.url)[:-1]:
            bare = re.sub(r"[-_+.]+", " ", _DEPARTMENT.sub("", piece)).strip()
            if bare == "medicine":
                continue
            matches = list(specialties.find(bare))
            if len(matches) == 1 and matches[0].end - matches[0].start == len(bare):
                named = [matches[0].key]
    return "-".join(named).replace("_", "-") if 0 < len(named) <= 2 else ""


def _profile(page: Summary) -> _Profile:
    label = f"{page.name} / {_title_part(page)}"
    words = vocabulary("programs")
    said = words.keys_in(label)
    address = words.keys_in(_address_words(page.url))
    visitors = frozenset(fact.value for fact in page.facts if fact.field == "audiences")
    types = [fact for fact in page.facts if fact.field == "program_types"]
    stated = {_FAMILY_OF_TYPE[fact.value] for fact in types if fact.value in _FAMILY_OF_TYPE}
    named = said & set(FAMILIES)
    # A title's word counts where the page's facts agree with it, or where the facts name nothing.
    families = (named & stated if stated else named) or stated
    if len(families) > 1 and (hinted := families & address):
        families = hinted
    if "research" in families and "electives" in families and "research" in said:
        families = (
            {"research"} if not ({"clinical_elective", "sub_internship"} & {fact.value for fact in types}) else families
        )
    topic = _topic(page, label)
    if "funded" in said:
        topic = f"{topic}-funded".strip("-")
    return _Profile(
        page,
        frozenset(families),
        _kind(page, label, visitors),
        topic,
        visitors,
        "support" in said or ("support" in words.keys_in(_address_words(page.url, 1)) and not named),
        frozenset(_WORD.findall(label.lower())) - _STOPWORDS,
    )


def _kind(page: Summary, label: str, visitors: frozenset[str]) -> Audience:
    for text in (label, _address_words(page.url, 1)):
        if named := audience_in(text):
            return named
    words = set(_WORD.findall(f"{label} {_address_words(page.url, 1)}".lower()))
    if "international" in words and "us_student" not in visitors:
        return "international"
    if "domestic" in words and "international_student" not in visitors:
        return "us"
    if visitors & _STUDENTS == {"international_student"}:
        return "international"
    return "any"


# --- which pages belong together -------------------------------------------------------------------------------------


def _closeness(one: _Profile, other: _Profile) -> float:
    """How much speaks for two pages being of one program: links, neighbouring addresses, alike titles. 0 when too little."""
    a, b = one.page, other.page
    links = float(key(b.url) in a.links) + float(key(a.url) in b.links)
    place = 0.0
    if host_of(a.url) == host_of(b.url):
        mine, theirs = segments(a.url), segments(b.url)
        shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(mine, theirs, strict=False)))
        if shared and shared >= min(len(mine), len(theirs)):
            place = 1.0  # one lies below the other
        elif shared and shared == len(mine) - 1 == len(theirs) - 1:
            place = 0.75  # side by side
    union = one.words | other.words
    alike = len(one.words & other.words) / len(union) if union else 0.0
    if not links and not place:
        return 0.0  # the same title alone is another campus's page as often as not
    score = links + place + alike
    return score if score >= (NEAR if place or one.support or other.support else NEAR_APART) else 0.0


@attrs.define(eq=False)
class _Cluster:
    """Pages taken for one program."""

    profiles: list[_Profile]

    @property
    def families(self) -> frozenset[str]:
        return frozenset().union(*(p.families for p in self.profiles))

    @property
    def kind(self) -> Audience:
        kinds = {p.kind for p in self.profiles if not p.support} or {p.kind for p in self.profiles}
        return kinds.pop() if len(kinds) == 1 else "any"

    @property
    def topic(self) -> str:
        return self.profiles[0].topic

    @property
    def only_support(self) -> bool:
        return all(p.support for p in self.profiles)

    def group(self) -> str:
        """'students' or 'professionals' where the pages speak of these alone."""
        visitors = frozenset().union(*(p.visitors for p in self.profiles))
        if visitors and visitors <= _STUDENTS:
            return "students"
        return "professionals" if visitors and visitors <= _PROFESSIONALS else ""


def _may_join(one: _Cluster, other: _Cluster) -> bool:
    """Is there nothing that tells two groups of pages apart as different programs?"""
    a, b = one.families, other.families
    if a and b and not a & b:
        return False
    if one.topic != other.topic:
        return False
    groups = {one.group(), other.group()} - {""}
    if len(groups) == 2:
        return False
    kinds = {one.kind, other.kind}
    if kinds == {"us", "international"}:
        return False
    # A page for visitors in general and one for international students are two programs, an FAQ beside one is none.
    return kinds != {"any", "international"} or one.only_support or other.only_support


def _cluster(profiles: list[_Profile]) -> list[_Cluster]:
    """Join pages, the closest first, as long as nothing tells them apart."""
    clusters = {id(p): _Cluster([p]) for p in profiles}
    pairs = [
        (_closeness(one, other), i, j)
        for (i, one), (j, other) in itertools.combinations(enumerate(profiles), 2)
        if one.topic == other.topic
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    for close, i, j in pairs:
        if not close:
            break
        one, other = clusters[id(profiles[i])], clusters[id(profiles[j])]
        if one is other or not _may_join(one, other):
            continue
        one.profiles.extend(other.profiles)
        for profile in other.profiles:
            clusters[id(profile)] = one
    unique = list({id(cluster): cluster for cluster in clusters.values()}.values())
    for cluster in unique:
        cluster.profiles.sort(key=_own_page_first)
    return sorted(unique, key=lambda cluster: key(cluster.profiles[0].page.url))


def _own_page_first(profile: _Profile) -> tuple:
    """Orders the pages of a program: its own page first, then what stands beside it."""
    fields = len({fact.field for fact in profile.page.facts})
    return (
        profile.support,
        len(profile.families) > 1,
        -min(fields, 6),
        len(segments(profile.page.url)),
        -fields,
        key(profile.page.url),
    )


def _overviews(clusters: list[_Cluster]) -> dict[int, list[_Profile]]:
    """Pages for visitors in general that link to a program for US and to one for international students speak of both.

    Gives, for the cluster of each of the two, the pages that speak of it too; their own cluster is emptied.
    """
    also: dict[int, list[_Profile]] = {}
    for general in clusters:
        if general.kind != "any":
            continue
        targets = [
            other
            for other in clusters
            if other is not general
            and other.kind in ("us", "international")
            and other.topic == general.topic
            and (not general.families or other.families & general.families)
            and any(key(b.page.url) in a.page.links for a in general.profiles for b in other.profiles)
        ]
        if {other.kind for other in targets} != {"us", "international"}:
            continue
        for other in targets:
            also.setdefault(id(other), []).extend(general.profiles)
        general.profiles = []
    return also


# --- programs --------------------------------------------------------------------------------------------------------


def merge_programs(institution_id: str, pages: Iterable[Page | Summary]) -> list[Program]:
    """The programs that the relevant ones of an institution's pages speak of, in the order of their ids.

    Each program has its own page as `url`; `facts` and `pages` name that page first. Ids are made of the institution's
    id, the kind of offer, whom it is for and the department, where these tell it from others.
    """
    summaries = [page if isinstance(page, Summary) else Summary.of(page) for page in pages]
    newest: dict[str, Summary] = {}
    for page in summaries:
        if page.relevant:
            known = newest.get(key(page.url))
            if known is None or known.fetched_at < page.fetched_at:
                newest[key(page.url)] = page
    clusters = _cluster([_profile(newest[url]) for url in sorted(newest)])
    also = _overviews(clusters)
    programs: list[Program] = []
    taken: dict[str, _Cluster] = {}
    for cluster in clusters:
        if not cluster.profiles:
            continue
        slug = _unused(_slug(cluster), cluster, taken)
        main = cluster.profiles[0].page
        program = Program(f"{institution_id}--{slug}", institution_id, _name(cluster), main.url)
        for profile in cluster.profiles:
            _add(program, profile.page, profile.page.facts)
        for profile in also.get(id(cluster), ()):
            others = {"us": "international", "international": "us"}.get(cluster.kind)
            _add(program, profile.page, [f for f in profile.page.facts if _is_about(f, cluster, others)])
        programs.append(program)
    return sorted(programs, key=lambda program: program.id)


def _is_about(fact: Fact, cluster: _Cluster, others: str | None) -> bool:
    """Does a fact of an overview page speak of the program of `cluster` too, and not of the other students' alone?"""
    if fact.audience == others:
        return False
    if fact.field == "audiences":
        return fact.value != {"us": "us_student", "international": "international_student"}.get(others or "")
    # What holds for visitors in general tells nothing about either program.
    return fact.field != "accepts_international"


def _add(program: Program, page: Summary, facts: Iterable[Fact]) -> None:
    program.pages[page.url] = page.fetched_at
    program.facts.extend((page.url, fact) for fact in facts)


def _slug(cluster: _Cluster) -> str:
    """What tells the program from the institution's others: 'electives-international', 'observership-neurology'."""
    families = cluster.families
    family = next((f for f in FAMILIES if f in (cluster.profiles[0].families or families)), "visitors")
    parts = [family]
    if cluster.kind != "any":
        parts.append(cluster.kind)
    if cluster.topic:
        parts.append(cluster.topic)
    return "-".join(parts)


def _unused(slug: str, cluster: _Cluster, taken: dict[str, _Cluster]) -> str:
    """`slug`, made unique by whom it is for, by its host, by the words of its own page's address, or by a number."""
    candidates = [slug]
    if (rival := taken.get(slug)) is not None:
        url, other = cluster.profiles[0].page.url, rival.profiles[0].page.url
        if (group := cluster.group()) and rival.group() and group != rival.group():
            candidates.append(f"{slug}-{group}")
        if host_of(url) != host_of(other):
            candidates.append(f"{slug}-{'-'.join(_WORD.findall(host_of(url).split('.')[0]))}")
        candidates.append(f"{slug}-{'-'.join(_WORD.findall(_address_words(url, 1).lower()))[:40].strip('-')}")
    free = (name for name in candidates if name not in taken and not name.endswith("-"))
    chosen = next(itertools.chain(free, _numbered(slug, taken)))
    taken[chosen] = cluster
    return chosen


def _numbered(slug: str, taken: dict[str, _Cluster]) -> Iterator[str]:
    return (name for number in itertools.count(2) if (name := f"{slug}-{number}") not in taken)


def _name(cluster: _Cluster) -> str:
    """The name of a program: a heading, title or address that names what is offered, else the first heading or title."""
    candidates: list[str] = []
    for profile in cluster.profiles:
        for text in (profile.page.name, *_TITLE_PARTS.split(profile.page.title)[:2]):
            name = fold_space(text).strip(" :|-–—")
            if len(name) > 3 and name.lower() not in _NO_NAME:
                candidates.append(name)
    words = _address_words(cluster.profiles[0].page.url, 1).strip().capitalize()
    telling = [
        name
        for name in [*candidates, words]
        if vocabulary("programs").keys_in(name) & {*FAMILIES, "funded", "visitors"}
    ]
    return _shortened(next(iter([*telling, *candidates, words]), "")) or "Program for visitors"


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME].rsplit(' ', 1)[0]} …"


# --- what holds for a program ----------------------------------------------------------------------------------------


@attrs.frozen
class Reading:
    """A fact with the page that states it and when that page was fetched."""

    page_url: str
    fetched_at: str
    fact: Fact


@attrs.define
class Merged:
    """What holds for a program. Each value comes with the reading that stands for it."""

    scalars: dict[str, Reading] = attrs.field(factory=dict)
    sets: dict[str, dict[str, Reading]] = attrs.field(factory=dict)
    fees: dict[Fee, Reading] = attrs.field(factory=dict)
    deadlines: dict[Deadline, Reading] = attrs.field(factory=dict)
    audiences: dict[tuple[str, str], Audience] = attrs.field(
        factory=dict
    )  # (field, member of a set) -> whom it is about
    conflicts: list[Reading] = attrs.field(factory=list)


def overlap(one: Audience, other: Audience) -> bool:
    """Are two statements about some of the same people?"""
    return "any" in (one, other) or one == other


def merge_facts(readings: Iterable[Reading], own_url: str = "") -> Merged:
    """What holds where several pages of a program state facts.

    The same value twice is more evidence. Where values differ, what is said of the more specific audience stands, then
    what the program's own page says, then what was read last; the rest are conflicts. A statement about US
    students alone is no value of a program that takes others too (rule 5 of the house), except how to apply.
    """
    own = key(own_url) if own_url else ""
    # Three stable sorts: by page last of all, so that it weighs most.
    ranked = sorted(readings, key=lambda r: (-r.fact.confidence, r.page_url))
    ranked.sort(key=lambda r: r.fetched_at, reverse=True)
    ranked.sort(key=lambda r: key(r.page_url) != own)
    by_field: dict[str, list[Reading]] = {}
    for reading in ranked:
        by_field.setdefault(reading.fact.field, []).append(reading)
    merged = Merged()
    takes_others = _takes_others(by_field)
    for field in FIELDS:
        found = by_field.get(field.name, [])
        if not found:
            continue
        if field.kind == "set":
            _merge_set(field.name, found, merged)
        elif field.kind == "fees":
            merged.fees = _merge_rows(found, _fee_slot, _fee_join, merged)
        elif field.kind == "deadlines":
            merged.deadlines = _merge_rows(found, _deadline_slot, _deadline_join, merged)
        else:
            chosen, others = choose(field, (r.fact for r in found), several_pages=True)
            if chosen is None:
                continue
            merged.conflicts += [
                r for r in found if any(r.fact is o for o in others) and overlap(r.fact.audience, chosen.audience)
            ]
            if chosen.audience != "us" or not takes_others or field.name == "vslo":
                merged.scalars[field.name] = next(r for r in found if r.fact is chosen)
    return merged


def _takes_others(by_field: dict[str, list[Reading]]) -> bool:
    """Does the program take visitors other than students of US schools?"""
    visitors = {r.fact.value for r in by_field.get("audiences", ())}
    accepts = {r.fact.value for r in by_field.get("accepts_international", ())}
    return bool(visitors - {"us_student"} or accepts & {"yes", "partners_only"})


def _merge_set(field: str, found: list[Reading], merged: Merged) -> None:
    members: dict[str, Reading] = {}
    spelled: dict[str, str] = {}
    said: dict[str, set[Audience]] = {}
    for reading in found:
        value = str(reading.fact.value)
        member = spelled.setdefault(value.casefold(), value)
        members.setdefault(member, reading)
        said.setdefault(member, set()).add(reading.fact.audience)
    merged.sets[field] = members
    for member, audiences in said.items():
        merged.audiences[field, member] = audiences.pop() if len(audiences) == 1 else "any"


_Row = TypeVar("_Row", Fee, Deadline)


def _merge_rows(
    found: list[Reading], slot: Callable[[Any], tuple | None], join: Callable[[_Row, _Row], _Row | None], merged: Merged
) -> dict[_Row, Reading]:
    """The fees or deadlines that stand. `slot` names what can have one value only among pages (None: any number can
    stand side by side); `join` makes one of two that say the same, one of them with less detail."""
    rows: list[tuple[_Row, Reading]] = []
    for reading in found:
        value: _Row = reading.fact.value
        at = slot(value)
        for index, (row, standing) in enumerate(rows):
            joined = join(row, value)
            if joined is not None:
                rows[index] = (joined, standing)
                break
        else:
            contested = at is not None and any(
                slot(row) == at
                and overlap(row.audience, value.audience)
                and key(standing.page_url) != key(reading.page_url)
                for row, standing in rows
            )
            if contested:
                merged.conflicts.append(reading)
            else:
                rows.append((value, reading))
    return dict(rows)


def _fee_slot(fee: Fee) -> tuple | None:
    return (fee.kind, fee.per, fee.weeks) if fee.kind in ("application", "program", "deposit") else None


def _fee_join(one: Fee, other: Fee) -> Fee | None:
    """One fee for two that are the same amount for the same thing, where one says more about it than the other."""
    if (one.kind, one.amount, one.per, one.weeks) != (other.kind, other.amount, other.per, other.weeks):
        return None
    if not overlap(one.audience, other.audience):
        return None
    if None not in (one.refundable, other.refundable) and one.refundable != other.refundable:
        return None
    refundable = one.refundable if one.refundable is not None else other.refundable
    return attrs.evolve(one, refundable=refundable, audience=one.audience if one.audience == other.audience else "any")


def _deadline_slot(deadline: Deadline) -> tuple | None:
    return (deadline.kind, "lead") if deadline.lead_n is not None else None


def _deadline_join(one: Deadline, other: Deadline) -> Deadline | None:
    """One deadline for two that are the same day, where one gives the year or says whom it is for and the other does not."""
    if one.kind != other.kind or not overlap(one.audience, other.audience):
        return None
    if (one.lead_n, one.lead_unit, one.rolling) != (other.lead_n, other.lead_unit, other.rolling):
        return None
    if one.date != other.date or one.month_day != other.month_day:
        dated, bare = (one, other) if one.date else (other, one)
        if not dated.date or not bare.month_day or dated.date[5:] != bare.month_day:
            return None
        one = attrs.evolve(dated, audience=one.audience)
    return attrs.evolve(one, audience=one.audience if one.audience == other.audience else "any")


# --- the stage -------------------------------------------------------------------------------------------------------


@attrs.define
class Visit:
    """What a crawl found at one institution. `complete` is False where the crawl was cut off on the way."""

    institution_id: str
    outcome: str = "finished"
    complete: bool = True
    pages: list[Summary] = attrs.field(factory=list)  # every page that was read, relevant or not
    failed: dict[str, int] = attrs.field(
        factory=dict
    )  # pages that answered with an error: URL -> HTTP status, 0 for none
    programs: list[Program] = attrs.field(factory=list)


def outcome_words(outcome: Outcome) -> str:
    """How a visit went: 'finished', 'not reached', or what kept pages from being read."""
    if not outcome.failures:
        return "finished"
    failures = ", ".join(f"{reason} {count}" for reason, count in sorted(outcome.failures.items()))
    return f"{'finished' if outcome.reached else 'not reached'}: {failures}"


class ProgramsStage:
    """Collects what the pages of an institution state; makes programs of it when the institution is done.

    Sends `scraper.signals.programs_ready` with each visit. Pages are let go as soon as they are summed up.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.visits: dict[str, Visit] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ProgramsStage:
        stage = cls(crawler)
        crawler.signals.connect(stage.item_dropped, signal=signals.item_dropped)
        crawler.signals.connect(stage.institution_finished, signal=institution_finished)
        crawler.signals.connect(stage.spider_closed, signal=signals.spider_closed)
        return stage

    def process_item(self, page: Page) -> Page:
        self._collect(page)
        page.body, page.blocks = b"", []
        return page

    def item_dropped(self, item: Any) -> None:
        """A page that an earlier stage dropped was read all the same: what it said before, it says no longer."""
        if isinstance(item, Page):
            item.relevant = False
            self._collect(item)
            item.body, item.blocks = b"", []

    def _collect(self, page: Page) -> None:
        if page.institution_id is None:
            self._count("programs/pages_without_institution")
            return
        visit = self.visits.setdefault(page.institution_id, Visit(page.institution_id))
        if page.status >= 400 or page.needs_browser:
            visit.failed[page.url] = f"http_{page.status}" if page.status >= 400 else "needs_browser"
        else:
            visit.pages.append(Summary.of(page))

    def institution_finished(self, institution_id: str, outcome: Outcome | None = None) -> None:
        visit = self.visits.pop(institution_id, None) or Visit(institution_id)
        if isinstance(outcome, Outcome):
            visit.failed.update(outcome.failed_urls)
            visit.outcome = outcome_words(outcome)
        self._finish(visit)

    def spider_closed(self, reason: str = "finished") -> None:
        """Pages that came after their institution's end are stored; what a stopped crawl left unfinished is not."""
        visits, self.visits = self.visits, {}
        for visit in visits.values():
            if reason == "finished":
                visit.complete = False
                self._finish(visit)
            else:
                self._count("programs/unfinished_institutions")

    def _finish(self, visit: Visit) -> None:
        visit.programs = merge_programs(visit.institution_id, visit.pages)
        self._count("programs/built", len(visit.programs))
        self.crawler.signals.send_catch_log(signal=programs_ready, visit=visit)

    def _count(self, name: str, count: int = 1) -> None:
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value(name, count)
