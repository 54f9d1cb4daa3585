"""Is this page about something a visitor can apply for? What is not leaves here, and is counted.

The score adds up evidence that a reader can follow (`evidence` lists it): what the page's headings are about, sentences in
which a visitor, an opportunity and an offer meet, facts that only an application page states, and, against it, the words of
residency recruitment, of the school's own curriculum and of other kinds of learners. One clear sentence of offer is
enough (labels schema: a page is relevant when its own content describes at least one opportunity); words in menus and
links are none.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import attrs
from scrapy.exceptions import DropItem

from scraper.gates import Gates
from scraper.items import Block, Page
from scraper.text import has_any, small
from scraper.vocabulary import Match, look_for_all, vocabulary

MAX_BLOCKS = 4000
MAX_TEXT = 400_000  # characters: what a hostile page has beyond is not looked at
MAX_SENTENCE = 1500

# No page without one of these words describes an opportunity: most of a crawl is settled by this look.
_CORE = Gates(
    (
        (
            "student", "research", "visit", "elective", "rotat", "clerk", "observ", "extern", "shadow", "acting", "preceptor", "guest",
            "exchange", "vslo", "vsas", "img", "incoming", "abroad", "overseas", "foreign", "graduates",
        ),
        ("sub", "clinical "),
    )
)  # fmt: skip
_CORE_WORDS = re.compile(r"sub-?\s?i|clinical (?:exp|place|att)")  # what has to stand behind those of the second
_FACTS = ("facts_fee", "facts_deadline", "facts_documents", "facts_visa", "facts_duration", "facts_terms")
_STUDENTS = re.compile(r"medical students?\b|student (?:rotation|elective|clerkship)s?\b", re.I)
BIAS = -3.0
CLEAR = 3.0  # no later evidence can turn a page with this score
_ABOUT = {"visiting_student", "visitor", "strong_opportunity", "portal"}
_VISITOR = {"visiting_student", "visitor"}
_NOT_FOR_THEM = {"own", "other_people", "no_offer"}
_OTHERS = {"residency", "own", "elsewhere", "other_people", "admission"}
_PROGRAM = {"visiting_student", "strong_opportunity"}
_ABLE_TO_PAUSE = _VISITOR | _PROGRAM
_TERMS_OF = {"offer", "learner"}
_AGAINST = ("own", "residency", "other_people", "elsewhere", "profession", "admission")
_NOTED = frozenset((*_FACTS, *_AGAINST))
# What the first, second, third and fourth sentence of a kind add.
_WEIGHTS = {
    "near": (0.5, 0.2),
    "clear": (3.2, 0.8, 0.6, 0.4),
    "strong": (2.2, 0.8, 0.6, 0.4),
    "weak": (2.0, 0.8, 0.5, 0.3),
    "plain": (1.8, 0.8, 0.5, 0.3),
    "question": (0.7, 0.6, 0.4),
    "stay": (1.3, 0.5),
    "mention": (1.3, 0.6, 0.4),
    "terms": (0.7, 0.6, 0.4),
}
# What none, one, two, three and four ways of speaking of other houses take away.
_OTHER_HOUSES = (0.0, 0.0, -1.5, -7.0, -10.5)
_MAY = (" may", " can", " do", " participate")
# Behind these words other houses are where visitors come from.
_COMES_FROM = ("from ", "attending ", "enrolled ", "enrolled in ", "enrolled at ", "matriculated ", "matriculated at ")
# Learners of other schools than medical ones, as other_people names them.
_PUPILS = ("student", "high school", "college", "undergraduate", "pre", "shadow", "observation", "sophomore")
# What the lines of a single elective's page are called: 'Duration: 4 weeks', 'Number of students: 1'.
_CARD = re.compile(
    r"\W{0,3}(?:(?P<strong>duration|length|availability|available|(?:number|no\.?|#) of students|students? per|max(?:imum|\.)? (?:number of )?(?:\w{1,12}[- ]year |medical |senior )?students|open to|offered to|given (?:all|any|every)|capacity|enrollment|distribution of (?:the )?student|(?:one|two|four|six|eight|\d)-week (?:session|rotation|elective|block)s?)"
    r"|who|weeks|days|lodging|housing|questions|price|level|prerequisites?|requirements?|requires prior approval|night call|locations?|sites?|hours|schedule|(?:program |elective |rotation |clerkship |student )?(?:coordinator|contact|preceptors?|faculty)|(?:learning |rotation |clerkship |elective )?(?:objectives|experience)|goals|specific goals|activity outline|on-call|(?:brief |elective |rotation |clerkship )?description|overview|methods? (?:to be )?used in student|evaluation|methods? of evaluation|course (?:outline|description|objectives)|how to apply|to apply)\b"
)
_PER_BLOCK = ("students per", "number of students", "open to", "max students")
_LASTS = re.compile(
    r"\bis (?:a|an|offered as a|offered as an) (?:one|two|three|four|six|eight|\d)-(?:week|month) (?:\w+ ){0,2}(?:elective|clerkship|rotation|subinternship|sub-internship)"
)
# What the labels, rows and questions of a page are called that tells who may come and how to apply, by what they are about.
_TERMS = re.compile(
    r"\W{0,3}(?:q[:.] )?(?:(?P<who>(?:who (?:can|may|is|should|qualifies)|for whom|am i eligible|can i\b|may i\b|can (?:\w+ ){1,3}apply|eligib\w+|open to|applicants|(?:accredited |home )?schools?|(?:year|level) of (?:training|study)|training level|international (?:students?|applicants?|graduates?)))"
    r"|(?P<apply>(?:where|how|when) (?:to|do i|should i|must i|early|far|can i) ?|(?:required |advance )?notice|lead time|application (?:deadline|window|dates?|period|process)|applications? (?:open|close|due)|deadlines?|due dates?|to apply\b|applying|apply\b)"
    r"|(?P<money>(?:application |program |elective |rotation |observer(?:ship)? |processing |administrative |placement )?(?:fees?|costs?|tuition|charges?)\b|is there an? (?:\w+ )?(?:fee|charge|cost)|(?:what|how much) (?:does|do|is|will) [\w ]{1,30}(?:cost|pay|fee)|does it cost|do i (?:have to )?pay)"
    r"|(?P<visa>visas?\b|immigration|i need a visa|(?:which|what) visa|(?:do|will|can) you (?:sponsor|help|get)[\w ]{0,20} visa)"
    r"|(?P<papers>(?:required |application )?(?:documents?|documentation|paperwork|papers|materials)\b|upload|send\b|submit|what (?:must|do|should) i (?:send|submit|hand in|need)|letters? of (?:recommendation|good standing)|letters\b|affiliation agreement|malpractice|immunizations?|background check|usmle|toefl|english)"
    r"|(?P<length>length|duration|how long|is there a (?:time )?limit|dates\b|blocks\b|weeks\b)"
    r"|(?P<gain>certificates?|(?:will|do|can) i (?:get|receive)|recommendation letters?|(?:do|are) (?:observers|students|visitors) (?:receive|get|paid)|stipend|compensation|pay\b)"
    r"|(?P<contact>contact|coordinator|questions\b|e-?mail|phone))"
)
_FOR_MEDICINE = re.compile(
    r"\bmedical (?:students?|graduates?|school)|\bimgs?\b|\blcme\b|\bcoca\b|\bms-?(?:[34]|iii|iv)s?\b|\bm[34]s?\b|\boms-?(?:[34]|iii|iv)\b|\b(?:fourth|4th|final|senior)[- ]year|\bsenior students|\bvslo\b|\busmle\b|\bstep 1\b|\bphysicians?\b(?! assistant)"
)
_ROTATIONS = ("clerkship", "elective", "rotation", "sub-intern", "subintern", "acting intern")
_PAPERS = ("cv", "vitae", "resum", "résum", "transcript", "score", "statement", "letter", "usmle", "comlex")
_OF_STUDENTS = re.compile(
    r"\bsub-?\s?i(?:nterns?(?:hips?)?)?\b|\bacting intern|\bstudents?\b|\bclerkships?\b|\bpreceptorship|\bobserv|\bshadow|\bextern",
    re.I,
)
# Neither a state with its ZIP code nor the form for a visa nor a year is a course.
_COURSE = re.compile(
    r"\b(?-i:(?![A-Z]{2}\s\d{5}\b|DS.?2019|[AFC]Y\b)[A-Z]{2,5})[-\s]?\d{3,5}[A-Z]?\b|(?<!category 1 )\bcredit(?:s| hours)\b|(?:^|[.;:] ?)grading\b|\b(?:course|elective|selective|clerkship) (?:number|no\.|#|code)",
    re.I,
)
_WHO = frozenset({"learner", *_VISITOR})
_NUMBER = re.compile(r"\b[A-Z]{3,5}[ -]?\d{3,5}\b")
_LEARNING = frozenset({"opportunity", "strong_opportunity"})
_OFFERED = frozenset({"opportunity", "strong_opportunity", "portal"})
_APPLYING = frozenset({"opportunity", "applying"})
_OWN = frozenset({"own", "elsewhere"})
_LET_IN = frozenset({"learner", "applying"})
_OFFERING = frozenset({"applying", "hosting"})
_ADMITTED = frozenset({"offer", "applying"})
_OF_OTHERS = frozenset({"residency", "other_people", "profession"})
_NOT_AN_OFFER = frozenset({"own", "no_offer", *_OF_OTHERS})
_NO_NAME = frozenset({"elsewhere", *_NOT_AN_OFFER})
_MATCH = ("eras", "nrmp", "electronic residency")
_OF_MEDICINE = re.compile(
    r"(?<!podiatric )(?<!veterinary )\bmedical (?:students?|graduates?|schools?)\b|\bvisiting physicians?\b|\bosteopathic|\bmd/do\b|\bimgs?\b"
)
# 'Away Rotations: Information for Fern Hill Students'; who is named by what they are has no school's name.
_FOR_OWN = re.compile(
    r"\b(?:for|For) (?!(?:Visiting|International|Foreign|Medical|US|U\.S\.|USA|American|Canadian|Caribbean|Overseas|Fourth|Third|Final|Fourth-Year|Third-Year|Senior|MD|DO|M\.D\.|D\.O\.|MS|M4|MS4|OMS|External|Away|Guest|Rotating|Outside|Incoming"
    r"|Osteopathic|Allopathic|All|Prospective|Non|Elective|Exchange|Clinical|Domestic|Global|Research|Undergraduate|Graduate|Health|Eligible|Current|Interested|Underrepresented|URM|URiM|UIM|UiM|Diverse|Diversity|Disadvantaged|Women|First|Minority|Upper|Clerkship|LCME|Latin|African|Native|Black|Hispanic|The)\b)"
    r"(?:[A-Z][\w’'&.]+ ){1,3}(?<!Medical )(?<!Year )(?<!Visiting )Students\b|\b[Ff]or (?:[Oo]ur|current) (?:[Oo]wn )?(?:\w+ )?(?:[Ss]tudents|[Rr]esidents|[Ff]ellows|[Tt]rainees|[Hh]ouse [Ss]taff)\b|\b[Ff]or (?:our |community |faculty )*[Pp]receptors\b"
)
_STAFF_TOO = frozenset({"physician", "physicians", "doctor", "doctors", "surgeon", "surgeons"})
_ONLY = re.compile(r"\b(?:only|exclusively|limited to)\b", re.I)
_YES = re.compile(r"\W*(?:yes|absolutely|certainly|of course)\b", re.I)
_ASKS_FOR_DEMANDS = re.compile(
    r"\b(?:required?|requirements?|need|must|have to|should|mandatory|necessary|count)\b", re.I
)
# '$500 per week', 'tuition is $2,000', '$75 application fee'; who pays a visitor, insures or donates names sums too.
_PRICE = re.compile(
    r"\b(?:fees?|tuition|costs?|charged?|payable|payment|billed|owes?)\b[^.;]{0,80}\$ ?\d"
    r"|^\W*\$ ?\d[\d,]{0,8}\W*$|\$ ?\d[\d,.]{0,8} ?(?:/|(?:per|a|each|every|for (?:each|every|one|two|four|a))\b|(?:[a-z-]{1,20} ){0,2}(?:fee|charge)\b)",
    re.I,
)
_NO_PRICE = re.compile(
    r"\b(?:parking|garage|cafeteria|rents?|copay|CME|salar|stipend|insur|million|loan|scholarship|award|grant|reimburs|allowance|donat|gift|dues|ERAS|annual|copay|deductible|per (?:claim|occurrence))",
    re.I,
)
# Few pages but those for visitors say what it costs to come, what it pays or which papers to send.
_WEIGHT_OF_FACT = {"facts_fee": 1.5, "facts_documents": 1.0, "facts_visa": 0.4}
_HALTED = ("suspended", "paused", "on hold", "closed")
_ANSWERED_NO = re.compile(r"[:?–—-]\s*(?:no|none|n/a)\b(?! (?:more|later|less))", re.I)
_NO = re.compile(r"(?:no|not|unfortunately|sorry)\b", re.I)


# '"We are delighted," said Dr. Lowe': people speak so in reports of what was, and in no page for applicants.
_REPORTED = re.compile(
    r"""[”"’'],? ?(?:(?:he|she|dr\.|[\w.-]{2,20}(?: [\w.-]{2,20})?) )?(?:said|says|added|adds|explained|explains|recalled|recalls)\b|\b(?:said|says) (?:dr\.|[\w-]{2,20} [\w-]{2,20}, )|\b(?:he|she) (?:said|says|recalls)\b"""
)
_PART_OF_STUDY = re.compile(
    r"\W*(?:abstract|methods?|materials and methods|results|conclusions?|discussion|key ?words|references|limitations|hypothesis|findings)(?:\W{0,2}$|: )"
)
_AWAY = re.compile(r"\b(?:away|extramural|off-?campus|external)\b", re.I)
_DATELINE = re.compile(
    r"(?:posted |published |updated )?(?:on )?(?:\w{3,9}day,? )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z.]{0,7} \d{1,2},? \d{4}\W{0,3}(?:\d\d?:\d\d.{0,8})?$|by [\w.-]{2,20} [\w. -]{2,30}$"
)
# 'LMU students' and 'Birch State medical students' are those of the school itself, where it is their own page.
_NAMED_STUDENTS = re.compile(
    r"\b(?!(?:MD|DO|OMS|US|USA|UK|LCME|COCA|AOA|IMG|FMG|URM|UIM|URIM|VSLO|VSAS|HPSP|ALL|PA|NP|RN|EM|IM|OR|III|IV|AND|NOT|MS)\b)[A-Z]{2,5}[A-Za-z]{0,4} (?:medical )?(?:students|learners)\b"
)
_STRANGERS = re.compile(r"\bnon-[A-Z][\w.]{1,20} (?:[\w-]{1,12} ){0,2}(?:students|rotators|learners)\b")


