"""Tests write into memory only where there is room, and leave nothing there."""

import os
import subprocess

from tests import memory


def test_where_not_so_much_is_free_there_is_no_room():
    assert memory.room(1_000_000) is None
    assert memory.room(0) in (memory.MEMORY, None)


def test_what_a_killed_run_left_is_removed_and_what_another_run_writes_stays(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    for pid in (ended.pid, os.getppid()):
        (tmp_path / f"assay-tests-{pid}" / "home").mkdir(parents=True)
    assert memory.own_folder(tmp_path) == tmp_path / f"assay-tests-{os.getpid()}"
    assert [left.name for left in tmp_path.iterdir()] == [f"assay-tests-{os.getppid()}"]
