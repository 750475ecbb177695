"""How often each sign of Table 1 is seen in osteoporotic and in metastatic fractures: what a simulation draws from.

Montoya-Bordón 2023, Rev Esp Cir Ortop Traumatol 67:S511-S522, Table 1, CT1 to CT7 and MR1 to MR7, and the asymmetric
collapse of clinical.md §1.5. Each row pools the counts of the series that were found (`sign_series`) and adds two
cases with the sign and two without it, so that small and selected series are widened towards one half and no sign
alone decides ([1]_; the four cases are chosen by us for that purpose). Where no count was found the number is ours;
its direction is then that of Laredo 1995, in which the sign was significantly more frequent in its own class.

.. [1] Agresti A, Coull BA. Am Stat 1998;52(2):119-126.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from spinemets.simulate.sign_series import (
    AHN_2016,
    BAUR_2002,
    EUR_RADIOL_2008,
    JKRS_1995_667,
    JKRS_1995_673_ACUTE,
    JKRS_1995_673_CHRONIC,
    KOREAN_52,
    RADIOLOGYKEY_VACUUM,
    SUH_2018,
    SUZUKI_2016,
    UETANI_2004,
    Series,
)


class FractureClass(str, Enum):
    """What made a vertebra collapse."""

    OSTEOPOROTIC = "osteoporotic"
    METASTATIC = "metastatic"


ADDED_WITH, ADDED_WITHOUT = 2.0, 2.0
"""Cases added to every pool of counts, with the sign and without it (ours)."""


@dataclass(frozen=True)
class Frequency:
    """How often a sign is seen in one class.

    Attributes
    ----------
    series : tuple of Series
        Published counts; empty where none was found.
    assumed : float or None
        Used where no count was found, a fraction (ours).
    """

    series: tuple[Series, ...] = ()
    assumed: float | None = None

    def __post_init__(self) -> None:
        if bool(self.series) == (self.assumed is not None):
            raise ValueError(f"a frequency has either counts or an assumption, got {self.series} and {self.assumed}")
        if self.assumed is not None and not 0.0 < self.assumed < 1.0:
            raise ValueError(f"an assumed frequency must lie between 0 and 1, got {self.assumed}")

    @property
    def published(self) -> float | None:
        """Pooled share as published; None where nothing was found."""
        if not self.series:
            return None
        return sum(one.seen for one in self.series) / sum(one.of for one in self.series)

    @property
    def used(self) -> float:
        """Share that is drawn from: the pool widened by the added cases, or the assumption."""
        if self.assumed is not None:
            return self.assumed
        seen, of = sum(one.seen for one in self.series), sum(one.of for one in self.series)
        return (seen + ADDED_WITH) / (of + ADDED_WITH + ADDED_WITHOUT)

    @property
    def backing(self) -> str:
        """``ours``, or the sources with their marks: V read in an abstract or page, second-hand where it says so."""
        return "; ".join(f"{one.source} [{one.backing}]" for one in self.series) or "ours"


@dataclass(frozen=True)
class SignFrequency:
    """One finding of Table 1.

    Attributes
    ----------
    item : str
        ``CT1`` to ``CT7``, ``MR1`` to ``MR7``; ``X`` for what the table does not list.
    favours : FractureClass
        The column of the table.
    osteoporotic, metastatic : Frequency
        In fractures of either class.
    """

    item: str
    favours: FractureClass
    osteoporotic: Frequency
    metastatic: Frequency

    def of(self, cause: FractureClass) -> float:
        """Share of fractures of a class that show the sign, in (0, 1)."""
        return (self.osteoporotic if cause is FractureClass.OSTEOPOROTIC else self.metastatic).used


def _row(
    item: str, favours: FractureClass, osteoporotic: Frequency | float, metastatic: Frequency | float
) -> SignFrequency:
    both = [share if isinstance(share, Frequency) else Frequency(assumed=share) for share in (osteoporotic, metastatic)]
    return SignFrequency(item, favours, both[0], both[1])


def _counted(*series: Series) -> Frequency:
    return Frequency(series)


_OST, _MET = FractureClass.OSTEOPOROTIC, FractureClass.METASTATIC
_POSTERIOR_BENIGN = _counted(
    KOREAN_52.benign("posterior elements", 0),
    JKRS_1995_673_ACUTE.benign("posterior elements", 6),
    JKRS_1995_673_CHRONIC.benign("posterior elements", 2),
    UETANI_2004.benign("pedicle", 0.06),
)
_PEDICLE_BENIGN = _counted(*_POSTERIOR_BENIGN.series, EUR_RADIOL_2008.benign("pedicle", 0.15 * 15))
_POSTERIOR_MALIGNANT = _counted(
    KOREAN_52.malignant("posterior elements", 21),
    JKRS_1995_673_ACUTE.malignant("posterior elements", 15),
    UETANI_2004.malignant("pedicle", 0.80),
)
_MASS_BENIGN = _counted(
    KOREAN_52.benign("paraspinal mass", 0),
    JKRS_1995_673_ACUTE.benign("paraspinal mass", 5),
    JKRS_1995_667.benign("paravertebral mass", 7),
)
_MASS_MALIGNANT = _counted(
    KOREAN_52.malignant("paraspinal mass", 16),
    JKRS_1995_673_ACUTE.malignant("paraspinal mass", 11),
    JKRS_1995_667.malignant("paravertebral mass", 5),
)
_EPIDURAL_BENIGN = _counted(
    UETANI_2004.benign("epidural mass", 0.0), EUR_RADIOL_2008.benign("epidural mass", 0.22 * 15)
)
_EPIDURAL_MALIGNANT = _counted(UETANI_2004.malignant("epidural mass", 0.80))
_BULGE = (
    _counted(UETANI_2004.benign("convex posterior border", 0.06)),
    _counted(UETANI_2004.malignant("convex posterior border", 0.70)),
)
_RETROPULSION = (
    _counted(UETANI_2004.benign("retropulsed fragment", 0.16)),
    _counted(UETANI_2004.malignant("retropulsed fragment", 0.0)),
)

SIGN_FREQUENCIES: dict[str, SignFrequency] = {
    "jigsaw": _row("CT1", _OST, 0.60, 0.15),
    "cortex_destroyed": _row("CT1", _MET, _counted(EUR_RADIOL_2008.benign("anterolateral cortex", 0.46 * 15)), 0.80),
    "fracture_line": _row("CT2", _OST, _counted(EUR_RADIOL_2008.benign("fracture lines", 0.92 * 15)), 0.25),
    "cancellous_bone_destroyed": _row("CT2", _MET, 0.08, 0.92),
    "vacuum_cleft": _row(
        "CT3",
        _OST,
        _counted(EUR_RADIOL_2008.benign("vacuum", 0.13 * 15)),
        _counted(RADIOLOGYKEY_VACUUM.malignant("vacuum", 0)),
    ),
    "retropulsion": _row("CT4", _OST, *_RETROPULSION),
    "posterior_wall_bulge": _row("CT4", _MET, *_BULGE),
    "pedicle_destroyed": _row("CT5", _MET, _PEDICLE_BENIGN, _POSTERIOR_MALIGNANT),
    "lamellar_haematoma": _row("CT6", _OST, 0.35, 0.10),
    "paravertebral_mass": _row("CT6", _MET, _MASS_BENIGN, _MASS_MALIGNANT),
    "epidural_mass": _row("CT6", _MET, _EPIDURAL_BENIGN, _EPIDURAL_MALIGNANT),
    "other_osteoporotic_fractures": _row("CT7", _OST, 0.50, 0.20),
    "lesions_elsewhere": _row("CT7", _MET, 0.06, 0.70),
    "t1_band": _row("MR1", _OST, _counted(AHN_2016.benign("band on T1", 35)), 0.15),
    "t1_diffuse": _row(
        "MR1",
        _MET,
        _counted(KOREAN_52.part("marrow wholly dark", 1, 14), AHN_2016.benign("diffuse on T1", 26)),
        _counted(KOREAN_52.part("marrow wholly dark", 20, 27)),
    ),
    "posterior_elements_dark": _row("MR1", _MET, _POSTERIOR_BENIGN, _POSTERIOR_MALIGNANT),
    "fluid_sign": _row("MR2", _OST, _counted(BAUR_2002.benign("fluid", 21)), _counted(BAUR_2002.malignant("fluid", 2))),
    "retropulsion_mr": _row("MR3", _OST, *_RETROPULSION),
    "posterior_wall_bulge_mr": _row("MR3", _MET, *_BULGE),
    "opposed_phase_drop": _row("MR4", _OST, 0.85, 0.12),
    "high_adc": _row("MR5", _OST, _counted(SUH_2018.benign("high ADC", 0.91)), _counted(SUH_2018.malignant("", 0.08))),
    "intense_uptake": _row("MR6", _MET, 0.35, 0.65),
    "haematoma_without_uptake": _row("MR7", _OST, 0.35, 0.10),
    "mass_with_uptake": _row("MR7", _MET, _MASS_BENIGN, _MASS_MALIGNANT),
    "asymmetric_collapse": _row(
        "X", _MET, _counted(SUZUKI_2016.benign("angle", 20)), _counted(SUZUKI_2016.malignant("angle", 134))
    ),
}
"""Every finding by name; CT names are those of `rules.fracture_signs`."""
