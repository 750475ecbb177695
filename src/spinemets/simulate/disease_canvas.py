"""A patient while disease is drawn into it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.region_labels import IN_BODY
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.simulate.disease import Deposit, Disease, FractureTruth, LesionTruth, LookAlikeTruth
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.simulate.vertebra_site import VertebraSite, site_of
from spinemets.volume import Volume

PARAVERTEBRAL, EPIDURAL = 1, 2
"""Labels of tumour outside the bone."""
LEAST_BODY_ML = 1.0
"""A body of which less is in the field of view gets no disease (ours)."""


@dataclass
class DiseaseCanvas:
    """Labels, deposits and records under construction; `anatomy` is replaced when a shape changes."""

    anatomy: LabelledAnatomy
    regions: NDArray[np.uint8] = field(init=False)
    axes: dict[Level, VertebraAxes] = field(init=False, default_factory=dict)
    lesions: NDArray[np.uint8] = field(init=False)
    soft_tissue: NDArray[np.uint8] = field(init=False)
    deposits: list[Deposit] = field(default_factory=list)
    lesion_truth: list[LesionTruth] = field(default_factory=list)
    fractures: list[FractureTruth] = field(default_factory=list)
    look_alikes: list[LookAlikeTruth] = field(default_factory=list)

    def __post_init__(self) -> None:
        tissue, vertebra, subregion = (
            getattr(self.anatomy, name).copy() for name in ("tissue", "vertebra", "subregion")
        )
        self.anatomy = replace(self.anatomy, tissue=tissue, vertebra=vertebra, subregion=subregion)
        self.lesions = np.zeros(tissue.shape, np.uint8)
        self.soft_tissue = np.zeros_like(self.lesions)
        self.remake_regions()

    def remake_regions(self) -> None:
        """Parts and axes of every vertebra as the anatomy now is.

        The outermost body keeps its axes when it has collapsed to what would pass for a cut one.
        """
        labels = [Volume(array, self.anatomy.affine) for array in (self.anatomy.vertebra, self.anatomy.subregion)]
        made = vertebra_regions(labels[0], labels[1])
        self.regions, self.axes = made.labels.array, {**self.axes, **made.axes}

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels with a body that is well inside the field of view, from head to foot."""
        edge_ml = float(np.linalg.norm(self.anatomy.affine[:3, 0])) ** 3 / 1000
        in_body = np.isin(self.regions, IN_BODY)
        volume = np.bincount(self.anatomy.vertebra[in_body], minlength=256) * edge_ml
        cut = set()
        for axis in range(3):
            for end in (0, -1):
                cut |= set(np.unique(np.take(self.anatomy.vertebra, end, axis=axis)).tolist())
        whole = [level for level in self.axes if volume[level.verse_id] >= LEAST_BODY_ML and level.verse_id not in cut]
        return tuple(sorted((level for level in whole if level is not Level.C1), key=lambda level: level.order))

    def site(self, level: Level) -> VertebraSite:
        """The vertebra of a level as it now is.

        Raises
        ------
        ValueError
            If the patient shows no body and arch of that level.
        """
        if level not in self.axes:
            raise ValueError(f"the anatomy {self.anatomy.name} shows no axes of {level}")
        bone = self.anatomy.vertebra == level.verse_id
        return site_of(self.axes[level], self.anatomy.affine, bone, self.regions, self.anatomy.tissue)

    def add(self, deposits: Iterable[Deposit]) -> None:
        """Lay down deposits, those that hold nothing left out."""
        self.deposits += [deposit for deposit in deposits if deposit.share.any()]

    def relabel(
        self, site: VertebraSite, mask: NDArray[np.bool_], tissue: int, *, subregion: int = 0, region: int = 0
    ) -> None:
        """Give voxels of a site to a tissue, and to its vertebra when a subregion is named."""
        arrays = [self.anatomy.tissue, self.anatomy.vertebra, self.anatomy.subregion, self.regions]
        values = [tissue, site.level.verse_id if subregion else 0, subregion, region]
        for array, value in zip(arrays, values, strict=True):
            array[site.box][mask] = value

    def finished(self, least_age: float = 0.0) -> Disease:
        """The disease as it was drawn."""
        return Disease(
            self.anatomy,
            tuple(self.deposits),
            self.lesions,
            self.soft_tissue,
            tuple(self.lesion_truth),
            tuple(self.fractures),
            tuple(self.look_alikes),
            least_age,
        )
