"""Which links of a page promise a visitor's program, and how much: what makes the crawl go best first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

import attrs
from lxml import etree
from scrapy.http import TextResponse
from scrapy.linkextractors import IGNORED_EXTENSIONS
from w3lib.url import safe_url_string

from scraper.text import fold_space
from scraper.urls import canonical, is_plain, problem_with
from scraper.vocabulary import vocabulary

Section = Literal["main", "nav", "header", "aside", "footer", "sitemap"]

# What words are worth in the text of a link. An address is written by a content system as often as by a person, so its
# words count for less; both together count for more than the better one.
TEXT = {"strong": 1.0, "fair": 0.5, "weak": 0.22}
ADDRESS = {"strong": 0.8, "fair": 0.4, "weak": 0.15}
AGREEMENT = 0.3
# Words that lead elsewhere sink a link, unless its own text names the very thing ('Visiting students: news and dates').
AWAY = -0.7
AWAY_IN_STRONG = -0.25
# A part of the site for others (careers, locations, patients) sinks a link too, but less the nearer the rest of it is to a program:
# hospitals put observers under 'volunteers' and rotations under 'careers'.
ELSEWHERE = {"strong": -0.1, "fair": -0.2, "": -0.7}
# Where the link stands: an editor put the ones of the main part there for the readers of this page.
SECTION: dict[str, float] = {"main": 0.1, "nav": 0.0, "header": 0.0, "aside": 0.0, "footer": -0.1, "sitemap": -0.05}
# How much of the score of the page it stands on a link inherits.
INHERITED: dict[str, float] = {"main": 0.3, "nav": 0.1, "header": 0.0, "aside": 0.1, "footer": 0.0, "sitemap": 0.0}
# PDFs are checklists and forms where they hang on a program page, and brochures and reports elsewhere.
PDF = -0.35
PDF_ON_PROMISING_PAGE = 0.0
PROMISING = 0.5
# What an agency tells of its terms comes after what it sells; longer labels are titles of articles.
AGENCY_TERMS = 0.4
MAX_AGENCY_LABEL = 40
# A date in the path is the mark of news and calendars, a long query that of searches and facets.
DATED = -0.4
FACETED = -0.3

MAX_LINKS = 2000  # of one page; a longer one is a trap or an index of something else
MAX_URL = 1000

_TOKEN = re.compile(r"[-_/.+~,;:&=?!()%]+|(?<=[a-z])(?=[A-Z])")
_DATED = re.compile(
    r"/(?:19|20)\d\d(?:[/-]\d{1,2}){1,2}(?:/|$)|[?&](?:date|month|year|day|week|page|p|start|offset)=", re.I
)
_SECTION_TAGS: dict[str, Section] = {
    "nav": "nav",
    "footer": "footer",
    "header": "header",
    "aside": "aside",
    "main": "main",
}
_SECTION_ROLES: dict[str, Section] = {
    "navigation": "nav", "menu": "nav", "menubar": "nav", "contentinfo": "footer", "banner": "header", "complementary": "aside",
    "main": "main", "search": "header",
}  # fmt: skip
_SECTION_WORDS = re.compile(
    r"(?:^|[-_\s])(?:(footer)|(nav|navbar|navigation|menu|megamenu|submenu|breadcrumbs?)|(header|masthead|topbar)|(sidebar|aside|related))(?:$|[-_\s])",
    re.I,
)
_ORIGIN = re.compile(r"https?://[^/?#]+", re.I)
_EMPTY_WORDS = re.compile(
    r"(?:click |read |learn |find |see )?(?:here|more|out more|details|this page|link|website|go)\W*", re.I
)
_IGNORED = frozenset(extension for extension in IGNORED_EXTENSIONS if extension != "pdf") | {
    "ics", "xml", "json", "rss", "atom", "css", "js", "zip", "exe", "mobi", "epub", "txt", "csv",
}  # fmt: skip
_content = etree.XPath("string()")  # the text of an element and of all that it holds


@attrs.frozen
class FoundLink:
    """A link on a page: where to, in which words, in which part of the page."""

    url: str
    text: str
    section: Section


@lru_cache(maxsize=10_000)
def score_link(text: str, url: str, section: Section = "main", page_score: float = 0.0) -> float:
    """How much a link promises a page for visiting students or physicians: about 1 and above for one that names it,
    below 0 for one that leads elsewhere.

    `page_score` (0 to 1) is how much the page it stands on is about that itself.
    """
    text = "" if _EMPTY_WORDS.fullmatch(text.strip()) else text[:300]
    path = address_words(url)
    in_text, in_path = _keys(text), _keys(path)
    from_text, from_path = _worth(in_text, TEXT), _worth(in_path, ADDRESS)
    score = max(from_text, from_path) + AGREEMENT * min(from_text, from_path)
    if "away" in in_text or "away" in in_path:
        # An address that says 'calendar' is a program's own where the text and the page around the link speak of programs.
        own = "strong" in in_text or ("away" not in in_text and from_text > 0 and page_score >= PROMISING)
        score += AWAY_IN_STRONG if own else AWAY
    elif "section" in in_text or "section" in in_path:
        score += ELSEWHERE[next((key for key in ("strong", "fair") if key in in_text or key in in_path), "")]
    score += SECTION[section] + INHERITED[section] * page_score
    if is_pdf(url):
        score += PDF_ON_PROMISING_PAGE if page_score >= PROMISING else PDF
    if _DATED.search(url):
        score += DATED
    if urlsplit(url).query.count("=") > 2:
        score += FACETED
    return round(score, 4)


@lru_cache(maxsize=2_000)
def score_agency_link(text: str, url: str, section: Section = "main", page_score: float = 0.0) -> float:
    """The same on the site of a placement agency, where prices, terms, hosts and the address are looked for too, wherever they hang."""
    score = score_link(text, url, section, page_score)
    if score >= AGENCY_TERMS or _DATED.search(url):
        return score
    path = address_words(url)
    telling = any(len(words) <= MAX_AGENCY_LABEL and vocabulary("agency_links").find(words) for words in (text, path))
    return AGENCY_TERMS if telling else score


@lru_cache(maxsize=10_000)
def _keys(text: str) -> frozenset[str]:
    return frozenset(vocabulary("links").keys_in(text))


def _worth(keys: frozenset[str], table: dict[str, float]) -> float:
    return max((table.get(key, 0.0) for key in keys), default=0.0)


def address_words(url: str) -> str:
    """The words of an address's path and query, as text."""
    parts = urlsplit(url)
    return " ".join(_TOKEN.sub(" ", unquote(f"{parts.path} {parts.query}"[:MAX_URL])).split())


