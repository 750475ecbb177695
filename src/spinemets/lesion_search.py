"""Which network looks for lesions on which series of a study, and what it finds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level
from spinemets.findings import NotAssessed, Reason
from spinemets.inference.card import ModelCard
from spinemets.inference.lesions import UNTRAINED_LEVELS, LesionModel, find_lesions
from spinemets.inference.models import Models
from spinemets.inference.sliding_window import Progress
from spinemets.series_images import SEGMENTED_ROLES, why_not_outlined
from spinemets.volume import Series, Volume

LESIONS_BY_NETWORK = "lesions_by_network"
"""Flag where a network looked for lesions."""
MR_LESION_ROLES = ("t1", "t2", "stir")
"""Roles of MR that lesions are looked for on: their signals are known to what the network learns from."""
NEEDED_ROLE = "stir"
"""Without this one among them nothing is looked for: on T1 or T2 alone the network found none or one of 10 lesions."""
UNTRAINED = NotAssessed(Reason.NOT_TRAINED_FOR, "the lesion network has learnt from no lesion at this level")
BEYOND_STIR = NotAssessed(
    Reason.OUT_OF_FIELD, "the STIR does not show all of this vertebra, and without it the lesion network finds nothing"
)
LEAST_SHOWN = 0.9
"""A vertebra of which the STIR shows less was not looked at (ours)."""
POINTS_OF_A_VERTEBRA = 2000
"""So many voxels of each at most are asked for that."""


@dataclass(frozen=True, eq=False)
class FoundLesions:
    """What a network found.

    Attributes
    ----------
    mask : Volume
        `LesionLabel` values.
    card : ModelCard
        Of the network.
    seconds : float
        Time that it took.
    flags : tuple of str
        What the reader must know of it.
    blind : mapping of Level to NotAssessed
        Levels at which it would see none, and why.
    """

    mask: Volume
    card: ModelCard
    seconds: float
    flags: tuple[str, ...]
    blind: Mapping[Level, NotAssessed]


def search_lesions(
    group: Sequence[Series], vertebrae: Volume, models: Models, progress: Progress | None = None
) -> FoundLesions | None:
    """Lesions in vertebrae; None where no network looks for any on such series, or none is shipped.

    Parameters
    ----------
    group : sequence of Series
        In the same world; the first is the one that vertebrae are outlined on.
    vertebrae : Volume
        VerSe ids on the grid of the first.
    models : Models
        The networks.
    progress : callable, optional
        Told the share that is done.
    """
    network = lesion_network(group, models)
    if network is None:
        return None
    began, is_mr = time.perf_counter(), group[0].role not in SEGMENTED_ROLES
    points = points_of(vertebrae)
    images = searched_together(group, points) if is_mr else {group[0].role: group[0].volume}
    if is_mr and NEEDED_ROLE not in images:
        return None
    mask = find_lesions(images, vertebrae, network, progress)
    flags, blind = [LESIONS_BY_NETWORK], dict.fromkeys(UNTRAINED_LEVELS, UNTRAINED)
    if is_mr:
        flags += [f"lesions_without_{role}" for role in MR_LESION_ROLES if role not in images]
        seen = shown_of(images[NEEDED_ROLE], points)
        blind = {level: BEYOND_STIR for level, share in seen.items() if share < LEAST_SHOWN} | blind
    return FoundLesions(mask, network.card, time.perf_counter() - began, tuple(flags), blind)


def lesion_network(group: Sequence[Series], models: Models) -> LesionModel | None:
    """What looks for lesions on series in the same world; None where no network does, or none is shipped."""
    if group[0].role in SEGMENTED_ROLES:
        return models.lesion
    needed = any(one.role == NEEDED_ROLE and shows_lesions(one) for one in group)
    return models.lesion_mr if needed and why_not_outlined(group[0]) is None else None


def shows_lesions(series: Series) -> bool:
    """Whether the lesion network for MR knows the sequence and the kind of stack."""
    return series.role in MR_LESION_ROLES and why_not_outlined(series) is None


def searched_together(group: Sequence[Series], points: Mapping[Level, NDArray[np.float64]]) -> Mapping[str, Volume]:
    """What the lesion network for MR is shown of series in the same world, by role.

    The first is the one that vertebrae are outlined on, whatever its role. Of several of another role it is the one
    that shows most of the vertebrae; one that shows nothing of them is none.

    Parameters
    ----------
    group : sequence of Series
        In the same world.
    points : mapping of Level to (N, 3) ndarray
        Places in every vertebra, as `points_of` gives them.
    """
    home, *beside = group
    images, most = {home.role: home.volume}, {home.role: np.inf}
    for one in beside:
        shown = sum(shown_of(one.volume, points).values()) if shows_lesions(one) else 0.0
        if shown > most.get(one.role, 0.0):
            images[one.role], most[one.role] = one.volume, shown
    return images


def points_of(vertebrae: Volume) -> dict[Level, NDArray[np.float64]]:
    """(N, 3) world positions of some voxels of every vertebra, evenly drawn, mm."""
    index = np.argwhere(vertebrae.array > 0)
    number = vertebrae.array[tuple(index.T)]
    found = {}
    for value in np.unique(number):
        own = index[number == value]
        found[LEVEL_OF_VERSE_ID[int(value)]] = vertebrae.world(own[:: -(-len(own) // POINTS_OF_A_VERTEBRA)])
    return found


def shown_of(image: Volume, points: Mapping[Level, NDArray[np.float64]]) -> dict[Level, float]:
    """Share of the points of each vertebra that lie within an image."""
    shares = {}
    for level, places in points.items():
        index = image.index(places)
        inside = (index >= -0.5) & (index <= np.array(image.shape) - 0.5)
        shares[level] = float(inside.all(axis=1).mean())
    return shares
