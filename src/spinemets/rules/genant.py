"""Semiquantitative grade of a vertebral fracture.

Genant HK et al. Vertebral fracture assessment using a semiquantitative technique.
J Bone Miner Res 1993;8(9):1137-1148.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum

SOURCE = "Genant 1993, J Bone Miner Res 8:1137-1148"


class Genant(IntEnum):
    """Grade; the source gives "about" 20 to 25, 25 to 40 and over 40 %, so both shared edges are placed by us."""

    NONE = 0  # less than 20 %
    MILD = 1  # from 20 % to less than 25 %
    MODERATE = 2  # from 25 % to 40 %
    SEVERE = 3  # more than 40 %


class Deformity(str, Enum):
    """Shape, by the column that lost most height."""

    WEDGE = "wedge"  # anterior
    BICONCAVE = "biconcave"  # middle
    CRUSH = "crush"  # posterior


MILD_FROM, MODERATE_FROM, SEVERE_ABOVE = 0.20, 0.25, 0.40
_EDGE = 1e-9
"""Rounding of a fraction such as 1 - 15/20, so that an edge is met exactly."""
_SHAPE_OF_COLUMN = {"anterior": Deformity.WEDGE, "middle": Deformity.BICONCAVE, "posterior": Deformity.CRUSH}


def genant_grade(loss: float) -> Genant:
    """Grade of the largest loss of height of a body.

    Parameters
    ----------
    loss : float
        Fraction of the expected height, in [0, 1].

    Raises
    ------
    ValueError
        If it is not a fraction.

    Examples
    --------
    >>> genant_grade(0.25)
    <Genant.MODERATE: 2>
    """
    if not 0 <= loss <= 1:
        raise ValueError(f"a loss of height is a fraction in [0, 1], got {loss}")
    if loss > SEVERE_ABOVE + _EDGE:
        return Genant.SEVERE
    if loss >= MODERATE_FROM - _EDGE:
        return Genant.MODERATE
    return Genant.MILD if loss >= MILD_FROM - _EDGE else Genant.NONE


def deformity(losses: Mapping[str, float]) -> Deformity:
    """Shape of a deformed body from its loss in the ``anterior``, ``middle`` and ``posterior`` column.

    The column that lost most decides; where the back lost as much as any, it is a crush, and where front and
    middle lost alike, a wedge (ties are placed by us).

    Raises
    ------
    ValueError
        If a column is missing or unknown.
    """
    if set(losses) != set(_SHAPE_OF_COLUMN):
        raise ValueError(f"losses of anterior, middle and posterior are needed, got {', '.join(losses)}")
    most = max(losses.values())
    if losses["posterior"] >= most - _EDGE:
        return Deformity.CRUSH
    return _SHAPE_OF_COLUMN["anterior" if losses["anterior"] >= most - _EDGE else "middle"]
