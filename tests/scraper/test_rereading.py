"""Many archives: whoever reads them, the records are the same; what is cut off is gone on with; what is broken is passed over."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scraper import cli, rereading, shards
from scraper.rereading import Dask, Here, Piece, Processes, Result, Tally, pieces, spread
from tests.files_server import serving
from tests.warcs import Capture, fragments, write

ROOT = Path(__file__).resolve().parents[2]
BROKEN = 3  # the record of the archive 'b' that is broken


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three archives of fictional pages: one as it should be, one with a broken record, one that is none."""
    folder = tmp_path_factory.mktemp("archives")
    every = fragments()
    write(folder / "a.warc.gz", every[:6])
    offsets = write(folder / "b.warc.gz", every[6:12])
    data = bytearray((folder / "b.warc.gz").read_bytes())
    data[offsets[BROKEN] + 200 : offsets[BROKEN] + 260] = b"\xa5" * 60
    (folder / "b.warc.gz").write_bytes(data)
    write(folder / "c.warc", every[12:15], gzip=False)
    (folder / "d.warc.gz").write_bytes(b"this is no archive")
    return folder


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six archives without a fault, each of a few seconds' worth of nothing but small pages."""
    folder = tmp_path_factory.mktemp("good")
    every = fragments()
    for number in range(6):
        write(folder / f"{number}.warc.gz", every[number * 6 : number * 6 + 6])
    return folder


def dask(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """A process of Dask's on loopback that works in `folder` and has the project."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *command, "--host", "127.0.0.1", "--no-dashboard"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def dask_worker(folder: Path, address: str) -> subprocess.Popen[bytes]:
    """A worker with two threads, of the scheduler at `address`."""
    return dask(folder, "worker", address, "--nthreads", "2", "--no-nanny", "--local-directory", str(folder))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Dask cluster of one worker with two threads, on free ports of loopback."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    scheduler = dask(folder, "scheduler", "--port", "0", "--scheduler-file", str(file))
    worker = None
    try:
        until = time.monotonic() + 60
        while not (file.exists() and file.stat().st_size):
            assert scheduler.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        worker = dask_worker(folder, address)
        yield address
    finally:
        for process in (worker, scheduler):
            if process is not None:
                process.kill()
                process.wait()


Usce = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def usce(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Usce:
    """`usce extract`, in this process."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        given = ["usce", "extract", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", given)
        code = 0
        try:
            cli.main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        said = capfd.readouterr()
        return subprocess.CompletedProcess(given, code, said.out, " ".join(said.err.split()))

    return run


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# --- the same, whoever reads -----------------------------------------------------------------------------------------


def test_one_process_several_and_a_cluster_write_the_same(
    usce: Usce, archives: Path, cluster: str, tmp_path: Path
) -> None:
    one = usce(archives)
    assert one.returncode == 5
    assert len(one.stdout.splitlines()) == 14
    for way in (["--workers", 2], ["--dask", cluster]):
        many = usce(archives, *way, "--jsonl", tmp_path / "many.jsonl")
        assert many.returncode == 5, many.stderr
        # Not only after sorting: the order of the pages is that of the sources.
        assert (tmp_path / "many.jsonl").read_text("utf-8") == one.stdout
        for said in (one.stderr, many.stderr):
            assert "b.warc.gz, byte " in said
            assert "d.warc.gz: is not a WARC archive" in said
            assert "Not all: 1 broken record, 1 source not read." in said


def test_shards_are_the_same_whoever_writes_them(usce: Usce, archives: Path, cluster: str, tmp_path: Path) -> None:
    ways: dict[str, list[object]] = {"one": [], "two": ["--workers", 2], "dask": ["--dask", cluster]}
    for name, way in ways.items():
        done = usce(archives, "--output", tmp_path / name, *way)
        assert done.returncode == 5, done.stderr
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "dask")
    assert sorted(files(tmp_path / "one")) == [
        "000000-0000.jsonl", "000001-0000.jsonl", "000002-0000.jsonl", "manifest.json", "shards.jsonl",
    ]  # fmt: skip
    lines = usce(archives).stdout
    assert b"".join(data for name, data in files(tmp_path / "one").items() if name[0] == "0").decode() == lines


