"""Zip files, unpacked for as long as somebody holds one of the paths."""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from spinemets.errors import StudyError

MAX_ARCHIVE_BYTES = 2**35
"""32 GiB unpacked: several times the largest examination."""

MAX_ARCHIVE_FILES = 200_000

MAX_ARCHIVE_RATIO = 200
"""Unpacked over packed size; images reach 10, whole slices of air 100, a bomb 1000 and more."""

RATIO_MATTERS_BYTES = 2**28
"""Below 256 MiB unpacked a high ratio does no harm."""


class _Folder:
    """A temporary folder that goes when nothing refers to it any more, at the latest on exit."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="spinemets-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class _HeldPath(type(Path())):  # type: ignore[misc]  # the concrete class of this platform
    """A path that keeps the folder it lies in alive."""

    folder: _Folder


def unpack(archive: Path) -> list[Path]:
    """The files of a zip, in sorted order of their names, unpacked into a temporary folder.

    Each lies in a numbered folder of its own under its own base name, so names inside the
    zip decide nothing. The folder is deleted once none of the returned paths is alive.

    Raises
    ------
    StudyError
        If the zip is damaged, encrypted, holds a name that points outside it, or unpacks to more than
        `MAX_ARCHIVE_BYTES`, `MAX_ARCHIVE_FILES`, `MAX_ARCHIVE_RATIO` or the free disk space.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = sorted((m for m in opened.infolist() if not m.is_dir()), key=lambda member: member.filename)
            _require_harmless(members)
            return _extract(opened, members)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        if "encrypted" in str(error):
            raise StudyError("the zip is encrypted; unpack it and give the folder") from error
        raise StudyError("the zip is truncated or damaged; copy it again") from error


def _extract(opened: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[Path]:
    folder = _Folder()
    paths: list[Path] = []
    for number, member in enumerate(members):
        path = _HeldPath(folder.path, f"{number:06d}", PurePosixPath(member.filename).name)
        path.folder = folder
        path.parent.mkdir()
        with opened.open(member) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        paths.append(path)
    return paths


def _require_harmless(members: list[zipfile.ZipInfo]) -> None:
    """Raise `StudyError` if a name leads outside the zip or its size is that of a bomb."""
    if any(_leads_outside(member.filename) for member in members):
        raise StudyError("the zip holds a file name that points outside it ('..' or '/'); it is not unpacked")
    if len(members) > MAX_ARCHIVE_FILES:
        raise StudyError(f"the zip holds {len(members)} files, at most {MAX_ARCHIVE_FILES} are accepted")
    size = sum(member.file_size for member in members)
    packed = max(sum(member.compress_size for member in members), 1)
    limit = min(MAX_ARCHIVE_BYTES, shutil.disk_usage(tempfile.gettempdir()).free)
    if size > limit:
        raise StudyError(
            f"the zip unpacks to {size / 2**30:.1f} GiB, at most {limit / 2**30:.1f} GiB are accepted here"
        )
    if size > RATIO_MATTERS_BYTES and size / packed > MAX_ARCHIVE_RATIO:
        raise StudyError(
            f"the zip unpacks to {size / packed:.0f} times its size, at most {MAX_ARCHIVE_RATIO} times is "
            "accepted; unpack it and give the folder"
        )


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0]
