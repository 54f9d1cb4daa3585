"""A folder of shards: what was read of many archives, in pieces that are whole or not there.

A shard is written under another name and renamed when it is whole; then a line in `shards.jsonl` says what is in it. `manifest.json` says of
which reading the shards are. A reading that was cut off is gone on with by the same command: whole shards are passed over. Nothing in
the folder tells when it was written, so that the same reading gives the same bytes, however often it was cut off.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from scraper import __version__
from scraper.crawling import Lock
from scraper.formats import FormatError
from scraper.items import FIELDS

FORMS = ("jsonl", "parquet")
MANIFEST = "manifest.json"
DONE = "shards.jsonl"
GROUP = 1_000  # records of a row group of Parquet, held at once
Record = dict[str, Any]


class ShardError(ValueError):
    """A folder of shards that cannot be gone on with; the message names it and the remedy."""


# --- one shard -----------------------------------------------------------------------------------------------------


class Writer(Protocol):
    """Writes one shard: a record, and the same as a line of JSON."""

    def write(self, record: Record, line: str) -> None: ...
    def close(self) -> None: ...


class JsonLines:
    """One JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w", encoding="utf-8", newline="\n")

    def write(self, record: Record, line: str) -> None:
        self.file.write(line)

    def close(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()


class Parquet:
    """The same fields as columns, nested as in JSON; the value of an evidence, which may be of any type, as JSON text."""

    def __init__(self, path: Path) -> None:
        check("parquet")
        self.arrow = importlib.import_module("pyarrow")
        self.schema = _schema(self.arrow)
        parquet = importlib.import_module("pyarrow.parquet")
        self.path = path
        self.file = parquet.ParquetWriter(path, self.schema, compression="zstd")
        self.rows: list[Record] = []

    def write(self, record: Record, line: str) -> None:
        evidence = [fact | {"value": json.dumps(fact["value"], ensure_ascii=False)} for fact in record["evidence"]]
        self.rows.append(record | {"evidence": evidence})
        if len(self.rows) >= GROUP:
            self._flush()

    def _flush(self) -> None:
        if self.rows:
            self.file.write_table(self.arrow.Table.from_pylist(self.rows, schema=self.schema))
            self.rows = []

    def close(self) -> None:
        self._flush()
        self.file.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())


def check(form: str) -> None:
    """Raise FormatError where a form cannot be written here."""
    if form == "parquet":
        try:
            importlib.import_module("pyarrow.parquet")
        except ImportError:
            raise FormatError(
                "Parquet needs the library pyarrow, which is not installed: pip install 'usce-atlas[formats]'"
            ) from None


def writer(form: str, path: Path) -> Writer:
    """What writes a shard of that form into a new file at `path`."""
    return Parquet(path) if form == "parquet" else JsonLines(path)


def _schema(arrow: Any) -> Any:
    text, number, flag = arrow.string(), arrow.float64(), arrow.bool_()
    fee = {"kind": text, "amount": number, "per": text, "refundable": flag, "for": text, "weeks": number}
    lead = arrow.struct([("n", number), ("unit", text)])
    deadline = {"kind": text, "date": text, "month_day": text, "lead": lead, "for": text, "rolling": flag}
    kinds = {
        "bool": flag,
        "number": number,
        "choice": text,
        "set": arrow.list_(text),
        "fees": arrow.list_(arrow.struct(list(fee.items()))),
        "deadlines": arrow.list_(arrow.struct(list(deadline.items()))),
    }
    evidence = {
        "field": text, "value": text, "quote": text, "headings": arrow.list_(text), "audience": text, "rule": text,
        "confidence": number, "conflict": flag,
    }  # fmt: skip
    return arrow.schema(
        [
            ("url", text),
            ("relevant", flag),
            *((field.name, kinds[field.kind]) for field in FIELDS),
            ("evidence", arrow.list_(arrow.struct(list(evidence.items())))),
        ]
    )


def records(path: Path) -> Iterator[Record]:
    """The records of a shard, in the form in which they were read."""
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
        return
    check("parquet")
    for batch in importlib.import_module("pyarrow.parquet").ParquetFile(path).iter_batches(GROUP):
        for record in batch.to_pylist():
            # Members that only some have are left out where they are empty, as in JSON.
            for name, optional in (("fees", "weeks"), ("deadlines", "rolling")):
                record[name] = [
                    {key: value for key, value in row.items() if key != optional or value is not None}
                    for row in record[name]
                ]
            record["evidence"] = [fact | {"value": json.loads(fact["value"])} for fact in record["evidence"]]
            yield record


