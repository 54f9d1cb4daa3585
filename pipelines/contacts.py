"""Whom an applicant writes to or calls: e-mail addresses and phone numbers that the page's own content gives.

Labels schema: contacts of the program, contact blocks of its office included; not fax numbers, help desks of AAMC and VSLO,
main switchboards and site-wide footers (those are gone with the page's chrome). Addresses in lower case, phones as
ten digits, extensions dropped. The quote is what the page shows: where an address stands only behind a link, the link's
words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import unquote

from pipelines import Stage
from scraper.considered import passed_over
from scraper.items import Block, Fact, Link
from scraper.text import has_any, sentences
from scraper.vocabulary import expand, vocabulary

_EMAIL = re.compile(
    r"(?<![\w.+@/])(?<!\w-)(?<![-.+@/]-)[A-Za-z0-9][\w.+'’-]{0,63}\s?@\s?(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w@])"
)
_LONGEST_BEFORE_AT = 70  # no more of an address stands before its '@'
_AT = r"\s{0,3}(?:[\[({<]\s{0,2}(?:at|@)\s{0,2}[\])}>]|\s(?:AT)\s)\s{0,3}"
_DOT = r"(?:\s{0,3}(?:[\[({<]\s{0,2}(?:dot|\.)\s{0,2}[\])}>]|\s(?:DOT)\s)\s{0,3}|\.)"
_SPELT = re.compile(
    rf"(?<![\w.+-])([A-Za-z0-9][\w.+-]{{0,63}}){_AT}([A-Za-z0-9-]{{1,63}}(?:{_DOT}[A-Za-z0-9-]{{1,63}}){{0,4}}{_DOT}[A-Za-z]{{2,12}})(?![\w@])"
)
_SPELT_AT = re.compile(_AT)
_SPELT_DOT = re.compile(r"\s*(?:[\[({<]\s*(?:dot|\.)\s*[\])}>]|\sDOT\s|\.)\s*")
_PHONE = re.compile(
    r"(?=[\s+(12-9])(?<![\d.$#/-])(?:\+?\s?1[\s.\-–‑(]{1,3})?\(?([2-9]\d\d)\s?[)\]]?[\s.\-–—‑/•·]{0,3}([2-9]\d\d)[\s.\-–—‑•·]{1,3}(\d{4})(?![\d-]\d|\d)"
)
_LETTERS = re.compile(r"(?<![\w-])(?:1[-\s.])?\(?([2-9]\d\d)[)\s.-]{1,3}(\d{3}|[A-Z]{3})[\s-]?([A-Z]{4})(?!\w)")
_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# '555-0101 (fax)', but in '555-0101, fax 555-0102' the word belongs to the next number
_FAX_AFTER = re.compile(
    r"^[\s,]{0,3}(?:[(\[]\s?(?:fax|facsimile)\b|(?:fax|facsimile)\b(?!\s?(?:number|no\.?|#)?\s?:?\s?[(+]?\d))", re.I
)
_PATIENTS = re.compile(r"\W{0,3}(?:for )?(?:new )?patients?\s?[:–-]\s", re.I)
_FAX_LETTER = re.compile(r"(?:^|[\s|,;•(])(?:F|f|fx|Fx)\s?[:.)]\s?$")
_LABEL = re.compile(
    r"\b(?:phone|telephone|tel|call|office|direct|cell|mobile|voice|ph|text|main)\b|(?:^|[\s|,;•(])[PTpt]\s?[:.)]\s?$",
    re.I,
)
_QUOTE = 200


def find_contacts(blocks: list[Block]) -> list[Fact]:
    """E-mail addresses and phone numbers of the program's office, each once, in reading order.

    An address that no word of the page shows (a link 'E-mail us', an address hidden from spam robots) is an `email_links`
    fact, apart from `emails`: no word there spells it, so its quote is the link's text or the sentence around.
    """
    facts: dict[tuple[str, str], Fact] = {}
    first = next((i for i, block in enumerate(blocks) if block.kind == "heading"), 0)
    for index, block in enumerate(blocks):
        if block.kind == "title" or (index < first and _is_masthead(block)):
            continue
        if "@" in block.text or _may_have_contact(block.text) or (block.links and _links_to_contact(block.links)):
            for fact in _of_block(block):
                facts.setdefault((fact.field, fact.value), fact)
    return [fact for fact in facts.values() if fact.field != "email_links" or ("emails", fact.value) not in facts]


def _is_masthead(block: Block) -> bool:
    """Is what stands above the page's first heading a bare number of the house, as in 'Appointments: …'?"""
    return len(block.text) < 80 and "@" not in block.text and not block.headings


