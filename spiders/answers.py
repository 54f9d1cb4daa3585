"""Pages that are none: 'not found' with status 200, login forms, and challenges to prove that one is human.

Such a page must not be taken for what its address promised: read as a page, it would close the facts that stood there.
Judged is what a visitor sees first, title and headings, and how little there is besides; words are in
data/vocabulary/answers.yml. A page that says much is a page, whatever its title: a hospital may well write about
visitors who log in to VSLO.
"""

from __future__ import annotations

import html
import itertools
import re
from urllib.parse import urlsplit

import lxml.html
from lxml import etree
from scrapy.http import Response, TextResponse

from scraper.text import fold_space
from scraper.vocabulary import vocabulary

# Marks that the makers of bot protection leave in the markup or headers of a challenge, and nowhere else.
_CHALLENGE_MARKUP = (
    "_cf_chl_", "cf-chl-", "/cdn-cgi/challenge-platform/h/", "_incapsula_resource", "px-captcha", "captcha-delivery.com",
    "awswafintegration", "aws-waf-token", "sucuri_cloudproxy", "/_sec/cp_challenge/", "distil_r_captcha", "kpsdk",
)  # fmt: skip
_CHALLENGE_HEADERS = (
    ("cf-mitigated", "challenge"),
    ("x-amzn-waf-action", "challenge"),
    ("x-amzn-waf-action", "captcha"),
)
_PASSWORD = re.compile(r"<input\b[^<>]{0,300}\btype\s*=\s*[\"']?password", re.I)
_LOGIN_PATH = re.compile(
    r"/(?:log-?in|sign-?in|log-?on|sso|cas|idp|adfs|saml2?|shibboleth|oauth2?|openid)(?:[/.?_-]|$)", re.I
)
# Worth a closer look: pages without any of these words are not even parsed.
_TITLE = re.compile(r"<title\b[^<>]{0,200}>([^<]{0,300})", re.I)
_HEADING = re.compile(r"<h[12]\b[^<>]{0,500}>(.{0,400}?)</h", re.I | re.S)
_TAG = re.compile(r"<[^<>]{0,1000}>")
# What a page says that shows one sentence under the site's own title. Others are not even parsed.
_SENTENCE = re.compile(
    r"(?:page|document|file|resource|content|url)\b[^<>]{0,80}(?:found|exist|available|moved|removed|missing|unavailable)|\b404\b"
    r"|human|robot|cookies to continue|blocked|denied|unusual (?:traffic|activity)|unsuccessful|interruption",
)
_BARE_STATUS = re.compile(r"\W*(?:404|410)\s*(?:[-–—|:!.]|$)")
LITTLE = 1500  # characters of text outside menus: a page that says no more may be an error page
VERY_LITTLE = 400
SMALL = 60_000  # characters of markup: an error page carries its site's menus, and no more
MAX_HEAD = 200_000  # characters looked at
_CHROME = (
    "script",
    "style",
    "noscript",
    "template",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "select",
    "button",
    "svg",
)


def judge(response: Response) -> str:
    """'soft_404', 'login', 'challenge', or '' for a page that may be read. Statuses that say so are judged by `of_status`."""
    if not isinstance(response, TextResponse):
        return ""
    text = response.text[:MAX_HEAD]
    lower = text.lower()
    if _challenges(response, text, lower):
        return "challenge"
    # A title names the site besides: 'Page not found | Riverton Hospital'.
    titles = _titles(text)
    keys = set().union(*(vocabulary("answers").keys_in(title) for title in titles), set())
    if any(_BARE_STATUS.match(title) for title in titles):
        keys.add("soft_404")
    asks_password = "password" in lower and bool(_PASSWORD.search(text))
    if not (keys - {"login"} or asks_password or (len(text) < SMALL and _SENTENCE.search(lower))):
        return ""
    said = _shown(_parse(text))
    if "soft_404" in keys and len(said) < 4 * LITTLE:
        return "soft_404"
    if "challenge" in keys and len(said) < LITTLE:
        return "challenge"
    at_login = "login" in keys or _LOGIN_PATH.search(urlsplit(response.url).path)
    if asks_password and len(said) < (LITTLE if at_login else VERY_LITTLE):
        return "login"
    if len(said) < VERY_LITTLE:
        # A generic title over one sentence.
        keys = vocabulary("answers").keys_in(said)
        return next((reason for reason in ("soft_404", "challenge") if reason in keys), "")
    return ""


def same_text(one: Response, other: Response) -> bool:
    """Do two answers show the same text, menus aside?"""
    if not (isinstance(one, TextResponse) and isinstance(other, TextResponse)):
        return False
    return _shown(_parse(one.text)) == _shown(_parse(other.text))


def of_status(response: Response) -> str:
    """What an answer with an error status really is: 'challenge', 'login', or '' for what its status says."""
    if response.status == 401:
        return "login"
    if response.status in (403, 405, 429, 503) and isinstance(response, TextResponse):
        text = response.text[:MAX_HEAD]
        return "challenge" if _challenges(response, text, text.lower()) else ""
    return ""


def _challenges(response: Response, text: str, lower: str) -> bool:
    for name, value in _CHALLENGE_HEADERS:
        if (response.headers.get(name) or b"").decode("latin-1").strip().lower() == value:
            return True
    return any(mark in lower for mark in _CHALLENGE_MARKUP) and len(_shown(_parse(text))) < LITTLE


def _parse(text: str) -> etree._Element | None:
    parser = lxml.html.HTMLParser(encoding="utf-8", recover=True)
    try:
        return lxml.html.document_fromstring(text.replace("\x00", "").encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return None


def _titles(text: str) -> list[str]:
    """The title and the first heading that says anything."""
    titles = [match[1] for match in [_TITLE.search(text)] if match]
    headings = (fold_space(_TAG.sub(" ", match[1])) for match in itertools.islice(_HEADING.finditer(text), 5))
    found = [*titles, *[heading for heading in headings if heading][:1]]
    return [fold_space(html.unescape(title))[:200] for title in found]


def _shown(root: etree._Element | None) -> str:
    """The text of a page outside of its menus, forms and scripts."""
    if root is None:
        return ""
    body = root.find(".//body")
    parts: list[str] = []
    skip: etree._Element | None = None
    for event, element in etree.iterwalk(body if body is not None else root, events=("start", "end")):
        chrome = element.tag in _CHROME or not isinstance(element.tag, str)
        if event == "start":
            if skip is None and chrome:
                skip = element
            elif skip is None and element.text:
                parts.append(element.text)
        else:
            if element is skip:
                skip = None
            if skip is None and element.tail:
                parts.append(element.tail)
    return fold_space(" ".join(parts))
