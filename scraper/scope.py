"""Whose fact is it? The audience of a sentence: its own words first, then its column, its lead, its headings, nearest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from scraper.items import Audience, Block
from scraper.text import has_any
from scraper.vocabulary import Match, vocabulary

# How far behind 'students' or 'schools' the place may stand that tells which: 'students currently enrolled abroad'.
_PLACE_WINDOW = 70
_BREAK = re.compile(r"[.;:!?]\s|\n")
# For texts in small letters.
_DENIED_BEFORE = re.compile(
    r"(?:\bnot\b(?!\s+(?:only|limited|just|required|needed|necessary|mandatory|charged?)\b)|\bcannot\b|n['’]t\b|\bunable\b|\bexcept\b|\bexcluding\b|\bother than\b|\bineligible\b|\bnor\b)"
    r"[^.;:!?,()]{0,60}$"
)
_DENIED_AFTER = re.compile(
    r"^[^.;:!?,()]{0,40}?\b(?:ineligible|excluded|cannot|(?:are|is|be|may|will|can)\s+not\s+(?:currently\s+|be\s+)?(?:eligible|accepted|permitted|allowed|considered|apply|able))\b"
)
# One of these stands wherever they do.
_DENYING_BEFORE = ("not", "n't", "n’t", "unable", "exc", "other than", "ineligible", "nor")
_DENYING_AFTER = ("not", "ineligible", "excluded")
# The title of a tab or column may be a single word.
_BARE = re.compile(
    r"^\W*(?:(?P<international>international|foreign|non-u\.?s\.?|overseas)|(?P<us>domestic|u\.s\.|(?-i:US)))\W*$", re.I
)
_GRADUATES_OF = re.compile(r"\bgraduat(?:es?|ed|ion)\s+(?:of|from)\b[^.;,]{0,25}$", re.I)
_AND_ALSO = re.compile(r"[\s,]*(?:and|or|&|as well as)(?:\s+from)?\s+$", re.I)
# 'Students of any accredited school, including those abroad' are not those alone.
_AMONG_OTHERS = re.compile(r"\b(?:including|also|even|not only)\b", re.I)
_PLACES = frozenset({"abroad", "home", "both"})
_PEOPLE_OR_SCHOOL = frozenset({"student", "school"})
# People who may stand beside the students of whom a place tells: 'students and graduates of universities abroad'.
_BESIDE = frozenset({"school", "graduate", "graduates", "physician", "doctor"})
# 'An international physician, resident or medical student': the first word holds for all of them.
_SHARED_ADJECTIVE = re.compile(r"^(?:international|foreign|overseas)\b", re.I)
_COORDINATION = re.compile(r"^[\s,/]*(?:[\w-]+[\s,/]+){0,3}(?:(?:and|or|&)[\s/]+)?(?:[\w-]+\s+)?$", re.I)


class Mention(NamedTuple):
    """A group of people named in a text: an audience of the labels schema, or one of the broader groups of data/vocabulary/audiences.yml."""

    group: str
    start: int
    end: int


def mentions(text: str) -> Iterator[Mention]:
    """The groups of people that `text` names, left to right.

    'Students' and 'schools' that a place follows are told apart by it: 'students enrolled abroad' are international
    students, 'schools in the United States' name US students.
    """
    found = vocabulary("audiences").find(text)
    used: set[int] = set()
    for index, match in enumerate(found):
        if index in used or match.key in _PLACES:
            continue
        if match.key in _PEOPLE_OR_SCHOOL:
            group, end = _placed(text, match, found, index, used)
            if group == "student" and _shares_adjective(text, match, found, index):
                group = "international_student"
            elif (
                match.key == "school"
                and group != "school"
                and _GRADUATES_OF.search(text[max(0, match.start - 40) : match.start])
            ):
                group = "graduate"
            if group != "school":
                yield Mention(group, match.start, end)
        else:
            yield Mention(match.key, match.start, match.end)


def _placed(text: str, match: Match, found: Sequence[Match], index: int, used: set[int]) -> tuple[str, int]:
    """The group of a mention of students or schools with the place behind it, and where it ends."""
    for later in range(index + 1, min(index + 3, len(found))):
        other = found[later]
        between = text[match.end : other.start]
        if len(between) > _PLACE_WINDOW or _BREAK.search(between):
            break
        if other.key in _PLACES:
            used.add(later)
            if other.key == "both":
                return "everyone", other.end
            after = found[later + 1] if later + 1 < len(found) else None
            if (
                after
                and {after.key, other.key} == {"abroad", "home"}
                and _AND_ALSO.match(text[other.end : after.start])
            ):
                used.add(later + 1)
                return "everyone", after.end
            if _AMONG_OTHERS.search(between):
                return "everyone", other.end
            return ("international_student" if other.key == "abroad" else "us_student"), other.end
        if other.key not in _BESIDE:
            break
    return match.key, match.end


def _shares_adjective(text: str, match: Match, found: Sequence[Match], index: int) -> bool:
    """Do the students stand in a row that 'international' opens?"""
    for earlier in reversed(found[max(0, index - 3) : index]):
        between = text[earlier.end : match.start]
        if len(between) > 60:
            return False
        if _SHARED_ADJECTIVE.match(text[earlier.start : earlier.end]) and earlier.key in (
            "physician",
            "visitor_abroad",
        ):
            return bool(between.strip(" ,/")) and bool(_COORDINATION.match(between))
    return False


def denied(text: str, start: int, end: int) -> bool:
    """Is what `text[start:end]` names shut out by the words around it ('not open to …', '… are not eligible')?"""
    before, after = text[max(0, start - 70) : start].lower(), text[end : end + 90].lower()
    return (has_any(before, _DENYING_BEFORE) and _DENIED_BEFORE.search(before) is not None) or (
        has_any(after, _DENYING_AFTER) and _DENIED_AFTER.match(after) is not None
    )


@lru_cache(maxsize=4096)
def audience_in(text: str) -> Audience | None:
    """The audience that `text` names: 'us', 'international', 'any' where it names both, None where it names none.

    Who is only named as shut out ('not open to international students') is not named; who is 'not a US citizen' is
    international.
    """
    if bare := _BARE.match(text):
        return "international" if bare.lastgroup == "international" else "us"
    us = international = False
    for mention in mentions(text[:4000]):
        shut_out = denied(text, mention.start, mention.end)
        if mention.group == "visitor_home":
            us, international = us or not shut_out, international or shut_out
        elif shut_out:
            continue
        elif mention.group == "everyone":
            us = international = True
        elif mention.group == "us_student":
            us = True
        elif mention.group in ("international_student", "visitor_abroad", "offshore") or (
            mention.group == "graduate"
            and text[mention.start : mention.start + 3].lower() in ("int", "for", "img", "fmg")
        ):
            international = True
    if us and international:
        return "any"
    return "international" if international else "us" if us else None


def audience_of(block: Block, sentence: str = "") -> Audience:
    """Whose fact `sentence` of `block` states, 'any' where nothing near it says."""
    if sentence and (audience := audience_in(sentence)):
        return audience
    for cell in block.cells if sentence else ():
        if cell.text == sentence and (audience := _first_audience((cell.row, cell.column))):
            return audience
    return _first_audience((block.term, block.lead, *reversed(block.headings))) or "any"


class Told(NamedTuple):
    """What a cell of a table says: its text behind the header that tells of what, the row's label, and whose it is."""

    text: str
    label: str
    audience: Audience | None
    column: str = ""  # its header, where that names people


