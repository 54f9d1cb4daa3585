"""HTML or PDF → blocks with the headings above them; page chrome (menus, footers, banners) gone.

Chrome is told by structure: HTML's own elements and ARIA roles, generic words in class names, and parts that are
nearly nothing but links. Accordion and tab titles become headings of their panels, and so do lines that are bold as a whole.
The tree is walked with an iterator, never by recursion, and every look at a whole subtree is paid from a budget: pages of
any nesting and size take linear time.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Set
from functools import cache, lru_cache
from itertools import islice
from math import ceil
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote, urljoin

from lxml import etree
from scrapy.exceptions import DropItem
from w3lib.encoding import html_body_declared_encoding, html_to_unicode, http_content_type_encoding

from scraper.items import Block, BlockKind, Cell, Link, Page, remembered
from scraper.menus import without_menus
from scraper.text import Gate, fold_space, sentences
from scraper.vocabulary import expand, vocabulary

logger = logging.getLogger(__name__)

# Never text of the page: taken out of the tree before anything else is looked at.
_STRIP = (
    "script", "style", "noscript", "template", "svg", "iframe", "object", "select", "option", "datalist", "textarea", "canvas",
    "audio", "video", "map", "math", "title", "input", "progress", "meter",
)  # fmt: skip
_CHROME_TAGS = {"nav", "footer", "dialog", "menu"}
_SUSPECT_TAGS = {*_CHROME_TAGS, "header", "aside"}  # what may be chrome without a word about it
_SECTIONS = {"section", "article", "main"}
_MAIN_TAGS = {"main", "div", "section", "article"}
_WRAPPERS = {"div", "section"}  # what only holds others
_PAGE_PARTS = {"div", "section", "p", "ul", "ol", "dl", "table"}  # what may go on with a page's text
_TITLE_LISTS = {"ul", "ol", "div", "dl"}  # what may hold the titles of tabs
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "button", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "joomla-hidden-mail", "kbd",
    "label", "mark", "picture", "q", "s", "samp", "small", "source", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
_CONTROLS = {"button", "a", "span", "strong", "b"}
_PLAIN_INLINE = {"b", "strong", "i", "em", "span", "img"}  # what may stand in a title
_BOLD = {"b", "strong", "u"}
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.I)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_NEVER_CHROME = {
    "body", "main", "html", "article", "form", "p", "td", "th", "tr", "table", "tbody", "li", "dl", "dt", "dd", "summary", *_HEADINGS,
}  # fmt: skip
_LEVELS = ("1", "2", "3", "4", "5", "6")
_LAYOUT_CELLS = {"td", "tr"}  # met where a table lays the page out, and then what their names say
_HARD_ROLES = {"navigation", "contentinfo", "banner", "search", "menu", "menubar", "dialog", "alertdialog"}
# Words of class names and ids that mean page chrome, whatever the site.
_HARD_WORDS = (
    "nav|navbar|navigation|subnav|sidenav|mainnav|topnav|navlinks|menu|submenu|megamenu|mega|breadcrumb|breadcrumbs|footer|cookie|cookies|consent|skip|"
    "skiplink|skiplinks|share|sharing|sharethis|social|masthead|topbar|toolbar|pager|pagination|offcanvas|search|searchbox|login|related|newsletter|"
    "modal|popup|sr-only|visually-hidden|screen-reader-text|screenreader|news|event|events|backtotop|"
    "back-to-top|tags"
)
_COMMENTS = {"comments", "respond", "disqus_thread"}  # ids of what readers wrote below a page
# What leads on to other pages; a box of such a name without any link is a page builder's way to show text.
_LEADING_WORDS = "carousel|slick|slider|teaser|teasers|promo"
# What is put beside the page's own text: kept where it has running text or a contact, not where it is a list of links.
_SOFT_WORDS = "sidebar|sidebars|aside|side|rail|widget-area|right-column|left-column"
_TITLE_WORDS = "title|heading|headline|header|question|accordion-button|toggle|toggler|trigger|h[1-6]"
_SUBTITLE_WORDS = "subhead|subheader|subheading|subtitle|tagline"  # what stands below a title, and heads nothing
_BODY_WORDS = ("content", "body", "pane", "panel", "answer")  # at the end of a name: what a title opens
_LABEL_WORDS = "label"  # the name of a field, with its value in the next element
_ACCORDION_WORDS = (
    "accordion|accordions|collapse|collapsible|toggle|toggles|faq|faqs|expand|expandable|expander|tab|tabs|panel|panels"
)
# Boxes of these names speak for the whole site.
_SITE_WORDS = (
    "header|headers|footer|footers|foot|masthead|banner|branding|brand|global|utility|alert|alerts|bottom|top|site|bar"
)
_PLACED_LABEL = re.compile(r"label-+(?:hidden|above|inline|visually)")  # says where a field has its label
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LETTERS = re.compile(r"[a-z]+")
_PARTS = re.compile(r"(?:^|[-_\s])([^-_\s0-9]+)")
_PARTED = bytes.maketrans(b"-_\x1c\x1d\x1e\x1f0123456789", b" " * 6 + b"0" * 10)
_CONTACT = re.compile(
    r"(?=[@mt(\d])(?:@(?<=[\w.+-]@)[\w-]|mailto:|tel:|\(?\b\d{3}\)?[-.\s]\s?\d{3}[-.\s]\d{4})"
)  # that one is there: an address is met at its '@'
_LIKE_A_NUMBER = re.compile(r"\d{3}\)?[-.\s]\s?\d{3}[-.\s]\d{4}")  # wherever it stands, also in the middle of a word
_CONTACT_LABEL = re.compile(r"@|\b(?:phone|telephone|tel|call|contact|e-?mail|questions?)\b", re.I)
# What frameworks leave in a page, and what a page says to those who read it without scripts; in small letters.
_SCRIPT_SHELL = (
    re.compile(rb"id=(['\"])(?:root|app|__next|__nuxt|app-root|gatsby|___gatsby|svelte|main-app)\1"),
    re.compile(rb"javascript (?:is|must be) (?:disabled|enabled|required)"),
)
_SCRIPT_WORDS = (
    b"<app-root", b"ng-app", b"data-reactroot", b"enable javascript", b"requires javascript", b"turn on javascript", b"need javascript",
)  # fmt: skip
_SHELL_NOTICE = Gate(
    ("©", "copyright"),
    ("javascript", "cookie", "loading", "your browser", "enable script", "please wait"),
    re.compile(r"\b(?:javascript|cookies?|loading|your browser|enable scripts?|please wait)\b"),
)
_PLAIN_HOST = re.compile(r"https?://[\w.-]+(?=/)", re.A)
_PLAIN_REST = r"(?:/[\w%~@+-]+(?:\.[\w%~@+-]+)*)*/?(?:\?[\w.=&%+/:~-]+)?(?:#[\w.=&%+/!:~-]+)?$"
_PLAIN_ADDRESS = re.compile(rf"https?://[\w.-]+{_PLAIN_REST}", re.A)  # nothing to join or mend
_PLAIN_PATH = re.compile(rf"(?=/[\w?#-]){_PLAIN_REST}", re.A)  # nothing to mend
_STAMP = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")  # as machines write the time
_OF_THE_PAGE = re.compile(r"\b(?:due|deadline|appl|submi|open|clos|begin|start|end|until|through|session|block)")
_COPYRIGHT = Gate(("©", "copyright", "all rights reserved"), ("(c)",), re.compile(r"\(c\) ?20\d\d"))
_BULLET = re.compile(r"^[•▪●◦‣·∙■□❖➢➤►▶✓✔☐☑*–—-]\s*(?=\S)|^\[[ x_]?\]\s+(?=\S)|^o\s+(?=[A-Z])")
_BETWEEN_LINKS = re.compile(r"[\s|/•·–—>»:-]+")
_NUMBERED = re.compile(r"^\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s+(?=\S)")
_TYPED_NUMBER = re.compile(r"^\(?(\d{1,2})[.)]\s+(?=\S)")
_PRICE = re.compile(r"(?:USD?\s?)?\$\s?\d[\d,.]{0,12}|\d[\d,.]{0,12}\s?(?:USD|dollars)", re.I)
_TITLE_BREAK = re.compile(r"\s[-–—:·•]\s|[|»]")
_FOOT_TAGS = ("div", "section", "center", "form", "table", "tbody", "tr", "td")  # what may hold a page's foot
_FOOT = 600  # characters: what is longer is no foot of a page
_TITLE = 120  # characters: what is longer is no heading
_END = (".", "!", ",", ";")
_AROUND_BOLD = " :\xa0\u200b\ufeff"  # what may stand beside the bold words of a bold line
_COLUMN_PARTS = (
    "p",
    "li",
    "br",
    "h4",
    "h5",
    "h6",
)  # a cell of several is a column of the page where its table has one row
_TABLE_ROLES = {"table", "grid", "treegrid"}
_CELL_ROLES = {"cell", "gridcell", "columnheader", "rowheader"}
_Row: TypeAlias = "tuple[etree._Element, list[etree._Element]]"  # with its cells

_linked_text = etree.XPath(
    "descendant::a[not(starts-with(@href, 'mailto:') or starts-with(@href, 'tel:'))]/descendant::text()",
    smart_strings=False,
)
_text_length = etree.XPath("string-length(normalize-space(.))")
_ids = etree.XPath("descendant-or-self::*/@id", smart_strings=False)
# Attributes are met on their own axis: a condition in brackets is asked of every element.
_mains = etree.XPath("descendant-or-self::main | descendant-or-self::*/@role[. = 'main']/..")
_panels = etree.XPath(
    "descendant-or-self::*/@aria-controls/.. | descendant-or-self::*/@data-target/.. | descendant-or-self::*/@data-bs-target/.."
)


def _is_text_of(element: etree._Element, length: int) -> bool:
    """Has an element's text `length` characters, white space folded? Of most the first few paragraphs tell."""
    left = length
    for part in element.iter("p", "li", "h1", "h2", "h3"):
        if text := part.text:
            left -= len("".join(text.split()))
            if left <= 0:
                return True
    return _text_length(element) >= length


def _main_parts(body: etree._Element) -> list[etree._Element]:
    """The elements that call themselves the main part of the page."""
    return [e for e in _mains(body) if e.tag in _MAIN_TAGS]


def _first(element: etree._Element, tag: str) -> etree._Element | None:
    """The first element of a name within another."""
    return next(element.iterdescendants(tag), None)


def _linked_length(element: etree._Element) -> int:
    """How many characters of an element are words of links. A link to an address or a phone number is text, no menu."""
    return sum(map(len, map(str.strip, _linked_text(element))))


def _tab_lists(main: etree._Element) -> list[etree._Element]:
    """The lists and boxes whose class names speak of tabs or accordions."""
    return [
        e
        for e in main.iter("ul", "div")
        if (name := e.get("class")) and ("tab" in name or ("accordion" in name and e.tag == "ul")) and e is not main
    ]


def _holds_sentences(element: etree._Element) -> bool:
    """Do two paragraphs or items of sentences stand in an element?"""
    whole = (p for p in islice(element.iter("p", "li"), 50) if _is_text_of(p, 60) and _linked_length(p) < 20)
    return sum(1 for p in islice(whole, 2) if _text_of(p).endswith((".", "!", "?", ":"))) == 2


def _leads_on(element: etree._Element) -> bool:
    """Is a box there for a link, which is its title or its last words ('Read more')? Links within its sentences are none."""
    links = [a for a in element.iter("a") if not (a.get("href") or "").startswith(("mailto:", "tel:"))]
    if not links:
        return False
    text = _text_of(element)
    return text.startswith(_text_of(links[0])) or text.endswith(_text_of(links[-1]))


def _leads_nowhere(link: etree._Element) -> bool:
    """Is a link a control of this page, and leads to no other?"""
    href = link.get("href") or ""
    return href == "" or href.startswith(("#", "javascript:"))


def _toggles(link: etree._Element) -> bool:
    """Does a link show and hide what it leads to?"""
    get = link.get
    return get("data-toggle") is not None or get("data-bs-toggle") is not None or get("role") == "tab"


def _leads_to_next(link: etree._Element) -> bool:
    """Does a link lead to the box right after it?"""
    box = link.getnext()
    return box is not None and box.tag in _WRAPPERS and box.get("id") == link.get("href")[1:]


def _lists_of_tabs(main: etree._Element, links: list[etree._Element]) -> list[etree._Element]:
    """Of the links within a page those of lists whose every item is a link to a box, the boxes side by side: tabs without a word."""
    lists: dict[etree._Element, list[etree._Element]] = {}
    for link in links[:500]:
        item = link.getparent()
        if item.tag == "li" and len(item) == 1:
            lists.setdefault(item.getparent(), []).append(link)
    whole = [own for around, own in lists.items() if len(own) > 1 and len(own) == len(around)]
    boxes = {ident: e for e in main.iter("div", "section") if (ident := e.get("id"))} if whole else {}
    tabs: list[etree._Element] = []
    for own in whole:
        targets = [boxes.get(link.get("href")[1:]) for link in own]
        if None in targets or len(set(targets)) < len(own):
            continue
        if len({target.getparent() for target in targets if target is not None}) == 1:
            tabs += own
    return tabs


