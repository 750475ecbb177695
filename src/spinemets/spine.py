"""The vertebrae of a patient, from head to foot, each with its level and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.errors import NoSpineFoundError

ROUNDING = 1e-6
"""By how much probabilities may exceed one before they are refused."""


@dataclass(frozen=True, eq=False)
class Vertebra:
    """One vertebra, or the undivided sacrum.

    Attributes
    ----------
    level : Level
        The most probable level.
    probability : float
        Of `level`, in [0, 1].
    alternatives : tuple of (Level, float)
        Other levels it could be with their probabilities, the runner-up first.
    partly_visible : bool
        The end of the image cuts through it.
    centroid_mm : (3,) ndarray of float64
        Centre of its voxels, world RAS+ mm.
    volume_ml : float
        Volume of its voxels, ml; of the visible part where it is cut.
    """

    level: Level
    probability: float
    alternatives: tuple[tuple[Level, float], ...]
    partly_visible: bool
    centroid_mm: NDArray[np.float64]
    volume_ml: float

    def __post_init__(self) -> None:
        centroid_mm = np.array(self.centroid_mm, dtype=np.float64)
        if centroid_mm.shape != (3,) or not np.isfinite(centroid_mm).all():
            raise ValueError(f"centroid of {self.level} must be three finite millimetres, got {self.centroid_mm}")
        centroid_mm.flags.writeable = False
        object.__setattr__(self, "centroid_mm", centroid_mm)
        if not self.volume_ml > 0:
            raise ValueError(f"volume of {self.level} must be positive, got {self.volume_ml} ml")
        self._check_probabilities()

    def _check_probabilities(self) -> None:
        levels = [self.level, *(level for level, _ in self.alternatives)]
        probabilities = [self.probability, *(probability for _, probability in self.alternatives)]
        if len(set(levels)) < len(levels):
            raise ValueError(f"{self.level} names a level twice: {', '.join(map(str, levels))}")
        if not all(0 <= probability <= 1 for probability in probabilities):
            raise ValueError(f"probabilities of {self.level} must lie in [0, 1], got {probabilities}")
        if sum(probabilities) > 1 + ROUNDING:
            raise ValueError(f"probabilities of {self.level} add up to {sum(probabilities):.6g}, more than one")
        if probabilities[1:] != sorted(probabilities[1:], reverse=True):
            raise ValueError(f"alternatives of {self.level} must start with the runner-up, got {probabilities[1:]}")

    @property
    def runner_up(self) -> tuple[Level, float] | None:
        """The next most probable level with its probability, or None."""
        return self.alternatives[0] if self.alternatives else None


@dataclass(frozen=True, eq=False)
class Spine:
    """Every vertebra that was found, in cranio-caudal order.

    Attributes
    ----------
    vertebrae : tuple of Vertebra
        From head to foot, the sacrum included where it was found; none where only the canal was read.
    level_ambiguous : bool
        The field of view or the anatomy leaves more than one numbering open.
    flags : tuple of str
        What the reader must know of the numbering, e.g. ``levels_from_mask``.

    Raises
    ------
    NoSpineFoundError
        If there is no vertebra, and levels are said to be certain all the same.
    ValueError
        If a level occurs twice or a vertebra stands before one that lies above it.
    """

    vertebrae: tuple[Vertebra, ...]
    level_ambiguous: bool
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.vertebrae and not self.level_ambiguous:
            raise NoSpineFoundError("no vertebra was found in the image")
        for above, below in zip(self.vertebrae, self.vertebrae[1:], strict=False):
            if above.level.order > below.level.order:
                raise ValueError(f"{above.level} stands before {below.level}; list vertebrae from head to foot")
        names = [str(level) for level in self.levels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"level {', '.join(twice)} occurs twice")

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels from head to foot."""
        return tuple(vertebra.level for vertebra in self.vertebrae)

    def __getitem__(self, level: Level) -> Vertebra:
        for vertebra in self.vertebrae:
            if vertebra.level is level:
                return vertebra
        raise KeyError(f"no {level} among {', '.join(map(str, self.levels))}")
