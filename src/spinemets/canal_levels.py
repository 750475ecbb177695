"""At which level slices of the canal lie, by the vertebrae of series in the same coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.findings import NotAssessed, Reason
from spinemets.inference.segment import Anchor
from spinemets.series_assessment import SeriesResult
from spinemets.series_images import SEGMENTED_ROLES
from spinemets.spine import Spine
from spinemets.volume import Series, Volume

NEAR_MM = 30.0
"""A slice further than this from the centre of every vertebra is at no level that is known (ours)."""
ANCHOR_MM = 7.0
"""A slice up to so far above or below a point of a vertebra that the user named lies at that level: a little less than
half of the 17 mm from one cervical vertebra to the next, the smallest (ours)."""
BY_USER = "the user (--anchor)"
AMBIGUOUS = "site_level_ambiguous"
"""Flag of a site whose level comes from names that are ambiguous."""


@dataclass(frozen=True, eq=False)
class SliceLevel:
    """The level of a slice.

    Attributes
    ----------
    level : Level
        Of the vertebra at its height.
    result : SeriesResult or None
        Where that vertebra was named; None where the user did.
    """

    level: Level
    result: SeriesResult | None

    @property
    def front(self) -> NDArray[np.float64] | None:
        """(3,) unit vector to the front of that vertebra, where its axes could be told."""
        axes = None if self.result is None else self.result.findings.axes.get(self.level)
        return None if axes is None else axes.front

    @property
    def named_by(self) -> str:
        """The series that the name is from, or that the user gave it."""
        return BY_USER if self.result is None else self.result.series.name

    @property
    def is_ambiguous(self) -> bool:
        """Whether it may be the name of a neighbour."""
        return self.result is not None and self.result.spine.level_ambiguous


@dataclass(frozen=True, eq=False)
class CanalLevels:
    """What tells the levels of the slices of one series.

    Names that are not ambiguous are taken first, those of CT before others. Ambiguous ones are only taken from the
    series that the report lists the vertebrae of, where it warns of them.

    Attributes
    ----------
    series : Series
        Whose slices are asked about.
    results : sequence of SeriesResult
        Every series with vertebrae; the report lists those of the first.
    anchor : (Level, (3,) ndarray), optional
        A level that the user knows and a point of it, world mm; tells of slices beside it where no vertebra does. It is
        taken for a point of the first result's world, and of this series' where there is none.
    """

    series: Series
    results: Sequence[SeriesResult]
    anchor: Anchor | None = None

    @property
    def near(self) -> list[SeriesResult]:
        """Those in the same coordinates whose names may be used, the best first."""
        fit = [one for one in self._beside if one is self.results[0] or not one.spine.level_ambiguous]
        return sorted(fit, key=lambda one: (one.spine.level_ambiguous, one.series.role not in SEGMENTED_ROLES))

    @property
    def _beside(self) -> list[SeriesResult]:
        return [one for one in self.results if _shares_frame(self.series, one.series)]

    def at(self, sac: Volume, axis: int, number: int | None) -> SliceLevel | NotAssessed:
        """The level of a slice, or why it is not known.

        Parameters
        ----------
        sac : Volume
            Binary, on the grid of the series.
        axis : int
            Voxel axis that the slices lie across.
        number : int or None
            Which of them; None where no slice decides.
        """
        for one in self.near:
            level = _level_at(one.spine, sac, axis, number)
            if level is not None:
                return SliceLevel(level, one)
        if self._is_anchored:
            assert self.anchor is not None
            away = _from_slice_mm(sac, axis, number, self.anchor[1])
            if away is not None and away <= ANCHOR_MM:
                return SliceLevel(self.anchor[0], None)
        return NotAssessed(Reason.LEVEL_AMBIGUOUS, self._why_unknown(number))

    @property
    def _is_anchored(self) -> bool:
        """Whether the anchor is a point of the world of these slices."""
        here = not self.results or _shares_frame(self.series, self.results[0].series)
        return self.anchor is not None and here

    def _why_unknown(self, number: int | None) -> str:
        if number is not None and self.anchor is not None and not self.near and self._is_anchored:
            return f"the slice lies more than {ANCHOR_MM:g} mm from the point of {self.anchor[0]} that was given"
        if not self.results:
            return "no vertebra was outlined, so the level of a slice is not known"
        if not self._beside:
            return f"no series with vertebrae is stated to lie in the same coordinates as {self.series.name}"
        if not self.near:
            names = " and ".join(one.series.name for one in self._beside)
            return f"the numbering of the levels on {names} is ambiguous, so no level is taken from there"
        if number is None:
            return "no single slice decides, so there is no level to name"
        names = " and ".join(one.series.name for one in self.near)
        return f"no vertebra of {names} lies within {NEAR_MM:g} mm of the graded slice"

    def seen(self, sac: Volume) -> frozenset[Level]:
        """Levels whose middle lies between the first and the last slice with a sac."""
        heights = sac.world(np.argwhere(sac.array > 0))[:, 2]
        low, high = heights.min(), heights.max()
        every = (vertebra for one in self.near for vertebra in one.spine.vertebrae)
        return frozenset(vertebra.level for vertebra in every if low <= float(vertebra.centroid_mm[2]) <= high)


def _shares_frame(series: Series, other: Series) -> bool:
    frames = series.volume.frame_of_reference, other.volume.frame_of_reference
    return series is other or (None not in frames and frames[0] == frames[1])


def _level_at(spine: Spine, sac: Volume, axis: int, number: int | None) -> Level | None:
    """The vertebra nearest to the plane of a slice of the sac, or None where that cannot be told."""
    away = [_from_slice_mm(sac, axis, number, vertebra.centroid_mm) for vertebra in spine.vertebrae]
    known = [(mm, vertebra.level) for mm, vertebra in zip(away, spine.vertebrae, strict=True) if mm is not None]
    nearest = min(known, key=lambda one: one[0], default=None)
    return nearest[1] if nearest is not None and nearest[0] <= NEAR_MM else None


def _from_slice_mm(sac: Volume, axis: int, number: int | None, point_mm: NDArray[np.float64]) -> float | None:
    """How far a point lies from the plane of a slice; None where that holds no sac.

    Slices lean with the canal, and a body lies well in front of it: heights would compare a body with a slice that
    passes above or below it.
    """
    index = np.argwhere(sac.array > 0)
    here = index[index[:, axis] == number]
    if not len(here):
        return None
    first, second = np.delete(sac.affine[:3, :3], axis, axis=1).T
    normal = np.cross(first, second)
    way = np.asarray(point_mm, dtype=np.float64) - sac.world(here.mean(axis=0))
    return abs(float(way @ normal / np.linalg.norm(normal)))