# --- the folder ----------------------------------------------------------------------------------------------------


class Shards:
    """The folder. Used as a context it is ours alone; `about` says of which reading the shards in it have to be."""

    def __init__(self, directory: Path, form: str, about: Record) -> None:
        self.directory, self.form, self.about = directory, form, {"format": form, **about}
        self.done: dict[str, Record] = {}
        self._lock = Lock(directory / MANIFEST)

    def __enter__(self) -> Shards:
        check(self.form)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            holder = self._lock.acquire()
        except OSError as error:
            raise ShardError(f"{self.directory}: cannot be written ({error.strerror}): name another folder") from None
        if holder is not None:
            who = f" (process {holder['pid']})" if "pid" in holder else ""
            raise ShardError(
                f"{self.directory}: another `usce extract` writes here{who}: wait for it, or name another folder"
            )
        try:
            self._take_over()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clean()
        self._lock.release()

    def _take_over(self) -> None:
        """See that what is there is of the same reading, and which shards are whole."""
        manifest = self.directory / MANIFEST
        if manifest.exists():
            try:
                found = json.loads(manifest.read_text("utf-8"))
            except (ValueError, OSError) as error:
                raise ShardError(f"{manifest}: cannot be read ({error}): name another folder") from None
            differ = [name for name in sorted({*found, *self.about}) if found.get(name) != self.about.get(name)]
            if differ:
                raise ShardError(
                    f"{self.directory}: holds shards of another reading (not the same: {', '.join(differ)}): name another folder, or empty this one"
                )
        elif any(path.name != self._lock.path.name for path in self.directory.iterdir()):
            raise ShardError(f"{self.directory}: is not empty, and holds no shards: name another folder")
        else:
            self._write(manifest, json.dumps(self.about, indent=1, ensure_ascii=False) + "\n")
        self._clean()
        self.done = {entry["shard"]: entry for entry in self._entries() if self._is_whole(entry)}
        self._write(self.directory / DONE, "".join(_line(entry) for entry in self.done.values()))

    def _entries(self) -> Iterator[Record]:
        path = self.directory / DONE
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    entry["shard"], entry["bytes"]
                except (ValueError, KeyError, TypeError):
                    continue  # cut off with the process that wrote it: the shard is read again
                yield entry

    def _is_whole(self, entry: Record) -> bool:
        try:
            return (self.directory / entry["shard"]).stat().st_size == entry["bytes"]
        except OSError:
            return False

    def _write(self, path: Path, text: str) -> None:
        part = path.with_name(f".{path.name}.part")
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _clean(self) -> None:
        """Remove what was begun and not finished."""
        for path in self.directory.glob(".*.part"):
            path.unlink(missing_ok=True)

    def name(self, piece: str) -> str:
        """The name of the shard of a piece."""
        return f"{piece}.{self.form}"

    def part(self, piece: str) -> Path:
        """Where the shard of a piece is written before it is whole."""
        return self.directory / f".{self.name(piece)}.{os.getpid()}.part"

    def commit(self, piece: str, part: Path, entry: Record) -> None:
        """The shard at `part` is whole: from now on it is one."""
        path = self.directory / self.name(piece)
        entry = {"shard": path.name, "bytes": part.stat().st_size, **entry}
        part.replace(path)
        with (self.directory / DONE).open("a", encoding="utf-8", newline="\n") as file:
            file.write(_line(entry))
        self.done[path.name] = entry

    def finish(self) -> None:
        """Put the list of shards in order, which was written as they came."""
        self._write(self.directory / DONE, "".join(_line(self.done[name]) for name in sorted(self.done)))


def about(sources: Iterable[str], *, relevant: bool, rules: str) -> Record:
    """What makes two readings the same, whoever reads: the sources in their order, the rules, the choice of pages."""
    digest, number = hashlib.sha256(), 0
    for source in sources:
        place = source if "://" in source else str(Path(source).absolute())
        digest.update(place.encode("utf-8", "surrogateescape") + b"\n")
        number += 1
    inputs = {"number": number, "sha256": digest.hexdigest()}
    return {"inputs": inputs, "relevant": relevant, "rules": rules, "version": __version__}


def _line(entry: Record) -> str:
    return json.dumps(entry, ensure_ascii=False) + "\n"


def all_records(directory: Path) -> Iterable[Record]:
    """The records of every shard of a folder, in the order of the inputs."""
    for path in sorted((*directory.glob("*-*.jsonl"), *directory.glob("*-*.parquet"))):
        yield from records(path)