def _may_matter(lower: str) -> bool:
    """May a text of small letters be about an opportunity?"""
    found = _CORE.open(lower)
    return found > 0 and (found & 1 > 0 or _CORE_WORDS.search(lower) is not None)


@attrs.frozen
class Evidence:
    """One reason for or against a page: its name, its weight and the words it stands on."""

    name: str
    weight: float
    words: str = ""


def evidence(title: str, blocks: list[Block]) -> list[Evidence]:
    """Every reason for and against the page, in reading order."""
    return _Judge(title, blocks).judge()


def relevance(title: str, blocks: list[Block]) -> float:
    """How sure it is, from 0 to 1, that the page describes an opportunity for visitors."""
    for block in blocks[:MAX_BLOCKS]:
        if _may_matter(block.lower):
            break
    else:
        return 0.0
    total = BIAS + sum(reason.weight for reason in evidence(title, blocks))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


class _Judge:
    """Gathers the evidence of one page."""

    def __init__(self, title: str, blocks: list[Block]) -> None:
        self.title = title
        self.blocks = blocks[:MAX_BLOCKS]
        self.headings = [block for block in self.blocks if block.kind == "heading"]
        self.links = {id(block) for block in self.blocks if block.links and _is_link(block)}
        self.reasons: list[Evidence] = []
        self.counts: Counter[str] = Counter()
        self.seen: dict[str, set[str]] = {}  # heading -> keys
        self.against: dict[str, set[str]] = {key: set() for key in _AGAINST}
        self.of_residencies: set[str] = set()  # the texts that speak of them
        self.facts: set[str] = set()
        self.names: list[str] = []  # the title and the first headings
        self.topic = 0.0
        self.topic_words = ""
        self.about: set[str] = set()  # the keys of the topic; words for people alone may head a residency's page too
        self.advice = ""  # the title of an article
        self.for_own = ""  # a title for the students of a named school
        self.own_named = ""  # a title that speaks of the house's own students
        self.explicit = False  # does a sentence say by itself that visitors may come?
        self.pupils = 0  # how many sentences speak of learners who are not of medicine
        self.learners = False  # does a sentence name medical students, graduates, physicians or visitors?
        self.visitors = False  # does a sentence name a visitor?
        self.refused = 0  # how many sentences say that an opportunity is not for somebody
        self.admits = False  # does a sentence let medical students apply for something?
        self.asks = ""  # a sentence that asks for papers, dates or a form
        self.residents = False  # does a sentence speak of what residents do?
        self.for_students: re.Match[str] | None = None
        # The headings of the block weighed last, and what they say of those below.
        self.below: tuple[str, ...] | None = None
        self.context: tuple[bool, Collection[str]] = False, ()

    def judge(self) -> list[Evidence]:
        self._topics()
        size = 0
        unread: list[Block] = []
        question = ""
        for block in self.blocks:
            if block.kind == "heading":
                question = block.text if block.text.rstrip().endswith("?") else ""
            if block.kind in ("title", "heading") or id(block) in self.links:
                continue
            if question:
                self._question(question, block)
                question = ""
            size += len(block.text)
            if size > MAX_TEXT:
                break
            if not self._block(block):
                unread.append(block)
        if self.counts and self._score() < CLEAR:
            # Only a page that might go either way is read to the last word.
            for block in unread:
                for match in _find(block.text[:MAX_SENTENCE]):
                    if match.key in _NOTED:
                        self._note(match.key, match, block.text)
                    elif match.key == "sending" and not self.asks:
                        self.asks = block.text
        self._named()
        if self.counts:
            self._stated()
            self._told()
            self._studied()
        self._speaks_for_own()
        self._card()
        self._terms()
        self._speaks_for_others()
        return self.reasons

    def _recruiting(self) -> int:
        """How many words of residencies the page uses; none where a single sentence does, as a department's page has one."""
        return min(4, len(self.against["residency"])) if len(self.of_residencies) > 1 else 0

    def _stated(self) -> None:
        """What only speaks for a page that says something of an opportunity: its headings, and facts of an application."""
        if self.for_students and not self.counts["named"]:
            self._add("heading_for_medical_students", 0.8, self.for_students[0])
        if any("$" in block.text and _states_price(block) for block in self.blocks):
            self.facts.add("facts_fee")
        recruits = self._recruiting() > 1 and not self.counts["clear"] and not self.counts["named"]
        for fact in sorted(self.facts):
            # Residencies ask for papers too.
            self._add(fact, 0.5 if recruits else _WEIGHT_OF_FACT.get(fact, 0.5))

    def _studied(self) -> None:
        """A study in parts: abstract, methods, results."""
        parts = {
            part[0].strip()
            for block in self.blocks[:200]
            if (block.kind == "heading" or block.term or ":" in block.text[:14])
            and (part := _PART_OF_STUDY.match(block.term.lower() or block.lower))
        }
        if len(parts) > 1:
            self._add("study", -6.5, ", ".join(sorted(parts)))

    def _told(self) -> None:
        """Who is named as a stranger to the house; a report of what was, in the words of people; admission to the school."""
        for block in self.blocks[:80]:
            if "non-" in block.lower and (stranger := _STRANGERS.search(block.text)):
                self.visitors = True
                self._add("strangers_named", 2.2, stranger[0])
                break
        told = 0
        for block in self.blocks:
            if "said" in block.lower or "says" in block.lower:
                told += sum(1 for _ in _REPORTED.finditer(block.lower[:MAX_SENTENCE]))
        if told:
            # A report has a day on which it was published, or somebody who wrote it.
            told += any(len(block.text) < 60 and _DATELINE.match(block.lower) for block in self.blocks[:12])
        if told > 1:  # programs quote one who was there
            self._add("report", -2.5 * min(3, told))

    def _speaks_for_own(self) -> None:
        """The words of a school that speaks to its own students."""
        if (
            self.against["own"]
            and not self.visitors
            and any(_NUMBER.search(block.text[:400]) for block in self.blocks[:80])
        ):
            # 'NEUR 4100' stands in a school's own catalog, if nobody else is spoken of.
            self.against["own"].add("course number")
        if not self.visitors and (self.counts["named"] or self.counts["plain"]) and not self.counts["clear"]:
            named = next(
                (m[0] for b in self.blocks[:80] if "students" in b.lower and (m := _NAMED_STUDENTS.search(b.text))), ""
            )
            if named:
                self.against["own"].add(named)
        own = min(4, len(self.against["own"]))
        if own == 1 and self.counts["named"] and not self.visitors:
            self._add("own_curriculum", -0.4)
        if own > 1 and not self.explicit:
            # Of away rotations a school speaks to its own students as often as a host does to strangers.
            share = -0.25 if self.counts["clear"] else -0.5
            if _AWAY.search(self.topic_words):
                share = -1.0
            self._add("own_curriculum", share * own)
        if self.for_own and not self.explicit:
            self._add("for_own_students", -4.0, self.for_own)
        elif self.own_named and not self.explicit:
            self._add("for_own_students", -1.5, self.own_named)

    def _speaks_for_others(self) -> None:
        """The words of residencies, of pages for pupils and other professions, of advice and of other houses; refusals."""
        residency = self._recruiting()
        if residency > 1 and not self.counts["clear"]:
            # graduates, say, of whom residencies speak too
            people_only = self.about <= {"visitor"} and "visiting" not in self.topic_words.lower()
            matched = any(has_any(words, _MATCH) for words in self.against["residency"])
            extra = (2.0 if people_only and self.about else 0.0) + (1.0 if people_only and matched else 0.0)
            self._add("residency_recruitment", -0.5 * residency - extra)
        others = min(4, len(self.against["other_people"]))
        if others > 1 and not self.learners:
            self._add("other_learners", -0.4 * others)
        if (self.pupils > 1 or (self.pupils and not self.learners)) and not self.counts["clear"]:
            # Nobody of medicine named at all: 'Dental students from any school may spend a week with us.'
            alone = not self.learners and not any(_OF_MEDICINE.search(block.lower) for block in self.blocks)
            # An observer program that lists medical students and physicians beside them is for these too.
            share = 0.16 if self.admits or (self.learners and "strong_opportunity" in self.about) else 1.0
            weight = (-4.0 if alone else -2.2 * share) * min(2, self.pupils)
            if self.pupils == 1 and (self.counts["terms"] or "visiting_student" in self.about):
                weight *= 0.3  # a page for others that sends pupils elsewhere
            self._add("for_pupils", weight)
        if self.refused and not self.counts["clear"]:
            self._add("refusal", -0.8 * min(2, self.refused))
        if self.advice:
            self._add("advice", -6.5, self.advice)
        admission = min(6, len(self.against["admission"]))
        if admission > 1 and not self.explicit and "visiting_student" not in self.about:
            self._add("admission", -1.25 * admission, ", ".join(sorted(self.against["admission"])))
        if self.against["profession"]:
            self._other_professions()
        weight = _OTHER_HOUSES[min(4, len(self.against["elsewhere"]))]
        if weight:
            # Advice to applicants, or a school that tells its own students how to go away: a host speaks of itself.
            many = len(self.against["elsewhere"]) > 3 and not self.asks
            share = (0.75 if many else 0.5) if "visiting_student" in self.about else 1.0
            self._add("other_houses", weight * share, ", ".join(sorted(self.against["elsewhere"])))

    def _card(self) -> None:
        """A page on a single elective: its name is a rotation, its lines are labels, and no course number makes it one of the school's catalog."""
        if not self._names_elective() or any(
            self._keys(name) & {"residency", "other_people", "no_offer"} or _COURSE.search(name) for name in self.names
        ):
            return
        labels: set[str] = set()
        strong: set[str] = set()
        for block in self.blocks[:80]:
            for text in (block.term.lower(), *(sentence.lower() for sentence in block.sentences[:12])):
                if text and (label := _CARD.match(text)):
                    labels.add(label[0].strip())
                    if label["strong"]:
                        strong.add(label["strong"])
                elif not strong and "-" in text and _LASTS.search(text):
                    strong.add("length")
        told = len(labels) + len(strong)
        if told > 4 - (len(self.against["own"]) < 2) and not any(
            _COURSE.search(block.text[:400]) for block in self.blocks[:80]
        ):
            self._add("single_elective", 4.2 if strong and told > 4 else 1.5, ", ".join(sorted(labels)))

    def _named(self) -> None:
        """A page named after an opportunity, whoever it is for: how far it speaks to somebody who may come.

        The text of residents' rotations and of the school's own ones does not: its name says nothing.
        """
        first = bool(self.counts)
        if self.asks and first:
            self._add("asks_to_send", 0.7, self.asks)
        if self.topic:
            return
        if self.advice or self.for_own:
            return
        name = next((name for name in self.names if self._keys(name) & _LEARNING), "")
        if not name or any(self._keys(other) & _NO_NAME or _COURSE.search(other) for other in self.names):
            return
        of_students = bool(_OF_STUDENTS.search(name))
        if self.residents and not self.learners and not of_students:
            return
        if len(self.against["own"]) > 1 or (self._recruiting() > 1 and not of_students):
            return
        if not of_students and has_any(name.lower(), ("research", "lab")) and not self.learners:
            return  # of postdocs, as a rule
        self.counts["named"] += 1
        self._add("named_opportunity", 1.4 if "for medical students" in name.lower() else 1.0, name)
        if self.asks:
            self._add("named_and_asks", 0.8 if first else 1.5, self.asks)

    def _terms(self) -> None:
        """A page of labels, rows or questions that tell who may come and how to apply, for what, for how long and at what price."""
        if self._score() >= 0.0 or len(self.blocks) > 200:
            return
        if self.for_own or self.advice or any(self._keys(name) & _NOT_AN_OFFER for name in self.names):
            return
        kinds: set[str] = set()
        offered = any(self._keys(name) & _LEARNING for name in self.names)
        for block in self.blocks[:80]:
            for label in _labels_of(block):
                if told := _TERMS.match(label):
                    kinds.add(str(told.lastgroup))
        if len(kinds) < 4 or ("apply" not in kinds and "who" not in kinds):
            return
        words: set[str] = set()
        own: set[str] = set()
        medicine = False
        for block in self.blocks[:80]:
            medicine = medicine or _FOR_MEDICINE.search(block.lower) is not None
            for match in _find(block.text[:MAX_SENTENCE]):
                words.add(match.key)
                if match.key == "own":
                    own.add(block.lower[match.start : match.end])
                offered = offered or match.key == "strong_opportunity"
            for cell in block.cells:
                offered = offered or bool(cell.column and self._keys(cell.column) & _LEARNING)
        if offered and medicine and len(own) < 2 and not words & _OF_OTHERS:
            self._add("terms_of_application", 4.2, ", ".join(sorted(kinds)))

    def _names_elective(self) -> bool:
        """Is the page named after a rotation, or after a specialty in which its text describes one?"""
        if any(self._keys(name) & _LEARNING for name in self.names):
            return True
        first = self.blocks[:80]
        return (
            any(vocabulary("specialties").find(name) for name in self.names)
            and any(has_any(block.lower, _ROTATIONS) or block.lower.startswith(_PER_BLOCK) for block in first)
            and any("student" in block.lower for block in first)
        )

    def _other_professions(self) -> None:
        """A page for learners of another profession: its name says so, or the text does more than once, and nobody of medicine is named."""
        words = self.against["profession"]
        heads = any("profession" in self._keys(name) for name in self.names)
        if (heads or len(words) > 1) and not any(_OF_MEDICINE.search(block.lower) for block in self.blocks):
            self._add("other_profession", -12.0, ", ".join(sorted(words)))

    def _score(self) -> float:
        return BIAS + sum(reason.weight for reason in self.reasons)

    def _add(self, name: str, weight: float, words: str = "") -> None:
        self.reasons.append(Evidence(name, weight, words[:200]))

    def _keys(self, heading: str) -> set[str]:
        if heading not in self.seen:
            self.seen[heading] = {match.key for match in _find(heading[:300])}
        return self.seen[heading]

    def _topics(self) -> None:
        """What the title and the headings are about; a heading over nothing but links counts for nothing."""
        over_text: set[str] = set()
        answers: dict[str, str] = {}  # what stands first below a heading
        last: tuple[str, ...] = ()
        for block in self.blocks:
            if block.headings is not last and block.kind not in ("title", "heading") and id(block) not in self.links:
                over_text.update(last := block.headings)
                if last and last[-1].endswith("?"):
                    answers.setdefault(last[-1], block.text)
        best = 0.0
        words = ""
        heads = [block.text for block in self.headings if block.depth == 1]
        name = self.title.split(" | ")[0].split(" - ")[0]
        top = [(name, 2.6)] + [
            (block.text, 2.6 if block.depth == 1 else 1.6) for block in self.headings if block.text in over_text
        ]
        self.names = [name, *heads]
        advice = {text for text in self.names if vocabulary("advice").find(text[:300])}
        self.advice = next(iter(advice), "")
        for text, weight in top:
            if weight <= best or text in advice:
                continue
            keys = self._keys(text)
            # Who asks 'Must I rotate at your institution?' means the host.
            answer = answers.get(text, "")
            if answer and (_NO.match(answer) or "no_offer" in self._keys(answer)):
                continue  # 'Do you offer observerships?' 'We cannot at this time.'
            about = keys & (_ABOUT - {"visitor"} if text.rstrip().endswith("?") else _ABOUT)
            if about and not keys & _NOT_FOR_THEM and not ("residency" in keys and about == {"visitor"}):
                best, words = weight, text
                self.about = about
        if best:
            self.counts["topic"] += 1
            self.topic, self.topic_words = best, words
            self._add(
                "topic",
                best
                + (
                    1.0
                    if ("visiting_student" in self.about and self._keys(words) & _LEARNING)
                    or "explicit" in self._keys(words)
                    else 0.0
                ),
                words,
            )
        names = {key for text in self.names for key in self._keys(text)}
        if "own" in names:
            self.against["own"].add("its name")
        self.for_students = (
            None if best else _STUDENTS.search(" ".join([name, *(block.text for block in self.headings[:39])]))
        )
        self.for_own = next((m[0] for text in self.names if (m := _FOR_OWN.search(text))), "")
        self.own_named = next((text for text in self.names if "our students" in text.lower()), "")
        if "other_people" in names and not names & {"learner", *_ABOUT}:
            self._add("about_other_people", -1.5, name)

    def _above(self, headings: tuple[str, ...]) -> tuple[bool, Collection[str]]:
        """Do `headings` name a visitor or an opportunity for visitors, and what else of an opportunity do they speak of?"""
        if headings != self.below:
            self.below = headings
            context = _offers({key for heading in headings for key in self._keys(heading)})
            about = bool(context & _ABOUT) and not context & _NOT_FOR_THEM
            # What a heading offers need not be said again below it: 'Applying for the Sub-Internship'.
            offered = context & _LEARNING and not context & _NOT_FOR_THEM and "residency" not in context
            self.context = about, context if offered else ()
        return self.context

    def _block(self, block: Block) -> bool:
        """Weigh the sentences of one block; False where nothing in or above it can be about an opportunity."""
        about, offered = self._above(block.headings)
        if not about and not offered and not _may_matter(block.lower):
            return False
        together: set[str] = set()
        telling = 0  # how many sentences tell anything
        kinds: set[str] = set()
        for sentence in block.sentences[:400]:
            keys = self._sentence(sentence[:MAX_SENTENCE])
            if not keys:
                continue
            telling += 1
            kind = _kind(keys, about, offered)
            if kind:
                self._count(kind, sentence)
                kinds.add(kind)
                self.learners = self.learners or kind == "clear"
                self.explicit = self.explicit or "explicit" in keys
            together |= keys
        if telling > 1 and "clear" not in kinds:
            kind = _kind(together, about)
            if kind == "clear" or (kind and not kinds):
                # Who, what and the offer stand in neighbouring sentences.
                self._count("near" if kinds else "weak", block.text)
        return True

    def _question(self, question: str, answer: Block) -> None:
        """A question how to apply for the host's observership, what it costs: whoever answers it offers one.

        Unless the answer is no, and unless who asks applies for a residency.
        """
        if _NO.match(answer.text):
            return
        keys = _offers(self._keys(question))
        if keys & {"no_offer", "own", "residency", "other_people"} or "offer" not in keys:
            return
        if keys & {"strong_opportunity", "visiting_student"} and "no_offer" not in self._keys(answer.text[:300]):
            granted = _YES.match(answer.text) and not _ASKS_FOR_DEMANDS.search(question)
            self._count("clear" if granted else "question", question)

    def _note(self, key: str, match: Match, text: str) -> None:
        """Keep what speaks against the page, and which facts of an application it states."""
        if key in self.against:
            if key == "elsewhere" and text.endswith(_COMES_FROM, 0, match.start):
                return  # 'students from other schools may apply'
            words = text[match.start : match.end].lower()
            if key == "own" and words.startswith("enrolled") and _ONLY.search(text, 0, match.start):
                self._add("own_students_only", -2.0, text)
            self.against[key].add("pgy" if words.startswith("pgy") else words.removesuffix("s"))
            if key == "residency":
                self.of_residencies.add(text)
        else:
            self.facts.add(key)

    def _sentence(self, sentence: str) -> set[str]:
        """What a sentence speaks of; nothing where it refuses or speaks of people who are no visitors."""
        found = _find(sentence)
        if not found:
            return set()
        keys: set[str] = set()
        for match in found:
            key = match.key
            if key == "elsewhere" and sentence.endswith(_COMES_FROM, 0, match.start):
                # 'Surgeons from other hospitals may observe': the words of other houses have taken those of the offer.
                if sentence.endswith(_MAY, match.start, match.end):
                    keys.add("offer")
                continue
            keys.add(key)
            if key in _NOTED:
                self._note(key, match, sentence)
            elif key == "sending" and has_any(sentence[match.start : match.end].lower(), _PAPERS):
                self.facts.add("facts_documents")
        if "portal" in keys and "visiting_student" in keys:
            portals = [match for match in found if match.key == "portal"]
            if all(
                any(portal.start <= match.start and match.end <= portal.end for portal in portals)
                for match in found
                if match.key == "visiting_student"
            ):
                keys.discard("visiting_student")  # in the portal's name nobody is spoken of
        if "explicit" in keys and _ANSWERED_NO.search(sentence):
            return set()  # 'Open to visiting students: No'
        others = (
            [m for m in found if m.key == "other_people" and "medical" not in sentence[m.start : m.end].lower()]
            if "other_people" in keys
            else ()
        )
        if others:
            # 'Pharmacy students from other schools' come from elsewhere, but not for what is looked for here.
            keys = {
                match.key
                for match in found
                if match.key not in _VISITOR or not any(m.start < match.end and match.start < m.end for m in others)
            }
        if "sending" in keys and not self.asks and "no_offer" not in keys and "residency" not in keys:
            self.asks = sentence
        self.visitors = self.visitors or not keys.isdisjoint(_VISITOR)
        if others or not self.learners:
            self._people(sentence, found, keys, others)
        if "no_offer" in keys:
            if not keys.isdisjoint(_WHO) and not keys.isdisjoint(_LEARNING) and "paused" not in keys:
                self.refused += 1
            if "paused" in keys and self.topic >= 2 and not keys.isdisjoint(_ABLE_TO_PAUSE):
                # A program that is closed for now is a program (labels schema: status).
                self._count("strong", sentence)
            return set()
        if "paused" in keys and self.topic >= 2 and "offer" not in keys and not keys.isdisjoint(_PROGRAM):
            halted = (m for m in found if m.key == "paused")
            if any(sentence[m.start : m.end].lower() in _HALTED for m in halted):
                self._count("strong", sentence)
        if (
            "residency" in keys
            and keys.isdisjoint(_VISITOR)
            and "learner" not in keys
            and not keys.isdisjoint(_LEARNING)
        ):
            self.residents = True
        if others and all(sentence[m.start : m.end].lower() in _STAFF_TOO for m in found if m.key == "learner"):
            keys.discard("learner")  # 'Dental students may spend a week with our surgeons'
        if keys >= _LET_IN and not keys.isdisjoint(_LEARNING) and keys.isdisjoint(_OTHERS):
            self.admits = True
        about_others = not keys.isdisjoint(_OTHERS) and keys.isdisjoint(_VISITOR)
        if about_others and ("learner" not in keys or "own" in keys or "elsewhere" in keys):
            # A sentence about residents or the school's own students must name the visitor.
            return set()
        return _offers(keys)

    def _people(self, sentence: str, found: list[Match], keys: set[str], others: Sequence[Match]) -> None:
        """Does a sentence name medical students, graduates, physicians or visitors, or pupils alone?"""
        if not keys.isdisjoint(_VISITOR) or any(
            m.key == "learner" and (sentence[m.start : m.end].lower() not in _STAFF_TOO or "applying" in keys)
            for m in found
        ):
            self.learners = True
        elif any(has_any(sentence[m.start : m.end].lower(), _PUPILS) for m in others):
            self.pupils += 1

    def _count(self, kind: str, sentence: str) -> None:
        self.counts[kind] += 1
        number = self.counts[kind]
        weights = _WEIGHTS[kind]
        if number <= len(weights):
            self._add(f"{kind}_sentence", weights[number - 1], sentence)