def _text_of(element: etree._Element) -> str:
    """The text of an element and everything in it, white space folded."""
    if not len(element):
        return fold_space(element.text or "")
    return fold_space(
        etree.tostring(element, encoding="unicode", method="text", with_tail=False)
    )  # a third of XPath's time


def _host_of(url: str) -> str:
    """Scheme and host of an address of the web, what a path stands behind; '' for others."""
    if plain := _PLAIN_HOST.match(url):
        return plain[0]
    try:
        root = urljoin(url, "/")
    except ValueError:
        return ""
    return root.removesuffix("/") if root.startswith(("https://", "http://")) else ""


def decode_cfemail(code: str) -> str:
    """The address behind Cloudflare's `data-cfemail`: hex, each byte XORed with the first."""
    try:
        data = bytes.fromhex(code)
    except ValueError:
        return ""
    return bytes(byte ^ data[0] for byte in data[1:]).decode("utf-8", "replace") if data else ""


def hidden_address(element: etree._Element) -> str:
    """The e-mail address that an element hides from spam robots in one of the usual ways, '' where there is none."""
    code, href = element.get("data-cfemail"), element.get("href")
    if href and "/cdn-cgi/l/email-protection#" in href:
        code = code or href.rpartition("#")[2]
    if code:
        return decode_cfemail(code.partition("?")[0])
    if rot13 := element.get("data-enc-email"):
        address = codecs.decode(rot13.replace("[at]", "@"), "rot13")
        return address if "@" in address else ""
    if element.tag == "joomla-hidden-mail":
        try:
            first, last = (base64.b64decode(element.get(name) or "").decode("utf-8") for name in ("first", "last"))
        except (binascii.Error, ValueError):
            return ""
        return f"{first}@{last}" if first and last else ""
    return ""


def parse_html(body: bytes, content_type: str = "text/html", encoding: str | None = None) -> etree._Element | None:
    """The tree of an HTML page of whatever declared, undeclared or wrong encoding; None when there is nothing in it."""
    body = without_menus(body)
    declared = encoding or http_content_type_encoding(content_type) or html_body_declared_encoding(body)
    if declared in ("utf-8", None) and _is_sound(body):
        return _tree(body)
    try:
        if encoding is None:
            encoding, text = html_to_unicode(content_type, body, default_encoding="utf-8")
        else:
            text = body.decode(encoding, "replace")
    except (LookupError, ValueError):
        encoding, text = "utf-8", body.decode("utf-8", "replace")
    text = text.replace("\x00", "")
    return None if not text or text.isspace() else _tree(text.encode("utf-8", "replace"))


_CHUNK = 16384  # bytes


def _is_sound(body: bytes) -> bool:
    """Is a page flawless UTF-8, which need not be made UTF-8 again? It is looked at piece by piece: the text of a whole page
    would drive the page itself out of the processor's caches."""
    if b"\x00" in body or body.startswith(codecs.BOM_UTF8) or not body or body.isspace():
        return False
    view, at = memoryview(body), 0
    try:
        while at < len(body):
            text, length = codecs.utf_8_decode(view[at : at + _CHUNK], "strict", at + _CHUNK >= len(body))
            if "\ufffd" in text:
                return False
            at += length
    except UnicodeDecodeError:
        return False
    return True


