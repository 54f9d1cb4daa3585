"""What became of the visit to an institution and of each fetch in it: every failure has a name, and is counted."""

from __future__ import annotations

import ssl
from collections import Counter

import attrs
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost, SSLError
from twisted.internet.error import TimeoutError as ConnectTimeout

from scraper.urls import host_of

# The names of all that may befall a fetch, in words for people. `http_NNN` stands beside them for each status.
REASONS = {
    "dns": "the host's name could not be resolved",
    "refused": "the host refused the connection",
    "reset": "the connection broke off",
    "tls": "no secure connection could be made",
    "timeout": "the host took too long",
    "truncated": "the answer was shorter than announced, or damaged",
    "too_large": "the answer was larger than we read",
    "redirects": "redirected in a loop, or too often",
    "off_site": "redirected to another site",
    "private_address": "the host stands in a private network",
    "robots": "robots.txt asks us to stay away",
    "noindex": "the page asks not to be indexed",
    "not_html": "neither HTML nor PDF",
    "empty": "the page holds no text",
    "needs_browser": "the page shows its text by script only",
    "soft_404": "says 'not found', with status 200",
    "login": "asks for a login",
    "challenge": "asks to prove that we are human",
    "not_archived": "not in the archive",
    "no_address": "the registry knows neither website nor start URL",
    "stage": "a stage failed on the page (a bug: see the log)",
    "storage": "what was found could not be stored",
    "other": "something else",
}
# A host with nothing but these was not reached at all.
UNREACHED = frozenset({"dns", "refused", "reset", "tls", "timeout"})

# The page itself is no more, its host says: not merely out of reach.
GONE = frozenset({"http_404", "http_410", "soft_404"})


class Refused(IgnoreRequest):
    """A request that we do not send, or an answer that we do not read, for the named reason."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or REASONS.get(reason, reason))
        self.reason = reason


def reason_of(error: BaseException) -> str:
    """The name of what went wrong with a fetch, one of REASONS."""
    if isinstance(error, Refused):
        return error.reason
    if isinstance(error, IgnoreRequest):
        return _ignored(str(error))
    if isinstance(error, CannotResolveHostError):
        return "dns"
    if isinstance(error, DownloadConnectionRefusedError):
        return "refused"
    if isinstance(error, (DownloadTimeoutError, ConnectTimeout, TimeoutError)):
        return "timeout"
    if isinstance(error, ResponseDataLossError):
        return "truncated"
    if isinstance(error, DownloadCancelledError):
        return "too_large"  # Scrapy cancels a download for its size only; ours, at a stop, are not counted
    if isinstance(error, UnsupportedURLSchemeError):
        return "off_site"
    if (
        isinstance(error, (ssl.SSLError, SSLError))
        or "ssl" in repr(error).lower()
        or "certificate" in repr(error).lower()
    ):
        return "tls"
    if isinstance(error, (DownloadFailedError, ConnectionDone, ConnectionLost, ConnectError)):
        return "reset"
    if type(error).__module__.startswith("playwright"):
        return _of_browser(str(error))
    if isinstance(error, (OSError, EOFError)):
        return "truncated"  # what the decompression of a broken body raises
    return "other"


def _of_browser(message: str) -> str:
    """The reason behind an error of the browser's."""
    for words, reason in (
        ("ERR_NAME_NOT_RESOLVED", "dns"),
        ("ERR_CONNECTION_REFUSED", "refused"),
        ("ERR_CONNECTION", "reset"),
        ("ERR_EMPTY_RESPONSE", "reset"),
        ("ERR_SSL", "tls"),
        ("ERR_CERT", "tls"),
        ("ERR_TOO_MANY_REDIRECTS", "redirects"),
        ("ERR_BLOCKED", "private_address"),
        ("Timeout", "timeout"),
    ):
        if words in message:
            return reason
    return "needs_browser"  # it could not be started, or fell over


def _ignored(message: str) -> str:
    """The reason behind one of Scrapy's own IgnoreRequest, which carry a text only."""
    for words, reason in (
        ("robots.txt", "robots"),
        ("redirection", "redirects"),
        ("not in cache", "not_archived"),
        ("DOWNLOAD_MAXSIZE", "too_large"),
    ):
        if words in message:
            return reason
    return "other"


@attrs.define
class Outcome:
    """How the visit to one institution went. `fetches` counts requests for pages, robots.txt and sitemaps apart.

    `finished` is False where the crawl was stopped before the end: what was known of the institution stays as it was.
    """

    institution_id: str
    fetches: int = 0
    pages: int = 0
    relevant: int = 0
    unchanged: int = 0
    programs: int = 0
    finished: bool = False
    started_at: str = ""
    failures: Counter[str] = attrs.field(factory=Counter)
    failed_urls: dict[str, str] = attrs.field(factory=dict)  # address -> reason, the first MAX_FAILED_URLS

    MAX_FAILED_URLS = 1000

    @property
    def failures_by_host(self) -> dict[str, dict[str, int]]:
        """Failures counted by host and reason; those that belong to no address stand under ''."""
        counts: dict[str, Counter[str]] = {}
        for url, reason in self.failed_urls.items():
            counts.setdefault(host_of(url), Counter())[reason] += 1
        rest = self.failures - sum(counts.values(), Counter())
        if rest:
            counts[""] = rest
        return {host: dict(sorted(found.items())) for host, found in sorted(counts.items())}

    def failed(self, reason: str, url: str = "") -> None:
        """Count a failure, and remember where it happened."""
        self.failures[reason] += 1
        if url and len(self.failed_urls) < self.MAX_FAILED_URLS:
            self.failed_urls[url] = reason

    @property
    def reached(self) -> bool:
        """Did any host of the institution answer, were it with an error?"""
        return self.pages > 0 or not self.failures or bool(set(self.failures) - UNREACHED)

    def record(self) -> dict[str, object]:
        """The outcome as plain values."""
        return attrs.asdict(self) | {"failures": dict(self.failures)}

    @classmethod
    def of(cls, record: dict) -> Outcome:
        """The outcome that `record()` gave."""
        return cls(**(record | {"failures": Counter(record["failures"])}))
