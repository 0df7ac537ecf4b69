"""What tests need not keep lies in memory where the machine has the room: an fsync there waits for no disk."""

import os
import re
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
GIB = 2**30


def room(gib: float) -> Path | None:
    """The folder that lies in memory, where that much is free."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    available = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    free = min(shutil.disk_usage(MEMORY).free, int(available[1]) * 1024)
    return MEMORY if free >= gib * GIB else None


def own_folder(folder: Path) -> Path:
    """A place in `folder` for what this process's tests write; what killed ones left there is removed."""
    for left in folder.glob("assay-tests-*"):
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return folder / f"assay-tests-{os.getpid()}"
