"""Archives and lists at http(s) addresses, read as they come: what is downloaded is kept nowhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx

from scraper.settings import USER_AGENT

TIMEOUT = httpx.Timeout(30, read=60)  # seconds; a server that says nothing for a minute is asked again
REDIRECTS = 5
TRIES = 5  # without one more byte between them
MAX_TRIES = 50  # of one file, so that a connection that breaks for ever ends
WAIT = 1.0  # seconds before the second try; twice as long before each further one
MAX_BYTES = 16 * 1024**3  # of one file: Common Crawl's have 1 GiB
MAX_SECONDS = 6 * 3600  # of one file, reading included: a trickle ends here
BLOCK = 64 * 1024
BUSY = (429, 500, 502, 503, 504)


class RemoteError(OSError):
    """What an address did not give; the message says what happened."""


def is_remote(where: str) -> bool:
    """Is it an http(s) address?"""
    return where.lower().startswith(("http://", "https://"))


class RemoteFile:
    """A file at an address, read once from beginning to end. Where the connection breaks it goes on from there, if the server can."""

    def __init__(self, url: str) -> None:
        self.url, self.position = url, 0
        self.begun = time.monotonic()
        self.version = ""  # by which the server may say that it is still the same file
        self.tries = self.all_tries = 0
        self.client = httpx.Client(
            follow_redirects=True,
            max_redirects=REDIRECTS,
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Accept": "*/*"},
        )
        self.answer: httpx.Response | None = None
        self.blocks: Iterator[bytes] = iter(())
        self.held = b""

    def __enter__(self) -> RemoteFile:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go."""
        self._hang_up()
        self.client.close()

    def read(self, size: int = BLOCK) -> bytes:
        """The next bytes, at most `size`; empty at the end. Raises RemoteError where the file cannot be had whole."""
        if not self.held:
            self.held = self._next_block()
        data, self.held = self.held[:size], self.held[size:]
        return data

    def _next_block(self) -> bytes:
        while True:
            if time.monotonic() - self.begun > MAX_SECONDS:
                raise RemoteError(f"given up after {MAX_SECONDS / 3600:g} hours")
            try:
                if self.answer is None:
                    self._ask()
                block = next(self.blocks, b"")
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise RemoteError(f"not an address that can be fetched ({error})") from None
            except httpx.TransportError as error:
                self._try_again(f"the connection failed ({str(error) or type(error).__name__})")
                continue
            except httpx.HTTPError as error:
                raise RemoteError(f"cannot be fetched ({error})") from None
            self.position += len(block)
            self.tries = 0 if block else self.tries
            if self.position > MAX_BYTES:
                raise RemoteError(f"larger than {MAX_BYTES // 1024**3} GiB")
            return block

    def _ask(self) -> None:
        """Open the file where reading stands."""
        headers = {"Range": f"bytes={self.position}-"} if self.position else {}
        if headers and self.version:
            headers["If-Range"] = self.version
        while True:
            answer = self.client.send(self.client.build_request("GET", self.url, headers=headers), stream=True)
            self.answer = answer
            if answer.status_code not in BUSY:
                break
            self._try_again(f"answered with HTTP status {answer.status_code}")
        if self.position:
            begins = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0].strip()
            if answer.status_code != 206 or begins != str(self.position):
                raise RemoteError(f"broke off after {self.position} bytes, and the server does not go on from there")
        elif answer.status_code != 200:
            raise RemoteError(f"answered with HTTP status {answer.status_code}")
        length = answer.headers.get("Content-Length", "")
        if length.isdigit() and self.position + int(length) > MAX_BYTES:
            raise RemoteError(f"larger than {MAX_BYTES // 1024**3} GiB")
        etag = answer.headers.get("ETag", "")
        self.version = self.version or (
            etag if etag.startswith('"') else answer.headers.get("Last-Modified", "")  # a weak tag does not serve
        )
        self.blocks = answer.iter_raw()  # in blocks of our own size it would lose what came before a break

    def _try_again(self, why: str) -> None:
        """Wait for the next try; raise RemoteError where there were enough."""
        self._hang_up()
        self.tries, self.all_tries = self.tries + 1, self.all_tries + 1
        if self.tries >= TRIES or self.all_tries >= MAX_TRIES:
            raise RemoteError(f"{why}, {self.all_tries} times")
        time.sleep(WAIT * 2 ** (self.tries - 1))

    def _hang_up(self) -> None:
        if self.answer is not None:
            self.answer.close()
            self.answer = None
