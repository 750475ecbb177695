"""The masks that an ESCC grade is read from, and what makes them unusable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.errors import StudyError
from spinemets.measure.canal_slices import slice_with_two_cords
from spinemets.volume import Volume, require_same_grid


@dataclass(frozen=True)
class EsccMasks:
    """What a grade is read from, all on one grid.

    Attributes
    ----------
    cord, sac, epidural : Volume
        Binary; the sac is all inside the dura.
    t2, canal : Volume or None
        Axial T2, and the bony canal beyond which tumour is not epidural.
    by_network : bool
        Whether a network drew the cord, which may then be roots below the conus.
    """

    cord: Volume
    sac: Volume
    epidural: Volume
    t2: Volume | None = None
    canal: Volume | None = None
    by_network: bool = False

    @property
    def drawn(self) -> dict[str, Volume]:
        """``cord``, ``sac`` with the cord, and ``tumour``, for pictures."""
        sac = self.sac.with_array((self.sac.array > 0) | (self.cord.array > 0))
        return {"cord": self.cord, "sac": sac, "tumour": self.epidural}


def require_usable(masks: EsccMasks) -> None:
    """Raise `StudyError` unless the masks lie on one grid and do not contradict one another."""
    others = {"sac": masks.sac, "epidural": masks.epidural, "canal": masks.canal, "T2": masks.t2}
    for name, volume in others.items():
        if volume is not None:
            require_same_grid(masks.cord, volume, mask_name=f"the {name} {'image' if name == 'T2' else 'mask'}")
    for name, mask in (("cord", masks.cord), ("sac", masks.sac), ("epidural", masks.epidural)):
        if len(np.unique(mask.array)) > 2:
            raise StudyError(f"the {name} mask must be binary, got {len(np.unique(mask.array))} different values")
    if not masks.sac.array.any() and not masks.cord.array.any():
        raise StudyError("the cord and sac masks are both empty")
    two = slice_with_two_cords(masks.cord)
    if two is not None:
        raise StudyError(f"the cord mask holds two cords in slice {two}; it must hold one")
    if masks.canal is not None:
        sac = (masks.sac.array > 0) | (masks.cord.array > 0)
        outside = float((sac & (masks.canal.array == 0)).sum() / max(sac.sum(), 1))
        if outside > 0.05:
            raise StudyError(f"{100 * outside:.0f} % of the sac lies outside the canal mask; one of them is wrong")
