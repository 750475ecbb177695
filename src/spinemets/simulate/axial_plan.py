"""Who lies in the scanner for an axial T2, at which level, and what presses on the sac there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.simulate.axial_piece import SpinePiece
from spinemets.simulate.axial_site import Presser
from spinemets.simulate.axial_tissues import AxialTissue
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_growth import GRADES, Origin, grown_case
from spinemets.simulate.subject import random_subject, stream
from spinemets.simulate.tissues import Tissue

ALL_GRADES = ("0", *GRADES)
REGION_SHARE = {Region.CERVICAL: 0.27, Region.THORACIC: 0.65, Region.LUMBAR: 0.08}
"""How often each region is imaged (ours; two thirds of cord compressions are thoracic)."""
CORD_GRADES = ("1c", "2", "3")
"""Grades that have no meaning below the conus; a tumour there deforms the sac alone."""
LEAST_CORD_MM = 3.0
"""Depth from which tumour can press on a cord: a thinner one is the tip of the conus, which CSF surrounds (ours)."""
NEAR_EDGE = 0.4
"""Share of the cases near the edge of their grade (ours)."""
SECOND_CAUSE = 0.35
"""Share of the pieces with a disc, a ligament or a bone that presses elsewhere (ours)."""
BONE_ONLY = 0.5
"""Share of the cases of grade 0 with a tumour of the bone beside the canal (ours)."""


@dataclass(frozen=True)
class AxialPlan:
    """What is wrong with the canal of a piece.

    Attributes
    ----------
    seed : int
        Of the patient.
    pressers : tuple of Presser
        From the tumour, if there is one, to whatever else presses.
    origin : Origin or None
        Where the tumour comes from; None without tumour, in bone or canal.
    """

    seed: int
    pressers: tuple[Presser, ...]
    origin: Origin | None

    @property
    def tumour(self) -> Presser | None:
        """The epidural tumour."""
        return next((one for one in self.pressers if one.is_tumour), None)


def random_level(seed: int) -> Level:
    """The level that the patient of a seed is imaged at."""
    rng = stream(seed, "axial level")
    region = list(REGION_SHARE)[int(rng.choice(len(REGION_SHARE), p=list(REGION_SHARE.values())))]
    levels = [one for one in random_subject(seed).levels if one.region is region and one is not Level.C1]
    levels = [one for one in levels if one.order <= Level.L3.order]
    return levels[int(rng.integers(len(levels)))]


def random_plan(piece: SpinePiece, seed: int, grade: str, draw: int = 0) -> AxialPlan:
    """A site of a grade at a piece, with or without something else that presses.

    Raises
    ------
    ValueError
        If `grade` is none of `ALL_GRADES`, or cannot be had at this piece.
    """
    if grade not in ALL_GRADES:
        raise ValueError(f"a grade must be one of {', '.join(ALL_GRADES)}, got '{grade}'")
    rng = stream(seed, f"axial plan {draw}")
    up = float(rng.uniform(-8.0, 8.0))
    pressers: list[Presser] = []
    origin = None
    if grade != "0":
        if piece.course.case(up).cord_mm[1] < LEAST_CORD_MM and grade in CORD_GRADES:
            grade = "1b"
        near = rng.random() < NEAR_EDGE
        case, origin = grown_case(rng, piece.course.case(up), grade, near_edge=near)
        pressers.append(Presser(case, up, int(AxialTissue.EPIDURAL_TUMOUR)))
    elif rng.random() < BONE_ONLY:
        origin = Origin(str(rng.choice([Origin.BODY.value, Origin.PEDICLE.value, Origin.ARCH.value])))
    if rng.random() < SECOND_CAUSE:
        other = _other_cause(rng, piece, pressers)
        pressers += [] if other is None else [other]
    return AxialPlan(seed, tuple(pressers), origin)


def _other_cause(rng: np.random.Generator, piece: SpinePiece, taken: Sequence[Presser]) -> Presser | None:
    """A disc, the yellow ligament or a piece of bone that presses on the sac, clear of what presses already."""
    kind = int(rng.choice([Tissue.DISC, AxialTissue.LIGAMENT, Tissue.VERTEBRAL_BODY], p=[0.45, 0.35, 0.2]))
    bodies = sorted(piece.centres.values())
    gaps = [(low + high) / 2 for low, high in pairwise(bodies)]
    places = bodies if kind == Tissue.VERTEBRAL_BODY else gaps
    length = float(rng.uniform(13.0, 17.0))
    free = [z for z in places if all(abs(z - one.up_mm) > (one.case.length_mm + length) / 2 for one in taken)]
    if not free:
        return None
    up = float(rng.choice(free))
    behind = kind == AxialTissue.LIGAMENT
    middle = np.radians(180.0 if behind else rng.normal(0.0, 12.0))
    case = replace(
        piece.course.case(up),
        direction=(float(np.sin(middle)), float(np.cos(middle))),
        half_angle_deg=float(rng.uniform(20, 35) if behind else rng.uniform(25, 55)),
        lobe_deg=float(rng.uniform(28, 42)) if behind else 0.0,
        length_mm=length,
        film_mm=float(rng.uniform(0.05, 0.2)),
        plateau=float(rng.uniform(0.0, 0.5)),
    )
    return Presser(_pressing(rng, case), up, kind)


def _pressing(rng: np.random.Generator, case: EpiduralCase) -> EpiduralCase:
    pushed = replace(case, indentation_mm=float(rng.uniform(0.5, 4.5)))
    beyond = max(-pushed.clearance_mm, 0.0)
    return replace(pushed, shift_mm=0.3 * beyond, flattening=min(0.1 * beyond, 0.3))
