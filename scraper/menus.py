"""HTML → the same HTML with nothing in its menus, its head and its foot: a third of a page, of which no reader wants a word.

What stands in `<nav>`, `<footer>` and the page's own `<header>` is page chrome by its name (see `pipelines/content.py`), and a parser
takes longer for it than for the page's text. It is taken out of the bytes, the tags themselves stay; what may be more than its
name says is left to be judged in the tree.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# One look at the page for all that matters; what begins with '<' alone is found fast.
_MARK = re.compile(
    rb"<(?:/p>|/(?:nav|header|footer)(?=[\s>])|!--|(?:nav|header|footer)(?=[\s>])|h1|section|main|article)"
)
_OPENING = frozenset((b"<nav", b"<header", b"<footer"))
_OF_THE_PAGE = frozenset((b"<h1", b"<main", b"<article"))  # a menu that holds one swallows the page
_PLACE = re.compile(rb'href="#\w')  # a link to a place on this page: several may be tabs, whose titles are read
_TAG = re.compile(rb"<[^<>]*>")
_PARAGRAPHS = 4  # a menu of as many holds text, and is emptied only where the page has more of it elsewhere
_TEXT = 5000  # bytes: a menu without any paragraph that is longer holds no text
_DEEPEST = 8  # menus within each other: what is nested deeper is no menu, and would be looked at as often
_LONG = 300  # bytes of a comment, which may then be one that a script's text seems to begin


class _Menu(NamedTuple):
    """An element that is closed as it was opened."""

    start: int
    end: int  # where its end tag begins
    paragraphs: int


class _Opened(NamedTuple):
    """The start tag of what may be a menu, and what was met before it."""

    end_tag: bytes
    start: int
    paragraphs: int
    of_the_page: int
    chrome: bool


def without_menus(body: bytes) -> bytes:
    """`body`, HTML in an encoding that keeps ASCII, with its `<nav>`, `<footer>` and head of the page emptied.

    Kept is what is not closed as it was opened (an unclosed menu swallows the page), holds a first heading, a main part, an article or
    most of the page's paragraphs; a `<nav>` that has tabs in it, or more text than links (builders of pages make accordions of menus); and every
    header below the first section, which is a section's and not the page's.
    """
    menus, paragraphs = _menus(body)
    pieces: list[bytes] = []
    done = kept = 0
    for start, end, inside in sorted(menus):
        if start < max(done, kept) or (inside >= _PARAGRAPHS and 2 * inside >= paragraphs):
            continue
        first = body.find(b">", start, end) + 1
        if not first or not _is_plain(body[start:first]):
            continue
        # What is called a head or a foot is none of the page's parts.
        if body.startswith(b"<nav", start):
            if _has_tabs(body, first, end):
                continue
            if _holds_text(body, first, end, inside):
                kept = end  # as a whole: what is in it may be what makes it so
                continue
        pieces.append(body[done:first])
        done = end
    if not pieces:
        return body
    pieces.append(body[done:])
    return b"".join(pieces)


def _menus(body: bytes) -> tuple[list[_Menu], int]:
    """What may be emptied, inner before outer, and how many paragraphs the page has."""
    menus: list[_Menu] = []
    opened: list[_Opened] = []
    arrow, commented, paragraphs, of_the_page, sections = -1, 0, 0, 0, 0
    for found in _MARK.finditer(body):
        at = found.start()
        if at < commented:
            continue
        mark = found[0]
        if mark == b"</p>":
            paragraphs += 1
        elif mark in _OPENING:
            chrome = not sections or mark != b"<header"
            opened.append(_Opened(b"</" + mark[1:], at, paragraphs, of_the_page, chrome))
        elif mark == b"<!--":
            if arrow < at:  # else the one found for an earlier comment is the next still
                arrow = body.find(b"-->", at)
                if arrow < 0:
                    break  # a comment to the end of the page
            commented = _end_of_comment(body, at, arrow)
        elif mark[1:2] == b"/":
            if not opened or opened[-1].end_tag != mark:
                opened.clear()  # tags that do not match: who holds what is the parser's to say
                continue
            menu = opened.pop()
            if menu.chrome and menu.of_the_page == of_the_page and len(opened) < _DEEPEST:
                menus.append(_Menu(menu.start, at, paragraphs - menu.paragraphs))
        else:
            of_the_page += mark in _OF_THE_PAGE
            sections += mark != b"<h1"
    return menus, paragraphs


def _end_of_comment(body: bytes, start: int, arrow: int) -> int:
    """Where the comment from `start` to `arrow` ends; one that only a script's text seems to begin ends with the script."""
    if arrow - start > _LONG:
        closed = body.find(b"</script", start, arrow)
        if closed >= 0 and body.find(b"<script", start, closed) < 0:
            return closed
    return arrow


def _is_plain(tag: bytes) -> bool:
    """Is this a whole start tag: no '>' within an attribute cut it short, and it is not closed at once?"""
    return not (tag.endswith(b"/>") or tag.count(b'"') % 2 or tag.count(b"'") % 2)


def _has_tabs(body: bytes, start: int, end: int) -> bool:
    """Do links stand there that may be tabs of the page, whose words are the titles of its panels?"""
    return body.find(b'"tab"', start, end) >= 0 or len(_PLACE.findall(body, start, end)) > 1


def _holds_text(body: bytes, start: int, end: int, paragraphs: int) -> bool:
    """Does a menu hold few links and much text?"""
    if not paragraphs and end - start > _TEXT:
        return False
    links = body.count(b"<a ", start, end)
    if links > 2 * paragraphs + 8:
        return False  # most menus: no need to look which lead to addresses
    links -= body.count(b'"mailto:', start, end) + body.count(b'"tel:', start, end)
    if links > paragraphs + 2 or body.find(b"<script", start, end) >= 0 or body.find(b"<!--", start, end) >= 0:
        return False
    return len(b" ".join(_TAG.sub(b" ", body[start:end]).split())) > (40 * links + 20 if links else 5)
