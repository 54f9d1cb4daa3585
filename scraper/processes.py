"""Processes of ours that read pages: how they begin, and that none outlives the one that began it."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from scraper.settings import READING_STAGES


def context() -> Any:
    """How processes begin: as copies of this one, which has imported all that reading needs, as long as nothing else runs in it.
    With other threads, a copy might inherit a lock that one of them holds; then they are copies of a process begun for that."""
    with contextlib.suppress(OSError):
        if sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1:
            return multiprocessing.get_context("fork")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    begun = multiprocessing.get_context("forkserver")
    begun.set_forkserver_preload(["__main__", "scraper.rereading", *(s.rpartition(".")[0] for s in READING_STAGES)])
    return begun


def follow() -> None:
    """Leave Ctrl-C to the process that started this one, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent() -> None:
        if (parent := multiprocessing.parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def prepare() -> None:
    """Make a process of a pool ready."""
    follow()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logging.disable(logging.WARNING)  # of libraries, about pages; what is broken is told with the results


def end(pool: ProcessPoolExecutor) -> None:
    """Have the processes of a pool end, whatever they are at."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
