"""Pages of one institution that speak of one program become that program; facts that disagree are kept and marked.

`merge_programs` answers which pages speak of the same program, `pipelines.merging` what holds where they say several
things. Nothing here knows the database: `pipelines.storage` finds the programs that are stored already and keeps
their ids.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs
from scrapy import signals
from scrapy.crawler import Crawler

from scraper.items import AgencyTerm, Audience, Block, Elective, Fact, Page, Program
from scraper.memory import Remembered, Trail, fact_of, fact_record
from scraper.outcomes import Outcome
from scraper.scope import audience_in
from scraper.signals import page_unchanged
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
_OF_DEPARTMENT = re.compile(r"^(?:the )?(?:department|dept\.?|division|section) of (?:the )?([\w ,&/-]{3,60})$", re.I)
_NO_NAME = {
    "home", "overview", "welcome", "about", "program", "programs", "introduction", "details", "general information", "information",
    "faq", "faqs", "frequently asked questions", "apply", "how to apply", "application", "contact", "contact us", "main content",
}  # fmt: skip
_OFFICE = re.compile(r"\b(?:office|registrar)\b", re.I)
_SECONDS_FRACTION = re.compile(r"\.\d+Z$")
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
    etag: str = ""
    last_modified: str = ""
    score: float = 0.0
    electives: tuple[Elective, ...] = ()  # that a catalog on the page lists
    agency_terms: tuple[AgencyTerm, ...] = ()

    @classmethod
    def of(cls, page: Page) -> Summary:
        """The summary of a page that has passed the reading stages."""
        return cls(
            url=page.url,
            fetched_at=_SECONDS_FRACTION.sub("Z", page.fetched_at),
            status=page.status,
            title=page.title,
            name=_first_heading(page.blocks),
            relevant=bool(page.relevant),
            facts=tuple(page.facts) if page.relevant else (),
            links=frozenset(_links(page)) if page.relevant else frozenset(),
            content_hash=content_hash(page.blocks, page.body),
            etag=page.etag,
            last_modified=page.last_modified,
            score=page.relevance_score,
            electives=tuple(page.electives),
            agency_terms=tuple(page.agency_terms),
        )

    def remembered(self, trail: Trail, needs_browser: bool = False) -> Remembered:
        """The page as it is kept for when its host says 'not modified'."""
        kept = ("status", "title", "name", "content_hash")
        summary = {name: getattr(self, name) for name in kept}
        summary |= {"facts": [fact_record(fact) for fact in self.facts], "links": sorted(self.links)}
        summary["electives"] = [attrs.asdict(elective) for elective in self.electives]
        summary["agency_terms"] = [attrs.asdict(term) for term in self.agency_terms]
        return Remembered(
            self.url, self.etag, self.last_modified, self.fetched_at, self.relevant, trail, summary, needs_browser
        )

    @classmethod
    def recalled(cls, page: Remembered, fetched_at: str) -> Summary:
        """The summary of a page that is as it was: what `remembered` kept, with the date on which its host said so."""
        values = page.summary | {
            "facts": tuple(fact_of(record) for record in page.summary["facts"]),
            "links": frozenset(page.summary["links"]),
            "electives": tuple(_elective_of(record) for record in page.summary.get("electives", ())),
            "agency_terms": tuple(
                AgencyTerm(**{**record, "headings": tuple(record["headings"])})
                for record in page.summary.get("agency_terms", ())
            ),
        }
        return cls(url=page.url, fetched_at=fetched_at, relevant=page.relevant, **values)


def _elective_of(record: dict[str, Any]) -> Elective:
    """The elective that a memory holds; JSON knows lists only."""
    return Elective(**{**record, "months": tuple(record["months"]), "headings": tuple(record["headings"])})


def content_hash(blocks: Iterable[Block], body: bytes = b"") -> str:
    """The fingerprints of a page's own text and, where it is at hand, of its body, parted by a dot. '' for no text."""
    text = "\n".join(fold_space(block.text) for block in blocks)
    marks = [_mark(text.encode("utf-8", "replace"))] if text else []
    return ".".join([*marks, _mark(body)] if marks and body else marks)