def _of_block(block: Block) -> Iterator[Fact]:
    heading = block.headings[-1] if block.headings else ""
    if _is_of_others(heading) or _is_heading_of_others(heading):
        for field in ("emails", "phones"):
            passed_over(field, block, block.text, "section_of_another_office")
        return
    yield from _emails(block)
    yield from _phones(block)


# Each begins with what is quickly found, which a choice of them would not.
_NUMBER_FORM = re.compile(r"\d\d\d[\s.\-–—‑•·]{1,3}(?:\d{4}|[A-Z]{4})")
_NUMBER_FORM_ASCII = re.compile(r"[0-9][0-9][0-9][\s.-]{1,3}(?:[0-9]{4}|[A-Z]{4})")  # the same, in less time
_DIGITS = "1203456789"
_AT_ALONE = re.compile(r"\sAT\s")
_SPELT_FORM = re.compile(r"[\[({<]\s?(?:at|AT|@)\s?[\])}>]")
_LETTERS_FORM = re.compile(r"[2-9]\d\d[)\s.-]{1,3}(?:\d\d\d|[A-Z]{3})[\s-]?[A-Z]{4}")


_OPENING = ("(", "[", "{", "<")


def _links_to_contact(links: Iterable[Link]) -> bool:
    for link in links:  # noqa: SIM110  any() of a generator costs more
        if link.url[:7].lower() == "mailto:" or link.url[:4].lower() == "tel:":
            return True
    return False


def _may_have_contact(text: str) -> bool:
    """A cheap look: is there a run of digits as in a phone number, or a spelt-out address?"""
    return _may_have_number(text) or _may_spell(text)


def _may_have_number(text: str) -> bool:
    if text.isascii():
        return has_any(text, _DIGITS) and _NUMBER_FORM_ASCII.search(text) is not None
    return _NUMBER_FORM.search(text) is not None


def _may_spell(text: str) -> bool:
    """May there be an address that is spelt out, '(at)' or ' AT '?"""
    return (has_any(text, _OPENING) and _SPELT_FORM.search(text) is not None) or (
        "AT" in text and _AT_ALONE.search(text) is not None
    )


# -- e-mail -------------------------------------------------------------------------------------------------------------


def _emails(block: Block) -> Iterator[Fact]:
    for address, start, end, rule in _addresses(block):
        if not _is_own_address(address):
            passed_over("emails", block, address, "national_office_or_placeholder")
            continue
        if _is_of_others(_said_of(block.text, start, end)):
            passed_over("emails", block, block.text[:300], "address_of_another_office")
            continue
        field = "email_links" if rule == "email_behind_link" else "emails"
        yield Fact(field, address, _quote(block.text, start, end), block.headings, 0.9, rule)


