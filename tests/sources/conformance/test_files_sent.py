"""Files that come twice, anew or half-written land each record once."""

from __future__ import annotations

import shutil
from datetime import timedelta

from sources.estate.drops import folder_of
from tests.sources.conformance.subjects import (
    ABOUT,
    applies,
    changeable,
)


@applies(24, ABOUT[24])
def test_24_files_that_come_twice_anew_or_half_written_land_each_record_once(retail):
    retail.extract(retail.stream)
    whole = retail.alive(retail.stream)
    folder = folder_of(retail.folder / f"{retail.system}.db")
    sent = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in sent:
        shutil.copy2(path, path.with_name(f"again_{path.name}"))
        (folder / f"{path.name}.part").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = [path for path in folder.rglob("*") if path.is_file() and path not in sent]
    try:
        report = retail.extract(retail.stream)
    finally:
        for path in again:
            path.unlink()
    assert (report.rows, report.rejected) == (0, 0)
    assert retail.alive(retail.stream) == whole
    key = changeable(retail, 1)[0]
    retail.now += timedelta(hours=1)
    retail.touch(retail.stream, key, retail.now)
    report = retail.extract(retail.stream)
    assert [row["_source_key"] for row in retail.landed(retail.stream, report.load_id)] == [key]
