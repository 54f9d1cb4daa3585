"""Addresses: folding the many spellings of one page into one, and telling whose site a page stands on."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import tldextract
from w3lib.url import canonicalize_url

if TYPE_CHECKING:
    from scraper.registry import Registry

# Parameters that say where a reader came from, who he is, or how he would like it printed: the page is the same.
_NOISE = re.compile(
    r"utm_\w+|gclid|dclid|fbclid|msclkid|yclid|twclid|igshid|mc_[ce]id|_ga|_gl|_hs\w+|__hs\w+|hsctatracking|mkt_tok|trk|spm|ref_src"
    r"|(?:php|j|asp|cf)?sess(?:ion)?_?id|aspsessionid\w*|phpsessid|jsessionid|cfid|cftoken|sid"
    r"|print(?:able|er|view|mode|friendly)?|printer[_-]?friendly",
    re.I,
)
_PRINT_VIEWS = {("view", "print"), ("format", "print"), ("output", "print"), ("mode", "print"), ("tmpl", "component")}
_PATH_SESSION = re.compile(r";(?:jsessionid|sid|phpsessid|sessionid)=[^/?#]*", re.I)
# Most addresses: nothing in them that has more than one spelling.
_PLAIN = re.compile(r"https?://[a-z0-9.-]+(?::[1-9][0-9]{1,3}|:[1-5][0-9]{4})?(?:/(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?)+")
_INDEX_FILE = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp|cfm)$", re.I)
# The list of public suffixes that comes with tldextract: nothing is downloaded, nothing is written.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def problem_with(url: str) -> str:
    """What keeps `url` from being fetched, to stand after the address in a sentence; '' where nothing does."""
    if re.search(r"[\s<>\"\\^`{|}]", url):
        return "holds white space or a character that no address may hold"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme.lower() not in ("http", "https"):
        return "does not begin with https:// or http://"
    if not parts.hostname or not _host_is_sound(parts.hostname):
        return "names no host"
    if parts.username or parts.password:
        return "holds a user name or password"
    return ""


def _host_is_sound(host: str) -> bool:
    if is_address(host) or host == "localhost":
        return True
    labels = host.rstrip(".").split(".")
    return len(labels) > 1 and all(label and len(label) < 64 for label in labels)


def is_address(host: str) -> bool:
    """Is `host` an IP address rather than a name?"""
    if ":" not in host and not host[-1:].isdigit():
        return False  # as most are, told without an exception
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_plain(url: str) -> bool:
    """Is `url` of the plain kind that can be spelled in one way only, as most are?"""
    return _PLAIN.fullmatch(url) is not None


@lru_cache(maxsize=10_000)
def canonical(url: str) -> str:
    """`url` as it is fetched: without fragment, tracking parameters, session ids and the wish for a printer's view."""
    if is_plain(url):
        return url
    parts = urlsplit(url)
    pairs = [pair for pair in parts.query.split("&") if pair and not _is_noise(pair)]
    path = _PATH_SESSION.sub("", parts.path)
    return canonicalize_url(urlunsplit((parts.scheme.lower(), parts.netloc, path or "/", "&".join(pairs), "")))


def _is_noise(pair: str) -> bool:
    name, _, value = pair.partition("=")
    name = unquote(name).lower()
    return bool(_NOISE.fullmatch(name)) or (name, value.lower()) in _PRINT_VIEWS


@lru_cache(maxsize=10_000)
def key(url: str) -> str:
    """What two addresses of one page have in common: equal for http and https, with and without www, index.html or the
    last slash. For comparing only; it cannot be fetched."""
    parts = urlsplit(canonical(url))
    path = _INDEX_FILE.sub("/", unquote(parts.path)).rstrip("/")
    if path.endswith("/print"):
        path = path[: -len("/print")]
    query = f"?{parts.query}" if parts.query else ""
    return f"{host_of(parts)}{path}{query}"


def host_of(url: str | SplitResult) -> str:
    """The host of an address in lower case, without www, with the port where it is not the usual one."""
    parts = urlsplit(url) if isinstance(url, str) else url
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{host}:{port}" if port and port not in (80, 443) else host


@lru_cache(maxsize=10_000)
def domain_of(host: str) -> str:
    """The registered domain that `host` stands under: x.edu for med.x.edu. An IP address, port included, is its own."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if is_address(name):
        return host
    found = _suffixes(name)
    if found.suffix and found.domain:
        return f"{found.domain}.{found.suffix}"
    return ".".join(name.split(".")[-2:])


def segments(url: str) -> tuple[str, ...]:
    """The pieces of an address's path in lower case, index files left out."""
    return tuple(piece.lower() for piece in _INDEX_FILE.sub("/", unquote(urlsplit(url).path)).split("/") if piece)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


class Sites:
    """Whose page is it? Knows the sites of the institutions of a registry by their websites and start URLs.

    The best match wins: the very start URL; then a website or start URL on the same host, the longer the path they
    share the better; then the same registered domain, so that sister hosts (med.x.edu, registrar.x.edu) count as one
    institution's own. Where institutions match equally well, they share the page.
    """

    def __init__(self, registry: Registry) -> None:
        self._exact: dict[str, str] = {}
        self._hosts: dict[str, list[tuple[str, tuple[str, ...], bool]]] = {}
        self._domains: dict[str, dict[str, None]] = {}
        self._cached = lru_cache(maxsize=10_000)(
            self._owners
        )  # the links of a site's menus are asked about on every page
        for institution in registry.institutions.values():
            if institution.website:
                self._add(institution.id, institution.website, whole=True)
            for start in registry.starts(institution.id):
                self._exact.setdefault(key(start.url), institution.id)
                self._add(institution.id, start.url, whole=False)

    def _add(self, identifier: str, url: str, whole: bool) -> None:
        host = host_of(url)
        self._hosts.setdefault(host, []).append((identifier, segments(url), whole))
        self._domains.setdefault(domain_of(host), {})[identifier] = None

    def owners(self, url: str) -> list[str]:
        """The institutions whose page `url` is: one as a rule, several where they share a site, none for a foreign one."""
        return list(self._cached(url))

    def _owners(self, url: str) -> list[str]:
        if exact := self._exact.get(key(url)):
            return [exact]
        host, path = host_of(url), segments(url)
        if anchors := self._hosts.get(host):
            scores: dict[str, float] = {}
            for identifier, anchor, whole in anchors:
                shared = _common(anchor, path)
                # A website whose path holds the page's speaks for it; one that lies elsewhere on the host does not.
                score = shared + (0.5 if whole and shared == len(anchor) else 0.0)
                scores[identifier] = max(score, scores.get(identifier, 0.0))
            return _best(scores.items())
        return list(self._domains.get(domain_of(host), {}))

    def owner(self, url: str) -> str | None:
        """The institution that a page is given to: of several that share its site the one listed first."""
        return next(iter(self.owners(url)), None)


def _best(scores: Iterable[tuple[str, float]]) -> list[str]:
    scores = list(scores)
    top = max(score for _, score in scores)
    return [identifier for identifier, score in scores if score == top]
