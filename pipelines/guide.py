"""What students ask besides: interview, hospital setting, mentor, housing, who pays, who applies, insurance by the host.

The definitions are in `scraper.items.FIELDS` and docs/guide-fields.md, the phrases in data/vocabulary/guide.yml. What is here
decides whose matter a phrase is: an interview for residency, a mentor whom the applicant has to bring, housing for own
students, a malpractice policy of the home school are none. A page says little of each, and says it in plain forms; what
stands in none of them is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import attrs

from pipelines import Stage
from scraper.considered import passed_over
from scraper.gates import Gates
from scraper.items import FIELDS as ALL_FIELDS
from scraper.items import HOSPITAL_SETTINGS, HOUSING, Block, Fact
from scraper.scope import audience_of
from scraper.statements import judged_pieces, quote
from scraper.text import has_any
from scraper.vocabulary import Match, vocabulary

FIELDS = tuple(field.name for field in ALL_FIELDS if field.group == "guide")


@attrs.define(eq=False)  # not frozen: there is one for each sentence, and freezing doubles what that costs
class _Said:
    """A sentence with the phrases in it; `about` is what stands right above it: question, heading, lead, term."""

    block: Block
    text: str
    lower: str
    matches: tuple[Match, ...]
    about: str

    def first(self, *keys: str) -> Match | None:
        for match in self.matches:  # next() of a generator costs more than the look itself
            if match.key in keys:
                return match
        return None

    def has(self, *keys: str) -> bool:
        return self.first(*keys) is not None

    def before(self, match: Match, reach: int = 90) -> str:
        return self.lower[max(0, match.start - reach) : match.start]

    def after(self, match: Match, reach: int = 90) -> str:
        return self.lower[match.end : match.end + reach]


@attrs.frozen
class _Found:
    value: bool | str
    rule: str
    confidence: float = 0.8
    match: Match | None = None


# -- whose business ---------------------------------------------------------------------------------------------------

_VISITOR = (
    r"(?:students?|visitors?|observers?|externs?|participants?|scholars?|applicants?|candidates?|trainees?|learners?|physicians?"
    r"|graduates?|rotators?|individuals?|interns?|fellows|clerks?|you|they|awardees?|recipients?)"
)
_OTHERS = re.compile(
    r"\b(?:residents|fellows|employees|patients?'? famil|house ?staff|our own|own (?:medical |degree )?students|enrolled at (?:our|the)|postdoc|faculty members receive"
    r"|current students|first-year students|incoming students|m\.?d\.? students of)\b"
)
_HOME = (
    r"(?:(?:the|a|an|your|their|his|her|each|every|his/her|his or her|that|own|any)\s+){0,2}(?:home|own|sending|parent|sponsoring|(?:visiting )?(?:students?|applicants?)['’]?s?['’]?(?:\s+home|\s+own|\s+medical)?|your|their)"
    r"(?:\s+medical)?(?:\s+home)?\s+(?:school|institution|university|college|program)s?"
)
_NOT = r"(?:not|n['’]t|cannot|never|unable to|no longer)"
_QUESTION = re.compile(r"\?\s*$")
_YES = re.compile(r"\W*(?:yes|absolutely|certainly)\b", re.I)
_NO = re.compile(r"\W*(?:no\b(?! later| more)|unfortunately|not at this time|sorry)", re.I)

# 'Students from the metropolitan area pay their own housing': what holds for some is not said of the others.
_SOME = re.compile(
    r"^\W*(?:students|participants|visitors|scholars|those|applicants|candidates) (?:from|who|whose|living|based)\b"
)

# -- interview --------------------------------------------------------------------------------------------------------

_OTHER_INTERVIEW = re.compile(
    r"\b(?:residenc(?:y|ies)|fellowships?|match(?:ing)?|eras|nrmp|patients?|consulates?|consular|embass(?:y|ies)|visas?|days? off|absen\w+|miss(?:ed)?|time off|excused|leave"
    r"|jobs?|employment|histor(?:y|ies)|physical exam\w*|simulated|standardized|magazine|podcast|video series|read|watch|skills?|families)\b"
)
_INTERVIEW_NOT = re.compile(
    r"\b(?:no (?:\w+ ){0,2}interviews?|without (?:an? )?(?:\w+ )?interviews?|(?:do|does|will) ?(?:not|n['’]t) (?:\w+ ){0,2}(?:require|need|hold|conduct|have to|include)\b[^.;]{0,25}interview"
    r"|interviews? (?:is|are|will be) (?:not|neither) (?:\w+ )?(?:required|needed|necessary|part|conducted|held)|not (?:required|need(?:ed)?|have) to (?:be )?interview|interview is unnecessary)"
)
_INTERVIEW_MAYBE = re.compile(
    r"\b(?:may|might|can|could|if|optional|encouraged|recommended|sometimes|some|either|preferred)\b"
)
_INTERVIEW_IS = re.compile(
    r"\binterviews?\b[^.;]{0,40}\b(?:(?:is|are|will be) (?:also )?(?:required|mandatory|held|conducted|scheduled|arranged|part of|necessary)|(?:required|mandatory)\b|as part of)"
    r"|\b(?:requires?|must|required to|need to|have to|will|subject to|undergo|followed by|invited (?:to|for)|called for|contacted (?:to|for)|based on|include[sd]?|consists? of|after|successful(?:ly)?)\b[^.;]{0,60}\binterview"
    r"|\b(?:are|is|be|being) interviewed\b|\bwe (?:will )?interview\b|\b(?:offer|conduct|hold|schedule)s? (?:\w+ ){0,3}interviews? (?:to|with|for)\b"
)
_INTERVIEW_STEP = re.compile(
    r"^\W*(?:step \w+[:.]?\s*|\d[.)]\s*)?(?:then )?(?:complete|completion of|attend|participate in|schedule|successful|pass|undergo|have|take part in|required)?\s*(?:an?|the)?\s*(?:\w+[- ]?){0,4}?interview\b"
)
_STEPS = re.compile(
    r"\b(?:appl(?:y|ication|ying)|steps?|requirements?|process|selection|must|admission|required|how to)\b"
)


def _interview(said: _Said) -> Iterator[_Found]:
    """labels manner: true when an interview is part of what every applicant (or every one who is shortlisted) has to pass."""
    match = said.first("interview")
    if match is None:
        return
    if _INTERVIEW_NOT.search(said.lower) and not _OTHER_INTERVIEW.search(said.lower):
        yield _Found(False, "no_interview", 0.9, match)
    elif (
        _OTHER_INTERVIEW.search(said.lower)
        or _OTHER_INTERVIEW.search(said.about)
        or _INTERVIEW_MAYBE.search(said.lower)
    ):
        return
    elif _INTERVIEW_IS.search(said.lower):
        yield _Found(True, "interview_in_selection", 0.85, match)
    elif said.block.kind == "item" and _INTERVIEW_STEP.search(said.lower) and _STEPS.search(said.about):
        yield _Found(True, "interview_as_step", 0.8, match)


# -- hospital setting -------------------------------------------------------------------------------------------------

_BACKGROUND = re.compile(
    r"\b(?:experience|worked|working|trained|background|interest(?:ed)?|careers?|wish(?:es)? to|intend\w*|plan(?:s|ning)? to|from (?:an?|other|your|their|the)|your own|their own|home country"
    r"|letters?|must (?:have|be)|should (?:have|be)|applicants|abroad|other (?:academic|teaching|community)|another|prior|previous|employed|enrolled|residen(?:ts|cy) (?:of|from|in)|practic(?:e|ing) in)\b"
)
_PLACE = re.compile(
    r"\b(?:(?:is|are|as) (?:an?|the|one of|our|both)|our|at|within|in (?:an?|the|our|several|many)|include[sd]?|including|rotat\w+|sites?|located|locations?|settings?|through|across|serv\w+|offers?|provides?)\b"
)


def _setting(said: _Said) -> Iterator[_Found]:
    if said.block.kind == "heading" or not said.has(*HOSPITAL_SETTINGS):
        return
    if _BACKGROUND.search(said.lower):
        return
    if not _PLACE.search(said.lower):
        return
    for match in said.matches:
        if match.key in HOSPITAL_SETTINGS and (match.key == "veterans" or not said.text[match.start].isupper()):
            yield _Found(match.key, "setting_named", 0.8, match)
            words = said.lower[match.start : match.end]
            for other, word in (("academic", "teaching"), ("community", "community")):
                if match.key != other and word in words:  # 'community teaching hospital'
                    yield _Found(other, "setting_named", 0.75, match)


# -- mentor -----------------------------------------------------------------------------------------------------------

_MENTOR_BROUGHT = re.compile(
    r"\b(?:must|should|need to|required to|prior to|before|find|identify|secure|identified|obtain|contact|arrange|agree[sd]?|letters?|signature|signed|approval|name of|your mentor|their mentor|awards?|own mentor|home|choose|select|if you have)\b"
)
_MENTOR_NOT = re.compile(
    rf"\b(?:no|{_NOT})\b[^.;]{{0,40}}\bmentor(?:s|ship|ing)?\b|\bmentor(?:s|ship|ing)?\b[^.;]{{0,20}}\b(?:is|are) not (?:provided|offered|assigned|available)"
)
_MENTOR_GIVEN = re.compile(
    r"\b(?:paired|matched|matching|pairing|assigned|connected|partnered)\b[^.;]{0,70}$|\b(?:assigns?|provid\w+|offer\w*|includ\w+|receiv\w+|gain\w*|access to|opportunit\w+ for|benefit\w* from|given)\b[^.;]{0,60}$"
    r"|\bwork\w*(?: \w+)? (?:with|under)\b[^.;]{0,40}$|\bunder (?:the |direct |close )*$"
)
# 'To mentor younger students' is what they do, not what they get.
_MENTOR_VERB = re.compile(r"^mentor(?:s|ed)?$")
_PASSIVE = re.compile(r"\b(?:are|is|be|being) (?:\w+ )?$")
_A_MENTOR = re.compile(
    r"\b(?:an?|the|your|their|own|faculty|research|clinical|physician|personal|experienced|individual|dedicated|of|and|as|one[- ]on[- ]one)(?: [\w'-]+){0,3} $|^\W*$"
)
_MENTOR_SERVED = re.compile(
    r"\b(?:will (?:be )?|is |are )(?:provided|offered|assigned|available|serve|guide|mentor|mentored)\b"
)
_BENEFITS = re.compile(
    r"\b(?:benefits?|includes?|offers?|provides?|receive|what (?:you|we|to)|features?|support|opportunit\w+|goals?|components?|program overview|highlights?|will|scholars get|gain)\b"
)


def _mentor(said: _Said) -> Iterator[_Found]:
    match = said.first("mentor")
    if match is None or _OTHERS.search(said.before(match)) or _OTHERS.search(said.after(match, 25)):
        return
    advisor = "advis" in said.lower[match.start : match.end]
    if not advisor and _MENTOR_NOT.search(said.lower):
        yield _Found(False, "no_mentor", 0.85, match)
        return
    if _MENTOR_BROUGHT.search(said.lower):
        return
    if _PASSIVE.search(said.before(match)) and said.after(match, 4).startswith(" by"):
        yield _Found(True, "mentored_by", 0.8, match)
        return
    if _MENTOR_VERB.match(said.lower[match.start : match.end]) and not _A_MENTOR.search(said.before(match)):
        return
    if advisor:
        if re.search(
            r"\b(?:assigned|paired|matched) (?:to |with )?(?:an? |their own )?(?:\w+ ){0,2}$", said.before(match)
        ):
            yield _Found(True, "advisor_assigned", 0.8, match)
    elif _MENTOR_GIVEN.search(said.before(match)) or _MENTOR_SERVED.search(said.after(match, 40)):
        yield _Found(True, "mentor_given", 0.85, match)
    elif said.block.kind == "item" and match.start < 60 and _BENEFITS.search(said.about):
        yield _Found(True, "mentor_among_benefits", 0.8, match)


# -- housing ----------------------------------------------------------------------------------------------------------

_HOUSING_OTHERS = re.compile(
    r"\b(?:residents|fellows|employees|famil(?:y|ies)|patients?|our own|own (?:medical |degree )?students|reserved for|homeless|insecur\w+|disabilit\w+|public housing|low-income|fair housing|department of housing|applicants to our)\b"
)
_ESTIMATE = re.compile(
    r"\b(?:estimate[ds]?|approximate\w*|plan on|budget|expect to (?:pay|spend)|average|bank|funds|financial (?:proof|support|resources)|proof of|stipends?|scholarships?|reimburs\w+|allowances?|awards?|offset|defray|deposit)\b"
)
_LODGING = r"(?:housing|lodgings?|accommodations?|dormitor(?:y|ies)|dorms?|dorm rooms?|apartments?|rooms?|residence halls?|residences?|guest ?house|living quarters)"
_A_LODGING = re.compile(rf"\b{_LODGING}\b")
_HOUSING_NOT = re.compile(
    rf"\b(?:no (?:\w+[- ]){{0,3}}{_LODGING}|(?:{_NOT}|neither|nor)\b[^.;]{{0,60}}\b(?:provid\w+|offer\w*|arrang\w+|coordinat\w+|available|supply|supplie[sd]|guarantee\w*|have|own|maintain|furnish\w*|assist\w*|help|secure)\b"
    r"|\bunavailable)"
)
_NOT_IN_FEE = re.compile(rf"\b{_NOT} (?:be )?(?:includ\w+|cover\w*)\b")
_HOUSING_OWN = re.compile(
    r"\b(?:responsib\w+ (?:for|to|of)|must|need to|should|have to|required to|expected to|will need to|advised to)\b[^.;]{0,50}\b(?:arrang\w+|find\w*|secur\w+|locat\w+|obtain\w*|mak\w+|own (?:housing|lodging|accommodations?|living))"
    r"|\b(?:make|makes|arrange|arranges|find|finds|secure) (?:their|your|his or her|his/her) own\b|\bresponsib\w+ for (?:all )?(?:their|your|his or her|his/her|the)? ?own (?:\w+, |\w+ and |and ){0,3}(?:housing|lodging|accommodations?|room)"
)
_HELP = re.compile(
    r"\b(?:lists?|listings?|listed|links?|resources?|information|info|suggestions?|recommendations?|recommended|websites?|web ?pages?|guides?|database|facebook|craigslist|airbnb|rotating ?room|options|advice|nearby hotels?|hotels?"
    r"|we (?:recommend|suggest|encourage) (?:that )?(?:you |students |visitors )?(?:to )?(?:visit|us|check|look|contact|search|explore)\w*)\b"
    rf"|\b(?:assist(?:s|ed|ance|ing)?|help(?:s|ing)?)\b[^.;]{{0,50}}\b(?:{_LODGING}|to (?:stay|live))\b|\b{_LODGING} (?:assistance|office|search)\b"
)
_TESTIMONY = re.compile(r"\b(?:i|my|me)\b|\bprevious (?:students|observers|visitors)\b")
_HELP_NOT = re.compile(rf"\b(?:{_NOT}|nor|no)\b[^.;,]{{0,40}}\b(?:assist\w*|help\w*|list|information|resources)\b")
_FREE = re.compile(
    r"\b(?:free (?:of charge|housing|lodging|accommodations?|room)|at no (?:additional |extra )?(?:cost|charge)|no (?:cost|charge)|without (?:charge|cost)|complimentary|free of cost|(?:housing|lodging|accommodations?) (?:costs? )?(?:is|are|will be) (?:covered|paid|free)|rent[- ]free|free)\b"
)
_FREE_ROOM = re.compile(rf"\b(?:free|complimentary) (?:\w+[- ]){{0,2}}?{_LODGING}\b(?! fair)")
_HOUSED = re.compile(
    rf"\b(?:we|hospital|school|university|program|college|cent(?:er|re)|office|department|clinic|system) (?:also |does )?(?:has|have)\b[^.;]{{0,40}}\b{_LODGING}\b|\b(?:provides?|offers?|include[sd]?|including|rents?|available|arranges?|reserves?|eligible for|apply for|request)\b[^.;]{{0,60}}\b{_LODGING}\b"
    rf"|\b{_LODGING}\b[^.;]{{0,60}}\b(?:(?:is|are|will be|may be|can be) (?:\w+ ){{0,2}}(?:available|provided|offered|arranged|rented|reserved|included|booked|requested|guaranteed)|available (?:for|to|at|on|in))\b"
    rf"|\b(?:can|may|will) (?:stay|live|be housed|reside|rent|reserve)\b[^.;]{{0,60}}\b{_LODGING}\b"
)


def _housing(said: _Said) -> Iterator[_Found]:
    match = said.first("lodging") or next(
        (m for m in said.matches if m.key == "living_costs" and _A_LODGING.search(said.lower[m.start : m.end])), None
    )
    above = bool(_ABOUT_LODGING.search(said.about)) and len(said.about) < 200
    if match is None and not above:
        return
    text = said.lower
    if _FREE_ROOM.search(text) and not _HOUSING_NOT.search(text) and not _HOUSING_OTHERS.search(text):
        yield _Found("free", "free_housing", 0.85, match)
        return
    if _HOUSING_OTHERS.search(text) or _ESTIMATE.search(text) or _TESTIMONY.search(text):
        return
    if above and _QUESTION.search(said.about) and _NO.match(said.text):
        yield _Found(
            "help" if _HELP.search(text) and not _HELP_NOT.search(text) else "none", "housing_answered", 0.85, match
        )
    elif _HOUSING_NOT.search(text) or _HOUSING_OWN.search(text):
        if _SOME.search(text):
            return
        helped = _HELP.search(text) and not _HELP_NOT.search(text)
        yield _Found("help" if helped else "none", "no_housing", 0.85, match)
    elif match is None and not said.has("rooms"):
        if (
            said.block.kind != "heading"
            and _HELP.search(text)
            and re.search(r"\b(?:we|our|office|coordinator|list|links?)\b", text)
        ):
            yield _Found("help", "help_with_housing", 0.75)
    elif _NOT_IN_FEE.search(text):
        return
    elif _FREE.search(text) and (_HOUSED.search(text) or said.block.kind == "item"):
        yield _Found("free", "free_housing", 0.85, match)
    elif _HELP.search(text):
        if said.block.kind != "heading":
            yield _Found("help", "help_with_housing", 0.8, match)
    elif _HOUSED.search(text) and not _COSTS_OF.search(text):
        yield _Found("available", "housing_offered", 0.8, match)


_ABOUT_LODGING = re.compile(r"\b(?:housing|lodging|accommodations|dormitor\w+|place to (?:stay|live))\b")
_LODGING_WORDS = ("lodging", "accommodations", "dormitor", "place to")  # of which one stands where that matches
_COSTS_OF = re.compile(r"\b(?:responsib\w+|own expense|expenses?|costs?)\b")

# -- who pays ---------------------------------------------------------------------------------------------------------

_OWN_COSTS = re.compile(
    rf"\b{_VISITOR}\b[^.;]{{0,80}}\b(?:(?:is|are|be) (?:solely |fully |also |personally |financially )?responsible for|(?:bears?|covers?|pays?|assumes?|meets?|funds?|finances?) (?:for )?(?:all|their|your|his|the|any|own|for))"
    rf"|\bresponsibility of (?:the |each |all |any )?(?:\w+ ){{0,2}}{_VISITOR}|\b(?:students?|observers?|visitors?|participants?|applicants?|physicians?|scholars?|your|their)['’]?s?['’]? (?:own |sole )?(?:responsibility|expense)|\bat (?:their|your|his or her|his/her) own (?:cost|expense)"
    r"|\bself[- ](?:funded|supporting|financed|paid)\b"
)
_FINDING = re.compile(r"\b(?:find\w*|arrang\w+|locat\w+|secur\w+|obtain\w*|mak\w+|coordinat\w+|provid(?:e|ing))\b")
_PAYING = re.compile(r"\b(?:expenses?|costs?|pays?|paying|financial\w*)\b")
_OWN_NOT = re.compile(
    rf"\b{_NOT} (?:\w+ )?(?:responsible|pay|bear|cover)\b|\b(?:dinner|damages?|lost|documents?|passports?|needle\w*|stipends?|scholarships?|reimburs\w+|awards?|grants?|funding|injur\w+|medical care|treatment|emergency)\b"
)
_PAID_AT_HOME = re.compile(
    rf"\b(?:pay(?:s|ing)?|paid|charged|billed|continue)\b[^.;]{{0,60}}\btuition\b[^.;]{{0,60}}\b{_HOME}|\btuition\b[^.;]{{0,60}}\b(?:pay(?:s|ing|able)?|paid|charged|billed|remains?|due)\b[^.;]{{0,50}}\b{_HOME}"
    rf"|\b{_HOME}\b[^.;]{{0,50}}\btuition\b[^.;]{{0,40}}\b(?:paid|pay|charged|covers?)\b"
)
_HOME_PAYS = re.compile(
    rf"\b(?:billed|invoiced|charged|sent|paid)\b[^.;]{{0,15}}\b(?:to|by)\b {_HOME}|\b{_HOME}\b[^.;]{{0,30}}\b(?:pays?|(?:is|are|will be) (?:billed|invoiced|charged|responsible for (?:the )?(?:fees?|payment|cost))|covers? (?:the )?(?:fees?|cost))"
)
_MONEY = re.compile(r"\b(?:fees?|costs?|tuition|invoices?|payments?|charges?)\b")
_INSURED = re.compile(r"\b(?:insurance|malpractice|liability|immuniz\w*|background|refund\w*|letters?|form)\b")


def _pays(said: _Said) -> Iterator[_Found]:
    text = said.lower
    # 'Responsible for arranging their own housing' tells who has to see to it, not who pays.
    costs = said.has("living_costs", "lodging") and (_PAYING.search(text) or not _FINDING.search(text))
    if (
        costs
        and _OWN_COSTS.search(text)
        and not _OWN_NOT.search(text)
        and not _SOME.search(text)
        and not _OTHERS.search(text)
    ):
        yield _Found("own_costs", "visitor_pays_living", 0.85, said.first("living_costs", "lodging"))
    if said.has("tuition") and _PAID_AT_HOME.search(text) and "refund" not in text:
        yield _Found("home_tuition", "tuition_at_home", 0.85, said.first("tuition"))
    elif said.has("home_school") and _MONEY.search(text) and _HOME_PAYS.search(text) and not _INSURED.search(text):
        yield _Found("home_school", "home_school_billed", 0.8, said.first("home_school"))


# -- who applies ------------------------------------------------------------------------------------------------------

_SCHOOL_SENDS = re.compile(
    rf"\b(?:applications?|requests?|nominations?)\b[^.;]{{0,30}}\b(?:must|should|need to|have to|can only|may only|are to|will only|only)\b[^.;]{{0,30}}\b(?:submitted|come|made|initiated|sent|accepted|received)\b[^.;]{{0,15}}\b(?:by|from|through|via)\b"
    rf" (?:the )?(?:\w+ ){{0,3}}(?:office|dean|registrar|{_HOME}|home school|home institution|school|university)"
)
_SCHOOL_NOMINATES = re.compile(
    r"\b(?:is|are|be|been|being) nominated by\b|\bnominations? (?:from|by|only|is required|are required|must)\b|\b(?:must|should|will|may|can|need to) nominate\b|\b(?:takes?|accepts?|submits?|sends?|makes?) (?:\w+ )?nominations?\b"
    r"|\bnominates? (?:you|students|candidates|applicants|them|the|their|its|up to|one|two)\b"
)
_CHOSEN = re.compile(
    r"\b(?:must|have to|need to|has to) (?:first )?be (?:chosen|selected|put forward) by (?:your|their|the) (?:home |own |medical )?(?:school|institution|university)"
)
_NOT_ALONE = re.compile(
    r"\b(?:cannot|can not|may not|must not|should not|do not|are not able to|not eligible to|unable to) apply (?:\w+ )?(?:on their own|on your own|directly|individually|independently|themselves|as individuals)"
    r"|\b(?:not|n['’]t) (?:\w+ )?(?:accept|consider|process|take)\b[^.;]{0,20}\bapplications?\b[^.;]{0,15}\bfrom individual|\bindividual (?:student )?applications?\b[^.;]{0,40}\b(?:is|are|will) not\b"
    r"|\bapplications? (?:\w+ )?from individual\w*(?: \w+){0,2} (?:is|are|will|can)(?:not| not)\b"
)
_ALONE = re.compile(
    rf"\b(?:{_VISITOR}|international|who|and) (?:\w+ )?(?:may |can |should |must |will |need to |are to |are asked to )?apply (?:themselves|individually|independently|on their own|on your own|directly(?! to (?:the )?residency))"
    r"|\b(?:and|or|then|please|to) apply directly (?:to|through|on|via|with|online|at)\b|^\W*apply directly\b|\b(?:need not|(?:do|does) not (?:need|have) to) (?:apply on|nominate|be nominated)|\bno nomination (?:is )?(?:needed|required|necessary)"
)
_NO_APPLYING = re.compile(r"\b(?:residency|fellowship|visa|esta|housing|scholarship|loan|eras)\b")
_PORTAL = re.compile(r"\b(?:vslo|vsas)\b")


def _applies(said: _Said) -> Iterator[_Found]:
    if said.block.kind == "heading":
        return
    found = _applying(said)
    if found and not _NO_APPLYING.search(said.lower):
        yield found


def _applying(said: _Said) -> _Found | None:
    """Who applies, if the sentence speaks of this program at all. Most stand under none of the rare words that these forms share."""
    text = said.lower
    told = "apply" in text
    if (told or "individual" in text) and _NOT_ALONE.search(text):
        return _Found(True, "no_individual_applications", 0.9)
    if (told or "nominat" in text) and _ALONE.search(text):
        return _Found(False, "visitor_applies", 0.8)
    if not said.has("home_school") or _PORTAL.search(text):
        return None
    if _SCHOOL_SENDS.search(text):
        return _Found(True, "home_school_sends_application", 0.85)
    if _CHOSEN.search(text):
        return _Found(True, "home_school_chooses", 0.8)
    if said.has("nominate") and _SCHOOL_NOMINATES.search(text):
        return _Found(True, "home_school_nominates", 0.85)
    return None


# -- insurance by the host ----------------------------------------------------------------------------------------------

_DEMANDED = re.compile(
    r"\b(?:must|proof|evidence|certificates?|verif\w+|required|requires?|if|whether|should|need|submit\w*|purchase\w*|letters?(?! of (?:recommendation|reference))|confirm\w*|documentation|copy)\b"
)
_BY_HOME = re.compile(
    rf"\b{_HOME}|\b(?:your|their|own|personal|student['’]s) (?:\w+ )?(?:policy|malpractice|health|insurance|liability)"
)
_COVERED = re.compile(
    r"\b(?:coverage|insurance) is provided (?:by|through|under)\b[^.;]{0,40}$|\b(?:are|is|be) (?:\w+ )?(?:covered|insured)\b[^.;]{0,30}\b(?:by|under|through|for)\b[^.;]{0,60}$|\b(?:provides?|extends?|offers?|includes?|supplies|furnishes|covers)\b[^.;]{0,60}$"
)
_COVER_GIVEN = re.compile(
    r"^[^.;]{0,110}\b(?:is|are|will be) (?:\w+ )?(?:provided|covered|included|supplied|furnished|extended|paid)\b"
)
_COVER_NOT = re.compile(
    rf"\b(?:do|does|will|can|is|are) ?(?:{_NOT})\b[^.;]{{0,20}}\b(?:provid\w+|cover\w*|extend\w*|offer\w*|furnish\w*|includ\w+|suppl\w+|insure\w*)\b(?<!already covered)(?<!otherwise covered)(?<!already insured)|\b(?:do|does) not have (?:\w+ ){{0,3}}(?:malpractice|liability)\b[^.;]{{0,30}}\b(?:from|through|under)\b|\bcannot (?:provide|cover|insure)|\bno (?:\w+ )?(?:malpractice|liability|health) (?:insurance |coverage )?(?:is|will be)"
)


def _insured(said: _Said) -> Iterator[_Found]:
    if _OTHERS.search(said.lower):
        return
    joint = next(
        (m for m in said.matches if m.key == "health_insurance" and _BOTH.search(said.lower[m.start : m.end])), None
    )
    for key, field in (("malpractice", "malpractice_provided"), ("health_insurance", "health_insurance_provided")):
        match = said.first(key) or (joint if key == "malpractice" else None)
        if match is None:
            continue
        for found in _cover(said, match):
            yield attrs.evolve(found, rule=f"{field}:{found.rule}")


_BOTH = re.compile(r"malpractice|liability")


_OURS_NOT = re.compile(
    r"\b(?:ours|our (?:own )?(?:policy|coverage|insurance)) (?:does|will|can) ?not (?:extend|cover)\b"
)
_CLAUSE_END = re.compile(r";|, but\b|, however\b|, while\b|, whereas\b")


def _clause(text: str, match: Match) -> tuple[str, str]:
    """What stands before and behind a phrase in its part of the sentence: 'our policy covers you; health insurance is your own affair'."""
    start, end = 0, len(text)
    for cut in _CLAUSE_END.finditer(text):
        if cut.end() <= match.start:
            start = cut.end()
        elif cut.start() >= match.end:
            end = cut.start()
            break
    return text[start : match.start], text[match.end : end]


def _cover(said: _Said, match: Match) -> Iterator[_Found]:
    before, after = _clause(said.lower, match)
    text = f"{before}{said.lower[match.start : match.end]}{after}"
    if _COVER_NOT.search(text) or _OURS_NOT.search(said.lower):
        yield _Found(False, "host_does_not_cover", 0.85, match)
    elif _DEMANDED.search(text) or _BY_HOME.search(text):
        return
    elif _COVERED.search(before[-120:]) or _COVER_GIVEN.search(after[:160]):
        yield _Found(True, "host_covers", 0.85, match)


# -- the stage --------------------------------------------------------------------------------------------------------

_Rule = Callable[[_Said], Iterator[_Found]]
# Words of which one has to stand in a block before a rule looks at its sentences: most blocks have none.
_RULES: tuple[tuple[str, tuple[str, ...], _Rule], ...] = (
    ("interview_required", ("interview",), _interview),
    (
        "hospital_settings",
        (
            "academic ",
            "teaching hosp",
            "university-based",
            "community",
            "safety",
            "county",
            "public hosp",
            "rural",
            "critical access",
            "veteran",
            "va ",
            "vamc",
        ),
        _setting,
    ),
    ("mentorship_offered", ("mentor", "advisor", "adviser"), _mentor),
    (
        "housing",
        ("housing", "lodging", "accommodation", "dorm", "to stay", "to live", "residence", "apartment"),
        _housing,
    ),
    (
        "who_pays",
        (
            "expense",
            "own cost",
            "responsib",
            "tuition",
            "pay ",
            "pays",
            "cover",
            "billed",
            "invoiced",
            "self-",
            "self ",
        ),
        _pays,
    ),
    (
        "home_school_applies",
        (
            "nominat",
            "directly",
            "individual",
            "apply themselves",
            "on their own",
            "on your own",
            "applications must",
            "application must",
            "independently",
            "chosen by",
            "selected by",
            "forward by",
        ),
        _applies,
    ),
    ("insurance", ("malpractice", "liability", "insurance"), _insured),
)
_WORDS = {field: words for field, words, _ in _RULES}
# What may be asked in a heading or question, and answered below in words that do not name it.
_ASKED = [(field, rule) for field, _, rule in _RULES if field in ("housing", "interview_required", "insurance")]
_GATES = Gates(words for _, words, _ in _RULES)


@cache
def _rules_of(gates: int) -> list[tuple[str, _Rule]]:
    """The rules whose bits are set."""
    return [(field, rule) for number, (field, _, rule) in enumerate(_RULES) if gates >> number & 1]


def find_guide(blocks: list[Block]) -> list[Fact]:
    """What `blocks` state of the fields of the guide. Sets give each member once, the others what they say first and most surely."""
    gates = [_GATES.open(block.lower) for block in blocks]
    if not any(gates):
        return []
    found: list[Fact] = []
    question = heading = ""
    housing_above = False
    for block, opened in zip(blocks, gates, strict=True):
        if block.kind == "title":
            continue
        if block.headings and block.headings[-1] is not heading:
            heading = block.headings[-1]
            housing_above = _is_about_lodging(heading)
        rules = _rules_of(opened) if opened else []
        if question or (housing_above and block.headings):
            asked = f"{question} {heading}".lower()
            rules = rules + [one for one in _ASKED if one not in rules and has_any(asked, _WORDS[one[0]])]
        if rules:
            found.extend(_of_block(block, rules, question))
        lower = block.lower
        question = lower if lower.endswith("?") and len(lower) < 200 else ""
    return _chosen(found)


def _is_about_lodging(heading: str) -> bool:
    lower = heading.lower()
    return "housing" in lower or (has_any(lower, _LODGING_WORDS) and bool(_ABOUT_LODGING.search(lower)))


def _of_block(block: Block, rules: list[tuple[str, _Rule]], question: str) -> Iterator[Fact]:
    about = " / ".join((*block.headings[-1:], block.lead, block.term, question)).lower()
    find = vocabulary("guide").find
    for number, text in enumerate(judged_pieces(block)):
        if question and number == 0:
            yield from _answered(block, text, question)
        if _QUESTION.search(text):
            continue
        said = _Said(block, text, text.lower(), find(text), about)
        for field, rule in rules:
            taken = False
            for one in rule(said):
                of, name = (field, one.rule) if field != "insurance" else tuple(one.rule.split(":"))  # type: ignore[misc]
                start, end = (one.match.start, one.match.end) if one.match else (0, 0)
                taken = True
                yield Fact(
                    of,
                    one.value,
                    quote(text, start, end),
                    block.headings,
                    one.confidence,
                    name,
                    audience_of(block, text),
                )
            if not taken and said.matches:
                passed_over(field, block, text, "no_statement_for_visitors")


def _answered(block: Block, text: str, question: str) -> Iterator[Fact]:
    """'Will I have to interview?', 'Am I insured?' with the yes or no that opens the answer."""
    yes, no = bool(_YES.match(text)), bool(_NO.match(text))
    if not (yes or no):
        return
    if "interview" in question and not _OTHER_INTERVIEW.search(question):
        yield Fact(
            "interview_required", yes, quote(text), block.headings, 0.85, "interview_answered", audience_of(block, text)
        )


def _chosen(facts: list[Fact]) -> list[Fact]:
    """Each member of a set once for an audience; of what a page says of housing the best; of the rest each value once."""
    housing = [fact for fact in facts if fact.field == "housing"]
    if housing:
        best = min(HOUSING.index(fact.value) for fact in housing)
        facts = [fact for fact in facts if fact.field != "housing" or fact.value == HOUSING[best]]
    kept: dict[tuple[str, object, str], Fact] = {}
    for fact in facts:
        key = (fact.field, fact.value, fact.audience)
        if key not in kept or kept[key].confidence < fact.confidence:
            kept[key] = fact
    return list(kept.values())


class GuideStage(Stage):
    """Adds what students ask besides."""

    find = staticmethod(find_guide)