def _find(text: str) -> list[Match]:
    """Who (visitors.yml) and what (relevance.yml) a text speaks of; 'visiting sub-interns' are both."""
    return [*vocabulary("visitors").find(text), *vocabulary("relevance").find(text)]


def _offers(keys: set[str]) -> set[str]:
    """The same keys with what follows from them: who may apply is offered something, and 'a rotation with us' is one."""
    if not keys.isdisjoint(_OFFERING):
        keys = keys | {"offer"}
    return keys | {"opportunity"} if "here" in keys else keys


def _kind(keys: set[str], about: bool, offered: Collection[str] = ()) -> str:
    """How well a sentence offers an opportunity to a visitor: 'clear', 'strong', 'weak' or '' for not at all.

    `about`: the headings above name a visitor or an opportunity for visitors; `offered`: all that they speak of.
    """
    if "explicit" in keys:
        return "clear"
    if "intake" in keys and keys.isdisjoint(_OTHERS):
        return "strong"
    if "invited" in keys and "residency" not in keys and keys.union(offered) & _OFFERED:
        return "clear"
    if "visitor" in keys and keys.union(offered) >= _APPLYING:
        return "clear"
    if "learner" in keys and "here" in keys and "applying" in keys:
        # Nobody invites students of the own school to apply for 'a rotation with us'.
        return "clear"
    if "offer" in keys:
        learner = "learner" in keys
        if learner and "hosting" in keys and offered:
            return "strong"
        opportunity = not keys.isdisjoint(_OFFERED)
        strong = "strong_opportunity" in keys or "portal" in keys
        if opportunity and (not keys.isdisjoint(_VISITOR) or (learner and strong)):
            return "clear"
        if offered and "visitor" in keys and not keys.isdisjoint(_ADMITTED):
            return "clear"  # 'Rotations' over 'students of schools abroad may be considered'
        if strong or "visiting_student" in keys or (about and opportunity):
            return "strong"
        if ("here" in keys and "applying" in keys) or (
            "residency" not in keys and ((about and learner) or ((about or offered) and "visitor" in keys))
        ):
            return "weak"
        if opportunity and (learner or "here" in keys):
            if learner and "hosting" in keys:
                return "strong"  # nobody hosts or accepts the own school's students
            return "plain"  # of any school: the own one's pages say it too
    elif not keys.isdisjoint(_VISITOR) and (offered or not keys.isdisjoint(_OFFERED)):
        return "mention"  # 'Visiting students: four-week electives, 2026-27'
    if ("learner" in keys or (offered and "here" in keys)) and "residency" not in keys and keys.isdisjoint(_OWN):
        if "here" in keys:
            return "plain"
        if "stay" in keys and "offer" in keys:
            return "stay"
    if about and (
        (keys.union(offered) & _TERMS_OF and not keys.isdisjoint(_FACTS)) or ("applying" in keys and "offer" in keys)
    ):
        return "terms"
    return "terms" if about and "visitor" in keys and "strong_opportunity" in offered else ""


