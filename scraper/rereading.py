"""Reading many archives anew, on one processor, on several, or on a Dask cluster.

What is read is cut into pieces, each a file or a run of records of a large one; a piece is read by one process, record by record, into
one shard. How it is cut depends on the inputs alone and not on who reads, so that every way gives the same shards.
What is broken is named, counted and passed over.
"""

from __future__ import annotations

import contextlib
import glob
import importlib
import json
import logging
import tempfile
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import attrs

from scraper import captures, extract, processes, shards
from scraper.captures import Broken
from scraper.formats import FormatError
from scraper.reading import Reader, collect_less_often, fingerprint
from scraper.record import to_record
from scraper.remote import RemoteFile, is_remote

PIECE = 4 * 1024 * 1024  # bytes at least, as they stand in the file: about 180 pages, two seconds of work
LARGEST_PIECE = 64 * 1024 * 1024  # what a cluster sends back at once
PARTS = 64  # of a file, where its size allows: enough that processes end at about the same time
FEW = 32  # files; as many and more keep every process busy without being cut
NAMED = 20  # broken records of a piece that are named; beyond, they are counted
MAX_LIST = 256 * 1024 * 1024  # bytes of a list of paths: Common Crawl's have 13 MB


@cache
def rules() -> str:
    """What the reading goes by, from the archive to the record."""
    return fingerprint("scraper/captures.py", "scraper/archive.py")


# --- what is read --------------------------------------------------------------------------------------------------


def sources(given: Iterable[str], lists: Iterable[str] = (), base: str | None = None) -> list[str]:
    """The files and addresses that are meant, in order: globs and folders are looked up, lists are read.

    Raises ExtractError for a list that cannot be read and a pattern that nothing matches.
    """
    found: list[str] = []
    for source in given:
        if is_list(source):
            found.extend(listed(source, base))
        elif is_remote(source) or Path(source).is_file():
            found.append(source)
        elif Path(source).is_dir():
            found.extend(_matches(str(Path(glob.escape(source)) / "*.warc*"), source))
        elif glob.has_magic(source):
            found.extend(_matches(source, source))
        else:
            found.append(source)  # it is said later that it is not there, with what else is broken
    for path in lists:
        found.extend(listed(path, base))
    return found


def _matches(pattern: str, named: str) -> list[str]:
    found = sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207
    if not found:
        raise extract.ExtractError(f"{named}: no archive is there that this names.")
    return found


def is_list(source: str) -> bool:
    """Does the name say that it is a list of paths, as Common Crawl names them?"""
    return (
        urlsplit(source).path.lower().endswith((".paths", ".paths.gz"))
        if is_remote(source)
        else source.lower().endswith((".paths", ".paths.gz"))
    )


def listed(where: str, base: str | None = None) -> list[str]:
    """The paths of a list, a line each, compressed or not. Relative ones are below `base`, else beside the list; those of
    Common Crawl begin at the top of its server."""
    try:
        with contextlib.closing(open_source(where)) as stream:
            text = _unpacked(stream, where).decode("utf-8")
    except (OSError, zlib.error, UnicodeDecodeError) as error:
        raise extract.ExtractError(f"{where}: not a list of paths that can be read: {_said(error)}") from None
    lines = [line.strip() for line in text.splitlines()]
    return [_resolved(line, where, base) for line in lines if line and not line.startswith("#")]


def _unpacked(stream: captures.Stream, where: str) -> bytes:
    data = b""
    while block := stream.read(1024 * 1024):
        data += block
        if len(data) > MAX_LIST:
            raise extract.ExtractError(f"{where}: too large for a list of paths.")
    if data.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(31)
        data = unpacker.decompress(data, MAX_LIST)
        if not unpacker.eof:
            raise extract.ExtractError(f"{where}: too large for a list of paths, or cut short.")
    return data


