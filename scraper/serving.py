"""Starts Datasette on the database: one place that knows its options, used by `usce serve`, `usce up` and the tests."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

SITE = Path(__file__).resolve().parent / "site"

# Each limit with its reason.
SETTINGS = {
    "default_page_size": "50",  # a phone shows about ten rows; fifty is one calm scroll
    "max_returned_rows": "1000",  # JSON pages; CSV streams without this limit
    "sql_time_limit_ms": "2000",  # arbitrary SQL stays on, but no query may hold the site
    "facet_time_limit_ms": "500",  # facets are worth waiting a little for
    "facet_suggest_time_limit_ms": "50",
    "allow_download": "on",  # the whole database is public data
    "allow_csv_stream": "on",
    "max_csv_mb": "200",
    "suggest_facets": "off",  # the useful ones are named in metadata.yml
}


class ServingError(RuntimeError):
    """The site cannot be served; the message says why and what to do."""


def check_port(port: int, host: str = "127.0.0.1") -> None:
    """Raise ServingError where `port` cannot be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise ServingError(
                f"Port {port} needs rights this account lacks. Take one above 1023: make run PORT=8002"
            ) from None
        except OSError:
            raise ServingError(
                f"Port {port} is in use by another program. Stop it, or take another: make run PORT={port + 1}"
            ) from None


def datasette_command(database: Path, port: int, host: str = "127.0.0.1") -> list[str]:
    """The command line that serves `database` with the site's metadata, templates, plugins and limits."""
    command = [sys.executable, "-m", "datasette", "serve", str(database), "--host", host, "--port", str(port)]
    command += ["--metadata", str(SITE / "metadata.yml"), "--template-dir", str(SITE / "templates")]
    command += ["--plugins-dir", str(SITE / "plugins"), "--static", f"static:{SITE / 'static'}"]
    for name, value in SETTINGS.items():
        command += ["--setting", name, value]
    return command


@contextlib.contextmanager
def serving(database: Path, port: int, host: str = "127.0.0.1", *, timeout: float = 60.0) -> Iterator[str]:
    """Serve `database` while the block runs and yield the site's address.

    Raises ServingError where the port is taken or the site does not answer within `timeout` seconds.
    """
    check_port(port, host)
    # A group of its own: Ctrl-C reaches the crawl first, and the site is stopped here, in order.
    # Its log goes to a file without a name: a pipe that nobody reads would fill and stop it.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            datasette_command(database, port, host),
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        address = f"http://{host}:{port}/"
        try:
            _wait(process, address, timeout, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, timeout: float, log: IO[bytes]) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            said = log.read().decode("utf-8", "replace").strip()
            raise ServingError(f"Datasette stopped at once:\n{said}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}-/versions.json", timeout=2):
            return
        time.sleep(0.1)
    raise ServingError(f"The site did not answer on {address} within {timeout:.0f} s.")
