"""Simulated pieces of axial anatomy with and without epidural tumour, cached as label maps."""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinemets.datasets.source_digest import source_digest
from spinemets.datasets.splits import SEEDS
from spinemets.errors import StudyError
from spinemets.geometry import Grid
from spinemets.simulate.axial_labels import axial_labels
from spinemets.simulate.axial_piece import SpinePiece, spine_piece
from spinemets.simulate.axial_plan import ALL_GRADES, AxialPlan, random_level, random_plan
from spinemets.simulate.epidural_growth import NoRoomError
from spinemets.whole_files import save_arrays

log = logging.getLogger(__name__)

SPACING_MM = (0.5, 0.5, 1.5)
HALF_MM = (50.0, 50.0, 42.0)
"""Voxels and half extent of a cached map: right, front and up of the canal."""
COMPRESSED = 0.10
"""From this loss of the cord's diameter on a height counts as compressed (`clinical.md` §2.3)."""
ATTEMPTS = 4
"""Tumours of a grade that are tried in a canal before the map is left out (ours)."""
NONE_FITS = ".none"
"""Ending of the empty file of a map that was left out."""


@dataclass(frozen=True)
class CanalCase:
    """A label map to train on.

    Attributes
    ----------
    codes : (I, J, K) ndarray of uint8
        `Tissue` and `AxialTissue` codes; axes right, front and up, voxels of `SPACING_MM`, the canal in the middle.
    compressed : (K,) ndarray of bool
        Heights at which the cord is flattened by tumour.
    grade : str
        What was asked for.
    """

    codes: NDArray[np.uint8]
    compressed: NDArray[np.bool_]
    grade: str

    def save(self, path: Path) -> None:
        """Write as compressed ``.npz``, whole or not at all."""
        save_arrays(path, codes=self.codes, compressed=self.compressed, grade=self.grade)

    @classmethod
    def load(cls, path: Path) -> CanalCase:
        """Read what `save` wrote.

        Raises
        ------
        StudyError
            If the file is no such case.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
                return cls(data["codes"], data["compressed"], str(data["grade"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise StudyError(f"{path.name} is not a canal case file: {error}") from error


def cached_grid() -> Grid:
    """The voxels of a cached map in the frame of its piece."""
    spacing, half = np.array(SPACING_MM), np.array(HALF_MM)
    affine = np.diag([*SPACING_MM, 1.0])
    affine[:3, 3] = spacing / 2 - half
    shape = np.round(2 * half / spacing).astype(int)
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def canal_case(piece: SpinePiece, plan: AxialPlan, grade: str, surroundings: NDArray[np.uint8]) -> CanalCase:
    """The case of a piece and what is wrong with it; `surroundings` are the piece's tissue on `cached_grid`."""
    grid = cached_grid()
    heights = np.arange(grid.shape[2]) * SPACING_MM[2] + grid.affine[2, 3]
    compressed = np.zeros(len(heights), bool)
    if plan.tumour is not None:
        own = [plan.tumour.here(piece.course, float(up)) for up in heights]
        compressed = np.array([case.length_mm > 0 and case.flattening >= COMPRESSED for case in own])
    return CanalCase(axial_labels(piece, plan, grid, surroundings), compressed, grade)


def simulated_canals(cache: Path, split: str, pieces: int, variants: int) -> Iterator[Path]:
    """Cache files of the first `pieces` patients of a split, each with `variants` tumours, made where missing.

    The grades, that without tumour among them, take turns. A map whose canal has no room for a tumour of its grade is
    left out, the log says so, and an empty file `NONE_FITS` keeps it. Names of the files hold a digest of the code that
    makes them: after a change maps are made anew, and those of before are left alone.

    Raises
    ------
    ValueError
        If the split has fewer seeds than that.
    """
    seeds = SEEDS[split]
    if pieces > len(seeds):
        raise ValueError(f"the {split} split has {len(seeds)} seeds, {pieces} were asked for")
    cache.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds[:pieces]):
        grades = [ALL_GRADES[(number * variants + n) % len(ALL_GRADES)] for n in range(variants)]
        paths = [cache / f"canal-{source_digest(__name__)}-{seed}-{n}-{grade}.npz" for n, grade in enumerate(grades)]
        missing = [n for n, path in enumerate(paths) if not (path.is_file() or path.with_suffix(NONE_FITS).is_file())]
        if missing:
            piece = spine_piece(seed, random_level(seed), HALF_MM)
            surroundings = piece.tissue_on(cached_grid())
        for n in missing:
            plan = fitting_plan(piece, seed, grades[n], [n + variants * k for k in range(ATTEMPTS)])
            if plan is None:
                paths[n].with_suffix(NONE_FITS).touch()
            else:
                canal_case(piece, plan, grades[n], surroundings).save(paths[n])
        yield from (path for path in paths if path.is_file())


def fitting_plan(piece: SpinePiece, seed: int, grade: str, draws: Sequence[int]) -> AxialPlan | None:
    """The first of some plans of a grade that the canal of a piece has room for; None where it has for none."""
    for draw in draws:
        try:
            return random_plan(piece, seed, grade, draw)
        except NoRoomError as error:
            log.info("tumour %d of grade %s of patient %d: %s", draw, grade, seed, error)
    log.warning("patient %d is left out with grade %s: no tumour of %d fits", seed, grade, len(draws))
    return None
