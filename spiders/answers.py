"""Pages that are none: 'not found' with status 200, login forms, and challenges to prove that one is human.

Such a page must not be taken for what its address promised: read as a page, it would close the facts that stood there.
Judged is what a visitor sees first, title and headings, and how little there is besides; words are in
data/vocabulary/answers.yml. A page that says much is a page, whatever its title: a hospital may well write about
visitors who log in to VSLO.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import lxml.html
from lxml import etree
from scrapy.http import Response, TextResponse

from scraper.text import fold_space
from scraper.vocabulary import vocabulary

# Marks that the makers of bot protection leave in the markup or headers of a challenge, and nowhere else.
_CHALLENGE_MARKUP = re.compile(
    r"cf[-_]chl[-_]|/cdn-cgi/challenge-platform/h/|_incapsula_resource|incident id: \d|px-captcha|captcha-delivery\.com"
    r"|awswafintegration|aws-waf-token|sucuri_cloudproxy|ak_bmsc[^;]{0,40}challenge|/_sec/cp_challenge/|distil_r_captcha|kpsdk",
    re.I,
)
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
_SUSPICIOUS = re.compile(
    r"not found|404|\b410\b|can(?:'|’|&#8217;|&rsquo;|&#39;)?t (?:be )?(?:find|found|locate)|cannot|could ?n[o'’]t|could not|no longer|exist|missing"
    r"|broken link|nothing|unavailable|not available|isn|removed|moved|retired|password|moment|attention|human|robot|denied|blocked|rejected"
    r"|unsuccessful|interruption|enable (?:javascript|cookies)|unusual|verif|security check|one more step|ddos",
    re.I,
)
_BARE_STATUS = re.compile(r"\W*(?:404|410)\s*(?:[-–—|:!.]|$)")
LITTLE = 1500  # characters of text outside menus: a page that says no more may be an error page
VERY_LITTLE = 400
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
    if _challenges(response, text):
        return "challenge"
    if not _SUSPICIOUS.search(text):
        return ""
    root = _parse(text)
    if root is None:
        return ""
    titles = _titles(root)
    # A title names the site besides: 'Page not found | Riverton Hospital'.
    keys = set().union(*(vocabulary("answers").keys_in(title) for title in titles), set())
    if any(_BARE_STATUS.match(title) for title in titles):
        keys.add("soft_404")
    shown = len(_shown(root))
    if "soft_404" in keys and shown < 4 * LITTLE:
        return "soft_404"
    if "challenge" in keys and shown < LITTLE:
        return "challenge"
    asks_password = bool(_PASSWORD.search(text))
    if asks_password and shown < LITTLE and ("login" in keys or _LOGIN_PATH.search(urlsplit(response.url).path)):
        return "login"
    if asks_password and shown < VERY_LITTLE:
        return "login"
    if shown < VERY_LITTLE:
        # A generic title over one sentence.
        said = vocabulary("answers").keys_in(_shown(root))
        return next((reason for reason in ("soft_404", "challenge") if reason in said), "")
    return ""


def of_status(response: Response) -> str:
    """What an answer with an error status really is: 'challenge', 'login', or '' for what its status says."""
    if response.status == 401:
        return "login"
    if response.status in (403, 405, 429, 503) and isinstance(response, TextResponse):
        return "challenge" if _challenges(response, response.text[:MAX_HEAD]) else ""
    return ""


def _challenges(response: Response, text: str) -> bool:
    for name, value in _CHALLENGE_HEADERS:
        if (response.headers.get(name) or b"").decode("latin-1").strip().lower() == value:
            return True
    return bool(_CHALLENGE_MARKUP.search(text)) and len(_shown(_parse(text))) < LITTLE


def _parse(text: str) -> etree._Element | None:
    parser = lxml.html.HTMLParser(encoding="utf-8", recover=True)
    try:
        return lxml.html.document_fromstring(text.replace("\x00", "").encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return None


def _titles(root: etree._Element) -> list[str]:
    """The title, the first main heading, and where there is none the first of the next rank."""
    found = [fold_space(title.text_content()) for title in root.iter("title")][:1]
    for tag in ("h1", "h2"):
        headings = [fold_space(heading.text_content()) for heading in root.iter(tag)]
        if headings := [heading for heading in headings if heading]:
            found += headings[:1]
            break
    return [title[:200] for title in found]


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