def _tree(body: bytes) -> etree._Element | None:
    """The tree of a page that is UTF-8."""
    try:
        # huge_tree: pages with hundreds of unclosed <font> nest deeper than libxml2's careful default allows.
        # Comments part texts that a reader sees as one.
        # lxml.etree's own elements, not lxml.html's: making those costs a quarter of the whole reading.
        parser = etree.HTMLParser(
            encoding="utf-8", recover=True, huge_tree=True, collect_ids=False, remove_comments=True, remove_pis=True
        )
        return etree.fromstring(body, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return None


def find_blocks(
    body: bytes, url: str = "", content_type: str = "text/html", encoding: str | None = None
) -> tuple[str, list[Block]]:
    """The title and the blocks of a page of HTML or PDF. Unreadable pages give no blocks."""
    if body[:1024].lstrip().startswith(b"%PDF-") or "application/pdf" in content_type:
        return _pdf_blocks(body)
    root = parse_html(body, content_type, encoding)
    if root is None:
        return "", []
    return _Reader(root, url, len(body)).read()


def needs_browser(body: bytes, blocks: Iterable[Block]) -> bool:
    """Is the page an empty shell whose text is fetched by script?

    Frameworks leave their marks on pages that came with their text as well: what has a sentence of its own, be it short, was
    not fetched later; neither was a hub, which leads on by links of its own. Notices about cookies, scripts and loading are no text.
    """
    blocks = list(blocks)
    size = 0
    for block in blocks:
        if block.kind == "title":
            continue
        if not _SHELL_NOTICE.opens(block.lower):
            size += len(block.text)
            if size > 400 or (len(block.text) >= 40 and block.text.endswith((".", "!", "?", ":"))):
                return False
    if sum(len(block.links) for block in blocks) >= 2:
        return False
    if b"<script" not in body:
        return False
    lower = body.lower()
    return any(words in lower for words in _SCRIPT_WORDS) or any(mark.search(lower) for mark in _SCRIPT_SHELL)


class _Words:
    """Words to look for in class names and ids, where '-', '_', a blank or a digit parts words.

    Whether one stands there is a look into a set; only those of several parts ('sr-only') or with a number are searched for.
    """

    def __init__(self, words: str) -> None:
        every = words.split("|")
        longer = [word for word in every if not word.isalpha()]
        self.plain = frozenset(every) - set(longer)
        self.firsts = {found[0] for word in longer if (found := _LETTERS.match(word))}
        self.pattern = re.compile(rf"(?:^|[-_\s])(?:{'|'.join(longer)})(?:$|[-_\s0-9])")

    def stand_in(self, name: str, parts: Set[str]) -> bool:
        """Does one of the words stand in `name`, whose parts, up to the first digit of each, are `parts`?"""
        if not self.plain.isdisjoint(parts):
            return True
        return not self.firsts.isdisjoint(parts) and bool(self.pattern.search(name))


_HARD, _LEADING, _SOFT, _TITLES, _SUBTITLES, _LABELS, _ACCORDIONS, _SITE = map(
    _Words,
    (
        _HARD_WORDS,
        _LEADING_WORDS,
        _SOFT_WORDS,
        _TITLE_WORDS,
        _SUBTITLE_WORDS,
        _LABEL_WORDS,
        _ACCORDION_WORDS,
        _SITE_WORDS,
    ),
)

_CHROME_WORDS = (("hard", _HARD), ("leading", _LEADING), ("soft", _SOFT))


class _Name(NamedTuple):
    """What a class name or an id says of its element."""

    chrome: str = ""  # 'hard', 'leading', 'soft' or '' for the chrome it speaks of
    title: bool = False  # of an accordion, tab or card
    accordion: bool = False  # an accordion, tabs or a panel
    site: bool = False  # a part of the whole site
    scope: bool = False  # a part whose headings hold for it alone
    label: bool = False  # the name of a field


_SILENT = _Name()
_EVERY = (_HARD, _LEADING, _SOFT, _TITLES, _SUBTITLES, _LABELS, _ACCORDIONS, _SITE)
_FIRSTS = frozenset().union(*(words.firsts for words in _EVERY))
_TELLING = _FIRSTS.union(*(words.plain for words in _EVERY))


@lru_cache(maxsize=20_000)
def _named(name: str) -> _Name:
    """What is said by the class name or id `name`."""
    if not name.islower():
        name = _CAMEL.sub("-", name).lower()
    if name.isascii():
        # Most names say nothing, which a rougher and quicker cut shows as well.
        cut = name.encode().translate(_PARTED).decode()
        numbered = "0" in cut
        told = _TELLING.intersection((cut.replace("0", " ") if numbered else cut).split())
        if numbered and told:
            told = _TELLING.intersection(_PARTS.findall(name))
    else:
        told = _TELLING.intersection(_PARTS.findall(name))
    if not told:
        return _SILENT
    return _told_by(told, "" if told.isdisjoint(_FIRSTS) else name)


@lru_cache(maxsize=4096)
def _told_by(parts: frozenset[str], name: str) -> _Name:
    """What a name says whose telling parts are `parts`; `name` itself tells of words of several parts only."""
    chrome = next((kind for kind, words in _CHROME_WORDS if words.stand_in(name, parts)), "")
    accordion = _ACCORDIONS.stand_in(name, parts)
    scope = accordion or chrome == "soft"
    return _Name(
        chrome,
        _TITLES.stand_in(name, parts) and not _SUBTITLES.stand_in(name, parts),
        accordion,
        _SITE.stand_in(name, parts),
        scope,
        _LABELS.stand_in(name, parts),
    )


class _Reader:
    """Walks a page's tree once and writes down its blocks."""

    def __init__(self, root: etree._Element, url: str, size: int) -> None:
        self.root = root
        base = next((e for e in root.iter("base") if e.get("href") is not None), None)
        try:
            self.url = urljoin(url, base.get("href")) if base is not None else url
        except ValueError:
            self.url = url
        self.host = _host_of(self.url)
        self.blocks: list[Block] = []
        # (depth, heading, how it is marked up); never changed but replaced, so that others may keep it.
        self.stack: tuple[tuple[float, str, str], ...] = ()
        self.chained: tuple[tuple[float, str, str], ...] = ()  # the stack whose headings `chain` holds
        self.chain: tuple[str, ...] = ()
        self.frame = 0  # headings of the stack below this index belong to an outer accordion or tab
        self.buffer: list[tuple[str, bool]] = []  # (text, bold?)
        self.links: list[Link] = []
        self.bold = 0
        self.lists: list[tuple[int, str]] = []  # (group, lead) of the lists around
        self.groups = 0
        self.lead = ""
        self.led_by_item: dict[int, tuple[int, str]] = {}  # group of a list that an item leads -> the list of that item
        self.after_list: tuple[int, int, str] = (-1, 0, "")  # where the last list ended, its group, its lead
        # Of each open element: what to do at its end, and itself; innermost last.
        self.trail: list[tuple[Callable[[], None] | None, etree._Element]] = []
        self.marks: list[tuple[str, int, str]] = []  # bullet, group and lead of the typed lists around
        self.kind: list[tuple[BlockKind, str]] = []  # (block kind, term) of the item or definition around
        self.titles: dict[str, str] = {}  # id of a panel -> its title
        self.triggers: set[etree._Element] = set()
        self.items: set[etree._Element] = set()  # boxes that are items of a list
        self.heads: set[etree._Element] = set()  # cells that head their rows in tables that are read as sections
        self.begun = 0  # how many blocks there were when the innermost item began
        self.whole_body = False
        self.main = root
        self.title = ""
        self.highest = 9.0  # of the headings so far the least depth
        self.written = False  # does the buffer hold more than white space?
        self.apart = False  # has a blank to stand before the next text?
        self.pre = 0
        # Characters that may still be counted to tell chrome; `size`: the page's bytes.
        self.budget = 40 * size + 1_000_000

    def read(self) -> tuple[str, list[Block]]:
        title_tag = _first(self.root, "title")
        self.title = title = _text_of(title_tag) if title_tag is not None else ""
        if title:
            self.blocks.append(Block("title", title))
        etree.strip_elements(self.root, *_STRIP, with_tail=False)
        body = _first(self.root, "body")
        body = self.root if body is None else body
        main = self._main(body)
        self.whole_body = main is body
        if self.whole_body:
            self._cut_the_foot(body)
        self.main = main
        self._find_panels(main)
        if main is not body:
            self._page_heading(body, main)
        self._walk(main)
        self._untyped_lists()
        self.blocks = _tidy(self.blocks, self.whole_body)
        if main is not body:
            self._contact_boxes(body, main)
        return title, self.blocks

    # -- which part of the tree is the page's own -------------------------------------------------------------------

    def _main(self, body: etree._Element) -> etree._Element:
        """The element that holds the page's own content: main, role=main or the one article; else the body."""
        candidates = _main_parts(body)
        best = max(candidates[:20], key=_text_length) if len(candidates) > 1 else candidates[0] if candidates else None
        if best is not None and _is_text_of(best, 200):
            return best
        articles = list(body.iter("article"))
        if len(articles) == 1:
            text, linked = self._lengths(articles[0])
            whole, whole_linked = self._lengths(body)
            if text >= 200 and text - linked >= 0.5 * (whole - whole_linked) and not self._goes_on_after(articles[0]):
                return articles[0]
        return body

    def _cut_the_foot(self, body: etree._Element) -> None:
        """Take the foot of the page out: the last box with the line on who owns the rights, with an address or a menu beside it."""
        around = body
        for _ in range(12):
            inside = None
            for box in islice((e for e in around.iterchildren(*_FOOT_TAGS, reversed=True) if _is_text_of(e, 1)), 3):
                if self.budget < 0:
                    return
                if _is_text_of(box, _FOOT):
                    inside = box
                    break
                text = _text_of(box)
                self.budget -= len(text) + 40
                if not _COPYRIGHT.opens(text.lower()):
                    continue
                if next(box.iter(*_HEADINGS, "form"), None) is None and _is_text_of(body, 4 * len(text)):
                    around.remove(box)  # and a stray word behind it, if there is one
                    return
                inside = box
                break
            if inside is None:
                return
            around = inside

    def _goes_on_after(self, article: etree._Element) -> bool:
        """Does the page's text go on after an article that does not hold its first heading? Then it is one part of several."""
        if _first(article, "h1") is not None:
            return False
        for element in article.itersiblings():
            if element.tag not in _PAGE_PARTS or not self._has_text(element, 100, 0.5):
                continue
            said, ident = _named(element.get("class") or ""), _named(element.get("id") or "")
            if not (said.chrome or said.site or ident.chrome or ident.site):
                return True
        return False

    def _page_heading(self, body: etree._Element, main: etree._Element) -> None:
        """The page's h1 where it stands outside of its main part."""
        if _first(main, "h1") is not None:
            return
        inside = set(main.iter("h2"))
        found = [
            (e.tag, text, e) for e in islice(body.iter("h1", "h2"), 30) if e not in inside and (text := _text_of(e))
        ]
        # The site's own name may be an h1 as well, and the page's an h2 in the picture above it.
        called = [(text, e) for _, text, e in found if len(text) > 5 and self.title.startswith(text)]
        for text, h1 in called or [(text, e) for tag, text, e in found if tag == "h1"]:
            self._heading(1, text, (), "h1")
            self._introduction(h1, main)
            return

    def _introduction(self, h1: etree._Element, main: etree._Element) -> None:
        """The sentences that stand with the page's h1 above its main part."""
        around = set(main.iterancestors())
        box = None
        for parent in h1.iterancestors():
            if parent in around or parent.tag == "body" or _text_length(parent) > 2000:
                break
            box = parent
        if box is None:
            return
        read, state = self.blocks, (self.stack, self.frame)
        self.blocks = []
        self._walk(box)
        found, self.blocks, (self.stack, self.frame) = self.blocks, read, state
        headings = self._above()
        for block in found[:12]:
            sentence = block.text.endswith((".", "!", "?")) and len(block.text) > 60
            if block.kind in ("paragraph", "item") and sentence and not _is_only_links(block):
                block.headings = headings
                self.blocks.append(block)
        self.lead = ""

    def _lengths(self, element: etree._Element) -> tuple[int, int]:
        """How many characters of text an element holds, and how many of them are words of links."""
        text = int(_text_length(element))
        self.budget -= 2 * text
        return text, min(text, _linked_length(element))

    def _has_text(self, element: etree._Element, at_least: int, share: float = 1) -> bool:
        """Does the element hold `at_least` characters outside of links, and are no more than a `share` of all words of links?"""
        text = int(_text_length(element))
        self.budget -= 2 * text
        return text >= at_least and _linked_length(element) <= min(text - at_least, share * text)

    def _find_panels(self, main: etree._Element) -> None:
        """Note the title of each accordion or tab panel: the text of what controls it."""
        controls = _panels(main)
        inner = [a for a in main.iter("a") if (href := a.get("href")) and href[0] == "#"]
        tabs = [
            a
            for around in (_tab_lists(main)[:50] if inner else ())
            if _named(around.get("class") or "").accordion and self._is_list_of_links(around)
            for a in around.iter("a")
            if (a.get("href") or "").startswith("#")
        ]
        if inner:
            controls += [a for a in inner if _toggles(a) or _leads_to_next(a)]
            if len(inner) > 1:
                tabs += _lists_of_tabs(main, inner)
        if not controls and not tabs:
            return
        ids = set(_ids(main))
        for element in (*controls, *tabs[:500]):
            target = element.get("aria-controls") or element.get("data-target") or element.get("data-bs-target") or ""
            if not target and element.tag == "a":
                target = element.get("href") or ""
            target = target.strip().lstrip("#")
            if not target or target not in ids:
                continue
            around = element.getparent()
            if around is not None and around.get("id") == target and _stands_alone(element):
                continue  # a title that leads to itself, for a script to find
            text = _heading_text(element)
            if text and len(text) < 200:
                self.titles.setdefault(target, text)
                self.triggers.add(element)

    def _are_titles_by_place(self, element: etree._Element) -> bool:
        """Are the parts of an element the titles of tabs, whose panels follow as many in the same order? Note them if so.

        Scripts of tabs need no more than that: the panels often have no id, and nothing leads to them.
        """
        around = element
        for _ in range(3):
            if len(element) == 1 and element[0].tag in _TITLE_LISTS:
                element = element[0]  # the list stands in boxes of its own
        count = len(element)
        if count < 2:
            return False
        while (box := around.getnext()) is None and around is not self.main:
            around = around.getparent()
            if around is None or len(around) > 1:
                return False
        if count > 20 or box is None or box.tag not in _WRAPPERS:
            return False
        panels = list(box) if len(box) == count else [box, *islice(box.itersiblings(), count)]
        if len(panels) != count or box.get("class") == element.get("class"):
            return False
        named = all(e.get("role") == "tabpanel" or _is_panel(e, box) for e in panels)
        if any(e.tag not in _WRAPPERS or e.get("id") in self.titles for e in panels):
            return False
        if not named and (panels[0] is box or self._size(box) <= 2 * self._size(element)):
            return False  # a row of buttons above as many boxes, which hold more than their names
        if not _are_alike(element) or not all(0 < self._size(part) <= _TITLE for part in element):
            return False
        for panel, part in zip(panels, element, strict=True):
            ident = panel.get("id")
            if not ident:
                ident = f" tab {len(self.titles)}"
                panel.set("id", ident)
            self.titles[ident] = _heading_text(part)
        return True

    @remembered
    def running(self) -> int:
        """Characters of the page's text outside of links."""
        text, linked = self._lengths(self.main)
        return text - linked

    def _holds_the_page(self, element: etree._Element) -> bool:
        """Does the element hold most of the page's running text? An unclosed menu swallows the page."""
        if self.budget < 0 or not self._has_text(element, 801):
            return False
        return self.running >= 800 and self._has_text(element, self.running // 2 + 1)

    def _is_chrome(self, element: etree._Element, tag: str, role: str | None, said: _Name, ident: str) -> bool:
        if tag in _CHROME_TAGS or role in _HARD_ROLES or element.get("aria-modal") == "true":
            return not ((tag == "nav" and role is None and self._is_panel(element)) or self._holds_the_page(element))
        if tag == "header":
            return (
                self.whole_body
                and not self._holds_title(element)
                and not any(e.tag in _SECTIONS for e in islice(element.iterancestors(), 5))  # the head of a section
                and not self._holds_the_page(element)
            )
        if tag == "aside" or role == "complementary":
            return self._is_list_of_links(element)
        if tag in _NEVER_CHROME and tag not in _LAYOUT_CELLS:
            return False
        if ident in _COMMENTS:
            return not self._holds_the_page(element)
        kind, other = said.chrome, ident and _named(ident).chrome
        if self.budget < 0:
            return False
        if not (kind or other):
            return (
                self.whole_body
                and (said.site or (ident != "" and _named(ident).site))
                and self._heads_the_site(element)
            )
        if "hard" not in (kind, other):
            if "leading" not in (kind, other):
                return (
                    self._is_list_of_links(element)
                    and len(list(islice(element.iter("a"), 2))) > 1  # page builders call each heading a widget
                    and _first(element, "h1") is None
                    and not _holds_sentences(element)  # a wrapper may speak of the sidebar within it
                )
            return not self._has_text(element, 150, 0.6) and _leads_on(element)
        # A wrapper may carry such a word and still hold the page: what has running text outside of links stays.
        if self._has_text(element, 400, 0.6) or self._holds_title(element):
            return False
        return not (said.accordion and self.titles and self._holds_a_panel(element))

    def _holds_title(self, element: etree._Element) -> bool:
        """Does an element hold a first heading that is not the site's name?"""
        for h1 in islice(element.iter("h1"), 3):
            text = _text_of(h1)
            if not text and not len(h1):
                return True  # `<h1><p>Title</p></h1>`, as it is parsed
            if text and not ((links := self._links_in(h1)) and self._names_the_site(text, links)):
                return True
        return False

    def _heads_the_site(self, element: etree._Element) -> bool:
        """Is a box that names itself after the site its head: little text beside a link home, and not the page's name?"""
        home = any(self._is_home(self._absolute(a.get("href"))) for a in islice(element.iter("a"), 3))
        if not home or self._has_text(element, 200) or self._holds_title(element):
            return False
        return not self.title or self._names()[0] not in _text_of(element).lower()

    def _holds_a_panel(self, element: etree._Element) -> bool:
        """Does an element that calls itself accordion or tabs hold a panel with text, whose title is known?"""
        panels = (e for e in islice(element.iter("div", "section"), 100) if e.get("id") in self.titles)
        return any(self._has_text(panel, 20, 0.5) for panel in islice(panels, 3))

    def _is_panel(self, nav: etree._Element) -> bool:
        """Is a nav the text below a title that shows and hides it? Builders of pages make accordions of their menus' parts."""
        title = nav.getprevious()
        if title is None or title.tag != "div" or nav.getnext() is not None or title.getprevious() is not None:
            return False
        return self._has_text(nav, 1, 0.4) and not _is_text_of(title, 201)

    def _is_list_of_links(self, element: etree._Element) -> bool:
        """Is what stands beside the page a menu, and not a box with text or a contact?"""
        return not self._has_text(element, 40, 0.5)

    def _size(self, element: etree._Element) -> int:
        """How many characters of text an element holds, paid from the budget; many when it is used up."""
        if self.budget < 0:
            return 1_000_000
        length = int(_text_length(element))
        self.budget -= length + 40
        return length

    def _rows_by_role(self, table: etree._Element) -> list[_Row]:
        """The rows of a table that is told by ARIA roles, each with its cells."""
        if self._size(table) > 100_000:
            return []
        rows = [e for e in table.iter("div", "ul", "section") if e.get("role") == "row"]
        return [(row, [e for e in row if e.get("role") in _CELL_ROLES]) for row in rows]

    def _rows_of_boxes(self, element: etree._Element) -> list[_Row]:
        """The rows of a table that is set of boxes: three and more of as many cells each, short as a whole; [] where it is none."""
        rows: list[_Row] = []
        for row in element:
            cells = list(row)
            if row.tag != "div" or not 2 <= len(cells) <= 8 or (rows and len(cells) != len(rows[0][1])):
                return []
            if (row.text and not row.text.isspace()) or not all(_is_cell_box(cell, bool(rows)) for cell in cells):
                return []
            rows.append((row, cells))
        length = filled = 0
        for _, cells in rows:
            for number, cell in enumerate(cells):
                size = self._size(cell)
                length += size
                filled += size > 0
                if size > 1000 or (not size and not number):
                    return []
                if next(cell.iter(*_HEADINGS, "ul", "ol", "table", "details", "button", "img"), None) is not None:
                    return []
        places = len(rows) * len(rows[0][1])
        if length > 120 * places or 2 * filled < places:
            return []
        if any(len(cell) and all(_repeats(cells[i], cell) for _, cells in rows) for i, cell in enumerate(rows[0][1])):
            return []  # cards whose every line begins with its label
        return rows

    def _is_list_of_boxes(self, element: etree._Element) -> bool:
        """Are boxes the items of a list: do they call themselves so, and does each hold one short text and nothing but it?"""
        name = element[-1].get("class") or ""
        if not ("item" in name or "list" in name or "bullet" in name or "point" in name):
            return False
        for box in element:
            if box.tag != "div" or box.get("class") != name or not 0 < self._size(box) <= 300:
                return False
            if next(box.iter(*_HEADINGS, "table", "details", "button", "p", "dl"), None) is not None:
                return False
            if _holds_boxes(box):
                return False
        return True

    def _contact_boxes(self, body: etree._Element, main: etree._Element) -> None:
        """Read the contact boxes that stand beside the main part; those of the site (header, footer, menu) are not the page's."""
        ancestors = list(main.iterancestors())
        if body in ancestors:
            ancestors = ancestors[: ancestors.index(body) + 1]
        around = {main, *ancestors}
        read = self.blocks
        for ancestor in ancestors:
            for element in ancestor:
                tag = element.tag
                if element in around or tag in ("header", "h1") or self.budget < 0:
                    continue
                said, ident = _named(element.get("class") or ""), element.get("id") or ""
                if said.site or _named(ident).site or self._is_chrome(element, tag, element.get("role"), said, ident):
                    continue
                if not _may_hold_contact(element):
                    continue
                self.stack, self.frame, self.lead, self.blocks = (), 0, "", []
                self._walk(element)
                read.extend(_contacts_among(self.blocks))
        self.blocks = read

    # -- the walk ---------------------------------------------------------------------------------------------------

    def _walk(self, top: etree._Element) -> None:
        """Read everything below `top`. Each open element leaves behind what has to be done when it ends."""
        trail: list[tuple[Callable[[], None] | None, etree._Element]] = []
        self.trail = trail
        text, element = top.text, (top[0] if len(top) else None)
        while True:
            if text and (self.written or self.pre or not text.isspace()):
                self._text(text)
            if element is None:
                if not trail:
                    break
                closer, ended = trail.pop()
            else:
                ended = element
                closer, inside = self._open(element)
                if inside:
                    text = element.text
                    if len(element):
                        trail.append((closer, element))
                        element = element[0]
                        continue
                    if text and (self.written or self.pre or not text.isspace()):
                        self._text(text)
            if closer is not None:
                closer()
            text, element = ended.tail, ended.getnext()
        self._flush()

    def _open(self, element: etree._Element) -> tuple[Callable[[], None] | None, bool]:
        """Begin an element: what to do at its end, and whether to look inside."""
        tag = element.tag
        if tag == "br":
            self.buffer.append(("\n", self.bold > 0))
            return None, False
        if tag in _INLINE or ":" in tag:  # <o:p> and other tags of word processors stand within lines
            return self._open_inline(element, tag)
        get = element.get
        role, name, ident = get("role"), get("class"), get("id") or ""
        said = _named(name) if name else _SILENT
        if said is _SILENT and "-" in tag:
            said = _named(tag)  # of web components
        # Most elements say nothing of themselves but their tag.
        plain = (
            said is _SILENT
            and role is None
            and not ident
            and element not in self.triggers
            and get("aria-modal") is None
        )
        first = element[0].tag if tag == "div" and len(element) else ""
        if (
            role == "tablist"
            or (first == "button" and len(element) > 1)
            or (said.accordion and tag in _TITLE_LISTS and "tab" in (name or "").lower())
        ) and self._are_titles_by_place(element):
            self._flush()
            return None, False
        if (not plain or tag in _SUSPECT_TAGS) and self._is_chrome(element, tag, role, said, ident):
            self._flush()
            return None, False
        item = self._flush() if self.written or self.buffer or self.links else ""
        if tag == "div":
            if self.items and element in self.items:
                self.kind.append(("item", ""))
                return self._leave_kind, True
            if role is not None and role in _TABLE_ROLES and (rows := self._rows_by_role(element)):
                self._table(element, rows)
                return None, False
            if len(element) > 1 and element[-1].tag == "div" and _ends_alike(element) and ident not in self.titles:
                if len(element) > 2 and (rows := self._rows_of_boxes(element)):
                    self._table(element, rows)
                    return None, False
                if self._is_list_of_boxes(element):
                    self.items.update(element)
                    self._enter_list(item)
                    return self._leave_list, True
            if (not first or first in _INLINE) and self._is_title_box(element):
                self._ends_with_its_box()
                self._heading(self._below(), _heading_text(element), (), f"box.{name or ''}")
                return None, False
        if plain and tag in _WRAPPERS:
            return self._flush_only, True
        if tag == "p" and (style := get("style")) and _BOLD_STYLE.search(style):
            self.bold += 1
            return self._leave_bold_block, True
        if (self.heads and element in self.heads) or (
            tag == "th" and not _is_text_of(element, _TITLE + 1) and next(element.iter(*_HEADINGS), None) is None
        ):
            # Of a table that is read as sections.
            self._heading(self._below(), _text_of(element), self._links_in(element), tag)
            return None, False
        if tag in _HEADINGS:
            self._heading(_HEADINGS[tag], _heading_text(element), self._links_in(element), tag)
            return None, False
        if tag == "p" and self._is_split_heading(element):
            before = element.getprevious().tag
            self._heading(_HEADINGS[before], _text_of(element), self._links_in(element), before)
            return None, False
        if tag in ("summary", "dt") or (
            not plain
            and (
                element in self.triggers
                or (
                    (
                        said.title
                        or role == "heading"
                        or (said.accordion and _stands_above_its_body(element))
                        or (role == "button" and _stands_above_a_box(element))
                    )
                    and self._is_class_title(element, tag, role)
                )
            )
        ):
            # The title of a panel that the page controls by id is written when the panel is entered.
            if element not in self.triggers:
                mark = tag if tag in ("summary", "dt") else f"{tag}.{name or ''}"
                depth, level = self._below(), get("aria-level")
                if role == "heading" and level in _LEVELS:
                    depth, mark = int(level), f"h{level}"
                self._heading(depth, _text_of(element), self._links_in(element), mark)
                if tag == "summary":
                    self.frame = len(self.stack)
            return None, False
        if said.label and tag == "div" and self._is_label(element):
            self._ends_with_its_box()
            self._heading(self._below(), _text_of(element), self._links_in(element), "label")
            return None, False
        closer = self._open_block(element, tag, said, item)
        panel = self.titles.get(ident, "") if ident else ""
        if panel or tag in ("details", "dl", "aside") or (said.scope and len(name or "") > 3):
            # What is headed inside of it says nothing about what follows.
            closer = self._restoring(closer, None if panel or tag == "details" else element)
            if panel and not (self.stack and self.stack[-1][1] == panel):
                self._heading(self._below(), panel, (), "panel")
            if panel or tag == "details":
                self.frame = len(self.stack)
        if tag == "table":
            if _is_data_table(element):
                self._table(element)
                return closer, False
            self.heads.update(_section_titles(element))
        return closer, True

    def _open_block(self, element: etree._Element, tag: str, said: _Name, item: str) -> Callable[[], None]:
        """Begin a block element: what to do at its end."""
        if tag in ("ul", "ol"):
            if said.accordion:
                return self._flush_only
            self._enter_list(item)
            return self._leave_list
        if tag == "li":
            if element.getparent().tag in ("ul", "ol") and not self.lists:
                return self._flush_only
            if len(element) and (_heads_itself(element) or _is_alone(element)):
                return self._outside_of_lists()
            self.kind.append(("item", ""))
            self.begun = len(self.blocks)
            return self._leave_kind
        if tag == "dd":
            term = next((text for _, text, mark in reversed(self.stack) if mark == "dt"), "")
            self.kind.append(("paragraph", "") if len(element) > 1 and _holds_parts(element) else ("definition", term))
            return self._leave_kind
        if tag == "dl":
            self.groups += 1
        elif tag == "pre":
            self.pre += 1
            return self._leave_pre
        return self._flush_only

    def _outside_of_lists(self) -> Callable[[], None]:
        """Begin an item that is a section with a heading of its own: what stands in it is read as if there were no list around."""
        lists, kinds = self.lists, self.kind
        self.lists, self.kind, self.lead = [], [], ""

        def close() -> None:
            self._flush()
            self.lists, self.kind = lists, kinds

        return self._restoring(close)

    def _is_split_heading(self, element: etree._Element) -> bool:
        """Is a paragraph what `<h2><p>Title</p></h2>` is parsed into: an empty heading and a short paragraph after it?"""
        before = element.getprevious()
        if before is None or before.tag not in _HEADINGS or len(before) or (before.text or "").strip():
            return False
        return not (before.tail or "").strip() and 0 < _text_length(element) <= _TITLE

    def _is_class_title(self, element: etree._Element, tag: str, role: str | None) -> bool:
        """Is a div or paragraph that says so a heading: by its role, or by a class name such as 'accordion-title'?"""
        if role == "heading" or (role == "button" and _stands_above_a_box(element) and _is_short(element)):
            return True
        if (tag not in ("div", "p") and "-" not in tag) or _calls_itself_body(element.get("class") or ""):
            return False
        if len(element):
            if any(child.tag not in _INLINE and child.tag != "div" for child in element):
                return False
            if self.triggers and any(
                inner in self.triggers for inner in islice(element.iter("div", "a", "button", "li"), 8)
            ):
                return False  # a box around the titles of tabs
            if next(element.iter(*_HEADINGS), None) is not None:
                return False  # a box around a real heading
            if _holds_boxes(element):
                return False  # a box around a title and its text
        text = _text_of(element) if _text_length(element) <= _TITLE else ""
        if not len(text) > 2 or text.endswith(_END) or _CONTACT.search(text):
            return False
        if "20" in text and _DATED.fullmatch(text.lower()):
            return False  # when it was written
        link = _first(element, "a")
        return link is None or (_leads_nowhere(link) and len(_text_of(link)) >= 0.8 * len(text))

    def _is_title_box(self, box: etree._Element) -> bool:
        """Is a box the title of the one after it: a few words that begin like a title, the other with paragraphs or lists, nothing
        else beside them, and one more such pair before or after?"""
        body = box.getnext()
        if body is None or body.tag != "div" or not len(body) or body.getnext() is not None or not self.trail:
            return False
        if box.getprevious() is not None or body[0].tag not in ("p", "ul", "ol", "table", "div"):
            return False
        if (
            not _has_a_like(box)
            or self._size(box) > _TITLE
            or any(e.tag not in _PLAIN_INLINE for e in islice(box.iter(), 1, 9))
        ):
            return False
        text = _text_of(box)
        if len(text) < 4 or not text[0].isupper() or not _may_head(text) or any(map(str.isdigit, text)):
            return False
        return next(body.iter("p", "ul", "ol", "table"), None) is not None or _is_text_of(body, 60)

    def _is_label(self, element: etree._Element) -> bool:
        """Is an element that calls itself a label the name of the field whose value stands in the next element?"""
        if element.getprevious() is not None or element.getnext() is None or not self.trail:
            return False
        if _PLACED_LABEL.search(element.get("class") or "") or _first(element, "div") is not None:
            return False  # a whole field, whose label stands above it or is hidden
        return not _is_text_of(element, _TITLE + 1) and _first(element, "a") is None

    def _open_inline(self, element: etree._Element, tag: str) -> tuple[Callable[[], None] | None, bool]:
        if tag in ("img", "wbr", "source"):
            return None, False
        name = element.get("class") or ""
        if tag in _CONTROLS and (
            element in self.triggers
            or (
                (name or tag == "button" or element.get("aria-expanded") is not None)
                and self._is_class_control(element, tag, name)
            )
        ):
            text = _text_of(element)
            if element in self.triggers or not text or len(text) > _TITLE:
                if element in self.triggers:
                    self._flush()
                return None, element not in self.triggers
            self._flush()
            if tag == "button" and self.trail and element.getprevious() is None and element.getnext() is not None:
                self._ends_with_its_box()
            self._heading(self._below(), text, (), f"{tag}.{name}")
            return None, False
        address = hidden_address(element)
        if tag == "a":
            return self._open_link(element, address)
        if address and not any(link.url == f"mailto:{address}" for link in self.links):
            self.links.append(Link(_text_of(element), f"mailto:{address}"))
        if (
            tag in _BOLD
            or (tag == "span" and name and _named(name).title)
            or ((style := element.get("style")) and _BOLD_STYLE.search(style))
        ):
            self.bold += 1
            return self._leave_bold, True
        return None, True

    def _is_class_control(self, element: etree._Element, tag: str, name: str) -> bool:
        """Is a button, link or span the title of a panel that follows, by its class name or its ARIA state?"""
        if tag == "button" and (element.get("aria-expanded") is not None or _stands_above_a_box(element)):
            return True
        if tag in _BOLD and element.get("aria-expanded") is not None:
            return True
        if tag == "a":
            if not _leads_nowhere(element):
                return False
            if element.get("aria-expanded") is not None or _stands_above_a_box(element):
                return True
        if tag == "span" and element.get("tabindex") is not None and _opens_the_next_box(element):
            return True
        if not name or not _named(name).accordion:
            return False
        return tag in ("a", "button") or _named(name).title

    def _open_link(self, element: etree._Element, address: str) -> tuple[Callable[[], None] | None, bool]:
        href = element.get("href") or ""
        text = _text_of(element)
        contact = bool(address) or href.lower().startswith(("mailto:", "tel:"))
        card = False
        if len(element):
            sought = not address
            for inner in element.iter(etree.Element):
                if sought and inner.get("data-cfemail"):
                    address, sought = hidden_address(inner), False
                card = card or inner.tag not in _INLINE
        link = Link(text, f"mailto:{address}") if address else Link(text, self._absolute(href)) if href else None
        if card:
            # A link around whole blocks is a block itself.
            self._flush()
            if _is_dated_card(element):
                return None, False
        if link is not None:
            self.links.append(link)
        if contact:
            self.apart = True
            return self._leave_contact, True
        return None, True

    def _leave_contact(self) -> None:
        self.apart = True

    def _leave_bold(self) -> None:
        self.bold -= 1

    def _leave_bold_block(self) -> None:
        self._flush()
        self.bold -= 1

    def _leave_kind(self) -> None:
        self._flush()
        self.kind.pop()

    def _leave_pre(self) -> None:
        self._flush()
        self.pre -= 1

    def _flush_only(self) -> None:
        if self.written or self.buffer or self.links:
            self._flush()

    def _restoring(self, closer: Callable[[], None], element: etree._Element | None = None) -> Callable[[], None]:
        """`closer`, and then the headings as they are now, unless `element` turns out to hold nothing but a heading."""
        stack, frame, lead = self.stack, self.frame, self.lead
        blocks, written = self.blocks, len(self.blocks)

        def close() -> None:
            closer()
            if element is not None and self._is_heading_alone(element, blocks, written):
                return
            self.stack, self.frame, self.lead = stack, frame, lead

        return close

    def _ends_with_its_box(self) -> None:
        """What is headed from here on holds to the end of the innermost open element."""
        closer, element = self.trail[-1]
        self.trail[-1] = (self._restoring(closer or self._flush_only), element)

    def _is_heading_alone(self, element: etree._Element, blocks: list[Block], written: int) -> bool:
        """Is an element that was read to `blocks` from `written` on a box around a heading, whose text stands in the next box?

        Page builders put every heading into a box of its own, and cards have a box for their title.
        """
        own = blocks[written : written + 3]
        if not 0 < len(own) < 3 or any(block.kind != "heading" for block in own):
            return False
        return self._size(element) <= sum(len(block.text) for block in own) + 20

    def _text(self, text: str) -> None:
        """Take a text of the page; white space only where something stands before it already, or in preformatted text."""
        if not self.pre and text.isspace():
            self.buffer.append((" ", self.bold > 0))
            return
        self.written = True
        if not self.pre and ("\n" in text or "\r" in text):
            text = text.replace("\n", " ").replace("\r", " ")
        if self.apart:
            # Addresses and numbers stand apart from the words around them, whatever the page forgot.
            if text[0].isalnum() and self.buffer and self.buffer[-1][0][-1:].isalnum():
                text = f" {text}"
            self.apart = False
        self.buffer.append((text, self.bold > 0))

    def _links_in(self, element: etree._Element) -> tuple[Link, ...]:
        links = []
        for e in element.iter(etree.Element) if len(element) else (element,):
            if address := hidden_address(e):
                links.append(Link(_text_of(e), f"mailto:{address}"))
            elif e.tag == "a" and e.get("href"):
                links.append(Link(_text_of(e), self._absolute(e.get("href"))))
        return _each_once(links) if links else ()

    def _absolute(self, href: str | None) -> str:
        href = (href or "").strip()
        if href.startswith(("https://", "http://")):
            if _PLAIN_ADDRESS.match(href):
                return href
        elif self.host and _PLAIN_PATH.match(href):
            return self.host + href
        elif href.lower().startswith(("mailto:", "tel:")):
            return unquote(href)
        try:
            return urljoin(self.url, href)
        except ValueError:
            return href

    # -- writing down -----------------------------------------------------------------------------------------------

    def _above(self) -> tuple[str, ...]:
        """The chain of headings above what is written down next; made once for all blocks that stand under them."""
        if self.chained is not self.stack:
            self.chained, self.chain = self.stack, tuple([heading for _, heading, _ in self.stack])
        return self.chain

    def _below(self) -> float:
        """The depth of a heading that is marked up as none: just below the last real one."""
        return next((depth for depth, _, _ in reversed(self.stack) if depth <= 6 and depth == int(depth)), 0) + 0.5

    def _heading(self, depth: float, text: str, links: tuple[Link, ...], mark: str) -> None:
        """Write a heading down. What was marked up in the same way before is its sibling."""
        if not text or (self.stack and self.stack[-1][1] == text):
            return
        if _is_control(text):
            if _heads_a_menu(text):  # what is linked below of it goes with it
                self.blocks.append(Block("heading", text, self._above(), depth=7))
            return
        if depth == 1 and links and self._names_the_site(text, links):
            return
        if len(text) > 200 or (len(text) > 120 and len(sentences(text)) > 1):
            # Whole paragraphs marked up as headings for their looks.
            self._add("paragraph", text, links)
            self.lead = ""
            return
        if depth < self.highest:
            # The page's name, however it is marked up: what stood before are headings of boxes beside it.
            names = self._names()
            if depth > 1 and (
                text.lower() in (names if self.highest > 8 else names[:1])
                or (len(text) > 20 and self.title.startswith(text))
            ):
                depth, mark = 1, "h1"
            self.highest = depth
        stack, length = self.stack, len(self.stack)
        for index in range(self.frame, length):
            if stack[index][2] == mark:
                depth, length = stack[index][0], index
                break
        while length > self.frame and stack[length - 1][0] >= depth:
            length -= 1
        self.stack = stack = stack[:length]
        self.blocks.append(
            Block("heading", text, self._above(), depth=1 if depth == 1 else max(2, ceil(depth)), links=links)
        )
        if length < 40:
            self.stack = (*stack, (depth, text, mark))
        self.lead = ""

    def _names_the_site(self, text: str, links: tuple[Link, ...]) -> bool:
        """Is a first heading that leads home the name of the site: on a page that has another title, and is not home itself?"""
        if len(links) > 1 or links[0].text != text or not self._is_home(links[0].url) or self._is_home(self.url):
            return False
        return bool(self.title) and [text.lower()] != self._names()

    def _is_home(self, url: str) -> bool:
        """Does an address lead to the site's first page?"""
        return url.partition("#")[0].partition("?")[0].rstrip("/") == self.host != ""

    def _names(self) -> list[str]:
        """The parts of the page's title: a first heading that is one of them is the page's name, however it is marked up."""
        return [part.strip().lower() for part in _TITLE_BREAK.split(self.title)]

    def _add(self, kind: BlockKind, text: str, links: tuple[Link, ...] = (), term: str = "") -> None:
        """Write a block of text down."""
        if self.lists:
            group, lead = self.lists[-1]
            depth = len(self.lists)
        else:
            group, lead, depth = 0, self.lead if kind == "item" else "", int(kind == "item")
        self.blocks.append(Block(kind, text, self._above(), lead, depth, group, (), term, links))

    def _flush(self) -> str:
        """Write the buffered text down; give it back when it may introduce a list inside of it."""
        if not self.written:
            # Nothing but white space; a link without words (an icon) may still hold an address.
            if self.buffer:
                self.buffer.clear()
            if self.links:
                links = _each_once(self.links)
                self.links = []
                if self.blocks and any(link.url.startswith("mailto:") for link in links):
                    self.blocks[-1].links += links
            return ""
        self.written = False
        lines = _lines_of(self.buffer)
        links = _each_once(self.links) if self.links else ()
        self.buffer, self.links = [], []
        if not lines:
            return ""
        kind, term = self.kind[-1] if self.kind else ("paragraph", "")
        if kind != "paragraph" or self.lists:
            texts = [text for text, _ in lines if text]
            if kind == "item" and (
                (len(texts) > 2 and all(map(_BULLET.match, texts[1:])))
                or (len(texts) == 1 and len(self.blocks) > self.begun and _BULLET.match(texts[0]))
            ):
                return self._item_of_bullets(texts, links)
            text = lines[0][0] if len(lines) == 1 else "\n".join(texts)
            if not _is_control(text):
                self._add(kind, text, links, term)
                if kind == "definition":
                    self.lead = text if len(text) < 400 else ""
            return text
        self._paragraphs(lines, links)
        return self.lead

    def _item_of_bullets(self, texts: list[str], links: tuple[Link, ...]) -> str:
        """Write an item down whose lines below the first are typed with bullets, or another such line: a list inside of it."""
        depth, last = len(self.lists) + 1, self.blocks[-1] if self.blocks else None
        lead, *below = texts
        if not _BULLET.match(lead):
            self._add("item", lead, _links_of(links, lead))
        elif last is not None and last.kind == "item":
            lead, below = last.text, texts
        else:
            self._add("item", lead, links)
        if last is not None and last.depth == depth and _BULLET.match(last.text) and len(below) == len(texts):
            group, lead = last.group, last.lead  # one more of the list above
        else:
            self.groups += 1
            group = self.groups
        headings = self._above()
        for text in below:
            own = _links_of(links, text) if len(below) > 1 else links
            self.blocks.append(Block("item", text, headings, lead, depth, group, links=own))
        return lead

    def _paragraphs(self, lines: list[tuple[str, bool]], links: tuple[Link, ...]) -> None:
        """Write the lines of one paragraph down: blank lines part them, a bold line above others heads them, bullets are items."""
        if len(lines) == 1:
            self._one_line(*lines[0], links)
            return
        bullets = any(_BULLET.match(text) for text, _ in lines)
        numbered = sum(1 for text, _ in lines if _NUMBERED.match(text)) > 1
        rest = list(links)
        part: list[str] = []
        group = 0

        def own(text: str) -> tuple[Link, ...]:
            mine = tuple(link for link in rest if link.text and link.text in text)
            rest[:] = [link for link in rest if link not in mine]
            return mine

        def close() -> None:
            if part:
                text = "\n".join(part)
                part.clear()
                if not _is_control(text):
                    self._paragraph(text, own(text))

        for number, (text, is_bold) in enumerate(lines):
            if not text:
                close()
                continue
            starts = number == 0 or not lines[number - 1][0]
            ends = number + 1 == len(lines) or not lines[number + 1][1]
            if is_bold and starts and ends and _may_head(text):
                close()
                self._heading(7, text, own(text), "bold")
            elif (bullets and _BULLET.match(text)) or (numbered and _NUMBERED.match(text)):
                close()
                if not group:
                    group = self._pseudo_list()
                self._bullet(text, group, own(text))
            else:
                part.append(text)
                if bullets or numbered:
                    close()
        close()
        if rest and self.blocks:
            self.blocks[-1].links += tuple(rest)

    def _one_line(self, text: str, is_bold: bool, links: tuple[Link, ...]) -> None:
        """Write a paragraph of one line down."""
        if is_bold and _may_head(text):
            self._heading(7, text, links, "bold")
        elif _BULLET.match(text) or (_NUMBERED.match(text) and self._goes_on_numbered()):
            self._bullet(text, self._pseudo_list(), links)
        elif len(text) <= 60 and text.isupper() and not links and _heads_in_capitals(text):
            self._heading(7, text, links, "capitals")
        elif (
            (len(text) > 1 or text.isdigit())
            and not _is_control(text)
            and not (text[-1].isdigit() and len(text) < 300 and _STAMP.search(text))
        ):
            self._paragraph(text, links)
        elif self.blocks:
            self.blocks[-1].links += links

    def _goes_on_numbered(self) -> bool:
        """Does a paragraph that begins with a number or letter stand below 'the following:' or below another such?"""
        if self.after_list[0] == len(self.blocks) and self.blocks and _NUMBERED.match(self.blocks[-1].text):
            return True
        return self.lead.endswith(":") and bool(self.blocks) and self.blocks[-1].text == self.lead

    def _bullet(self, text: str, group: int, links: tuple[Link, ...]) -> None:
        """Write an item down that is typed as a line with a bullet or a number. Another bullet opens a list inside of the item above."""
        mark, before = _mark_of(text), [mark for mark, _, _ in self.marks]
        if not before or self.after_list[0] != len(self.blocks):
            self.marks = [(mark, group, self.lead)]
        elif mark and before == [""] and (len(self.blocks) < 2 or self.blocks[-2].group != self.marks[0][1]):
            note = self.blocks[-1]  # what stood above with an asterisk
            note.kind, note.group, note.depth, lead = "paragraph", 0, 0, note.lead
            note.lead = ""
            self.marks = [(mark, group, lead)]
        elif mark in before:
            del self.marks[before.index(mark) + 1 :]
        elif mark and len(before) < 4:
            self.groups += 1
            self.marks.append((mark, self.groups, self.blocks[-1].text))
        _, own, lead = self.marks[-1]
        self.blocks.append(Block("item", text, self._above(), lead, len(self.marks), own, links=links))
        self.after_list = (len(self.blocks), *self.marks[0][1:])

    def _untyped_lists(self) -> None:
        """Make items of the lines below 'Please submit:' that are paragraphs, or lines of one, without any bullets."""
        blocks, made = self.blocks, False
        rows: list[Block] = []
        index = 0
        while index < len(blocks):
            block = blocks[index]
            if block.kind == "paragraph" and block.text[0] == "1" and (count := _count_numbered(blocks, index)) > 1:
                made = True
                self.groups += 1
                lead = rows[-1].text if rows and rows[-1].kind == "paragraph" and len(rows[-1].text) < 400 else ""
                for one in blocks[index : index + count]:
                    rows.append(Block("item", one.text, one.headings, lead, 1, self.groups, links=one.links))
                index += count
                continue
            rows.append(block)
            index += 1
            if block.kind != "paragraph" or ":" not in block.text:
                continue
            first, *lines = block.text.split("\n")
            if lines and first.endswith(":") and len(lines) > 1 and all(map(_may_be_item, lines)):
                rows.pop()
                links = block.links
                rows.append(Block("paragraph", first, block.headings, links=_links_of(links, first)))
                pieces = [(line, _links_of(links, line)) for line in lines]
            elif not lines and first.endswith(":"):
                end = index
                while end < len(blocks) and _is_item_like(blocks[end], block):
                    end += 1
                if end - index == 1 and "\n" in blocks[index].text:
                    below = blocks[index]
                    pieces = [(line, _links_of(below.links, line)) for line in below.text.split("\n")]
                elif end - index < 3 or any("\n" in one.text for one in blocks[index:end]):
                    continue
                else:
                    pieces = [(one.text, one.links) for one in blocks[index:end]]
                index = end
            else:
                continue
            made = True
            self.groups += 1
            rows += [Block("item", text, block.headings, first, 1, self.groups, links=own) for text, own in pieces]
        if made:
            self.blocks = rows

    def _pseudo_list(self) -> int:
        """The group of items that are typed as paragraphs with bullets: the one that just ended, or a new one."""
        if self.after_list[0] == len(self.blocks):
            return self.after_list[1]
        self.groups += 1
        return self.groups

    def _paragraph(self, text: str, links: tuple[Link, ...]) -> None:
        self._add("paragraph", text, links)
        if len(text) < 400:
            self.lead = text
        else:
            self.lead = sentences(text[-1000:])[-1] if text.endswith(":") else ""

    def _enter_list(self, item: str) -> None:
        """Begin a list. Its lead is the item around it or the paragraph above it; a list right after a list goes on with it."""
        if self.lists:
            last = self.blocks[-1] if self.blocks else None
            lead = item or (last.text if last is not None and last.group == self.lists[-1][0] else self.lists[-1][1])
        elif self.after_list[0] == len(self.blocks):
            last = self.blocks[-1] if self.blocks else None
            if last is None or last.kind != "item" or not last.text.endswith(":"):
                self.lists.append(self.after_list[1:])
                return
            lead = last.text  # a list that belongs inside of the item before it
            self.led_by_item[self.groups + 1] = self.after_list[1:]
        else:
            lead = self.lead
        self.groups += 1
        self.lists.append((self.groups, lead))

    def _leave_list(self) -> None:
        self._flush()
        group, lead = self.lists.pop()
        if not self.lists:
            self.after_list = (len(self.blocks), *self.led_by_item.pop(group, (group, lead)))
            self.lead = ""

    def _table(self, element: etree._Element, rows: list[_Row] | None = None) -> None:
        """Write a table down; `rows` where it is none of HTML's own."""
        self._flush()
        lead = self.lead
        self.groups += 1
        headings = self._above()
        caption = element.find("caption")
        if caption is not None and (text := _text_of(caption)):
            self.blocks.append(Block("paragraph", text, headings))
            lead = text
        header: list[str] = []
        spans: dict[int, tuple[int, str]] = {}  # column -> (rows left, text) of cells that reach down
        for number, (row, own_cells) in enumerate(
            rows or [(row, list(row.iter("td", "th"))) for row in element.iter("tr")]
        ):
            cells: list[tuple[str, bool]] = []
            own: list[str] = []
            links: list[Link] = []

            def fill(cells: list[tuple[str, bool]] = cells) -> None:
                while len(cells) in spans:
                    left, text = spans.pop(len(cells))
                    if left > 1:
                        spans[len(cells)] = (left - 1, text)
                    cells.append((text, False))

            for cell in own_cells:
                fill()
                text = _cell_text(cell)
                own.append(text)
                for a in cell.iter("a", "span"):
                    if a.get("data-cfemail"):
                        links.append(Link(_text_of(a), f"mailto:{decode_cfemail(a.get('data-cfemail'))}"))
                    elif a.tag == "a" and a.get("href"):
                        links.append(Link(_text_of(a), self._absolute(a.get("href"))))
                width, height = _span(cell, "colspan"), _span(cell, "rowspan")
                for _ in range(width):
                    if height > 1:
                        spans[len(cells)] = (height - 1, text)
                    cells.append((text, _is_head(cell)))
            fill()
            texts = [text for text, _ in cells]
            if not any(own):
                continue
            is_header = bool(cells) and (
                all(th for _, th in cells) or (number == 0 and _looks_like_header(row, own_cells, texts))
            )
            if is_header and any(map(_PRICE.fullmatch, texts[1:])):
                is_header = False  # a price is no header, however its cell is marked up
            if is_header and len(set(texts)) > 1:
                header = texts
            whole = len(own) == 1 and len(texts) > 1  # one cell across: a heading inside of the table
            self.blocks.append(
                Block(
                    "row",
                    " ".join(text for text in own if text),
                    headings,
                    lead=lead,
                    group=self.groups,
                    cells=tuple(
                        Cell(text, header[i] if i < len(header) and not is_header else "", texts[0] if i else "")
                        for i, text in enumerate(texts)
                    ),
                    links=tuple(links),
                    depth=0 if not (is_header or whole) else 1,
                )
            )
            if whole and not is_header:
                lead = texts[0]
        self._list_of_rows()
        self.lead = ""

    def _list_of_rows(self) -> None:
        """Make items of the rows just written where each has a picture for a bullet and one text: a list set as a table."""
        blocks, start = self.blocks, len(self.blocks)
        while start and blocks[start - 1].kind == "row" and blocks[start - 1].group == self.groups:
            cells = blocks[start - 1].cells
            if len(cells) != 2 or cells[0].text or cells[1].column:
                return
            start -= 1
        blocks[start:] = [
            Block("item", block.text, block.headings, block.lead, 1, block.group, links=block.links)
            for block in blocks[start:]
        ]


def _each_once(links: list[Link]) -> tuple[Link, ...]:
    return tuple(dict.fromkeys(links) if len(links) > 1 else links)


def _lines_of(pieces: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """The lines that `pieces`, each bold or not, are put together to, and whether each is bold as a whole; no blank ones at the ends."""
    if len(pieces) == 1 and "\n" not in pieces[0][0]:
        text, is_bold = pieces[0]
        folded = fold_space(text)
        return [(folded, is_bold)] if folded else []
    texts, bolds = zip(*pieces, strict=True)
    whole = "".join(texts)
    if "\n" not in whole and True not in bolds:
        folded = fold_space(whole)
        return [(folded, False)] if folded else []
    lines: list[tuple[str, bool]] = []
    line: list[str] = []
    bold, plain = 0, 0
    for text, is_bold in (*pieces, ("\n", False)):
        first, *more = text.split("\n") if "\n" in text else (text,)
        if is_bold:
            bold += len(first.strip())
        else:
            plain += len(first.strip(_AROUND_BOLD))
        line.append(first)
        for piece in more:
            lines.append((fold_space("".join(line)), bold > 0 and plain == 0))
            line, bold, plain = (
                [piece],
                len(piece.strip()) if is_bold else 0,
                0 if is_bold else len(piece.strip(_AROUND_BOLD)),
            )
    while lines and not lines[-1][0]:
        lines.pop()
    while lines and not lines[0][0]:
        lines.pop(0)
    return lines


def _stands_above_its_body(element: etree._Element) -> bool:
    """Is an element the first of two in their box, the second of which calls itself a body?"""
    body = element.getnext()
    if body is None or body.tag not in _WRAPPERS or body.getnext() is not None or element.getprevious() is not None:
        return False
    return _calls_itself_body(body.get("class") or "")


@lru_cache(maxsize=4096)
def _calls_itself_body(name: str) -> bool:
    """Is what a class name says last that it is the body of a panel: 'toggle-content', 'toggle-content-inner', no 'content-title'?"""
    for word in _CAMEL.sub("-", name).lower().split():
        if word.endswith(_BODY_WORDS):
            return True
        telling = [part for part in re.split("[-_]+", word) if part in _BODY_WORDS or part in _TITLES.plain]
        if len(telling) > 1 and telling[-1] in _BODY_WORDS:
            return True
    return False


def _is_panel(panel: etree._Element, box: etree._Element) -> bool:
    """Does a box, or the one around it, call itself a panel of tabs?"""
    name = f"{panel.get('class') or ''} {box.get('class') or ''}".lower()
    return "tab" in name or "pane" in name or "content" in name


def _are_alike(element: etree._Element) -> bool:
    """Are all parts of an element of one kind: by their tag, and boxes by a class name too?"""
    tag = element[0].tag
    if any(part.tag != tag for part in element):
        return False
    if tag not in ("div", "span"):
        return True
    names = [part.get("class") or "" for part in element]
    return (tag == "span" and not any(names)) or bool(set.intersection(*[set(name.split()) for name in names]))


def _is_dated_card(link: etree._Element) -> bool:
    """Is a link around blocks a teaser of news: does it hold a heading and, in an element of its own, the date of the day?"""
    if next(link.iter(*_HEADINGS), None) is None:
        return False
    return any(e.text and len(e.text) < 60 and _DATED.fullmatch(fold_space(e.text).lower()) for e in link.iter())


def _opens_the_next_box(span: etree._Element) -> bool:
    """Is a span that can be clicked all that stands in its paragraph, above a box?"""
    around = span.getparent()
    if around.tag not in ("p", "div") or not _stands_alone(span):
        return False
    box = around.getnext()
    return box is not None and box.tag in _WRAPPERS and next(iter(box), None) is not None


def _stands_alone(element: etree._Element) -> bool:
    """Is an element all that its parent holds?"""
    if element.getprevious() is not None or element.getnext() is not None:
        return False
    return not (element.getparent().text or "").strip() and not (element.tail or "").strip()


def _stands_above_a_box(title: etree._Element) -> bool:
    """Is a control the title of the box after it: do the two fill their parent, alone or one such pair after the other?"""
    box = title.getnext()
    if box is None or box.tag not in _WRAPPERS or (title.tail and not title.tail.isspace()):
        return False
    before, after = title.getprevious(), box.getnext()
    if before is not None and (before.tag != box.tag or not _are_of_one_kind(before.getprevious(), title)):
        return False
    if (after is not None and not _are_of_one_kind(after, title)) or not _is_text_of(box, 1):
        return False
    return not any(e.tag in ("label", "form") for e in islice(box.iter(), 30))


def _is_short(element: etree._Element) -> bool:
    """Is an element's text short enough for a title?"""
    return _is_text_of(element, 1) and not _is_text_of(element, _TITLE + 1)


def _are_of_one_kind(element: etree._Element | None, other: etree._Element) -> bool:
    """Have two elements the same tag and role?"""
    return element is not None and element.tag == other.tag and element.get("role") == other.get("role")


def _heads_itself(item: etree._Element) -> bool:
    """Does an item of a list begin with a heading, or with a bold line above paragraphs?"""
    first = item[0]
    if item.text and not item.text.isspace():
        return False
    if first.tag in _HEADINGS or first.get("aria-expanded") is not None:
        return True
    if first.tag == "div":
        return (_named(first.get("class") or "").title and first.getnext() is not None) or _begins_with_heading(first)
    if first.tag == "a":
        return _leads_nowhere(first) and _stands_above_a_box(first)
    if first.tag not in _BOLD and first.tag != "p":
        return False
    after = first.getnext()
    if after is not None and after.tag == "br" and first.tag in _BOLD:
        return False
    if after is None or after.tag not in ("p", "div", "table") or (first.tail and not first.tail.isspace()):
        return False
    if first.tag == "p":
        bold = first[0] if len(first) == 1 else None
        if bold is None or bold.tag not in _BOLD or (first.text or "").strip() or (bold.tail or "").strip(" :\xa0"):
            return False
    return not _is_text_of(first, _TITLE + 1) and _may_head(_text_of(first))


def _begins_with_heading(box: etree._Element) -> bool:
    """Is the first thing in a box a heading, pictures and boxes around it aside?"""
    for element in islice(box.iter(), 12):
        if element.tag in _HEADINGS:
            return element.getnext() is not None or element.getparent() is not box
        if (element.text and not element.text.isspace()) or (element is not box and (element.tail or "").strip()):
            return False
    return False


def _is_alone(item: etree._Element) -> bool:
    """Is an item the only one of its list, and holds a page's paragraphs and more? Some systems set a page as a list of parts."""
    if item.getnext() is not None or item.getprevious() is not None or (item.text and not item.text.isspace()):
        return False
    return item[0].tag in _WRAPPERS and len(list(islice(item.iter("p", "ul", "ol", "table", "br", *_HEADINGS), 3))) == 3


def _holds_boxes(element: etree._Element) -> bool:
    """Does an element hold several boxes with text?"""
    return sum(1 for child in element if child.tag == "div" and _is_text_of(child, 1)) > 1


def _holds_parts(element: etree._Element) -> bool:
    """Does a definition hold lists, or paragraphs and more, rather than a line or two?"""
    return sum(1 for child in element if child.tag in ("p", "ul", "ol", "table", "h3", "h4", "h5", "div")) > 1


def _mark_of(text: str) -> str:
    """What sort of bullet or number a typed item begins with; '' for an asterisk, which may begin a note as well."""
    first = text[0]
    return (
        "1"
        if first.isdigit()
        else "a"
        if first.isalpha() and first != "o"
        else {"–": "-", "—": "-", "*": ""}.get(first, first)
    )


def _links_of(links: tuple[Link, ...], text: str) -> tuple[Link, ...]:
    return tuple(link for link in links if link.text and link.text in text)


def _count_numbered(blocks: list[Block], start: int) -> int:
    """How many paragraphs from `start` on are numbered one after the other, from 1 on and in the same way."""
    count = 0
    for index in range(start, len(blocks)):
        block = blocks[index]
        if block.kind != "paragraph" or not (mark := _TYPED_NUMBER.match(block.text)) or int(mark[1]) != count + 1:
            break
        count += 1
    return count


def _is_item_like(block: Block, lead: Block) -> bool:
    """May a paragraph below `lead` be an item of the list that it announces, or several in a line each?"""
    if block.kind != "paragraph" or block.headings != lead.headings:
        return False
    return all(map(_may_be_item, block.text.split("\n")))


def _may_be_item(line: str) -> bool:
    """Is a line short, no sentence and no contact?"""
    return 1 < len(line) <= 100 and not line.endswith((".", "!", "?", ":")) and not _CONTACT.search(line)


def _heads_in_capitals(text: str) -> bool:
    """Is a line in capitals a heading ('FEES AND TUITION'), and no notice or bare name?"""
    letters = sum(map(str.isalpha, text))
    return letters > 3 and letters > 0.7 * len(text) and not any(map(str.isdigit, text)) and _may_head(text)


def _may_head(text: str) -> bool:
    """May a line that is bold as a whole be a heading in all but name?"""
    return len(text) <= _TITLE and not text.endswith(_END) and not _BULLET.match(text) and not _CONTACT.search(text)


def _heading_text(element: etree._Element) -> str:
    """The text of a heading without the controls at its ends ('Copy link', '#')."""
    text = _text_of(element)
    if len(element):
        for inner in element.iter("button", "a", "span", "i"):
            words = _text_of(inner)
            if words and len(words) < len(text) and (_is_control(words) or words in ("#", "¶", "+", "-", "×")):
                if text.endswith(words):
                    text = text[: -len(words)].rstrip()
                elif text.startswith(words):
                    text = text[len(words) :].lstrip()
    return text


def _is_control(text: str) -> bool:
    """Is a text nothing but the words of a control ('Back to top', 'Expand all')?"""
    return len(text) < 40 and text.strip(" .:>»›+-–").lower() in _controls()


@cache
def _controls() -> frozenset[str]:
    phrases = vocabulary("chrome").entries["control"]["phrases"]
    return frozenset(plain for phrase in phrases for plain in expand(phrase)) | _menu_headings()


def _heads_a_menu(text: str) -> bool:
    """Does a line stand above links to the pages around ('In this section') or to the parts of this one?"""
    return text.strip(" :").lower() in _menu_headings()


@cache
def _menu_headings() -> frozenset[str]:
    phrases = vocabulary("chrome").entries["menu"]["phrases"]
    return frozenset(plain for phrase in phrases for plain in expand(phrase))


@cache
def _aside_headings() -> frozenset[str]:
    phrases = vocabulary("chrome").entries["aside"]["phrases"]
    return frozenset(plain for phrase in phrases for plain in expand(phrase))


@cache
def _headings_for_others() -> frozenset[str]:
    phrases = vocabulary("chrome").entries["others"]["phrases"]
    return frozenset(plain for phrase in phrases for plain in expand(phrase))


def _is_only_links(block: Block) -> bool:
    """Is a block nothing but the words of links to other pages?"""
    if not block.links or block.kind in ("title", "heading"):
        return False
    linked = [link.text for link in block.links if not link.url.startswith(("mailto:", "tel:"))]
    if sum(map(len, linked)) >= 0.9 * len(block.text):
        return True
    if len(linked) < 3:
        return False
    # 'Home | About | Contact'
    between = _BETWEEN_LINKS.sub
    return len(between("", "".join(linked))) >= 0.9 * len(between("", block.text))


def _tidy(blocks: list[Block], whole_body: bool) -> list[Block]:
    """`blocks` without what only the sequence shows to be chrome.

    That is: links and teasers under 'Related pages', 'News' and the like; menus of a page without any markup (what stands above
    its name, six and more links in a row that nothing introduces); what stands there twice for small screens; the copyright
    line and what follows it.
    """
    first = next((i for i, block in enumerate(blocks) if block.kind == "heading"), 0) if whole_body else 0
    if whole_body and (name := _above_the_name(blocks)):
        blocks = [block for i, block in enumerate(blocks) if i >= name or block.kind == "title"]
        first = 0
    blocks = _without_teasers(_without_reports(blocks))
    links = [bool(block.links) and _is_only_links(block) for block in blocks]
    drop = [False] * len(blocks)
    for i in _menu_beside(blocks, links):
        drop[i] = True
    run, half, aside = 0, 0.5 * len(blocks), _aside_headings()
    seen: set[tuple[str, tuple[str, ...]]] = set()
    menu = False  # links below 'In this section'
    for i, block in enumerate(blocks):
        run = run + 1 if links[i] else 0
        if block.kind == "heading" and block.depth == 7 and _heads_a_menu(block.text):
            menu = drop[i] = True
        elif menu:
            menu = drop[i] = links[i]
        if links[i]:
            above = block.headings[-1].lower().strip(" :") if block.headings else ""
            drop[i] = drop[i] or i < first or above in aside
            if whole_body and not block.lead.endswith(":"):
                if run >= 6 and len(block.headings) < 2:
                    drop[i - 5 : i + 1] = [True] * 6
                elif len(block.links) >= 6:
                    drop[i] = True
        elif len(block.text) > 30 and block.kind not in ("heading", "title", "row"):
            key = (block.text, block.headings)
            drop[i] = drop[i] or key in seen
            seen.add(key)
        if i <= half or len(block.text) >= 300:
            continue
        lower = block.lower
        if ("right" in lower or "©" in lower or "(c)" in lower) and _COPYRIGHT.opens(lower):
            drop[i:] = [True] * (len(blocks) - i)
            break
    for i in range(len(blocks) - 1, -1, -1):
        # A heading over nothing goes with what stood under it.
        if blocks[i].kind == "heading" and not drop[i] and blocks[i].lower.strip(" :") in aside:
            below = next((j for j in range(i + 1, len(blocks)) if not drop[j]), None)
            drop[i] = below is None or (blocks[below].kind == "heading" and blocks[below].depth <= blocks[i].depth)
    return [block for i, block in enumerate(blocks) if not drop[i]]


def _above_the_name(blocks: list[Block]) -> int:
    """How many blocks stand above the page's name and are the site's: its bars, notices and menus; 0 where it is not so.

    A page may begin before its h1, with a good part of its text or under a heading with a contact.
    """
    name = next((i for i, block in enumerate(blocks) if block.kind == "heading" and block.depth == 1), 0)
    if not name:
        return 0
    called = blocks[0].kind == "title" and blocks[0].text.startswith(blocks[name].text)
    above, below = (sum(len(block.text) for block in part) for part in (blocks[1:name], blocks[name:]))
    if below < 250 if called else 4 * above > below:
        return 0
    if any(block.headings and "@" in block.text for block in blocks[:name]):
        return 0
    return name


def _menu_beside(blocks: list[Block], links: list[bool]) -> range:
    """The menu that stands before a page's own text without saying so: four and more links to other pages in one list under the
    page's name, which nothing introduces but two or three words, and with much more text below."""
    start = next((i for i, is_link in enumerate(links) if is_link and blocks[i].group), None)
    if start is None or len(blocks[start].headings) > 1:
        return range(0)
    end, group = start, blocks[start].group
    while end < len(blocks) and links[end] and blocks[end].group == group:
        end += 1
    lead = blocks[start].lead
    if lead and blocks[start - 1].text == lead and blocks[start - 1].links:
        lead = ""  # the path to the page
    if end - start < 4 or lead.endswith((".", "!", "?", ":")) or len(lead) > 40:
        return range(0)
    named = next((block.text for block in blocks if block.kind == "heading"), "")
    for block in blocks[1:start]:
        # What ends with the page's name is the path to it.
        if len(block.text) > 40 and block.text.endswith((".", "!", "?", ":")) and not block.text.endswith(named or " "):
            return range(0)
    if any(link.url.startswith(("mailto:", "tel:")) for block in blocks[start:end] for link in block.links):
        return range(0)
    below = sum(len(block.text) for i, block in enumerate(blocks[end:], end) if not links[i])
    if below < 250 or below < 2 * sum(len(block.text) for block in blocks[start:end]):
        return range(0)
    return range(start - (lead != "" and blocks[start - 1].text == lead), end)


_DATED = re.compile(
    r"(?:(?:posted|published|updated)(?: on)?:? )?(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
    r"(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}(?:, ?| )(?:19|20)\d\d"
    r"|\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? (?:19|20)\d\d|\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d)"
)  # in small letters


def _without_teasers(blocks: list[Block]) -> list[Block]:
    """`blocks` without the teasers of other pages under 'News', 'Recent posts' and the like: each heading there that is a link, with
    the date and the words below it; a link with its date."""
    aside = _aside_headings()
    over = [i for i, block in enumerate(blocks) if block.kind == "heading" and block.lower.strip(" :") in aside]
    if not over:
        return blocks
    drop: set[int] = set()
    for start in over:
        chain = (*blocks[start].headings, blocks[start].text)
        depth, led = len(chain), False
        for i in range(start + 1, len(blocks)):
            block = blocks[i]
            if block.headings[:depth] != chain:
                break
            if block.kind == "heading" and len(block.headings) == depth:
                linked = sum(len(link.text) for link in block.links)
                led = linked >= 0.9 * len(block.text) or _DATED.fullmatch(block.lower) is not None
            if led or ((block.links or len(block.headings) == depth) and _is_dated_link(block)):
                drop.add(i)
    return [block for i, block in enumerate(blocks) if i not in drop] if drop else blocks


def _is_day(block: Block) -> bool:
    """Is a block nothing but the day that something was written on, perhaps with its author or subject?"""
    text = block.text
    if not (found := _DATED.search(block.lower)):
        return False
    return len(text) - len(found[0]) <= 40 and not text.endswith((".", ":")) and not _OF_THE_PAGE.search(block.lower)


def _names_another_page(block: Block) -> bool:
    """Is a block the title of another page: the words of one link, and no control?"""
    if len(block.links) != 1 or len(block.text) < 12 or block.kind in ("title", "row") or _is_control(block.text):
        return False
    link = block.links[0]
    return len(link.text) >= 0.9 * len(block.text) and not link.url.startswith(("mailto:", "tel:"))


def _without_reports(blocks: list[Block]) -> list[Block]:
    """`blocks` without news that stand there without a word: two and more titles of other pages in a row, each with the day it was
    written."""
    days = [i for i, block in enumerate(blocks) if len(block.text) <= 80 and "20" in block.text and _is_day(block)]
    if len(days) < 2:
        return blocks
    entries: list[tuple[int, int, int]] = []  # where each begins, where its title and where its day stands
    for day in days:
        used = max(entries[-1][1:]) if entries else -1
        near = (i for i in (day - 1, day - 2, day + 1) if used < i < len(blocks))
        title = next((i for i in near if _names_another_page(blocks[i]) and not _is_day(blocks[i])), -1)
        if title >= 0 and day > used:
            entries.append((min(title, day), title, day))
    parts: list[tuple[int, int]] = []
    for number, (begin, title, day) in enumerate(entries):
        after = entries[number + 1] if number + 1 < len(entries) else None
        last = parts[-1] if parts else None
        if after is not None and after[0] - begin <= 6 and (after[1] < after[2]) == (title < day):
            parts.append((begin, after[0]))
        elif last is not None and last[1] == begin:
            # The last one is as long as the one before it, and ends where something else is headed.
            end = max(title, day) + 1
            most = min(begin + last[1] - last[0], len(blocks))
            while end < most and (blocks[end].kind == "paragraph" or _is_only_links(blocks[end])):
                end += 1
            parts.append((begin, end))
    drop = {i for begin, end in parts for i in range(begin, end)}
    return [block for i, block in enumerate(blocks) if i not in drop] if drop else blocks


def _is_dated_link(block: Block) -> bool:
    """Is a block a date, or the words of a link beside one?"""
    if block.kind == "heading" or len(block.text) > 300:
        return False
    dated = _DATED.search(block.lower)
    if not dated:
        return False
    linked = sum(len(link.text) for link in block.links if not link.url.startswith(("mailto:", "tel:")))
    return linked + len(dated[0]) >= 0.85 * len(block.text)


def _may_hold_contact(element: etree._Element) -> bool:
    """A cheap look before an element is read: is there a link to an address or a number, or what looks like one?"""
    for part in element.iter("a", "span", "joomla-hidden-mail"):
        href = part.get("href")
        if (href and href[:7].lower().startswith(("mailto:", "tel:"))) or hidden_address(part):
            return True
    text = _text_of(element)
    return "@" in text or _LIKE_A_NUMBER.search(text) is not None


def _contacts_among(blocks: list[Block]) -> list[Block]:
    """Of what stands beside the main part: blocks with an address or a number, and the line above each that names whose they are.

    A bare number under a postal address is the switchboard: a contact is linked or labelled.
    """
    kept: list[Block] = []
    for index, block in enumerate(blocks):
        if block.kind in ("title", "heading"):
            continue
        linked = any(link.url.startswith(("mailto:", "tel:")) for link in block.links)
        if block.headings and block.headings[-1].lower().strip(" :?!") in _headings_for_others():
            continue
        if len(block.text) < 600 and (linked or (_CONTACT.search(block.text) and _CONTACT_LABEL.search(block.text))):
            above = blocks[index - 1] if index else None
            if (
                above is not None
                and above not in kept
                and len(above.text) < 150
                and (above.kind == "heading" or not above.links)
            ):
                kept.append(above)
            kept.append(block)
    return kept[:20]


def _span(cell: etree._Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return max(1, min(int(value), 50)) if value.isdigit() and len(value) < 4 else 1


def _cell_text(cell: etree._Element) -> str:
    """The text of a table cell: block elements and contact links stand apart, inline elements do not."""
    if not len(cell):
        return fold_space(cell.text or "")
    parts: list[str] = []
    for event, node in etree.iterwalk(cell, events=("start", "end")):
        if event == "start":
            if node.tag not in _INLINE or _is_contact_link(node):
                parts.append(" ")
            parts.append(node.text or "")
        elif node is not cell:
            if node.tag not in _INLINE or _is_contact_link(node):
                parts.append(" ")
            parts.append(node.tail or "")
    return fold_space("".join(parts))


def _is_contact_link(node: etree._Element) -> bool:
    return node.tag == "a" and (node.get("href") or "")[:7].lower().startswith(("mailto:", "tel:"))


def _is_head(cell: etree._Element) -> bool:
    """Does a cell head its column or row by its tag, or by its role or class name where it is a box?"""
    if cell.tag in ("th", "td"):
        return bool(cell.tag == "th")
    return cell.get("role") in ("columnheader", "rowheader") or "head" in (cell.get("class") or "").lower()


def _has_a_like(box: etree._Element) -> bool:
    """Is a box's pair one of several of a kind, as they are or each in a box of its own?"""
    pair = box.getparent()
    for around in (pair, pair.getparent() if pair is not None else None):
        if around is None:
            return False
        name = around.get("class")
        for other in (around.getprevious(), around.getnext()):
            if other is not None and other.tag == around.tag and other.get("class") == name:
                inner = other if around is pair else (other[0] if len(other) == 1 else None)
                if inner is not None and len(inner) == 2 and inner[0].get("class") == box.get("class"):
                    return True
    return False


def _has_bold(element: etree._Element) -> bool:
    return next(element.iterdescendants("strong", "b"), None) is not None


def _is_cell_box(cell: etree._Element, below: bool) -> bool:
    """May a box be the cell of a table? Titles and panels are none, but for the names of columns above what is `below`."""
    if cell.tag not in ("div", "p") or (cell.tail and not cell.tail.isspace()) or cell.get("role") is not None:
        return False
    said = _named(cell.get("class") or "")
    return not (said.chrome or said.accordion or (below and said.title))


def _ends_alike(element: etree._Element) -> bool:
    """Are the last two boxes of an element of one kind?"""
    last, before = element[-1], element[-2]
    return bool(before.tag == "div") and last.get("class") == before.get("class")


def _repeats(cell: etree._Element, other: etree._Element) -> bool:
    """Do two cells begin with the same words in an element of their own?"""
    return len(cell) > 0 and len(other) > 0 and (cell[0].text or "").strip() != "" and cell[0].text == other[0].text


def _looks_like_header(row: etree._Element, cells: list[etree._Element], texts: list[str]) -> bool:
    """A first row without th whose cells are all bold, or stands in a thead."""
    parent = row.getparent()
    if parent is not None and parent.tag == "thead":
        return True
    return len(cells) > 1 and all(_is_head(cell) or _has_bold(cell) for cell in cells) and all(texts)


def _is_data_table(table: etree._Element) -> bool:
    """Does the table hold data (cells with short texts), or does it only lay the page out?"""
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return False
    if any(table.find(f".//{tag}") is not None for tag in ("h1", "h2", "h3")):
        return False
    rows = list(table.iter("tr"))
    widths = [sum(1 for _ in row.iter("td", "th")) for row in rows]
    if not rows or max(widths) < 2:
        return False
    if max(widths) == 2 and _is_of_sections(rows):
        return False
    if len(rows) == 1 and any(len(list(islice(cell.iter(*_COLUMN_PARTS), 4))) > 3 for cell in rows[0].iter("td", "th")):
        return False
    cells = [int(_text_length(cell)) for cell in table.iter("td", "th")]
    if len(rows) == 1 and sum(1 for cell in rows[0].iter("td", "th") if _text_of(cell)) < 2:
        return False
    whole, largest = sum(cells), max(cells)
    if largest > 1500 and 3 * largest > 2 * whole:
        return False
    return whole / max(1, len(cells)) < 400


def _section_titles(table: etree._Element) -> list[etree._Element]:
    """The first cells of a table that sets a bold title to the left of a section in every row; [] where it does not."""
    if table.find(".//table") is not None:
        return []
    rows = list(table.iter("tr"))
    if len(rows) < 2 or not _is_of_sections(rows):
        return []
    titles = [row[0] for row in rows]
    return [] if any(next(title.iter(*_HEADINGS), None) is not None for title in titles) else titles


def _is_of_sections(rows: list[etree._Element]) -> bool:
    """Does a table of two columns set a bold title to the left of paragraphs and lists in every row?"""
    parts = 0
    for row in rows:
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if len(cells) != 2:
            return False
        title, text = cells
        if not 0 < _text_length(title) <= _TITLE or not (title.tag == "th" or _has_bold(title)):
            return False
        if text.tag == "th":
            return False
        parts += sum(1 for child in text if child.tag in ("p", "ul", "ol", "div")) > 1 or text.find("ul") is not None
    return parts > 0


def _pdf_blocks(body: bytes) -> tuple[str, list[Block]]:
    """The text of a PDF as blocks: headings, bulleted or numbered items, paragraphs of wrapped lines."""
    import pypdf  # slow to import, and few pages are PDFs

    try:
        reader = pypdf.PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            logger.info("encrypted PDF not read")
            return "", []
        title = fold_space(str(reader.metadata.title or "")) if reader.metadata else ""
        pages = [page.extract_text().splitlines() for page in reader.pages[:60]]
    except Exception as error:  # pypdf raises of every kind on broken files
        logger.info("PDF not read: %s", error)
        return "", []
    return title, _Lines(title).read(_running_lines(pages))


def _running_lines(pages: list[list[str]]) -> list[str]:
    """The lines of all pages without page numbers and what stands at the head or foot of most pages."""
    edges = Counter(
        key for page in pages for key in {_DIGITS.sub("#", fold_space(line)) for line in (*page[:2], *page[-2:])} if key
    )
    often = {key for key, times in edges.items() if times >= 3 and times > 0.5 * len(pages)}
    lines: list[str] = []
    for page in pages:
        for line in page:
            text = fold_space(line)
            if _DIGITS.sub("#", text) not in often and not _PAGE_NUMBER.fullmatch(text):
                lines.append(line)
    return lines


_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"(?:page )?\d{1,3}(?: ?(?:of|/|\|) ?\d{1,3})?|- ?\d{1,3} ?-", re.I)
_SMALL_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}


class _Lines:
    """Lines of a text without markup → blocks. A line that does not fill the width ends its paragraph."""

    def __init__(self, title: str) -> None:
        self.blocks = [Block("title", title)] if title else []
        self.headings: tuple[str, ...] = ()
        self.buffer: list[str] = []
        self.kind: BlockKind = "paragraph"
        self.group = 0
        self.lead = ""
        self.width = 0

    def read(self, raw: list[str]) -> list[Block]:
        lines = [fold_space(line) for line in raw]
        self.width = _full_width(lines)
        for number, line in enumerate(lines):
            after = next((later for later in lines[number + 1 : number + 4] if later), "")
            before = lines[number - 1] if number else ""
            if not line:
                if not self._goes_on(before, after):
                    self._flush()
            elif _BULLET.match(line) or _NUMBERED.match(line):
                self._flush()
                self.buffer, self.kind = [line], "item"
            elif self._is_heading(line, after):
                self._flush()
                self._heading(line, number > 0 and bool(before))
            else:
                self.buffer.append(line)
            if self.buffer and line and self._ends(line, after):
                self._flush()
        self._flush()
        return self.blocks

    def _goes_on(self, before: str, after: str) -> bool:
        """Is a blank line no more than a page break in the middle of a sentence?"""
        return len(before) > 0.7 * self.width and not before.endswith((".", "!", "?", ":")) and after[:1].islower()

    def _ends(self, line: str, after: str) -> bool:
        """Does a line end its paragraph or item: is it short of the width, and does the next one not go on with its sentence?"""
        if after[:1].islower() or line.endswith((",", "-")):
            return False
        return len(line) < 0.65 * self.width or (line.endswith((".", "!", "?", ":")) and len(line) < 0.85 * self.width)

    def _is_heading(self, line: str, after: str) -> bool:
        """Capitals throughout, a short line with a colon, or a short line in title case that no sentence runs through."""
        letters = sum(c.isalpha() for c in line)
        if len(line) > 80 or letters < 4 or letters < 0.6 * len(line.replace(" ", "")):
            return False
        if line.endswith((".", ",", ";")) or _CONTACT.search(line) or after[:1].islower():
            return False
        if line.isupper():
            return True
        if (
            self.buffer
            and len(self.buffer[-1]) > 0.7 * self.width
            and not self.buffer[-1].endswith((".", "!", "?", ":"))
        ):
            return False  # the last words of a paragraph
        if line.endswith((":", "?")):
            return len(line) < 60 and line[0].isupper()
        words = [word for word in re.findall(r"[A-Za-z’']+", line) if word.lower() not in _SMALL_WORDS]
        titled = bool(words) and all(word[0].isupper() for word in words)
        return titled and len(words) <= 8 and len(line) < 0.65 * self.width and not {":", ","} & set(line)

    def _heading(self, line: str, close: bool) -> None:
        last = self.blocks[-1] if self.blocks else None
        if close and last is not None and last.kind == "heading" and last.text.isupper() and line.isupper():
            text = f"{last.text} {line}"  # a heading of two lines
            self.blocks[-1] = Block("heading", text, (), depth=2)
        else:
            text = line
            self.blocks.append(Block("heading", text, (), depth=2))
        self.headings, self.group, self.lead = (text,), 0, ""

    def _flush(self) -> None:
        text = ""
        for line in self.buffer:
            # 'appli-' and 'cation' are one word, 'non-' and 'refundable' are read as one too.
            text = text[:-1] + line if _HYPHENATED.search(text) and line[:1].islower() else f"{text} {line}".strip()
        if text and self.kind == "item":
            if not self.group:
                self.group = sum(1 for block in self.blocks if block.kind == "item") + 1
            self.blocks.append(Block("item", text, self.headings, lead=self.lead, depth=1, group=self.group))
        elif text:
            self.blocks.append(Block("paragraph", text, self.headings))
            self.group, self.lead = 0, text if len(text) < 400 else ""
        self.buffer, self.kind = [], "paragraph"


def _full_width(lines: list[str]) -> int:
    """How long a line is that fills the width: the length that a tenth of the text's characters stand in lines as long as."""
    left = sum(map(len, lines)) // 10
    for length in sorted(map(len, lines), reverse=True):
        left -= length
        if left <= 0:
            return max(60, min(length, 140))
    return 60


_HYPHENATED = re.compile(r"[a-z]{2}-$")


class ContentStage:
    """Reads a page's body into blocks; a page without any is dropped, and counted as empty or as in need of a browser."""

    def process_item(self, page: Page) -> Page:
        page.title, page.blocks = find_blocks(page.body, page.url, page.content_type, page.encoding)
        page.needs_browser = needs_browser(page.body, page.blocks)
        if not any(block.kind != "title" for block in page.blocks):
            page.relevant = False
            raise DropItem("needs_browser" if page.needs_browser else "empty")
        return page