def _states_price(block: Block) -> bool:
    """Does the block say what something costs?"""
    return any(
        "$" in sentence and _PRICE.search(sentence) and not _NO_PRICE.search(sentence) for sentence in block.sentences
    )


_LABEL = re.compile(r"([^:.;?\n–—]{2,40})(?::|\s[–—-]\s)")


def _labels_of(block: Block) -> Iterator[str]:
    """What a block's pieces are called, in small letters: a heading, a term, a row's first cell, the label of a line, a question."""
    low = block.lower
    if block.kind == "heading":
        yield low[:80]
    elif block.cells:
        yield block.cells[0].text.lower()[:80]
    else:
        for line in low[:3000].split("\n")[:40]:
            if label := _LABEL.match(line):
                yield label[1]
        if "?" in low:
            for sentence in block.sentences[:40]:
                if sentence.endswith("?"):
                    yield small(sentence[:120])


def _is_link(block: Block) -> bool:
    """Is the block nothing but the words of links?"""
    return bool(block.links) and sum(len(link.text) for link in block.links) >= 0.85 * len(block.text)


class RelevanceStage:
    """Drops pages that describe no opportunity."""

    threshold = 0.5

    def __init__(self) -> None:
        look_for_all()  # whoever builds the stages reads whole pages

    def process_item(self, page: Page) -> Page:
        page.relevance_score = relevance(page.title, page.blocks)
        page.relevant = page.relevance_score >= self.threshold
        if not page.relevant:
            raise DropItem("not relevant")
        return page