def _mark(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def same_words(one: str, other: str) -> bool:
    """Do two fingerprints tell of the same words? The own text stays the same while a site's menus change; the body
    does while we learn to tell menus from text."""
    (text, _, body), (other_text, _, other_body) = one.partition("."), other.partition(".")
    return text == other_text or (body != "" and body == other_body)


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
    """The department whose own program the page describes: named in its heading or title, as a piece of its address, as
    the host's own name (urology.x.edu), or as a part of the title of its own ('Visitors | Department of Surgery | X')."""
    # 'Medicine' alone is the school, not the department.
    named = sorted(
        {m.key for m in vocabulary("specialties").find(label) if label[m.start : m.end].lower() != "medicine"}
    )
    if not named:
        host = (urlsplit(page.url).hostname or "").split(".")
        pieces = [*(host[:-2] if len(host) > 2 else ()), *segments(page.url)[:-1]]
        for piece in pieces:
            named = _department(re.sub(r"[-_+.]+", " ", _DEPARTMENT.sub("", piece))) or named
    if not named:
        for part in _TITLE_PARTS.split(page.title)[1:]:
            if said := _OF_DEPARTMENT.search(part):
                named = _department(said[1]) or named
    return "-".join(named).replace("_", "-") if 0 < len(named) <= 2 else ""


def _department(text: str) -> list[str]:
    """The specialty that `text` is the name of, whole; [] where it is none."""
    bare = fold_space(text).lower()
    if bare == "medicine":
        return []
    for spelling in (bare, bare.upper()):  # an address says 'ent' where a page says 'ENT'
        matches = list(vocabulary("specialties").find(spelling))
        if len(matches) == 1 and matches[0].end - matches[0].start == len(spelling):
            return [matches[0].key]
    return []


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


def _is_overview(page: _Profile, profiles: list[_Profile]) -> bool:
    """Does a page for visitors in general lead to one for US students and to one for international students?"""
    led_to = {p.kind for p in profiles if key(p.page.url) in page.page.links and _is_akin(page, p)}
    return page.kind == "any" and {"us", "international"} <= led_to


def _is_akin(one: _Profile, other: _Profile) -> bool:
    return one.topic == other.topic and (not one.families or not other.families or bool(one.families & other.families))


def _shared(overviews: list[_Profile], clusters: list[_Cluster]) -> dict[int, list[_Profile]]:
    """The pages that speak of a program for US students and of one for international students too: overviews that lead
    to both, an FAQ beside both. Gives them for each of the clusters, and takes them out of the one they were in."""
    also: dict[int, list[_Profile]] = {}
    for page in overviews:
        for cluster in clusters:
            if any(key(p.page.url) in page.page.links and _is_akin(page, p) for p in cluster.profiles):
                also.setdefault(id(cluster), []).append(page)
    for one, other in itertools.permutations(clusters, 2):
        if {one.kind, other.kind} != {"us", "international"} or one.topic != other.topic:
            continue
        for page in [p for p in one.profiles if p.support and p.kind == "any"]:
            if any(_is_akin(page, own) and _closeness(page, own) for own in other.profiles if not own.support):
                also.setdefault(id(other), []).append(page)
                also.setdefault(id(one), []).append(page)
                one.profiles.remove(page)
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
    profiles = [_profile(newest[url]) for url in sorted(newest)]
    overviews = [profile for profile in profiles if _is_overview(profile, profiles)]
    clusters = _cluster([profile for profile in profiles if profile not in overviews])
    also = _shared(overviews, clusters)
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
            others = {"us": "international", "international": "us"}.get(cluster.kind)  # whose facts are left out
            _add(program, profile.page, [f for f in profile.page.facts if _is_about(f, cluster, others)])
        programs.append(program)
    for page in sorted(
        (page for page in summaries if page.electives), key=lambda page: (key(page.url), page.fetched_at)
    ):
        if (offering := program_of_catalog(page, programs)) is not None:
            _add_specialties(offering, page)
    return sorted(programs, key=lambda program: program.id)


def _add_specialties(program: Program, page: Summary) -> None:
    """Whoever applies for a program may choose what its catalog lists: the specialties of these electives are its own."""
    names = vocabulary("specialties")
    known = {
        said for _, fact in program.facts if fact.field == "specialties" for said in names.keys_in(str(fact.value))
    }
    for elective in page.electives:
        if elective.specialty is None or elective.specialty in known:
            continue
        known.add(elective.specialty)
        lines = elective.quote.split("\n")
        words = next((line for line in lines if elective.specialty in names.keys_in(line)), lines[0])
        audience: Audience = "us" if elective.accepts_international is False else "any"
        program.pages.setdefault(page.url, page.fetched_at)
        program.facts.append(
            (
                page.url,
                Fact(
                    "specialties",
                    names.titles[elective.specialty],
                    words,
                    elective.headings,
                    0.8,
                    "elective_in_catalog",
                    audience,
                ),
            )
        )


def _is_about(fact: Fact, cluster: _Cluster, others: str | None) -> bool:
    """Does a fact of an overview page speak of the program of `cluster` too, and not of the other students' alone?"""
    if fact.audience == others:
        return False
    if fact.field == "audiences":
        return fact.value != {"us": "us_student", "international": "international_student"}.get(others or "")
    # What holds for visitors in general tells nothing about either program.
    return fact.field != "accepts_international"


def _add(program: Program, page: Summary, facts: Iterable[Fact]) -> None:
    program.links |= page.links
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
        words = [w for w in _WORD.findall(_address_words(url, 1).lower()) if w not in _STOPWORDS and w not in slug]
        candidates.append("-".join([slug, *words[:2]]))
    free = (name for name in candidates if name not in taken)
    chosen = next(itertools.chain(free, _numbered(slug, taken)))
    taken[chosen] = cluster
    return chosen


def _numbered(slug: str, taken: dict[str, _Cluster]) -> Iterator[str]:
    return (name for number in itertools.count(2) if (name := f"{slug}-{number}") not in taken)


def _name(cluster: _Cluster) -> str:
    """The name of a program: a heading, title or address that names what is offered, else what its facts say."""
    candidates: list[str] = []
    for profile in cluster.profiles:
        for text in (profile.page.name, *_TITLE_PARTS.split(profile.page.title)[:2]):
            name = _unglued(fold_space(text).strip(" :|-–—"), profile.page)
            if len(name) > 3 and name.lower() not in _NO_NAME and not _OFFICE.search(name):
                candidates.append(name)
    candidates.append(_address_words(cluster.profiles[0].page.url, 1).strip().capitalize())
    for name in candidates:
        if vocabulary("programs").keys_in(name) & {*FAMILIES, "funded", "visitors"}:
            return _shortened(name) + _of_department(cluster.topic, name)
    family = next((f for f in FAMILIES if f in cluster.families), "")
    plain = vocabulary("programs").titles[family] if family else "Program for visitors"
    plain += {"us": " for students of US schools", "international": " for international students"}.get(cluster.kind, "")
    return plain + _of_department(cluster.topic, plain)


def _unglued(heading: str, page: Summary) -> str:
    """A heading without what runs into it where two elements stand side by side: the part that the title has as well."""
    title = _title_part(page)
    if len(title) > 8 and heading != title and heading.endswith(title) and heading[: -len(title)][-1:].isalpha():
        return title
    return heading


def _of_department(topic: str, name: str) -> str:
    """The department's name in brackets, where the program's name does not tell it from the institution's others."""
    titles = vocabulary("specialties").titles
    if vocabulary("specialties").keys_in(name):
        return ""
    rest, found = topic.removesuffix("-funded"), []
    for key_ in sorted(titles, key=len, reverse=True):
        slug = key_.replace("_", "-")
        if f"-{slug}-" in f"-{rest}-":
            found.append(titles[key_])
            rest = f"-{rest}-".replace(f"-{slug}-", "-", 1).strip("-")
    return f" ({', '.join(sorted(found))})" if found else ""


def program_of_catalog(page: Summary, programs: Sequence[Program]) -> Program | None:
    """The program under which visitors apply for the electives that `page` lists: the page's own, else the one whose pages
    lead to it or that it leads to, else the institution's only one for electives."""
    for program in programs:
        if key(page.url) in {key(url) for url in program.pages}:
            return program
    electives = [program for program in programs if program.id.rpartition("--")[2].startswith(FAMILIES[0])]
    led = [p for p in electives if key(page.url) in p.links or page.links & {key(url) for url in p.pages}]
    general = [program for program in led or electives if not program.id.endswith("-international")]
    chosen = general or led or electives
    return chosen[0] if len(chosen) == 1 or (led and chosen) else None


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME].rsplit(' ', 1)[0]} …"


