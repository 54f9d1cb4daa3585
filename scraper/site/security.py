"""What every answer of the site carries or is spared: security headers, harmless CSV cells, no cookies, no log of visitors."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from datasette.plugins import pm

from scraper.site.app import csv_text

Scope = dict[str, Any]
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

# Scripts and styles come from this site's own files alone: no inline script, no event handler, no eval. JSON-LD is data, not script.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# Datasette's own pages colour their headings with style attributes; they get these, and still no script and no <style>.
_TABLE_POLICY = {**_POLICY, "style-src-attr": "'unsafe-inline'"}


def policy(directives: dict[str, str]) -> bytes:
    """A Content-Security-Policy as its header's value."""
    return "; ".join(f"{name} {sources}" for name, sources in directives.items()).encode()


# Datasette plugins, by the name of their package, that the site works with.
WELCOME: frozenset[str] = frozenset()
OWN, TABLES = policy(_POLICY), policy(_TABLE_POLICY)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_OURS = {name for name, _ in HEADERS} | {b"content-security-policy"}


def is_datasettes(path: str, names: list[str]) -> bool:
    """Is `path` one of Datasette's own pages: a database, a table, a query, or one of its tools under /-/?"""
    first = path.strip("/").partition("/")[0].partition(".")[0]
    return first in names or first == "-"


def guard(app: App, prefix: str, names: Callable[[], list[str]]) -> App:
    """Wrap the site: headers on every answer, CSV without formulas. `prefix` is the address under which the site stands."""

    async def guarded(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            keep_no_log()  # the server has set up its log by now, and not yet answered anybody
            await app(scope, receive, send)
            return
        path = "/" + scope["path"].removeprefix(prefix).lstrip("/")
        is_csv = path.endswith(".csv") or b"_format=csv" in scope.get("query_string", b"")
        await app(scope, receive, _Answer(send, TABLES if is_datasettes(path, names()) else OWN, is_csv))

    return guarded


class _Answer:
    """The answer to one request, on its way out."""

    def __init__(self, send: Send, csp: bytes, is_csv: bool) -> None:
        self.send, self.csp, self.is_csv = send, csp, is_csv
        self.rest = ""  # of a CSV: what is no whole row yet
        self.bytes = b""  # of a CSV: what is no whole character yet

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": self._headers(message.get("headers", []))}
        elif message["type"] == "http.response.body" and self.is_csv:
            message = {**message, "body": self._cells(message.get("body", b""), message.get("more_body", False))}
        await self.send(message)

    def _headers(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        # Datasette sends CSV as text/plain, for browsers to show: it can be saved and opened in a spreadsheet all the same.
        content_type = dict(given).get(b"content-type", b"")
        self.is_csv = content_type.startswith(b"text/csv") or (self.is_csv and content_type.startswith(b"text/plain"))
        kept = [(name, text) for name, text in given if name.lower() not in _OURS]
        if self.is_csv:
            kept = [(name, text) for name, text in kept if name.lower() != b"content-length"]
        return [*kept, *HEADERS, (b"content-security-policy", self.csp)]

    def _cells(self, body: bytes, more: bool) -> bytes:
        """The whole rows that are there, with harmless cells; an unfinished row waits for its end."""
        self.bytes += body
        text = self.bytes.decode("utf-8", "ignore" if more else "replace")
        self.bytes = self.bytes[len(text.encode()) :] if more else b""
        self.rest += text
        if more and (not self.rest.endswith("\n") or self.rest.count('"') % 2):
            return b""
        whole, self.rest = self.rest, ""
        return csv_text(csv.reader(io.StringIO(whole, newline=""))).encode() if whole else b""


def stand_alone() -> None:
    """Take out the Datasette plugins that happen to be installed on this machine, but for those in WELCOME: their scripts would
    run into the policy above, and a site that depends on what else is installed is a different site everywhere."""
    for plugin, distribution in pm.list_plugin_distinfo():
        if distribution.project_name not in WELCOME and pm.is_registered(plugin):
            pm.unregister(plugin)


def keep_no_log() -> None:
    """What visitors ask for is nobody's business: the server writes no line for each request."""
    logging.getLogger("uvicorn.access").disabled = True
