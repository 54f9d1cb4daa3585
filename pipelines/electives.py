"""Single electives out of catalogs: tables, accordions and lists of labelled lines, one page for each.

`find_electives` is a pure function from blocks to electives. It reads what is labelled, by a column's header or by 'Label:',
and takes nothing for an elective that has no more to say of itself than a name: a list of departments is no catalog.
It comes before the question whether a page is for visitors: catalogs mostly do not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache

from scraper.items import Block, Cell, Elective, Page
from scraper.text import fold_space, has_any
from scraper.vocabulary import expand, vocabulary

MAX_ELECTIVES = 1500  # of one page: a longer list is no catalog
MAX_TITLE, MAX_TEXT = 160, 600
# What tells an elective from a heading with a paragraph; a department or a title alone does not.
_TELLING = frozenset(["code", "site", "weeks", "capacity", "months", "international", "prerequisites"])
_CODE = re.compile(r"\b[A-Z]{2,6}[ .-]?[A-Z]{0,3}\d{2,5}[A-Z]{0,3}\b")
_LEADING_CODE = re.compile(r"^\(?([A-Z]{2,6}[ .-]?[A-Z]{0,3}\d{2,5}[A-Z]{0,3})\)?\s*[-–—:.|]?\s+(?=\S)")
_TRAILING_CODE = re.compile(r"\s*[-–—(\[]\s*([A-Z]{2,6}[ .-]?[A-Z]{0,3}\d{2,5}[A-Z]{0,3})[)\]]?$")
_LABELLED = re.compile(
    r"^([A-Za-z][A-Za-z./# ()?-]{1,48}?)\s*[:–—]\s+(?=\S)|^([A-Za-z][A-Za-z./# ()?-]{1,48}?)\s*:\s*(?=\S)"
)
_PIECES = re.compile(r"\s*(?:[;|•·]|\s/\s)\s*")
_MARKS = (":", "–", "—")  # behind labels
_NUMBER_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
_NUMBER = re.compile(rf"\b(\d{{1,3}}(?:\.\d)?|{'|'.join(_NUMBER_WORDS)})\b", re.I)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    r"\b(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?",
    re.I,
)
_RANGE = re.compile(r"^\s*(?:-|–|—|to|through|thru|until)\s*$", re.I)
_ALL_YEAR = re.compile(
    r"\b(?:all (?:year|months|blocks|periods|dates)|year[- ]?round|every (?:month|block|period)|throughout the year|any (?:month|block|time)|12 months)\b",
    re.I,
)
_EXCEPT = re.compile(
    r"\b(?:except|excluding|but not|with the exception of|other than|apart from|(?:(?<=year )|(?<=month )|(?<=months ))but"
    r"|not (?:offered|available)(?: in| during)?|unavailable)\b",
    re.I,
)
_YES = re.compile(r"^(?:yes|y|x|✓|✔|☑|●|•|accepted|eligible|welcome|open|allowed|available|true)\b|^[✓✔☑●•]$", re.I)
_NO = re.compile(r"^(?:no|n|none|✗|✘|☐|not (?:accepted|eligible|available|open|offered)|closed|false|us (?:students )?only|lcme only)\b|^[✗✘☐]$", re.I)  # fmt: skip
_EMPTY = re.compile(r"^(?:n/?a|none|tba|tbd|varies|variable|-+|–|—|\?|contact .{0,60})?$", re.I)
_NO_TITLE = re.compile(
    r"^(?:overview|description|contact|faq|how to apply|apply|eligibility|requirements?|fees?|dates|deadlines?|home|total|notes?)\b",
    re.I,
)


def find_electives(blocks: Sequence[Block], title: str = "") -> list[Elective]:
    """The electives that a page lists, in reading order, each once."""
    found: dict[tuple, Elective] = {}
    for elective in (*_in_tables(blocks, title), *_in_labelled_lines(blocks, title)):
        identity = (elective.title.casefold(), elective.code, elective.site)
        if identity not in found:
            found[identity] = elective
        if len(found) >= MAX_ELECTIVES:
            break
    return list(found.values())


# --- tables ----------------------------------------------------------------------------------------------------------


def _in_tables(blocks: Sequence[Block], title: str) -> Iterator[Elective]:
    """Rows of tables of which one column names the elective and another says something of it."""
    groups: dict[int, list[Block]] = {}
    for block in blocks:
        if block.kind == "row" and len(block.cells) > 1:
            groups.setdefault(block.group, []).append(block)
    for rows in groups.values():
        kinds = _column_kinds(rows)
        if kinds is None:
            continue
        above = ""  # 'Surgery' in a first cell that spans the rows of its electives, or a row of its own
        for row in rows:
            cells = {kinds[cell.column]: cell for cell in row.cells if cell.column in kinds}
            if (elective := _of_row(row, cells, title, above)) is not None:
                above = cells["specialty"].text if "specialty" in cells and cells["specialty"].text.strip() else above
                yield elective


def _column_kinds(rows: list[Block]) -> dict[str, str] | None:
    """What each column of a table holds, by its header; None where the table is no catalog."""
    headers = dict.fromkeys(cell.column for row in rows[:3] for cell in row.cells)
    kinds: dict[str, str] = {}
    for header in headers:
        kind = _label(header)
        if kind is not None and kind not in kinds.values():
            kinds[header] = kind
    held = set(kinds.values())
    if "title" not in held and "specialty" in held and {"code", "capacity", "international"} & held:
        # Where every row is a department, that is the elective's name.
        kinds = {header: "title" if kind == "specialty" else kind for header, kind in kinds.items()}
        held = set(kinds.values())
    return kinds if "title" in held and _TELLING & held else None


def _of_row(row: Block, cells: dict[str, Cell], title: str, above: str) -> Elective | None:
    name = fold_space(cells["title"].text) if "title" in cells else ""
    if not _is_title(name):
        return None
    values = {kind: fold_space(cell.text) for kind, cell in cells.items() if kind != "title"}
    if not any(value and not _EMPTY.match(value) for kind, value in values.items() if kind in _TELLING):
        return None
    if above and not values.get("specialty"):
        values["specialty"] = above
    return _elective(name, values, row.text, row.headings, title, _page_of(row, name))


# --- labelled lines --------------------------------------------------------------------------------------------------


def _in_labelled_lines(blocks: Sequence[Block], title: str) -> Iterator[Elective]:
    """Headings under which lines such as 'Duration: 4 weeks' stand: accordions, definition lists, a page for each."""
    group: list[Block] = []
    for block in blocks:
        kind = block.kind
        if kind in ("row", "title"):
            continue
        if group and (
            _label(block.text) is None
            if kind == "heading"
            else block.headings != group[-1].headings and _chain(block) != _chain(group[-1])
        ):
            yield from _of_group(group, title)
            group = []
        if kind == "heading":
            continue
        if kind == "definition" and len(_labels_in(block.text)) >= 2 and _label(block.term) is None:
            yield from _of_term(block, title)
        else:
            group.append(block)
    if group:
        yield from _of_group(group, title)


def _chain(block: Block) -> tuple[str, ...]:
    """The headings above a block, without one that is a mere label ('Duration')."""
    chain = block.headings
    return chain[:-1] if chain and _label(chain[-1]) is not None else chain


def _of_group(group: list[Block], title: str) -> Iterator[Elective]:
    if not (headings := _chain(group[-1])):
        return
    values: dict[str, str] = {}
    quotes: list[str] = []
    above: tuple[str, ...] | None = None
    label: str | None = None  # what the heading above is, where it is one
    for block in group[:60]:
        if block.headings is not above:
            above = block.headings
            label = _label(above[-1]) if above else None
        text = block.text
        if label is None and ":" not in text and "–" not in text and "—" not in text:
            continue
        for kind, value in _labels_of(block, label):
            if kind not in values:
                values[kind] = value
                quotes.append(block.text)
    if len(values) < 2:
        return
    name = values.pop("title", "") or headings[-1]
    if len(_TELLING & values.keys()) >= 2 and _is_title(name) and _names_an_elective(name, values):
        yield _elective(name, values, "\n".join(dict.fromkeys(quotes)), headings, title, "")


def _of_term(block: Block, title: str) -> Iterator[Elective]:
    """A definition whose term is the elective and whose text holds the labels."""
    values: dict[str, str] = {}
    for kind, value in _labels_in(block.text):
        values.setdefault(kind, value)
    if len(_TELLING & values.keys()) >= 2 and _is_title(block.term) and _names_an_elective(block.term, values):
        yield _elective(block.term, values, block.text, block.headings, title, _page_of(block, block.term))


def _names_an_elective(name: str, values: dict[str, str]) -> bool:
    """Is a heading an elective's, rather than a program's? It has a code, or names a specialty."""
    return bool("code" in values or _CODE.search(name) or _specialty_in(name))


def _labels_of(block: Block, label: str | None) -> list[tuple[str, str]]:
    """What a block says under labels: the heading above it may be one, `label`, or its lines begin with some."""
    if label is not None and len(block.text) <= 300:
        return [(label, fold_space(block.text))]
    return _labels_in(block.text)


def _labels_in(text: str) -> list[tuple[str, str]]:
    """The labelled pieces of a line: 'Code: MED 410; Duration: 4 weeks'."""
    if ":" not in text[:2000] and "–" not in text[:60] and "—" not in text[:60]:
        return []
    found = []
    for line in text[:2000].split("\n"):
        whole = _labelled(line)
        parts = _PIECES.split(line)[:12] if has_any(line, (";", "|", "•", "·", "/")) else ()
        several = [piece for part in parts if (piece := _labelled(part)) is not None]
        if len(several) > 1:
            found += several
        elif whole is not None:
            found.append(whole)
    return found


def _labelled(piece: str) -> tuple[str, str] | None:
    if not has_any(piece, _MARKS) or not _begins_as_label(piece):
        return None
    piece = fold_space(piece)
    match = _LABELLED.match(piece)
    kind = _label(match[1] or match[2]) if match else None
    return (kind, piece[match.end() :]) if match and kind is not None else None


_OPEN_BRACKET = re.compile(r"\s*\([^()]{0,60}$")
_FIRST_WORD = re.compile(r"[\s:?*.]*(\w+)")
_NO_WIDTH = ("\u200b", "\ufeff")


def _begins_as_label(text: str) -> bool:
    """May `text` begin with a label? Its first word tells of nearly every text that it is none."""
    first = _FIRST_WORD.match(text)
    if first is not None and first[1].lower() in _first_words():
        return True
    # '#' is read as a word; what has no width may stand within one.
    return "#" in text or (not text.isascii() and has_any(text, _NO_WIDTH))


@lru_cache(maxsize=4096)
def _label(text: str) -> str | None:
    """What a column header or a label stands for; the whole of it has to be one."""
    if not _begins_as_label(text):
        return None
    bare = fold_space(text.replace("#", " number ")).strip(" :?*.").rstrip(")")
    bare = _OPEN_BRACKET.sub("", bare) if "(" in bare else bare
    if not bare or len(bare) > 60:
        return None
    for match in vocabulary("catalogs").find(bare):
        if match.start == 0 and match.end == len(bare):
            return match.key
    return None


@cache
def _first_words() -> frozenset[str]:
    """The words by which labels begin."""
    entries = vocabulary("catalogs").entries.values()
    plains = [plain for entry in entries for phrase in entry["phrases"] for plain in expand(phrase)]
    return frozenset(first[1].lower() for plain in plains if (first := _FIRST_WORD.match(plain)))


# --- values ----------------------------------------------------------------------------------------------------------


def _elective(
    name: str, values: dict[str, str], quote: str, headings: tuple[str, ...], page_title: str, url: str
) -> Elective:
    code = _code(values.get("code", ""))
    title = name
    if leading := _LEADING_CODE.match(title):
        code, title = code or leading[1], title[leading.end() :]
    elif trailing := _TRAILING_CODE.search(title):
        code, title = code or trailing[1], title[: trailing.start()]
    weeks = weeks_in(values.get("weeks", ""))
    return Elective(
        title=title[:MAX_TITLE].strip(" -–—:|") or name[:MAX_TITLE],
        specialty=_specialty(values.get("specialty", ""), title, headings, page_title),
        code=code,
        site=_worded(values.get("site", "")),
        weeks_min=weeks[0],
        weeks_max=weeks[1],
        capacity=_capacity(values.get("capacity", "")),
        months=months_in(values.get("months", "")),
        accepts_international=_yes_or_no(values.get("international", "")),
        prerequisites=_worded(values.get("prerequisites", "")),
        url=url or None,
        quote=quote[:4000],
        headings=headings,
    )


def _is_title(name: str) -> bool:
    return 3 <= len(name) <= 200 and bool(re.search(r"[A-Za-z]{3}", name)) and not _NO_TITLE.match(name)


def _worded(value: str) -> str | None:
    value = fold_space(value)
    return None if not value or _EMPTY.match(value) else value[:MAX_TEXT]


def _code(value: str) -> str | None:
    value = fold_space(value)
    if not value or _EMPTY.match(value) or len(value) > 24 or not re.search(r"\d", value):
        return None
    return value


def _capacity(value: str) -> int | None:
    """The largest of the numbers that a cell gives: '1-2' takes two."""
    numbers = [_number(match[1]) for match in _NUMBER.finditer(value[:80])]
    fitting = [int(number) for number in numbers if 0 < number <= 60]
    return max(fitting) if fitting else None


def _number(text: str) -> float:
    return float(_NUMBER_WORDS.get(text.lower(), 0) or text)


def weeks_in(value: str) -> tuple[float | None, float | None]:
    """Shortest and longest length: '2-4 weeks', 'four weeks', '1 month' (four weeks), '28 days'."""
    numbers = [_number(match[1]) for match in _NUMBER.finditer(value[:80])]
    lower = value.lower()
    factor = (
        4.0 if "month" in lower and "week" not in lower else 1 / 7 if "day" in lower and "week" not in lower else 1.0
    )
    weeks = [round(number * factor, 1) for number in numbers if 0 < number * factor <= 52]
    return (min(weeks), max(weeks)) if weeks else (None, None)


def months_in(value: str) -> tuple[int, ...]:
    """The months in which something is offered: names, ranges, 'year-round', 'all but December'."""
    value = value[:400]
    offered, _, left_out = value, "", ""
    if cut := _EXCEPT.search(value):
        offered, left_out = value[: cut.start()], value[cut.end() :]
    months = _named_months(offered)
    if _ALL_YEAR.search(offered) or (left_out and not months):
        months = set(range(1, 13))
    return tuple(sorted(months - _named_months(left_out)))


def _named_months(text: str) -> set[int]:
    found: set[int] = set()
    before: tuple[int, int] | None = None  # month, where its name ends
    for match in _MONTH.finditer(text):
        month = _MONTHS.index(match[1].lower()[:3]) + 1
        if before is not None and _RANGE.match(re.sub(r"[\d,\s]+", " ", text[before[1] : match.start()])):
            at = before[0]
            while at != month:
                at = at % 12 + 1
                found.add(at)
        found.add(month)
        before = (month, match.end())
    return found


def _yes_or_no(value: str) -> bool | None:
    value = fold_space(value)
    if _NO.match(value):
        return False
    return True if _YES.match(value) else None


def _specialty(stated: str, title: str, headings: Iterable[str], page_title: str) -> str | None:
    """The ACGME's specialty: as the catalog states it, else as the title names it, else as the nearest heading does."""
    for text in (stated, title, *reversed(tuple(headings)), page_title):
        if (key := _specialty_in(text)) is not None:
            return key
    return None


@lru_cache(maxsize=4096)
def _specialty_in(text: str) -> str | None:
    """The specialty that a short text names: the longest phrase, the last of equals ('Pediatric Cardiology' is one)."""
    text = fold_space(text)[:300]
    # 'Medicine' alone is the department of internal medicine; 'School of Medicine' is none.
    if re.fullmatch(r"(?:department of )?medicine", text, re.I):
        return "internal_medicine"
    matches = [m for m in vocabulary("specialties").find(text) if text[m.start : m.end].lower() != "medicine"]
    if not matches:
        return None
    return max(matches, key=lambda match: (match.end - match.start, match.start)).key


def _page_of(block: Block, name: str) -> str:
    """The elective's own page: where its name links to."""
    for link in block.links:
        if link.url.startswith(("http://", "https://")) and link.text and link.text.casefold() in name.casefold():
            return link.url
    return ""


class ElectivesStage:
    """Adds to a page the electives that it lists."""

    def process_item(self, page: Page) -> Page:
        page.electives = find_electives(page.blocks, page.title)
        return page
