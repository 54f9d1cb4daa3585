"""What has to be handed in: documents, tests, trainings and insurances that the page demands of a visitor.

A mention becomes a fact where the page demands it: in a sentence that says 'must', 'submit' or 'proof of', or in a list,
table or line under a heading or lead that announces requirements. What is optional, waived, given by the host, or asked of
others than the visitor does not count (labels schema: "'if available' / 'may be asked' items do not count").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import attrs

from pipelines import Stage
from scraper.considered import passed_over
from scraper.items import Block, Fact
from scraper.scope import told_apart
from scraper.statements import MAX_QUOTE, Statement, last_sentence, quote, statements
from scraper.text import has_any
from scraper.vocabulary import Match, vocabulary

FIELD = "documents"

# Words that mean a document only beside others: the document, and what must stand in the statement or right above it.
_BARE = {
    "flu_bare": (
        "flu_vaccine",
        re.compile(
            r"vaccin|immuni[sz]|shot|booster|\bdose|titer|MMR|\bTB\b|\bPPD\b|tubercul|\b(?:current|this) season", re.I
        ),
    ),
    "visa_bare": (
        "visa_copy",
        re.compile(
            r"(?:must|required to|need to|needs to|have to|should)\s+(?:\w+\s+){0,5}?(?:have|hold|obtain|secure|possess|present|show|carry|be in|(?:come|enter|travel|arrive|visit) (?:on|with|under))\b|\b(?:show|present|bring|send)(?: us)? (?:an? |the |your |their )(?:\w+ )?(?:US |U\.S\. )?visa\b"
            r"|\b(?:copy|copies|proof|scan|pdf)\b|^(?:an? )?(?:valid |current |appropriate )?(?:US |U\.S\. )?(?:visa|ESTA)\b(?: (?:that|which|allowing|permitting)\b|(?! (?:type|class|categor|status|sponsor|support)|[:\s–—-]{1,3}(?:(?:N/?A|none|not?\b|–|—)|[BJFHOM]-?\d))[^.?!]{0,30}\.?$)",
            re.I,
        ),
    ),
    "diploma_bare": (
        "diploma",
        re.compile(
            r"\b(?:copy|copies|proof|scan|scanned|photocop\w+|certified|notari[sz]ed|translat\w+)\b"
            r"|^\W{0,3}(?:medical |MD |M\.D\. |MBBS )degree\b\s?(?:$|[/,;(.]|and\b|or\b)",
            re.I,
        ),
    ),
    "covid_bare": (
        "covid_vaccine",
        re.compile(r"vaccin|immuni[sz]|shot|booster|\bdose|\bseries\b|titer|MMR|\bPPD\b", re.I),
    ),
}
_OWN_WORDS = {"visa_bare", "diploma_bare"}  # the company must stand in the very statement
# Behind these 'not required' holds for some only: 'not needed if you are self-funded'.
_CONDITION = re.compile(r"^[\s,]*(?:if|unless|when|for|in case|where)\b", re.I)
_CONNECTS = re.compile(r"\b(?:from|by|of|with)\b", re.I)
# 'Your school has a signed agreement' tells of a contract between the schools.
_CONTRACT = re.compile(r"^\s*(?:\w+\s+){0,2}(?:agreements?|contracts?|memorand\w+|MOUs?)\b", re.I)
# 'The program, sponsored by the Faculty Development Office, …' names no host of a visitor.
_SPONSORED_BY = re.compile(r"(?:sponsored|hosted|initiated) by$", re.I)
_PROGRAM_BEFORE = re.compile(
    r"\b(?:programs?|programmes?|awards?|scholarships?|courses?|initiatives?|events?|internships?)\b[^.;]{0,25}$", re.I
)
# 'Covered under the hospital's policy' is given; 'covered by malpractice insurance' is a demand.
_THROUGH = re.compile(r"^\s*(?:\w+\s+)?(?:by|through|under)\s+\S", re.I)
_DIRECT = re.compile(r"\bdirectly (?:from|by)\b", re.I)
# 'Immunization form, signed by your school': what the school signs is no letter of its own.
_SIGNED = re.compile(r"sign|certif|verif|confirm|approv", re.I)
_HEALTH_PAPER = re.compile(r"\b(?:immuni[sz]ations?|vaccin\w+|health|medical|physical) [^.;]{0,60}$", re.I)
_AN_OFFICE = re.compile(r"(?:office of )?student affairs", re.I)
_STANDING_NAMED = re.compile(r"\b(?:standing|enrol\w+|permission|approv\w+|recommend\w*)\b", re.I)
_STANDING = re.compile(r"\b(?:standing|enrol\w+|permission|letter)\b", re.I)
_ALSO_RECEIVED = re.compile(
    r"^(?=[^;]{0,220}$)(?!.{0,220}\b(?:must|should|require|submit|upload|provid)).*,? and (?:an? )?(?:\w+ )?$",
    re.I | re.S,
)
_ABLE = re.compile(r"\b(?:from|by|of|with|can|may|able|who|not)\b", re.I)
_FEE_BEHIND = re.compile(r"^\s+(?:\w+\s+)?(?:fee|cost)s?\b", re.I)
_BY_OTHERS = re.compile(
    r"^\s*(?:\w+\s+)?(?:by|from|through|to)\s+(?:your|their|his|her|the\s+(?:home|applicant|student|visitor|observer|sending|parent|school\b(?! of))|home|student|us\b)",
    re.I,
)
# 'Health and malpractice insurance' names two insurances with one noun.
_SHARED_NOUN = re.compile(
    r"\b(?:health|medical)(?:,| and| &|/| or)\s+(?:professional\s+)?(?:malpractice|liability)\b", re.I
)
_COUNT_OR_REQUIRED = re.compile(r"^\W*(?:(?:one|two|three|four|[1-5])\b|required\b|yes\b|mandatory\b|must\b)", re.I)
_MORE = re.compile(r"\b(?:renew|extend|extension|prolong|chang|cancel|withdraw)\w*\b[^.;]{0,60}$", re.I)
_CHARGED = re.compile(r"\$\d[\d,.]* (?:fee )?(?:for|towards?) (?:an? |the |your )?$", re.I)
_QUESTION = re.compile(r"\?\s*$")
_NO_BEFORE = re.compile(r"\b(?:no|without|nor)\s+(?:\w+\s+){0,2}\(?$", re.I)
_PERHAPS = re.compile(
    r"(?:may|might|could) (?:also )?be (?:asked|required|requested|needed)", re.I
)  # and a list behind it
_ADJACENT_OPTION = re.compile(r"^\s*[,(–—:-]?\s*(?:(?:an?|the|your|US|U\.S\.|current|valid) ){0,2}$", re.I)
_OF_THE_NEXT = re.compile(r",? (?:and|or|plus),? ")
_CLAUSE_END = re.compile(r"\bbut\b|\bhowever\b|[;.!?]\s", re.I)
_ANSWER_NO = re.compile(r"^(?:A(?:nswer)?[:.] )?(?:no|none|not)\s*[,.;:!–—-]", re.I)
# What residents, staff and who applies for a residency have or hand in is no matter of visitors.
_OUR_PEOPLE = re.compile(
    r"(?:all (?:of )?)?our (?:residents|fellows|nurses|staff|employees|faculty|physicians|students) (?:hold|have|are|carry|maintain)\b"
    r"|(?:(?:all|our|new|incoming) ){0,2}(?:(?<!visiting )residents(?:,? (?:and|or) fellows)?|fellows|house ?staff|employees|staff members|residency (?:applicants|candidates))"
    r" (?:must|should|shall|need|are (?:asked|required)|also|follow|will|hold|have|carry|submit|upload|provide)\b"
    r"|(?:applicants|applications|candidates|those applying|if you (?:are|apply|are applying|wish to apply)|to apply|when applying) (?:to|for) (?:a |an |our |the )?(?:[\w-]+ ){0,2}?(?:residency|fellowship|residencies)\b",
    re.I,
)
_EXCEPTIONS = re.compile(r"\bexceptions?\b[^.;]{0,60}$", re.I)  # 'Exceptions must be approved by the dean'
_ONCE_THERE = re.compile(r"\b(?:upon|after|until|following|pending|before) (?:the |our |a )?$", re.I)
_ANSWER_YES = re.compile(r"^(?:A(?:nswer)?[:.] )?yes\b", re.I)
# 'Documents Copy of passport • CV': a line that begins with the name of a list is one.
_LIST_NAMED = re.compile(
    r"\W{0,3}(?:(?:required|needed|supporting|application|additional|necessary) )?(?:documents?|documentation|materials|paperwork|papers|requirements|checklist|enclosures|attachments|items)(?: (?:required|needed|to (?:submit|send|upload|attach|provide|bring)))?\b(?! (?:is|are|may|can|will|should|sent|received|submitted|that|which|have|has|from|of|in|and|or)\b)",
    re.I,
)
_DASH_BEFORE = re.compile(r"[–—-]\s*$")  # 'HIPAA / OSHA – optional' speaks of the whole line
_RECOMMENDS = re.compile(r"recommend|referen", re.I)
# What introduces a list is the sentence right before it: 'Write to the residency office. Please include:'
# 'Obtain a letter of recommendation to strengthen your application'
_TO_STRENGTHEN = re.compile(r"\s+(?:\w+ )?(?:to|that) (?:enhance|strengthen|improve|support|boost|bolster)s?\b", re.I)
# 'Letters of recommendation – available on request from your attending'
_ON_REQUEST = re.compile(
    r"\W{1,3}(?:(?:is|are|may|can|will)(?: be)? )?(?:(?:available|provided|given|written|issued|offered|possible)\b[^.;]{0,20})?(?:(?:up)?on request|at the (?:discretion|end)|by your (?:attending|preceptor|mentor))",
    re.I,
)
# 'Letter of recommendation: not provided'
_NOT_WRITTEN = re.compile(
    r"\W{1,3}(?:(?:is|are|will be|can) )?(?:not|never) (?:be )?(?:provided|given|issued|offered|written|available|guaranteed|furnished)\b",
    re.I,
)
_PREPARING = re.compile(
    r"\b(?:prepar(?:e|es|ing|ation)|study|studying|review (?:course|class(?:es)?)) (?:for|to take|to pass|of)\b[^.;]*$",
    re.I,
)
_WORD = re.compile(r"\w+")

# What a host may give itself, so that 'is provided' behind it means that the visitor need not bring it.
_HOST_GIVES = {
    "malpractice_insurance", "health_insurance", "hipaa_training", "osha_training", "mask_fit", "background_check", "drug_screen",
    "recommendation_letter", "photo", "bls_cpr",
}  # fmt: skip

# 'TOEFL | 90' in a table of what is asked of each group
_SCORED = {"english_test"}
_ENGLISH_LABEL = re.compile(r"\W*(?:english|language|toefl|ielts)(?: [\w/-]+){0,3}\s?:", re.I)
_A_SCORE = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d)?(?![\d.])")
_PAID = {"background_check", "drug_screen"}  # 'a background check fee' says that there will be a check
_PAIR_GAP = 70
_MAX_MENTIONS = 3  # of one document in one statement: enough for any page but a hostile one
_MAX_ROW = 2000
_LINE = 80  # characters of a paragraph that may be a line of a list


@attrs.define(eq=False)  # not frozen: that doubles what making one costs
class _Mention:
    """A document named in a piece of text, and the rule by which it was told."""

    key: str
    start: int
    end: int
    rule: str
    demands: bool = False  # the words themselves demand ('must identify a sponsor')


def find_documents(blocks: list[Block]) -> list[Fact]:
    """One fact for each document that the page demands, with the most explicit words that do so."""
    best: dict[str, Fact] = {}
    for fact in [*_from_blocks(blocks), *_from_dense_lists(blocks)]:
        held = best.get(fact.value)
        if held is None or fact.confidence > held.confidence:
            best[fact.value] = fact
    return list(best.values())


def _from_blocks(blocks: list[Block]) -> Iterator[Fact]:
    denied: set[tuple[str, str]] = set()  # (nearest heading, key) of what the text says is not demanded
    named: list[Fact] = []
    heading: Block | None = None
    asked: Statement | None = None  # the question in running text right before
    # 'Please have these ready: CV.', with the rest of the list in sentences of its block
    announced: Statement | None = None
    for statement in statements(blocks):
        block, text = statement.block, statement.text
        if block.kind == "heading":
            named.extend(_from_heading(block, text))
            heading = block
            continue
        if asked:
            if _ANSWER_YES.match(text):
                yield from _from_question(asked.block, asked.text)
            asked = None
        if _named(text):
            if text.endswith("?"):
                asked = statement
                continue
            above = _above(statement)
            if announced and announced.block is block and len(text) <= MAX_QUOTE and _announces(announced.text):
                above = (_A_LIST, *above)
            yield from _from_text(block, text, above, denied)
        if block.kind == "paragraph" and (":" in text or (text[:1] in "RNSADMPCEI" and _LIST_NAMED.match(text))):
            announced = statement
        if block.term and _COUNT_OR_REQUIRED.match(text):
            yield from _from_term(block, text, _above(statement))
        if text[0] in "Yy" and heading and block.headings[-1:] == (heading.text,) and _ANSWER_YES.match(text):
            yield from _from_question(heading, heading.text)
    for block in blocks:
        if block.kind == "row" and not (block.depth and block.cells) and _named(text := block.text[:_MAX_ROW]):
            above = (block.lead, *_columns(block), *reversed(block.headings))
            if told := told_apart(block):
                for cell in told:
                    for fact in _from_text(block, cell.text, above, set()):
                        yield attrs.evolve(fact, quote=quote(text))
            else:
                yield from _from_text(block, text, above, denied)
    yield from (fact for fact in named if (fact.quote, fact.value) not in denied)


_A_LIST = "Documents"  # stands above what a sentence announced


@lru_cache(maxsize=256)
def _announces(text: str) -> bool:
    """Does a sentence demand what it lists, so that the pieces behind it are demanded too?"""
    return bool(_LIST_NAMED.match(text)) or any(cue.key == "demand" for cue in vocabulary("demands").find(text))


def _above(statement: Statement) -> tuple[str, ...]:
    """What stands above a statement, the nearest first."""
    block = statement.block
    return (statement.label, block.lead, block.term, *reversed(block.headings))


def _columns(block: Block) -> Iterator[str]:
    return (cell.column for cell in block.cells if cell.column)


def _from_text(block: Block, text: str, above: tuple[str, ...], denied: set[tuple[str, str]]) -> Iterator[Fact]:
    """The documents that one statement or table row demands."""
    found = _mentions(text, above)
    if not found:
        return
    scope = _scope(above)
    if not scope and _LIST_NAMED.match(text):
        scope = "demand"
    if scope == "elsewhere" or _ANSWER_NO.match(text) or _OUR_PEOPLE.match(text):
        passed_over(FIELD, block, text, "answered_no" if _ANSWER_NO.match(text) else "section_of_another_matter")
        return
    cues = vocabulary("demands").find(text)
    demands = any(cue.key == "demand" for cue in cues)
    listed = block.kind in ("item", "row", "definition")
    several = len({mention.key for mention in found}) > 1
    for mention in found:
        if mention.rule == "home_school_letter" and _EXCEPTIONS.search(text[: mention.start]):
            passed_over(FIELD, block, text, "exceptions_that_the_host_grants")
            continue
        if _refused(text, mention, found, cues):
            denied.add((block.headings[-1] if block.headings else "", mention.key))
            why = "optional_or_waived" if _waived(text, mention, found, cues) else "given_by_the_host"
            passed_over(FIELD, block, text, why)
            continue
        if scope == "demand" and listed:
            confidence, rule = 0.95, "listed_requirement"
        elif mention.demands or demands or (mention.key in _PAID and _is_charged(text, mention)):
            confidence, rule = (0.85 if scope == "demand" else 0.8), "demanding_sentence"
        elif (
            mention.key in _SCORED
            and ((block.kind == "row" and mention.start <= 5) or _ENGLISH_LABEL.match(text))
            and _A_SCORE.search(text, mention.end)
        ):
            confidence, rule = 0.8, "score_in_table"
        elif scope == "demand" and (several or len(text) <= 120 or mention.start <= 5):
            confidence, rule = 0.7, "line_under_requirements"
        else:
            passed_over(FIELD, block, text, "named_but_not_demanded")
            continue
        yield _fact(mention, block, text, confidence, rule)


def _is_charged(text: str, mention: _Mention) -> bool:
    """'A background check fee', '$35 for a drug screen': who pays for it undergoes it."""
    before = text[max(0, mention.start - 40) : mention.start]
    return bool(_FEE_BEHIND.match(text[mention.end : mention.end + 40]) or _CHARGED.search(before))


def _from_heading(block: Block, text: str) -> Iterator[Fact]:
    """A heading names a document ('Immunizations') under one that announces requirements, or demands it itself."""
    if len(text) > 120 or not _named(text) or _QUESTION.search(text):
        return
    above = tuple(reversed(block.headings))
    scope = _scope(above)
    if scope == "elsewhere" or _scope((text,)) == "elsewhere":
        return
    found = _mentions(text, above)
    cues = vocabulary("demands").find(text)
    for mention in found:
        if _refused(text, mention, found, cues):
            continue
        if scope == "demand" or any(cue.key == "demand" for cue in cues):
            yield _fact(mention, block, text, 0.7, "heading")


def _from_term(block: Block, text: str, above: tuple[str, ...]) -> Iterator[Fact]:
    """The term names the document, its definition says how many or that it is required; the definition is the quote."""
    if _scope(above) != "elsewhere":
        for mention in _mentions(block.term, above):
            yield Fact(FIELD, mention.key, quote(text), block.headings, 0.8, "term_with_count")


def _from_question(block: Block, text: str) -> Iterator[Fact]:
    """'Do I need health insurance?' that is answered with 'Yes' demands it; the question is the quote."""
    cues = vocabulary("demands").find(text)
    if _QUESTION.search(text) and len(text) <= 200 and any(cue.key == "demand" for cue in cues):
        for mention in _mentions(text, ()):
            if not _offered(text, mention, cues):
                yield _fact(mention, block, text, 0.8, "question_answered_yes")


def _from_dense_lists(blocks: list[Block]) -> Iterator[Fact]:
    """A list or table that names three documents or more is a list of documents, whatever stands above it."""
    groups: dict[int, list[tuple[Block, _Mention]]] = defaultdict(list)
    run = 0  # lines that follow each other as paragraphs of their own
    for block in blocks:
        if block.kind == "paragraph" and len(block.text) <= _LINE and block.text[-1:] not in ".?!:":
            line = block.text
            if _named(line) and _scope(reversed(block.headings)) != "elsewhere":
                found = _mentions(line, tuple(reversed(block.headings)))
                cues = vocabulary("demands").find(line)
                groups[run].extend((block, m) for m in found if not _refused(line, m, found, cues))
                continue
        run -= 1
        if not block.group or block.kind not in ("item", "row", "definition"):
            continue
        text = block.text[:_MAX_ROW]
        if not _named(text):
            continue
        above = (block.lead, block.term, *reversed(block.headings))
        if _scope(above) == "elsewhere":
            continue
        found = _mentions(text, above)
        if found and (told := told_apart(block)):
            texts = [cell.text for cell in told if not _NOTHING_THERE.search(cell.text)]
            asked = {mention.key for text in texts for mention in _not_refused(text, _mentions(text, above))}
            groups[block.group].extend((block, mention) for mention in found if mention.key in asked)
        elif found:
            groups[block.group].extend((block, mention) for mention in _not_refused(text, found))
    for members in groups.values():
        if len({mention.key for _, mention in members}) >= 3:
            for block, mention in members:
                yield _fact(mention, block, block.text[:_MAX_ROW], 0.75, "list_of_documents")


# 'ECFMG certificate | ✓ | –'
_NOTHING_THERE = re.compile(r":\s*(?:[–—✗✘xX-]|no|n/?a|none)?[\s.]*$", re.I)


def _not_refused(text: str, found: list[_Mention]) -> list[_Mention]:
    cues = vocabulary("demands").find(text)
    return [mention for mention in found if not _refused(text, mention, found, cues)]


def _fact(mention: _Mention, block: Block, text: str, confidence: float, rule: str) -> Fact:
    words = quote(text, mention.start, mention.end)
    rule = mention.rule if mention.rule != "phrase" else rule
    if rule == "home_school_letter":
        confidence = min(confidence, 0.85)  # measured: one in ten is another letter of the school (docs/accuracy.md)
    return Fact(FIELD, mention.key, words, block.headings, confidence, rule)


def _scope(above: Iterable[str]) -> str:
    """'demand', 'elsewhere' or '': what the nearest of the texts above that says anything says."""
    for text in above:
        if text:
            keys = _heading_keys(last_sentence(text[-400:]) if text.endswith(":") else text[:300])
            if "elsewhere" in keys:
                return "elsewhere"
            if "scope" in keys:
                return "demand"
            if "visitors" in keys:
                return ""
    return ""


@lru_cache(maxsize=4096)
def _heading_keys(text: str) -> frozenset[str]:
    return frozenset(vocabulary("document_headings").keys_in(text))


def _mentions(text: str, above: tuple[str, ...]) -> list[_Mention]:
    """The documents that `text` names, at most three times each; what letters have to do with people goes before phrases."""
    named = _named(text)
    if named is None:
        return []
    pairs, phrases, shared = named
    if pairs and any("recommend" in line or "referen" in line for line in (a.lower() for a in (text, *above[:2]))):
        pairs = [pair for pair in pairs if pair.rule != "host_letter"]  # the preceptor who recommends is not the host
    found = [*pairs]
    company: dict[str, bool] = {}
    for key, start, end in phrases:
        if key in _BARE:
            if key not in company:
                company[key] = _in_company(key, text, above)
            if not company[key]:
                continue
            key = _BARE[key][0]
        if (
            key == "recommendation_letter"
            and any(
                pair.start < end and start < pair.end and (pair.key == "sponsor_letter" or pair.end <= end)
                for pair in pairs
            )
            and not _RECOMMENDS.search(text, start, end)
        ):
            continue  # 'a letter from the supervising physician' is the host's agreement
        if [mention.key for mention in found].count(key) < _MAX_MENTIONS:
            found.append(_Mention(key, start, end, "phrase"))
    return [*found, *shared]


_Named = tuple[list[_Mention], list[tuple[str, int, int]], list[_Mention]]


@lru_cache(maxsize=512)  # the entries of a list are read one by one and together
def _named(text: str) -> _Named | None:
    """What `text` itself names, whatever stands above it: by two parties, by a phrase, by a noun that two share. Most name nothing."""
    parties = vocabulary("document_parties").find(text)
    phrases = vocabulary("documents").find(text)
    pairs = list(_pairs(text, parties)) if len(parties) > 1 else []
    shared = _shared_noun(text)
    return (pairs, list(_phrases(text, phrases)), shared) if phrases or pairs or shared else None


def _shared_noun(text: str) -> list[_Mention]:
    lower = text.lower()
    if ("malpractice" in lower or "liability" in lower) and (shared := _SHARED_NOUN.search(text)):
        return [_Mention("health_insurance", shared.start(), shared.end(), "phrase")]
    return []


def _phrases(text: str, found: Sequence[Match]) -> Iterator[tuple[str, int, int]]:
    """The phrases `found` in `text`, and those inside of long ones: 'copies of passport and visa' names two."""
    documents = vocabulary("documents")
    for match in found:
        yield match.key, match.start, match.end
        words = list(_WORD.finditer(text, match.start, match.end))
        if len(words) >= 4:
            start = words[1].start()
            for inner in documents.find(text[start : words[-2].end()]):
                yield inner.key, start + inner.start, start + inner.end


def _in_company(key: str, text: str, above: tuple[str, ...]) -> bool:
    """Do the words stand that make a bare key ('COVID-19') mean its document? Above counts as well, but for a few."""
    _, company = _BARE[key]
    return bool(company.search(text)) or (key not in _OWN_WORDS and any(company.search(line) for line in above))


def _pairs(text: str, found: Sequence[Match]) -> Iterator[_Mention]:
    """Letters and approvals of the home school, and hosts who must be found or must agree.

    Labels schema: a home school's or employer's approval or letter is a dean's letter, a supervising physician or host who
    must agree beforehand is a sponsor's letter.
    """
    for index, one in enumerate(found):
        for other in found[index + 1 : index + 4]:
            if other.start - one.end > _PAIR_GAP or _CLAUSE_END.search(text, one.end, other.start):
                break
            if _SPONSORED_BY.match(text[one.start : one.end]) and _PROGRAM_BEFORE.search(text[: one.start][-40:]):
                continue
            if (
                one.key == "paper"
                and other.key == "school"
                and _SIGNED.match(text, one.start)
                and _HEALTH_PAPER.search(text[: one.start][-90:])
                and not _STANDING.search(text)
            ):
                continue
            if (
                one.key == "paper"
                and _SIGNED.match(text, one.start)
                and _AN_OFFICE.fullmatch(text[other.start : other.end])
            ):
                continue  # 'approved by the coordinator, student affairs' is the host's own office
            mention = _pair(one, other, text[one.end : other.start], text[other.end : other.end + 40])
            if mention:
                yield mention
                break


def _pair(one: Match, other: Match, between: str, behind: str) -> _Mention | None:
    """What two parties make, given the words `between` and `behind` them."""
    span = one.start, other.end
    near = between.strip() in ("", "-", "–", ":", "/", "’s", "'s") or bool(_CONNECTS.search(between))
    match (one.key, other.key):
        case ("paper", "school") if near and not _CONTRACT.match(behind):
            return _Mention("deans_letter", *span, "home_school_letter")
        case ("school", "paper") if (
            len(between.replace("need to ", "")) <= 25 and not _CONTRACT.match(behind) and not _ABLE.search(between)
        ):
            return _Mention("deans_letter", *span, "home_school_letter")
        case ("paper", "host") if near and not _DIRECT.search(between):
            return _Mention("sponsor_letter", *span, "host_letter")
        case ("seek", "host" | "clinician"):
            return _Mention("sponsor_letter", *span, "host_sought", True)
        case ("host" | "clinician", "agree"):
            return _Mention("sponsor_letter", *span, "host_agrees", True)
    return None


def _for_more(text: str, mention: _Mention) -> bool:
    """Is it asked only of who wants more: 'may be extended with the consent of the supervising physician'?"""
    return bool(_MORE.search(text[max(0, mention.start - 70) : mention.start]))


def _refused(text: str, mention: _Mention, found: list[_Mention], cues: Sequence[Match]) -> bool:
    return (
        _waived(text, mention, found, cues)
        or _offered(text, mention, cues)
        or (mention.key == "sponsor_letter" and _for_more(text, mention))
        or _prepared_for(text, mention)
        or (
            mention.key == "recommendation_letter"
            and bool(
                _TO_STRENGTHEN.match(text, mention.end)
                or _NOT_WRITTEN.match(text, mention.end)
                or _ON_REQUEST.match(text, mention.end)
            )
        )
        or (
            mention.key == "deans_letter"
            and (
                _confirmed_by_the_host(text, mention)
                or _opens_the_portal(text, mention)
                or _of_another_matter(text, mention)
            )
        )
    )


def _confirmed_by_the_host(text: str, mention: _Mention) -> bool:
    """'The fee is due upon confirmation of enrollment': no paper of the school, but the place that is given."""
    return text.startswith("confirmation", mention.start) and bool(_ONCE_THERE.search(text[: mention.start][-20:]))


_AGREED = re.compile(r"\b(?:letters?|memorand(?:um|a)) of (?:agreement|understanding)\b", re.I)
_OF_COVER = re.compile(
    r"\b(?:letter|statement|memo|certificate|proof|verification)\b[^.;]{0,70}\b(?:indicating|stating|showing|verifying|confirming|specifying)\b[^.;]{0,40}"
    r"\b(?:polic(?:y|ies)|coverage|insurance|liability|malpractice)\b",
    re.I,
)
_WORK_PERMIT = re.compile(r"\b(?:practical training|(?-i:CPT|OPT))\b", re.I)


def _of_another_matter(text: str, mention: _Mention) -> bool:
    """'A Letter of Agreement signed by your dean', 'a letter from your school indicating the policy amounts': no letter on the student."""
    around = text[max(0, mention.start - 40) : mention.end + 60]
    if _STANDING_NAMED.search(around):
        return False
    return bool(_AGREED.search(around) or _OF_COVER.search(around) or _WORK_PERMIT.search(around))


def _prepared_for(text: str, mention: _Mention) -> bool:
    """'While preparing for USMLE Step 2': an exam still to come."""
    before = text[max(0, mention.start - 60) : mention.start]
    return mention.key in ("usmle_score", "ecfmg_certificate", "english_test") and bool(_PREPARING.search(before))


def _opens_the_portal(text: str, mention: _Mention) -> bool:
    """'Your school authorizes you in VSLO', 'issues a VSLO authorization', 'verifies this in VSLO': done in the portal, no paper."""
    words = text[mention.start : mention.end].lower()
    if text.rstrip().endswith(":") and has_any(words, ("notified", "asked")):
        return True  # 'Your school will be notified to verify the following:' before the things themselves
    return has_any(words, ("authoriz", "issu", "verif")) and has_any(text.lower(), ("vslo", "vsas"))


def _waived(text: str, mention: _Mention, found: list[_Mention], cues: Sequence[Match]) -> bool:
    """Do the words around a mention say that it is optional, not demanded, or only perhaps?"""
    before = text[max(0, mention.start - 40) : mention.start]
    if has_any(before.lower(), ("no", "without")) and _NO_BEFORE.search(before):
        return True
    for cue in cues:
        if not cue.key.startswith("waiver"):
            continue
        if cue.start >= mention.end:
            between = text[mention.end : cue.start]
            if cue.key == "waiver_next" or len(between) > 80 or _CLAUSE_END.search(between):
                continue
            if cue.key == "waiver_near" and _OF_THE_NEXT.fullmatch(between):
                continue  # 'a passport and, if you have one, a visa'
            if _CONDITION.match(text[cue.end : cue.end + 20]):
                continue
            if (
                cue.key == "waiver_all"
                or _DASH_BEFORE.search(between)
                or not any(mention.end <= other.start < cue.start for other in found)
            ):
                return True
        elif cue.end <= mention.start:
            between = text[cue.end : mention.start]
            if len(between) > (200 if _PERHAPS.match(text, cue.start) else 80) or _CLAUSE_END.search(between):
                continue
            if cue.key == "waiver_next" or (cue.key == "waiver_near" and _ADJACENT_OPTION.match(between)):
                return True
    return False


def _offered(text: str, mention: _Mention, cues: Sequence[Match]) -> bool:
    """Does the host give it ('you will receive a letter of recommendation', 'malpractice coverage is provided by us')?"""
    for cue in cues:
        if cue.key == "offer" and cue.end <= mention.start:
            between = text[cue.end : mention.start]
            # 'Students will receive advising, an interview and a letter': one of the things that are received
            if len(between) <= 60 or (_ALSO_RECEIVED.search(between) and not _CLAUSE_END.search(between)):
                return True
        if cue.key == "covers" and cue.end <= mention.start:
            return True
        if cue.key == "given" and cue.end <= mention.start and mention.key in _HOST_GIVES:
            between = text[cue.end : mention.start]
            if len(between) <= 40 and _THROUGH.match(between) and not _BY_OTHERS.match(between):
                return True
        if cue.key == "given" and cue.start >= mention.end and mention.key in _HOST_GIVES:
            between = text[mention.end : cue.start]
            if len(between) <= 160 and not _CLAUSE_END.search(between) and not _BY_OTHERS.match(text[cue.end :]):
                return True
    return False


class DocumentsStage(Stage):
    find = staticmethod(find_documents)
