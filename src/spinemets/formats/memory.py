"""Whether an image that a header announces can be held at all, asked before anything is allocated."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from spinemets.errors import StudyError

MAX_VOXELS = 2**31
"""More voxels than any scanner delivers: 1024 x 1024 x 2048."""

_MEMINFO = Path("/proc/meminfo")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def available_memory_bytes() -> int:
    """Bytes that can be allocated now, at most the limit of the container that we run in."""
    limits = []
    if _MEMINFO.is_file():
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines() if ":" in line)
        if "MemAvailable" in lines:
            limits.append(int(lines["MemAvailable"].split()[0]) * 1024)
    if _CGROUP_LIMIT.is_file() and (limit := _CGROUP_LIMIT.read_text().strip()).isdigit():
        limits.append(int(limit))
    if not limits and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=2**34)


def require_fits_memory(shape: Sequence[int], bytes_per_voxel: int, name: str) -> None:
    """Raise `StudyError` if an array of `shape` has over `MAX_VOXELS` voxels or does not fit the memory."""
    voxels = math.prod(shape)
    stated = " x ".join(str(n) for n in shape)
    if voxels > MAX_VOXELS:
        raise StudyError(
            f"{name}: the header claims {stated} voxels, at most {MAX_VOXELS} are accepted; the header is damaged"
        )
    needed, available = voxels * bytes_per_voxel, available_memory_bytes()
    if needed > available:
        raise StudyError(
            f"{name}: {stated} voxels need {needed / 2**30:.1f} GiB and {available / 2**30:.1f} GiB are free; "
            "crop or downsample the image"
        )


def require_three_dimensions(shape: Sequence[int], name: str) -> tuple[int, int, int]:
    """`shape` without trailing ones beyond the third; raise `StudyError` unless it is that of a volume."""
    stated = " x ".join(str(n) for n in shape)
    kept = list(shape)
    while len(kept) > 3 and kept[-1] == 1:
        kept.pop()
    if len(kept) > 3:
        raise StudyError(f"{name}: the image is {len(kept)}-D ({stated}), a 3-D volume is needed; extract one volume")
    if any(n < 1 for n in kept):
        raise StudyError(f"{name}: the header states the shape {stated}; every axis needs at least 1 voxel")
    if len(kept) < 3 or min(kept) == 1:
        raise StudyError(f"{name}: the image is 2-D ({stated}), a volume of several slices is needed")
    return kept[0], kept[1], kept[2]
