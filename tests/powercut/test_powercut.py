"""A few power cuts; a hundred with the whole box: make powercut."""

from pathlib import Path
from random import Random

import pytest

from tests.powercut.cuts import go_on, judge, told_by_writer, write_for
from tests.powercut.disk import Disk, Op
from tests.powercut.shim import build, compiler

pytestmark = pytest.mark.timeout(300)
needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler here")


@needs_compiler
def test_a_power_cut_takes_at_most_the_last_second(tmp_path: Path) -> None:
    library, random = build(tmp_path), Random(4)
    folder = tmp_path / "data"
    folder.mkdir()
    for seed in range(3):
        life = write_for(folder, library, seed, 1.5 + random.random())
        begun_s = life.ops[0].at_s
        instants = [random.uniform(begun_s + 0.1, life.killed_at_s) for _ in range(5)]
        verdicts = judge(life, [*instants, life.killed_at_s], random, told_by_writer(life.said))
        assert [verdict.lost for verdict in verdicts] == [[]] * 6
        go_on(verdicts[-1], folder)


@needs_compiler
def test_without_syncs_it_would_take_more(tmp_path: Path) -> None:
    """The model bites: what SQLite promises with synchronous=NORMAL alone is not enough."""
    folder = tmp_path / "data"
    folder.mkdir()
    life = write_for(folder, build(tmp_path), 1, 2.5, "--no-sync")
    verdicts = judge(life, [life.killed_at_s], Random(1), told_by_writer(life.said))
    assert any("mode" in lost for lost in verdicts[0].lost)
    assert not any("the file" in lost for lost in verdicts[0].lost), "lost, but not corrupt"


def op(kind: str, offset: int = 0, data: bytes = b"", name: str = "", inode: int = 7) -> Op:
    return Op(kind, inode, offset, 0.0, name, data)


def test_what_was_written_before_a_sync_began_is_there() -> None:
    disk = Disk({})
    for one in (
        op("C", name="a"), op("W", data=b"1" * 600), op("F", 1), op("W", 600, b"2" * 600),
        op("E", 1), op("C", name="b", inode=8), op("W", data=b"x", inode=8),
    ):  # fmt: skip
        disk.play(one)
    assert disk.cut(Random(1), "nothing") == {"a": b"1" * 600}
    assert disk.cut(Random(1), "all") == {"a": b"1" * 600 + b"2" * 600, "b": b"x"}
    for seed in range(50):
        left = disk.cut(Random(seed))["a"]
        assert left[:600] == b"1" * 600
        # Sectors end at 1024: 424 bytes of the second write lie in one, 176 in the next.
        assert len(left) in (600, 1024, 1200)


def test_a_renamed_file_may_have_either_name() -> None:
    disk = Disk({"old": b"1"})
    disk.know({"old": 7})
    disk.play(op("C", name="part", inode=8))
    disk.play(op("W", data=b"2", inode=8))
    disk.play(op("R", name="part", data=b"old", inode=0))
    found = {disk.cut(Random(seed)).get("old") for seed in range(60)}
    assert found == {b"1", b"", b"2"}


def test_a_name_that_was_used_again_belongs_to_the_newer_file() -> None:
    disk = Disk({})
    for one in (
        op("C", name="wal"), op("F", 1), op("E", 1), op("U", name="wal", inode=0),
        op("C", name="wal", inode=8), op("W", data=b"new", inode=8), op("F", 2, inode=8),
        op("E", 2, inode=8), op("F", 3, inode=1), op("E", 3, inode=1),
    ):  # fmt: skip
        disk.play(one)
    assert disk.cut(Random(1), "nothing") == {"wal": b"new"}
