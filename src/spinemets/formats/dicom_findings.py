"""What a DICOM report of ours says: findings with numbers and coded judgements.

A section to come (SINS, ESCC, fracture) is a function like `vertebra_finding` that
returns one `Finding` for each thing found; the writer need not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets import findings
from spinemets.anatomy import Level
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_codes import Coded
from spinemets.formats.dicom_planes import lps


@dataclass(frozen=True)
class Number:
    """A measured value with its unit."""

    name: Coded
    value: float
    unit: Coded

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise ValueError(f"'{self.name.meaning}' is {self.value}; leave out or judge what was not measured")


@dataclass(frozen=True)
class Judgement:
    """A coded answer to a coded question."""

    name: Coded
    value: Coded


@dataclass(frozen=True)
class Finding:
    """One group of the report.

    Attributes
    ----------
    label : str
        Tracking identifier where no segment is named, e.g. ``T7 vertebra``.
    kind, site : Coded
        What was found and where.
    numbers, judgements : tuple
        What is said of it.
    segment_number : int, optional
        Its segment in the segmentation that the report refers to.
    centroid_mm : (3,) tuple of float, optional
        World millimetres, RAS.
    """

    label: str
    kind: Coded
    site: Coded
    numbers: tuple[Number, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    segment_number: int | None = None
    centroid_mm: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.centroid_mm is not None and not np.isfinite(self.centroid_mm).all():
            raise ValueError(f"the centroid of '{self.label}' is {self.centroid_mm}; leave it out where there is none")

    @property
    def all_numbers(self) -> tuple[Number, ...]:
        """`numbers`, headed by the coordinates of the centroid as DICOM counts them: LPS."""
        if self.centroid_mm is None:
            return self.numbers
        point = lps(np.array(self.centroid_mm))
        axes = zip(codes.CENTROID, point, strict=True)
        return (*(Number(name, float(mm), codes.MILLIMETRE) for name, mm in axes), *self.numbers)


@dataclass(frozen=True)
class VertebraFound:
    """A vertebra and how sure its level is.

    Attributes
    ----------
    level : Level
        The level stated.
    centroid_mm : (3,) tuple of float
        Centre of the mask, world millimetres, RAS.
    probability : float, optional
        Of the level, in [0, 1]; None where the level was given, not found.
    runner_up : Level, optional
        The second most probable level.
    partly_visible : bool, optional
        The image cuts the vertebra; None where this is not known.
    volume_ml : float, optional
        Of the mask.
    segment_number : int, optional
        Its segment in the segmentation.
    """

    level: Level
    centroid_mm: tuple[float, float, float]
    probability: float | None = None
    runner_up: Level | None = None
    partly_visible: bool | None = None
    volume_ml: float | None = None
    segment_number: int | None = None

    def __post_init__(self) -> None:
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError(f"the probability of level {self.level} is {self.probability}, it must be in [0, 1]")


def vertebra_finding(vertebra: VertebraFound) -> Finding:
    """The group of one vertebra; what is not known is not mentioned."""
    numbers = []
    if vertebra.probability is not None:
        numbers.append(Number(codes.LEVEL_PROBABILITY, vertebra.probability, codes.NO_UNITS))
    if vertebra.volume_ml is not None:
        numbers.append(Number(codes.VOLUME, vertebra.volume_ml, codes.MILLILITRE))
    judgements = []
    if vertebra.runner_up is not None:
        judgements.append(Judgement(codes.RUNNER_UP_LEVEL, codes.level_code(vertebra.runner_up)))
    if vertebra.partly_visible is not None:
        judgements.append(yes_or_no(codes.PARTLY_VISIBLE, vertebra.partly_visible))
    whole_sacrum = vertebra.level is Level.SACRUM
    return Finding(
        label=str(vertebra.level) if whole_sacrum else f"{vertebra.level} vertebra",
        kind=codes.SACRUM if whole_sacrum else codes.VERTEBRA,
        site=codes.level_code(vertebra.level),
        numbers=tuple(numbers),
        judgements=tuple(judgements),
        segment_number=vertebra.segment_number,
        centroid_mm=vertebra.centroid_mm,
    )


@dataclass(frozen=True)
class LesionFound:
    """A lesion of a vertebra.

    Attributes
    ----------
    number : int
        From 1 within its vertebra, the largest first.
    type : str
        ``lytic``, ``blastic`` or ``mixed``.
    level : Level
        The vertebra.
    volume_ml : findings.Finding
        Of its mask, or why it was not measured.
    """

    number: int
    type: str
    level: Level
    volume_ml: findings.Finding

    def __post_init__(self) -> None:
        if self.type not in codes.LESION_TYPES:
            raise ValueError(f"a lesion is {', '.join(codes.LESION_TYPES)}, got '{self.type}'")

    @property
    def label(self) -> str:
        """``lesion 1 lytic T7``."""
        return f"lesion {self.number} {self.type} {self.level}"


def lesion_finding(lesion: LesionFound, segment_number: int) -> Finding:
    """The group of one lesion; that it is a metastasis is not said."""
    judgements = [Judgement(codes.LESION_TYPE, codes.LESION_TYPES[lesion.type])]
    numbers = []
    if isinstance(lesion.volume_ml, findings.Measured):
        numbers.append(Number(codes.VOLUME, lesion.volume_ml.value, codes.MILLILITRE))
    elif isinstance(lesion.volume_ml, findings.NotAssessed):
        judgements.append(not_assessable(codes.VOLUME, lesion.volume_ml.code.value))
    return Finding(
        label=lesion.label,
        kind=codes.LESION,
        site=codes.level_code(lesion.level),
        numbers=tuple(numbers),
        judgements=tuple(judgements),
        segment_number=segment_number,
    )


def spine_finding(*, level_ambiguous: bool) -> Finding:
    """The group of the spine as a whole."""
    return Finding("spine", codes.SPINE, codes.SPINE, judgements=(yes_or_no(codes.LEVEL_AMBIGUOUS, level_ambiguous),))


def yes_or_no(name: Coded, answer: bool) -> Judgement:
    """A question answered with yes or no."""
    return Judgement(name, codes.YES if answer else codes.NO)


def not_assessable(name: Coded, reason: str) -> Judgement:
    """A question that the image cannot answer, with the reason code, e.g. ``missing_mask``: never zero, never no."""
    return Judgement(name, Coded(reason, f"Not assessable: {reason.replace('_', ' ')}"))