def test_a_large_archive_is_cut_and_nothing_is_lost(
    usce: Usce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, packed in (("x.warc.gz", True), ("x.warc", False)):
        path = tmp_path / name
        write(path, fragments()[:12], packed)
        whole = usce(path).stdout
        monkeypatch.setattr(rereading, "PIECE", path.stat().st_size // 4)
        parts = list(pieces([str(path)]))
        assert 3 <= len(parts) <= 5
        assert sum(part.share for part in parts) == pytest.approx(1)
        folder = tmp_path / f"{name}.shards"
        assert usce(path, "--output", folder).returncode == 0
        assert "".join(shard.read_text("utf-8") for shard in sorted(folder.glob("0*"))) == whole
        assert len(list(folder.glob("0*"))) == len(parts)


def test_parquet_holds_the_same_records(usce: Usce, archives: Path, tmp_path: Path) -> None:
    for form in ("jsonl", "parquet"):
        assert usce(archives, "--output", tmp_path / form, "--format", form).returncode == 5
    lines = list(shards.all_records(tmp_path / "jsonl"))
    assert len(lines) == 14
    assert list(shards.all_records(tmp_path / "parquet")) == lines
    assert any(record["fees"] for record in lines)
    assert any(record["deadlines"] for record in lines)


def test_relevant_pages_only(usce: Usce, archives: Path) -> None:
    every = [json.loads(line) for line in usce(archives / "c.warc", archives / "a.warc.gz").stdout.splitlines()]
    chosen = usce(archives / "c.warc", archives / "a.warc.gz", "--relevant")
    assert [json.loads(line) for line in chosen.stdout.splitlines()] == [page for page in every if page["relevant"]]
    assert 0 < len(chosen.stdout.splitlines()) < len(every)


# --- what is read ----------------------------------------------------------------------------------------------------


def test_patterns_folders_and_lists_name_the_same(usce: Usce, good: Path, tmp_path: Path) -> None:
    named = usce(*sorted(good.glob("*"))).stdout
    assert len(named.splitlines()) == 36
    path = tmp_path / "all.txt"
    path.write_text("".join(f"{name}\n" for name in sorted(good.iterdir())), "utf-8")
    (tmp_path / "warc.paths.gz").write_bytes(gzip.compress(path.read_bytes()))
    for way in ([good / "*.warc.gz"], [good], ["--list", path], [tmp_path / "warc.paths.gz"]):
        assert usce(*way).stdout == named
    relative = tmp_path / "relative.txt"
    relative.write_text("0.warc.gz\n", "utf-8")
    assert named.startswith(usce("--list", relative, "--base", good).stdout)


def test_archives_are_read_over_http(usce: Usce, good: Path, tmp_path: Path) -> None:
    with serving() as server:
        for path in good.iterdir():
            server.files[f"/crawl-data/{path.name}"] = path.read_bytes()
        names = "".join(f"crawl-data/{path.name}\n" for path in sorted(good.iterdir()))
        server.files["/crawl-data/warc.paths.gz"] = gzip.compress(names.encode())
        done = usce(server.url("/crawl-data/warc.paths.gz"), "--workers", 2)
        assert done.stdout == usce(good).stdout
        assert done.stderr == ""


def test_a_download_that_breaks_leaves_no_shard_and_is_tried_again(
    usce: Usce, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scraper.remote.WAIT", 0.001)
    with serving() as server:
        for name in ("0", "1"):
            server.files[f"/{name}.warc.gz"] = (good / f"{name}.warc.gz").read_bytes()
        addresses = [server.url(f"/{name}.warc.gz") for name in ("0", "1")]
        server.behaviours["/1.warc.gz"] = lambda handler, data: handler.answer(200, data[:4000], says=len(data))
        done = usce(*addresses, "--output", tmp_path / "out")
        assert done.returncode == 5
        assert f"{addresses[1]}: cannot be read: broke off after 4000 bytes" in done.stderr
        assert [name for name in files(tmp_path / "out") if name[0] == "0"] == ["000000-0000.jsonl"]
        server.behaviours.clear()
        before = len(server.log)
        done = usce(*addresses, "--output", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        assert [path for path, _ in server.log[before:]] == ["/1.warc.gz"]
        assert len(list(shards.all_records(tmp_path / "out"))) == 12


def test_a_page_that_no_stage_can_read_is_named(usce: Usce, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = rereading.reader().read

    def stumble(page):
        if page.url.endswith("day-rate.example/visit"):
            raise RecursionError("too deep")
        return read(page)

    monkeypatch.setattr(rereading.reader(), "read", stumble)
    done = usce(good / "1.warc.gz")
    assert done.returncode == 5
    assert len(done.stdout.splitlines()) == 5
    assert "the page cannot be read (RecursionError: too deep)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "names nothing"),
        (["no/such/*.warc.gz"], 1, "no archive is there"),
        (["--list", "no-such.txt"], 1, "no-such.txt: not a list"),
        (["a.warc.gz", "b.warc.gz", "--workers", "2"], 1, "none of 2 sources could be read"),
        (["a.warc.gz", "--format", "parquet"], 2, "--output DIR"),
        (["a.warc.gz", "--output", "x", "--jsonl", "y"], 2, "--jsonl"),
        (["a.warc.gz", "--output", "x", "--explain"], 2, "--explain"),
        (["a.warc.gz", "--workers", "2", "--dask", "tcp://127.0.0.1:1"], 2, "--dask"),
        (["https://www.example.org/visit", "--workers", "2"], 2, "is a page"),
        (["a.warc.gz", "--output", "pyproject.toml"], 1, "cannot be written"),
        (["a.warc.gz", "--output", "docs"], 1, "is not empty, and holds no shards"),
    ],
)
def test_what_cannot_be_done_is_said(
    usce: Usce, arguments: list[str], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    done = usce(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_cluster_and_no_dask_are_said(usce: Usce, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(rereading.extract.ExtractError, match="no Dask scheduler answers there"),
        Dask("tcp://127.0.0.1:1", patience=0.5),
    ):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = usce(good, "--dask", "tcp://127.0.0.1:1")
    assert done.returncode == 1
    assert "pip install 'usce-atlas[scale]'" in done.stderr


def test_workers_with_other_rules_are_refused(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "rules", lambda: "of today")
    with pytest.raises(rereading.extract.ExtractError, match="has not this version of USCE Atlas"), Dask(cluster):
        pass


# --- cut off and gone on with ----------------------------------------------------------------------------------------


def begin(*arguments: object) -> subprocess.Popen[bytes]:
    """`usce extract` as a process of its own, the first of a group."""
    return subprocess.Popen(
        [sys.executable, "-m", "scraper.cli", "extract", *map(str, arguments)],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.005)


def of_group(group: int) -> list[int]:
    """The processes that are left of a group."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, pgid, stat in rows if int(pgid) == group and not stat.startswith("Z")]


@pytest.fixture(scope="module")
def undisturbed(good: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The shards of a reading that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed") / "shards"
    process = begin(good, "--output", folder)
    assert process.wait(60) == 0
    return files(folder)


@pytest.mark.parametrize("shards_before", [0, 2])
def test_killed_and_gone_on_with_gives_the_same_shards(
    good: Path, tmp_path: Path, undisturbed: dict[str, bytes], shards_before: int
) -> None:
    folder = tmp_path / "shards"
    command = [good, "--output", folder, "--workers", 2]
    process = begin(*command)
    wait_for(lambda: (folder / "manifest.json").exists() and len(list(folder.glob("0*"))) >= shards_before)
    if not shards_before:
        wait_for(lambda: bool(list(folder.glob(".0*.part"))))
    process.kill()
    process.communicate()
    wait_for(lambda: not of_group(process.pid), 20)  # its workers end with it
    left = {path.name: path.stat().st_mtime_ns for path in folder.glob("0*")}
    if (folder / "shards.jsonl").exists():
        with (folder / "shards.jsonl").open("a") as file:
            file.write('{"shard": "000005-0000.jsonl", "byt')  # a line that was cut short is no shard
    again = begin(*command)
    said = again.communicate()[1].decode()
    assert again.returncode == 0, said
    assert files(folder) == undisturbed
    if shards_before:
        kept = [name for name, when in left.items() if (folder / name).stat().st_mtime_ns == when]
        assert len(kept) >= len(left) - 1  # one may have been renamed and not yet listed
        assert "of before" in said


def test_ctrl_c_leaves_whole_shards(good: Path, tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    folder = tmp_path / "shards"
    process = begin(good, "--output", folder, "--workers", 2)
    wait_for(lambda: len(list(folder.glob("0*"))) >= 1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    assert not of_group(process.pid)
    left = files(folder)
    assert not [name for name in left if name.startswith(".") or name.endswith(".lock")]
    listed = [json.loads(line)["shard"] for line in left["shards.jsonl"].splitlines()]
    assert listed
    assert {name: left[name] for name in listed} == {name: undisturbed[name] for name in listed}


def test_shards_of_another_reading_are_left_alone(usce: Usce, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    shutil.copy(good / "0.warc.gz", tmp_path / "0.warc.gz")
    assert usce(tmp_path / "0.warc.gz", "--output", folder).returncode == 0
    before = files(folder)
    for arguments, differ in (
        ([good / "1.warc.gz"], "inputs"),
        ([tmp_path / "0.warc.gz", "--relevant"], "relevant"),
        ([tmp_path / "0.warc.gz", "--format", "parquet"], "format"),
    ):
        done = usce(*arguments, "--output", folder)
        assert done.returncode == 1
        assert f"shards of another reading (not the same: {differ})" in done.stderr
    shutil.copy(good / "1.warc.gz", tmp_path / "0.warc.gz")
    done = usce(tmp_path / "0.warc.gz", "--output", folder)
    assert done.returncode == 1
    assert "has changed since 000000-0000.jsonl was read of it" in done.stderr
    assert files(folder) == before


def test_a_shard_that_lost_its_end_is_read_again(usce: Usce, good: Path, tmp_path: Path) -> None:
    usce(good / "0.warc.gz", "--output", tmp_path / "shards")
    before = files(tmp_path / "shards")
    path = tmp_path / "shards" / "000000-0000.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    assert usce(good / "0.warc.gz", "--output", tmp_path / "shards").returncode == 0
    assert files(tmp_path / "shards") == before


def test_two_do_not_write_into_one_folder(usce: Usce, good: Path, tmp_path: Path) -> None:
    with shards.Shards(tmp_path / "shards", "jsonl", {}):
        done = usce(good, "--output", tmp_path / "shards")
    assert done.returncode == 1
    assert "another `usce extract` writes here" in done.stderr


# --- workers that end ------------------------------------------------------------------------------------------------


def deadly(piece: Piece) -> Result:
    """Read nothing; the piece named 'killer' ends the process that reads it."""
    if piece.where == "killer":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return Result(piece, Tally(pages=1))


@pytest.mark.parametrize("names", [["a", "killer", "b", "c", "killer", "d"], ["killer"], ["a", "killer"]])
def test_a_piece_that_kills_its_process_is_given_up_and_no_other(names: list[str]) -> None:
    todo = [Piece(number, name) for number, name in enumerate(names)]
    with Processes(2) as engine:
        done = list(spread(engine, todo, lambda piece: (deadly, piece)))
    assert sorted(result.piece.number for result in done) == list(range(len(names)))
    for result in done:
        killed = result.piece.where == "killer"
        assert result.tally.pages == (0 if killed else 1)
        assert bool(result.tally.failed) is killed
    assert any("was killed" in result.tally.failed[0] for result in done if result.tally.failed)


def unhurried(piece: Piece) -> Result:
    """Read nothing, slowly, and say which process did."""
    time.sleep(0.05)
    return Result(piece, Tally(pages=os.getpid()))


def test_a_worker_of_a_cluster_that_is_lost_costs_nothing(cluster: str, tmp_path: Path) -> None:
    worker = dask_worker(tmp_path, cluster)
    try:
        with Dask(cluster) as engine:
            wait_for(lambda: len(engine.client.nthreads()) == 2)
            done = []
            for result in spread(
                engine, (Piece(number, "x") for number in range(60)), lambda piece: (unhurried, piece)
            ):
                done.append(result)
                if result.tally.pages == worker.pid and worker.poll() is None:
                    worker.kill()
                    worker.wait()
        assert sorted(result.piece.number for result in done) == list(range(60))
        assert not any(result.tally.failed for result in done)
        assert worker.poll() is not None
    finally:
        worker.kill()
        worker.wait()


def test_a_full_disk_ends_the_reading(good: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(rereading.WriteError, match="cannot be written"):
        list(
            spread(
                Here(),
                list(pieces([str(good / "0.warc.gz")])),
                lambda piece: (rereading.read_piece, piece, "jsonl", False, Path("/dev/full")),
            )
        )


def test_pages_of_files_and_archives_mix(usce: Usce, good: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(fragments()[0].body)
    done = usce(page, good / "0.warc.gz", "--workers", 2)
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[0])["url"] == page.as_uri()
    assert len(done.stdout.splitlines()) == 7


def test_an_address_of_another_machine_never_names_a_file_here(tmp_path: Path) -> None:
    capture = Capture("https://www.example.org/", b"<p>x")
    write(tmp_path / "secret.warc.gz", [capture])
    with serving() as server:
        server.files["/all.paths"] = f"{tmp_path}/secret.warc.gz\n".encode()
        assert rereading.sources([server.url("/all.paths")]) == [server.url(f"{tmp_path}/secret.warc.gz")]
