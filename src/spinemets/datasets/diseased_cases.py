"""Diseases drawn into cached healthy cases: simulated patients and label maps alike."""

from __future__ import annotations

import glob
import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Region, Subregion
from spinemets.datasets.case import Case
from spinemets.datasets.disease_overlay import DiseaseOverlay
from spinemets.datasets.source_digest import DIGITS, source_digest
from spinemets.errors import StudyError
from spinemets.simulate.disease import Disease
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.diseased_patient import diseased, draw_look_alikes
from spinemets.simulate.lesion_plan import choice
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

log = logging.getLogger(__name__)
_DIGEST_AT_END = re.compile(rf"-[0-9a-f]{{{DIGITS}}}$")

BENIGN = "benign"
"""A patient with look-alikes and no disease."""
KIND_SHARE = {"metastases": 0.5, "mixed": 0.2, "osteoporosis": 0.15, BENIGN: 0.15}
"""How often each disease is drawn (ours: lesions in most, since half of what is learnt from is to show one; a third
without any, or nearly)."""
BENIGN_ROUNDS = 3
"""How often look-alikes are drawn in one who has nothing else (ours: each time up to three)."""
ATTEMPTS = 5
"""Diseases tried in a case; a collapse may leave so little of a coarsely drawn body that it has no axes."""
MARGIN_MM = 45.0
"""Room round the vertebrae in which disease is drawn (ours): more than `vertebra_site.MARGIN_MM` keeps round one."""


class DiseaseDraws:
    """Diseases of healthy cases, made once and kept until the code that draws them changes.

    Parameters
    ----------
    cache : str
        Folder of the files, ``<case>-ill-<digest of the code>-<n>.npz`` each.
    draws : int
        Diseases drawn into each case.
    """

    def __init__(self, cache: str, draws: int = 3) -> None:
        if draws < 1:
            raise ValueError(f"at least one disease must be drawn into each case, got {draws}")
        self.cache, self.draws = Path(cache), draws

    def prepare(self, cases: Sequence[Path]) -> None:
        """Make the missing files of many cases, and say in the log how far it is, and if other code made some."""
        missing = [path for path in cases if not all(file.is_file() for file in self._files(path))]
        outdated = sum(any(self._outdated(path)) for path in missing)
        if outdated:
            log.info(
                "diseases of %d cases were drawn by other code than that of now (%s) and are drawn again; "
                "the old files stay in the cache",
                outdated,
                source_digest(__name__),
            )
        for number, path in enumerate(missing, start=1):
            self.paths(path)
            log.info("diseases drawn into %s, %d of %d", path.stem, number, len(missing))

    def paths(self, case_path: Path) -> list[Path]:
        """Files of the diseases of one case, made now where they are missing.

        Raises
        ------
        StudyError
            If the case has a real image, into which no disease can be drawn.
        """
        files = self._files(case_path)
        if all(file.is_file() for file in files):
            return files
        self.cache.mkdir(parents=True, exist_ok=True)
        case = Case.load(case_path)
        if case.image is not None:
            raise StudyError(
                f"{case.name} has a real image, into which no disease is drawn; "
                "the lesion network learns from simulated patients and label maps"
            )
        for number, file in enumerate(files):
            if not file.is_file():
                make_overlay(case, disease_seed(case_path.stem, number)).save(file)
        return files

    def _files(self, case_path: Path) -> list[Path]:
        made_by = source_digest(__name__)
        return [self.cache / f"{case_path.stem}-ill-{made_by}-{number}.npz" for number in range(self.draws)]

    def _outdated(self, case_path: Path) -> Iterator[Path]:
        """Files of the diseases of one case that other code drew."""
        begin = f"{case_path.stem}-ill-"
        own = f"{begin}{source_digest(__name__)}-"
        return (file for file in self.cache.glob(f"{glob.escape(begin)}*.npz") if not file.name.startswith(own))


def disease_seed(case_name: str, number: int) -> int:
    """Seed of a disease of a case: the same whatever code made the case, whose digest may end its name."""
    return zlib.crc32(f"{_DIGEST_AT_END.sub('', case_name)} {number}".encode())


def make_overlay(case: Case, seed: int) -> DiseaseOverlay:
    """A disease of random kind drawn into a case.

    Raises
    ------
    StudyError
        If none of several can be drawn into it.
    """
    anatomy, start = anatomy_round_spine(case)
    for attempt in range(ATTEMPTS):
        own = seed + attempt
        kind = choice(KIND_SHARE, np.random.default_rng([own, 0x81D]))
        try:
            disease = benign(anatomy, own) if kind == BENIGN else diseased(anatomy, kind, own)
        except ValueError as error:
            log.warning("the disease %d cannot be drawn into %s, another is: %s", own, case.name, error)
            continue
        return DiseaseOverlay.of_disease(disease, kind, case, start)
    raise StudyError(f"none of {ATTEMPTS} diseases could be drawn into {case.name}")


def benign(anatomy: LabelledAnatomy, seed: int) -> Disease:
    """A patient with many findings that look like metastases, and none."""
    rng = np.random.default_rng([seed, 0xBE9])
    canvas = DiseaseCanvas(anatomy)
    free = [level for level in canvas.levels if level.region is not Region.CERVICAL or level.order > 1]
    for _ in range(BENIGN_ROUNDS):
        taken = {one.level for one in canvas.look_alikes}
        draw_look_alikes(canvas, [level for level in free if level not in taken], rng)
    return canvas.finished()


def anatomy_round_spine(case: Case) -> tuple[LabelledAnatomy, NDArray[np.int64]]:
    """The anatomy of a case within `MARGIN_MM` of its vertebrae, and the voxel of the case at which it begins.

    Raises
    ------
    StudyError
        If the case shows no vertebra.
    """
    occupied = [np.flatnonzero((case.vertebra > 0).any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    if not len(occupied[0]):
        raise StudyError(f"{case.name} shows no vertebra to be made ill")
    margin = int(np.ceil(MARGIN_MM / case.spacing_mm))
    low = np.array([max(int(where[0]) - margin, 0) for where in occupied])
    stop = [min(int(where[-1]) + margin + 1, n) for where, n in zip(occupied, case.structure.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(low, stop, strict=True))
    structure, vertebra = case.structure[box], case.vertebra[box].copy()
    subregion = np.where(structure >= Subregion.ARCH, structure, 0)
    subregion[structure > Subregion.PEDICLE_RIGHT] = 0
    affine = np.diag([case.spacing_mm] * 3 + [1.0])
    centres = {
        LEVEL_OF_VERSE_ID[number]: (centre - low) * case.spacing_mm
        for number, centre in enumerate(case.centres.astype(np.float64))
        if number in LEVEL_OF_VERSE_ID and np.isfinite(centre).all()
    }
    tissue = tissue_of_structure(structure)
    return LabelledAnatomy(tissue, vertebra, subregion.astype(np.uint8), affine, centres, case.name), low


def tissue_of_structure(structure: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`Tissue` of every structure code of a case without an image; `Subregion` labels are bodies or arches."""
    table = np.arange(256, dtype=np.uint8)
    table[Subregion.ARCH : Subregion.PEDICLE_RIGHT + 1] = Tissue.POSTERIOR_ELEMENTS
    table[[Subregion.BODY, Subregion.BODY_BORDER]] = Tissue.VERTEBRAL_BODY
    return table[structure]