# --- the stage -------------------------------------------------------------------------------------------------------


@attrs.define
class Visit:
    """What a crawl found at one institution. `complete` is False where the crawl was cut off on the way."""

    institution_id: str
    outcome: str = "finished"
    complete: bool = True
    pages: list[Summary] = attrs.field(factory=list)  # every page that was read, relevant or not
    shells: list[Summary] = attrs.field(factory=list)  # pages of which only the shell was read: they need a browser
    failed: dict[str, str] = attrs.field(factory=dict)  # what could not be read: URL -> reason (scraper.outcomes)
    programs: list[Program] = attrs.field(factory=list)


def outcome_words(outcome: Outcome) -> str:
    """How a visit went: 'finished', 'not reached', or what kept pages from being read."""
    if not outcome.failures:
        return "finished"
    failures = ", ".join(f"{reason} {count}" for reason, count in sorted(outcome.failures.items()))
    return f"{'finished' if outcome.reached else 'not reached'}: {failures}"


class ProgramsStage:
    """Collects what the pages of each institution state until the storage stage asks for it.

    Pages are let go as soon as they are summed up. What an earlier stage dropped was read all the same: it is kept as
    a page that says nothing, so that what it said before can be closed.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.visits: dict[str, Visit] = {}
        crawler.signals.connect(self.item_dropped, signal=signals.item_dropped)
        crawler.signals.connect(self.page_unchanged, signal=page_unchanged)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ProgramsStage:
        return cls(crawler)

    def process_item(self, page: Page) -> Page:
        self._collect(page)
        return page

    def item_dropped(self, item: Any) -> None:
        if isinstance(item, Page):
            item.relevant = False
            self._collect(item)

    def page_unchanged(self, institution_id: str, page: Remembered, fetched_at: str) -> None:
        """A page that is as it was says what it said."""
        visit = self.visits.setdefault(institution_id, Visit(institution_id))
        visit.pages.append(Summary.recalled(page, fetched_at))

    def _collect(self, page: Page) -> None:
        if page.institution_id is None:
            self._count("programs/pages_without_institution")
            return
        visit = self.visits.setdefault(page.institution_id, Visit(page.institution_id))
        if page.status >= 400 or (page.needs_browser and not page.relevant and not page.rendered):
            visit.failed[page.url] = f"http_{page.status}" if page.status >= 400 else "needs_browser"
            visit.shells.append(Summary.of(page))
        else:
            visit.pages.append(Summary.of(page))
        page.body, page.blocks = b"", []

    def take(self, institution_id: str, outcome: Outcome | None = None, *, complete: bool = True) -> Visit:
        """What was found at an institution, its programs built, and forgotten here."""
        visit = self.visits.pop(institution_id, None) or Visit(institution_id)
        visit.complete = complete
        if outcome is not None:
            visit.failed.update(outcome.failed_urls)
            visit.outcome = outcome_words(outcome)
        visit.programs = merge_programs(institution_id, visit.pages)
        self._count("programs/built", len(visit.programs))
        return visit

    def _count(self, name: str, count: int = 1) -> None:
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value(name, count)