def _resolved(line: str, where: str, base: str | None) -> str:
    if is_remote(line):
        return line
    if base and is_remote(base):
        return urljoin(base.rstrip("/") + "/", line.lstrip("/"))
    if base:
        return str(Path(base) / line)
    if not is_remote(where):
        return str(Path(where).parent / line)
    # A list of another's server never names a file of this machine.
    first = urlsplit(where).path.strip("/").partition("/")[0]
    return urljoin(where, f"/{line.lstrip('/')}" if line.startswith(f"{first}/") else line)


def open_source(where: str, start: int = 0) -> Any:
    """A file or an address as a stream. Raises OSError."""
    if is_remote(where):
        return RemoteFile(where)
    file: BinaryIO = Path(where).open("rb")  # noqa: SIM115
    file.seek(start)
    return file


@attrs.frozen
class Piece:
    """What one process reads at a time: a source, or its records that begin from `start` to before `end`."""

    number: int
    where: str
    part: int = 0
    start: int = 0
    end: int | None = None
    url: str | None = None  # of the page in a single HTML or PDF file
    share: float = 1.0  # of the source

    @property
    def name(self) -> str:
        """The name of its shard; names sort as the sources stand."""
        return f"{self.number:06d}-{self.part:04d}"


def pieces(found: list[str], url: str | None = None) -> Iterator[Piece]:
    """The sources in pieces. A large archive is cut when they are few: it is leafed through for where records begin."""
    for number, where in enumerate(found):
        size = size_of(where)
        if len(found) < FEW and size is not None and size > PIECE and extract.is_archive(Path(where)):
            yield from _cut(number, where, size)
        else:
            yield Piece(number, where, url=url)