def is_pdf(url: str) -> bool:
    """Does the address look like a PDF's?"""
    return urlsplit(url).path.lower().endswith(".pdf")


def find_links(response: TextResponse) -> Iterator[FoundLink]:
    """The links of a page that can be followed, each once, in reading order, with the part of the page they stand in."""
    root = _parse(response)
    if root is None:
        return
    base, encoding = _base(root, response.url), response.encoding
    sections: dict[etree._Element, Section] = {}
    seen: dict[tuple[str, str], None] = {}
    for anchor in root.iter("a", "area"):
        href = (anchor.get("href") or "").strip()
        if not href or href.startswith(("#", "javascript:", "mailto:", "tel:", "data:")):
            continue
        url = _absolute(base, href, encoding)
        if url is None:
            continue
        text = _text_of(anchor)
        if (url, text) in seen:
            continue
        seen[url, text] = None
        yield FoundLink(url, text, _section_of(anchor, sections))
        if len(seen) >= MAX_LINKS:
            return


def _parse(response: TextResponse) -> etree._Element | None:
    parser = etree.HTMLParser(encoding="utf-8", recover=True)
    try:
        return etree.fromstring(response.text.replace("\x00", "").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return None


def _base(root: etree._Element, url: str) -> str:
    base = root.find(".//base[@href]")
    try:
        return urljoin(url, base.get("href")) if base is not None else url
    except ValueError:
        return url


def _absolute(base: str, href: str, encoding: str) -> str | None:
    """The address of a link, folded; None where it cannot be fetched, or is no page."""
    if href.startswith("/") and not href.startswith("//"):
        match = _ORIGIN.match(base)
        base = match[0] if match else base
    return _folded(base, href, encoding)


@lru_cache(maxsize=10_000)
def _folded(base: str, href: str, encoding: str) -> str | None:
    # The menus of a site stand on each of its pages: most links have been seen before.
    try:
        url = urljoin(base, href)
        if not is_plain(url):
            url = canonical(safe_url_string(url, encoding))
    except (ValueError, UnicodeError, LookupError):
        return None
    if len(url) > MAX_URL or problem_with(url):
        return None
    last = urlsplit(url).path.rpartition("/")[2]
    extension = last.rpartition(".")[2].lower() if "." in last else ""
    return None if extension in _IGNORED else url


def _text_of(anchor: etree._Element) -> str:
    """The words of a link: its text, what it is labelled for screen readers, the texts of its images."""
    labels = [anchor.get("aria-label"), anchor.get("title")]
    if not len(anchor) and labels == [None, None]:
        return fold_space(anchor.text or "")[:300]  # as most are
    parts = [_content(anchor), *(label or "" for label in labels)]
    parts += [image.get("alt") or "" for image in anchor.iter("img")]
    return fold_space(" ".join(dict.fromkeys(part.strip() for part in parts if part)))[:300]


def _section_of(element: etree._Element, known: dict[etree._Element, Section]) -> Section:
    """The part of the page an element stands in, told by the nearest ancestor that says so."""
    path = []
    section: Section = "main"
    for ancestor in element.iterancestors():
        if ancestor in known:
            section = known[ancestor]
            break
        path.append(ancestor)
        if (own := _own_section(ancestor)) is not None:
            section = own
            break
    known.update(dict.fromkeys(path, section))
    return section


def _own_section(element: etree._Element) -> Section | None:
    if not isinstance(element.tag, str) or element.tag in ("body", "html"):
        return None
    if role := _SECTION_ROLES.get(element.get("role") or ""):
        return role
    if element.tag in _SECTION_TAGS:
        return _SECTION_TAGS[element.tag]
    match = _SECTION_WORDS.search(f"{element.get('id') or ''} {element.get('class') or ''}")
    if match is None:
        return None
    return ("footer", "nav", "header", "aside")[(match.lastindex or 1) - 1]
