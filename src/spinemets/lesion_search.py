"""Which network looks for lesions on which series of a study, and what it finds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spinemets.inference.card import ModelCard
from spinemets.inference.lesions import LesionModel, find_lesions
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
    """

    mask: Volume
    card: ModelCard
    seconds: float
    flags: tuple[str, ...]


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
    began, images = time.perf_counter(), searched_together(group)
    mask = find_lesions(images, vertebrae, network, progress)
    flags = [LESIONS_BY_NETWORK]
    if group[0].role not in SEGMENTED_ROLES:
        flags += [f"lesions_without_{role}" for role in MR_LESION_ROLES if role not in images]
    return FoundLesions(mask, network.card, time.perf_counter() - began, tuple(flags))


def lesion_network(group: Sequence[Series], models: Models) -> LesionModel | None:
    """What looks for lesions on series in the same world; None where no network does, or none is shipped."""
    if group[0].role in SEGMENTED_ROLES:
        return models.lesion
    needed = any(one.role == NEEDED_ROLE and shows_lesions(one) for one in group)
    return models.lesion_mr if needed and why_not_outlined(group[0]) is None else None


def shows_lesions(series: Series) -> bool:
    """Whether the lesion network for MR knows the sequence and the kind of stack."""
    return series.role in MR_LESION_ROLES and why_not_outlined(series) is None


def searched_together(group: Sequence[Series]) -> Mapping[str, Volume]:
    """What a lesion network is shown of series in the same world, by role: a CT alone, or all MR that it knows.

    The first is the one that vertebrae are outlined on, whatever its role.
    """
    home, *beside = group
    images = {home.role: home.volume}
    for one in beside if home.role not in SEGMENTED_ROLES else ():
        if shows_lesions(one):
            images.setdefault(one.role, one.volume)
    return images
