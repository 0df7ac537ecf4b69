"""What a disk or folder refuses. Nothing heavy stands here: the command line loads this first."""

from __future__ import annotations

import errno
import os

REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


def refused(error: BaseException) -> str:
    """What a disk that is full, or a folder that may not be written to, refused; empty for any other error."""
    told = " ".join(str(error).split())
    if not any(os.strerror(each) in told for each in REFUSED):
        return ""
    return f"{told}; see to that disk or folder, then run the same command again: it goes on where it ended"
