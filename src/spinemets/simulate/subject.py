"""Who the simulated patient is: size, age, build, posture and number of vertebrae."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import Enum

import numpy as np

from spinemets.anatomy import Level
from spinemets.simulate.dimensions import BETWEEN_SUBJECTS


class Variant(str, Enum):
    """How many vertebrae the patient has, and what the last one is like."""

    USUAL = "usual"
    T13 = "T13"
    L6 = "L6"
    ELEVEN_RIBS = "11_ribs"  # no T12: eleven thoracic vertebrae, then L1
    SACRALISED_L5 = "sacralised_L5"  # a narrow last disc, transverse processes as wide as the sacrum


VARIANT_PROBABILITY: dict[Variant, float] = {
    Variant.T13: 0.03,
    Variant.L6: 0.06,
    Variant.ELEVEN_RIBS: 0.03,
    Variant.SACRALISED_L5: 0.06,
}
"""Chosen by us after VerSe, which was enriched for such cases; a clinic sees somewhat fewer."""


class Arms(str, Enum):
    """Where the arms lie in the scanner."""

    UP = "up"
    DOWN = "down"


def stream(seed: int, concept: str) -> np.random.Generator:
    """Random numbers for one concept: drawing more for one concept changes no other."""
    return np.random.default_rng([seed, zlib.crc32(concept.encode())])


@dataclass(frozen=True)
class Subject:
    """All that is random about the patient as a whole.

    Attributes
    ----------
    seed : int
        From which everything else follows.
    age : float
        Years; drives osteophytes, discs, marrow and muscle.
    scale : float
        Size of the skeleton relative to the published means.
    fat_mm : float
        Thickness of subcutaneous fat at the abdomen.
    girth : float
        Width of the trunk relative to a trunk of this skeleton.
    cervical_lordosis_deg, thoracic_kyphosis_deg, lumbar_lordosis_deg : float
        C2-C7, T4-T12 and L1-S1.
    sacral_slope_deg : float
        Forward tilt of the upper endplate of S1 against the horizontal.
    scoliosis_deg : float
        Largest sideways tilt of a vertebra; the sign says to which side.
    variant : Variant
        Number of vertebrae.
    arms : Arms
        Up beside the head or down beside the trunk.
    """

    seed: int
    age: float
    scale: float
    fat_mm: float
    girth: float
    cervical_lordosis_deg: float
    thoracic_kyphosis_deg: float
    lumbar_lordosis_deg: float
    sacral_slope_deg: float
    scoliosis_deg: float
    variant: Variant
    arms: Arms

    @property
    def levels(self) -> tuple[Level, ...]:
        """Vertebrae of this patient from head to foot, the sacrum last."""
        return levels_of(self.variant)

    @property
    def frailty(self) -> float:
        """Wear of the ageing spine: 0 up to 35 years, 1 at 85."""
        return float(np.clip((self.age - 35.0) / 50.0, 0.0, 1.0))


def levels_of(variant: Variant) -> tuple[Level, ...]:
    """Levels from head to foot with the sacrum last."""
    absent = {Level.T13, Level.L6, Level.S1, Level.S2, Level.S3, Level.S4, Level.S5}
    absent -= {Level.T13} if variant is Variant.T13 else set()
    absent -= {Level.L6} if variant is Variant.L6 else set()
    absent |= {Level.T12} if variant is Variant.ELEVEN_RIBS else set()
    return tuple(level for level in Level if level not in absent)


UPPER_KYPHOSIS_DEG = 9.0
"""Kyphosis of T1 to T4 and of the joint below T12, about; see `curve.disc_angles`."""


def random_subject(seed: int, variant: Variant | None = None, arms: Arms | None = None) -> Subject:
    """The patient of a seed; a variant or position of the arms that is given replaces the random one only."""
    rng = stream(seed, "subject")
    lordosis, kyphosis, neck_slope = rng.uniform(40.0, 60.0), rng.uniform(20.0, 45.0), rng.uniform(14.0, 30.0)
    # The pelvis turns so that the head stays over it: T1 slopes forward by no more than `neck_slope` asks.
    backward = np.clip(kyphosis + UPPER_KYPHOSIS_DEG - neck_slope, 4.0, 24.0)
    drawn = random_variant(rng)
    arms_down = rng.random() < 0.4
    curved = rng.random() < 0.25
    tilt = rng.uniform(4.0, 12.0) if curved else rng.uniform(0.0, 2.5)
    return Subject(
        seed=seed,
        age=float(rng.uniform(20.0, 90.0)),
        scale=float(np.clip(rng.normal(1.03, BETWEEN_SUBJECTS), 0.85, 1.22)),
        fat_mm=float(np.clip(rng.gamma(3.0, 6.0), 4.0, 50.0)),
        girth=float(np.clip(rng.normal(1.0, 0.06), 0.86, 1.16)),
        cervical_lordosis_deg=float(rng.uniform(10.0, 30.0)),
        thoracic_kyphosis_deg=float(kyphosis),
        lumbar_lordosis_deg=float(lordosis),
        sacral_slope_deg=float(np.clip(lordosis - backward, 24.0, 50.0)),
        scoliosis_deg=float(tilt * rng.choice([-1.0, 1.0])),
        variant=drawn if variant is None else variant,
        arms=arms if arms is not None else (Arms.DOWN if arms_down else Arms.UP),
    )


def random_variant(rng: np.random.Generator) -> Variant:
    """A variant drawn with `VARIANT_PROBABILITY`."""
    draw = rng.random()
    for variant, probability in VARIANT_PROBABILITY.items():
        draw -= probability
        if draw < 0:
            return variant
    return Variant.USUAL