def _cut(number: int, where: str, size: int) -> Iterator[Piece]:
    part = start = 0
    length = min(max(PIECE, size // PARTS), LARGEST_PIECE)
    with contextlib.suppress(OSError, captures.NoArchive), Path(where).open("rb") as file:
        for offset, _ in captures.walk(file, where, lambda record: None, headers_only=True):
            if offset - start >= length:
                yield Piece(number, where, part, start, offset, share=(offset - start) / size)
                part, start = part + 1, offset
    yield Piece(number, where, part, start, share=(size - start) / size)


def size_of(where: str) -> int | None:
    """The size of a file of this machine in bytes."""
    try:
        return None if is_remote(where) else Path(where).stat().st_size
    except OSError:
        return None


def is_page(where: str) -> bool:
    """Is it an address of a page, which has to be visited as a crawl does, and not of an archive?"""
    return is_remote(where) and not extract.is_archive(Path(urlsplit(where).path))


# --- reading a piece -----------------------------------------------------------------------------------------------


@attrs.define
class Tally:
    """What became of a piece, or of all."""

    pages: int = 0
    relevant: int = 0
    passed: int = 0  # records that are no pages
    broken: int = 0
    problems: list[str] = attrs.field(factory=list)  # the first of the broken ones, in words
    failed: list[str] = attrs.field(factory=list)  # sources that could not be read to their end

    def add(self, other: Tally) -> None:
        """Count in another."""
        self.pages += other.pages
        self.relevant += other.relevant
        self.passed += other.passed
        self.broken += other.broken

    def note(self, broken: Broken) -> None:
        """Count a broken record."""
        self.broken += 1
        if self.broken <= NAMED:
            self.problems.append(str(broken))

    def _pass(self) -> None:
        self.passed += 1


_here = threading.local()  # a worker of a cluster may read in several threads


def reader() -> Reader:
    """The stages, made once a thread."""
    if not hasattr(_here, "reader"):
        collect_less_often()
        _here.reader = Reader()
    made: Reader = _here.reader
    return made


def found_in(piece: Piece, tally: Tally) -> Iterator[tuple[int | None, extract.Page | Broken]]:
    """The pages of a piece with their offsets, and what is broken."""
    if is_page(piece.where):
        for page in extract.pages_of_url(piece.where):
            yield None, page
    elif is_remote(piece.where) or extract.is_archive(Path(piece.where)):
        with contextlib.closing(open_source(piece.where, piece.start)) as stream:
            yield from captures.pages(stream, piece.where, piece.start, piece.end, tally._pass)
    else:
        for page in extract.pages_of_file(Path(piece.where), piece.url):
            yield None, page


def pages_of(piece: Piece, tally: Tally) -> Iterator[tuple[int | None, extract.Page]]:
    """The pages of a piece; what is broken is noted, and where the source itself fails, that ends it."""
    try:
        for offset, found in found_in(piece, tally):
            if isinstance(found, Broken):
                tally.note(found)
            else:
                yield offset, found
    except extract.ExtractError as error:
        tally.failed.append(str(error))
    except captures.NoArchive as error:
        tally.failed.append(f"{piece.where}: {error}")
    except FileNotFoundError:
        tally.failed.append(
            f"{piece.where}: there is no such file. Give a WARC, an HTML or PDF file, or an http(s) address."
        )
    except OSError as error:
        tally.failed.append(f"{piece.where}: cannot be read: {_said(error)}")


def _said(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


def lines_of(piece: Piece, tally: Tally, relevant: bool = False) -> Iterator[tuple[dict[str, Any], str]]:
    """The records of a piece, each with its line of JSON; `relevant`: only of pages about a program."""
    reading = reader()
    for offset, page in pages_of(piece, tally):
        try:
            record = to_record(reading.read(page))
            line = json.dumps(record, ensure_ascii=False) + "\n"
            line.encode()
        except Exception as error:  # whatever a page of the world does to a stage, the others are read
            tally.note(
                Broken(piece.where, offset, f"the page cannot be read ({type(error).__name__}: {error})", page.url)
            )
            continue
        tally.pages += 1
        tally.relevant += record["relevant"]
        if record["relevant"] or not relevant:
            yield record, line


class WriteError(Exception):
    """What was read cannot be written: reading on would be in vain."""


@attrs.define
class Result:
    """A piece that was read: its shard, where it was written, or the bytes of it, where it was read on another machine."""

    piece: Piece
    tally: Tally
    path: Path | None = None
    data: bytes | None = None  # compressed
    rules: str = ""

    @property
    def whole(self) -> bool:
        """Was the source there to its end?"""
        return not self.tally.failed


def read_piece(piece: Piece, form: str, relevant: bool, path: Path | None) -> Result:
    """Read a piece into the file `path`, or, where that is None, into bytes that are sent back. Raises WriteError."""
    if path is None:
        with tempfile.TemporaryDirectory(prefix="usce-") as directory:
            away = read_piece(piece, form, relevant, Path(directory) / "shard")
            assert away.path is not None
            return attrs.evolve(away, path=None, data=zlib.compress(away.path.read_bytes(), 1))
    tally = Tally()
    try:
        writer = shards.writer(form, path)
        try:
            for record, line in lines_of(piece, tally, relevant):
                writer.write(record, line)
        finally:
            writer.close()
    except OSError as error:
        raise WriteError(f"{path.parent}: cannot be written: {_said(error)}") from None
    return Result(piece, tally, path, rules=rules())


# --- who reads -----------------------------------------------------------------------------------------------------


class Here:
    """This process."""

    def room(self) -> int:
        return 1

    def submit(self, *task: Any) -> Future[Result]:
        done: Future[Result] = Future()
        try:
            done.set_result(task[0](*task[1:]))
        except Exception as error:
            done.set_exception(error)
        return done

    def restart(self) -> None:
        """Nothing that could break."""

    def check(self) -> None:
        """Nothing that could be lost."""

    sends_back = False

    def close(self) -> None:
        """Have no one read any more."""

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _prepare() -> None:
    processes.prepare()
    reader()


def _nothing() -> None:
    """What a process is begun with."""


class Processes(Here):
    """Processes of this machine. They begin with the context, so that it is best entered before threads are."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Processes:
        self._begin().submit(_nothing)
        return self

    def room(self) -> int:
        return self.number * 2  # none waits for its next piece

    def submit(self, *task: Any) -> Future[Result]:
        return self._begin().submit(*task)

    def _begin(self) -> ProcessPoolExecutor:
        if self.pool is None:
            reader()
            rules()  # of what is loaded now; the files may be edited while we read
            self.pool = ProcessPoolExecutor(self.number, processes.context(), initializer=_prepare)
        return self.pool

    def restart(self) -> None:
        """Go on with other processes after one was killed."""
        self.close()

    def close(self) -> None:
        if self.pool is not None:
            processes.end(self.pool)
            self.pool = None


class Dask(Here):
    """The workers of a Dask cluster. They have to see the same files, and run the same version of this program."""

    sends_back = True  # their disks are theirs: what they read comes back to us

    def __init__(self, address: str, patience: float = 30) -> None:
        self.address, self.patience = address, patience

    def __enter__(self) -> Dask:
        try:
            distributed = importlib.import_module("distributed")
        except ImportError:
            raise extract.ExtractError(
                "--dask needs the library distributed, which is not installed: pip install 'usce-atlas[scale]'"
            ) from None
        for name in list(logging.root.manager.loggerDict):  # what matters of it is said in our words
            if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            self.client = distributed.Client(self.address, timeout=min(self.patience, 10), set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise extract.ExtractError(
                f"{self.address}: no Dask scheduler answers there ({_said(error).splitlines()[0]}). Start one: dask scheduler"
            ) from None
        try:
            with self._connected():
                self._meet_workers()
        except BaseException:
            self.client.close()
            raise
        self.executor: Executor = self.client.get_executor(pure=False)
        return self

    def _meet_workers(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=self.patience)
        except TimeoutError:
            raise extract.ExtractError(
                f"{self.address}: the cluster has no workers. Start some: dask worker {self.address} --nthreads 1"
            ) from None
        for worker, theirs in self.client.run(_rules_there, on_error="return").items():
            if theirs != rules():
                why = f"({theirs})" if isinstance(theirs, BaseException) else "another version of its rules"
                raise extract.ExtractError(
                    f"the Dask worker {worker} has not this version of USCE Atlas: {why}. Install the same everywhere."
                )

    def room(self) -> int:
        with self._connected():
            return max(1, 2 * sum(self.client.nthreads().values()))

    def submit(self, *task: Any) -> Future[Result]:
        with self._connected():
            return self.executor.submit(*task)

    def check(self) -> None:
        """Raise ExtractError where the scheduler is gone."""
        with self._connected():
            if self.client.status != "running":
                raise OSError

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        """Say in our words that the scheduler is gone."""
        try:
            yield
        except (OSError, RuntimeError):
            raise extract.ExtractError(f"{self.address}: the connection to the Dask scheduler is lost.") from None

    def close(self) -> None:
        self.executor.shutdown(wait=False)
        self.client.close()


def _rules_there() -> str:
    return rules()


def spread(engine: Here, todo: Iterable[Piece], task: Callable[[Piece], tuple[Any, ...]]) -> Iterator[Result]:
    """Have every piece read, some at a time, and give the results as they come. A piece that kills its process is given up.

    Raises WriteError, and ExtractError where the engine is lost.
    """
    waiting = iter(todo)
    running: dict[Future[Result], Piece] = {}
    suspects: deque[Piece] = deque()
    while True:
        # After a process died nobody knows on which of the pieces: those go one by one.
        room = 1 if suspects else engine.room()
        while len(running) < room:
            alone = bool(suspects)
            piece = suspects.popleft() if alone else next(waiting, None)
            if piece is None:
                break
            try:
                running[engine.submit(*task(piece))] = piece
            except BrokenExecutor:
                engine.restart()
                running[engine.submit(*task(piece))] = piece
            if alone:
                break
        if not running:
            return
        single = len(running) == 1
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        died: list[Piece] = []
        for future in done:
            piece = running.pop(future)
            try:
                yield future.result()
            except BrokenExecutor:
                died.append(piece)
            except WriteError:
                raise
            except (extract.ExtractError, FormatError):
                raise
            except Exception as error:
                engine.check()
                yield _given_up(piece, _said(error).splitlines()[0])
        if died:
            died.extend(running.values())  # they are lost with the others
            running.clear()
            engine.restart()
            if single:
                yield _given_up(died[0], "the process that read it was killed; is there too little memory?")
            else:
                suspects.extend(sorted(died, key=lambda piece: piece.name))


def _given_up(piece: Piece, why: str) -> Result:
    return Result(piece, Tally(failed=[f"{piece.where}: {why}"]))


# --- a reading -----------------------------------------------------------------------------------------------------


def _same_rules(result: Result) -> Result:
    if result.rules not in ("", rules()):
        raise extract.ExtractError(
            "a worker reads by other rules than this command: USCE Atlas was changed meanwhile, or another version is installed there."
        )
    return result


def _bring(result: Result, path: Path) -> Path | None:
    """The file of a result on this machine."""
    if result.data is None:
        return result.path
    try:
        path.write_bytes(zlib.decompress(result.data))
    except OSError as error:
        raise WriteError(f"{path.parent}: cannot be written: {_said(error)}") from None
    return path


def into_folder(
    engine: Here, todo: Iterable[Piece], folder: shards.Shards, relevant: bool
) -> Iterator[tuple[Result, bool]]:
    """Read pieces into shards. Gives each piece when it is settled, and whether its shard was there already."""

    def missing() -> Iterator[Piece]:
        for piece in todo:
            entry = folder.done.get(folder.name(piece.name))
            if entry is None:
                yield piece
                continue
            if entry["size"] != size_of(piece.where):
                raise shards.ShardError(
                    f"{piece.where}: has changed since {entry['shard']} was read of it: name another folder, or remove that shard"
                )
            counts = {name: entry[name] for name in ("pages", "relevant", "passed", "broken", "problems")}
            settled.append(Result(piece, Tally(**counts)))

    def task(piece: Piece) -> tuple[Any, ...]:
        path = None if engine.sends_back else folder.part(piece.name)
        return read_piece, piece, folder.form, relevant, path

    settled: deque[Result] = deque()
    for result in spread(engine, missing(), task):
        while settled:
            yield settled.popleft(), True
        _same_rules(result)
        part = _bring(result, folder.part(result.piece.name))
        if part is not None and result.whole:
            piece, tally = result.piece, result.tally
            entry = {"source": piece.where, "size": size_of(piece.where), "start": piece.start, "end": piece.end}
            counts = {"pages": tally.pages, "relevant": tally.relevant, "passed": tally.passed, "broken": tally.broken}
            try:
                folder.commit(piece.name, part, {**entry, **counts, "problems": tally.problems})
            except OSError as error:
                raise WriteError(f"{folder.directory}: cannot be written: {_said(error)}") from None
        elif part is not None:
            part.unlink(missing_ok=True)  # half a source is no shard; the next run tries again
        yield result, False
    while settled:
        yield settled.popleft(), True
    folder.finish()


def in_order(
    engine: Here, todo: Iterable[Piece], directory: Path, relevant: bool
) -> Iterator[tuple[Result, Path | None]]:
    """Read pieces into files of `directory`, and give them in the order of the sources: what was read ahead waits on the disk."""
    order: deque[str] = deque()
    ready: dict[str, tuple[Result, Path | None]] = {}

    def noted() -> Iterator[Piece]:
        for piece in todo:
            order.append(piece.name)
            yield piece

    def task(piece: Piece) -> tuple[Any, ...]:
        return read_piece, piece, "jsonl", relevant, None if engine.sends_back else directory / piece.name

    for result in spread(engine, noted(), task):
        _same_rules(result)
        ready[result.piece.name] = result, _bring(result, directory / result.piece.name)
        while order and order[0] in ready:
            yield ready.pop(order.popleft())