LONGEST_CELL = 160
_IS_PROGRAM_OR_PEOPLE = re.compile(
    r"\b(?:student|graduate|img|fmg|physician|doctor|resident|fellow|applicant|observer|elective|observership|clerkship|externship|sub-?internship|research)s?\b",
    re.I,
)
# 'Practicing physician', 'Observership, graduates': a column for people or for one kind of program.
_IS_GROUP = re.compile(
    r"\W*(?:(?:medical|practicing|visiting|recent|all|other|in|not|training|for|and|or|of|the|clinical|final|fourth|year|students?|graduates?|imgs?|fmgs?|physicians?|doctors?|residents?|fellows?|applicants?|observers?|schools?|electives?|observerships?|clerkships?|rotations?|externships?|research|sub-?internships?|stays?|visits?|programs?|fellowships?)\W{1,3}){1,7}",
    re.I,
)
_LONGEST_HEADER = 60


def told_apart(block: Block) -> tuple[Told, ...]:
    """The cells of a row that says something else of each group of people; nothing where the columns are no groups.

    'TOEFL | Not required | 100' below 'US students | International students': read as one sentence the row would say a third.
    """
    if len(block.cells) < 3:
        return ()
    first, *others = block.cells
    if not 0 < len(first.text) <= _LONGEST_HEADER:
        return ()
    groups: list[Audience | None] = []
    for cell in others:
        named = 0 < len(cell.column) <= _LONGEST_HEADER and len(cell.text) <= LONGEST_CELL
        group = audience_in(cell.column) if named else None
        if not named or not (
            group or (_IS_GROUP.fullmatch(f"{cell.column} ") and _IS_PROGRAM_OR_PEOPLE.search(cell.column))
        ):
            return ()
        groups.append(group)
    if len({cell.column for cell in others}) < 2:
        return ()
    return tuple(
        Told(f"{first.text}: {cell.text}", first.text, group, cell.column)
        for cell, group in zip(others, groups, strict=True)
    )


@lru_cache(maxsize=256)  # the sentences of a section stand under the same words
def _first_audience(texts: tuple[str, ...]) -> Audience | None:
    for text in texts:
        if text and (audience := audience_in(text)):
            return audience
    return None