def _addresses(block: Block) -> Iterator[tuple[str, int, int, str]]:
    """The addresses in a block, with the place of the words that show them."""
    text = block.text
    seen: set[str] = set()
    if "@" in text:
        for match in _EMAIL.finditer(text, max(0, text.find("@") - _LONGEST_BEFORE_AT)):
            address = _address(match[0])
            seen.add(address)
            yield address, match.start(), match.end(), "email_in_text"
    if (has_any(text, _OPENING) or "AT" in text) and _SPELT_AT.search(text):
        for match in _SPELT.finditer(text):
            host = _SPELT_DOT.sub(".", match[2])
            address = f"{match[1]}@{host}".lower()
            if "." in host and address not in seen:
                seen.add(address)
                yield address, match.start(), match.end(), "email_spelt_out"
    for link in block.links:
        if not link.url.lower().startswith("mailto:"):
            continue
        shown = _EMAIL.search(link.text)
        if shown and _address(shown[0]) in seen:
            # What is shown goes before what the link holds: old targets survive behind new words.
            continue
        for part in re.split(r"[,;]", unquote(link.url[7:]).partition("?")[0]):
            target = _EMAIL.search(part)
            if target is None or target[0].lower() in seen:
                continue
            address = _address(target[0])
            seen.add(address)
            start = text.find(link.text) if link.text else -1
            if start < 0:
                yield address, 0, 0, "email_behind_link"
            else:
                yield address, start, start + len(link.text), "email_behind_link"


def _address(shown: str) -> str:
    return "".join(shown.split()).strip(".'’").lower()


def _is_own_address(address: str) -> bool:
    local, _, host = address.partition("@")
    if f".{host}".endswith(_national()):
        return False
    return host not in _phrases("placeholder") and local not in _phrases("local_part")


@cache
def _phrases(key: str) -> frozenset[str]:
    return frozenset(
        plain.lower() for phrase in vocabulary("contacts").entries[key]["phrases"] for plain in expand(phrase)
    )


@cache
def _national() -> tuple[str, ...]:
    return tuple(f".{domain}" for domain in _phrases("national"))


# -- phones -------------------------------------------------------------------------------------------------------------


def _phones(block: Block) -> Iterator[Fact]:
    text = block.text
    seen: set[str] = set()
    last = 0
    for match in _PHONE.finditer(text) if _may_have_number(text) else ():
        before, after = text[max(last, match.start() - 60) : match.start()], text[match.end() : match.end() + 20]
        last = match.end()
        number = "".join(match.groups())
        seen.add(number)
        if _is_fax(block, match[0], before, after) or _is_of_others(_said_of(text, match.start(), match.end())):
            passed_over("phones", block, text[max(0, match.start() - 100) : match.end() + 20], "fax_or_another_office")
            continue
        yield Fact("phones", number, _quote(text, match.start(), match.end()), block.headings, 0.9, "phone_in_text")
    for match in _LETTERS.finditer(text) if has_any(text, _DIGITS) and _LETTERS_FORM.search(text) else ():
        number = "".join(match.groups()).translate(_KEYS)
        seen.add(number)
        if not _is_of_others(_said_of(text, match.start(), match.end())):
            yield Fact(
                "phones", number, _quote(text, match.start(), match.end()), block.headings, 0.8, "phone_in_letters"
            )
    for link in block.links:
        if not link.url.lower().startswith("tel:"):
            continue
        digits = re.sub(r"\D", "", re.split(r"[;,xX]|ext", unquote(link.url[4:]))[0])
        digits = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
        if len(digits) != 10 or digits[0] in "01" or digits in seen or _PHONE.search(link.text):
            continue
        seen.add(digits)
        start = max(0, text.find(link.text))
        before = text[max(0, start - 30) : start]
        if _is_fax(block, link.text, before, text[start + len(link.text) :][:20]) or _is_of_others(
            _said_of(text, start, start + len(link.text))
        ):
            continue
        yield Fact(
            "phones", digits, _quote(text, start, start + len(link.text)), block.headings, 0.8, "phone_behind_link"
        )


def _is_fax(block: Block, shown: str, before: str, after: str) -> bool:
    """Is it a fax number by the label nearest before it, by a remark after it, or by its column or term?"""
    if _FAX_AFTER.match(after) and not re.search(r"\n", after[: after.lower().find("fax")]):
        return True
    labels = [(m.end, True) for m in vocabulary("contacts").find(before) if m.key == "fax"]
    labels += [(m.end(), False) for m in _LABEL.finditer(before)]
    if letter := _FAX_LETTER.search(before):
        labels.append((letter.end(), True))
    if labels:
        return max(labels)[1]
    context = block.term or next((cell.column for cell in block.cells if shown in cell.text), "") or block.lead[:30]
    return "fax" in context.lower() and "phone" not in context.lower()


# -- whose ---------------------------------------------------------------------------------------------------------------


def _around(text: str, start: int, end: int) -> str:
    """The line or sentence in which a contact stands: the words that tell whose it is."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line = text[max(line_start, start - 300) : min(line_end if line_end >= 0 else len(text), end + 200)]
    offset = start - max(line_start, start - 300)
    position = 0
    for sentence in sentences(line):
        at = line.find(sentence, position)
        if at <= offset < at + len(sentence):
            return sentence
        position = at + len(sentence)
    return line


def _said_of(text: str, start: int, end: int) -> str:
    """The words that tell whose a contact is: its sentence or line, and where that gives several contacts what stands
    between this one and the one before it, with a remark in parentheses after it.

    'Call 555-0101 or 555-0102; switchboard 555-0100' is the switchboard's number once. A contact that only 'or', 'phone'
    and the like part from the one before it is of the same office.
    """
    around = _around(text, start, end)
    offset = text.find(around, max(0, end - len(around)), start + len(around))
    contacts = [match.span() for match in _ANY_CONTACT.finditer(around)]
    if offset < 0 or len(contacts) < 2:
        return around
    own = next((i for i, (_, stop) in enumerate(contacts) if offset + stop > start), len(contacts) - 1)
    after = around[contacts[own][1] :]
    remark = _REMARK.match(after)
    first = own
    while first and _JOINER.fullmatch(around[contacts[first - 1][1] : contacts[first][0]]):
        first -= 1
    left = contacts[first - 1][1] if first else 0
    if first and (said := _REMARK.match(around[left:])):
        left += said.end()
    # The last contact's sentence may go on ('… is the hospital operator'); what follows another is said of the next.
    return (
        around[left:]
        if own + 1 == len(contacts)
        else f"{around[left : contacts[own][1]]} {remark[0] if remark else ''}"
    )


_ANY_CONTACT = re.compile(rf"{_EMAIL.pattern}|{_PHONE.pattern}")
_REMARK = re.compile(r"\s?(?:\([^()]{1,60}\)|\[[^\[\]]{1,60}\]|[-–—]\s?[^,;]{1,40}(?=[,;]))")
_JOINER = re.compile(
    r"(?:[\s,;:|/()•·.–—-]|\b(?:and|or|at|by|via|e-?mail|phone|tel(?:ephone)?|call(?:ing)?|office|direct|cell|ext(?:ension)?|x|\d{1,5}|us|please|fax|faxed|text|with|either|also|them|him|her)\b){0,30}",
    re.I,
)


def _is_heading_of_others(text: str) -> bool:
    """Is a heading the name of a box that speaks for the house ('Give', 'Volunteer')?"""
    heading = text.lower().strip(" :.!")
    return heading in _phrases("other_heading") or heading in _phrases("local_part")


def _is_of_others(text: str) -> bool:
    if not text:
        return False
    return bool(_PATIENTS.match(text)) or any(m.key == "other_office" for m in vocabulary("contacts").find(text))


def _quote(text: str, start: int, end: int) -> str:
    """The sentence or line around a contact, cut to what is needed where it is long; always a piece of `text`."""
    around = _around(text, start, end)
    if len(around) <= _QUOTE and text[start:end] in around:
        return around.strip()
    if end > start:
        return text[max(start, 0) : end].strip()
    return around[:_QUOTE].strip()


class ContactsStage(Stage):
    """Adds the program's e-mail addresses and phone numbers."""

    find = staticmethod(find_contacts)
