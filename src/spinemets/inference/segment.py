"""From a CT or MR to named vertebrae: locate (on CT), segment, separate, name, and back to the image's grid."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from spinemets.anatomy import Level, Subregion
from spinemets.geometry import Grid
from spinemets.inference.backends import Backend, Network, open_network
from spinemets.inference.card import ModelCard, load_card
from spinemets.inference.fine_pass import FinePass, along_spine
from spinemets.inference.locate import locate_spine, too_small_to_locate, whole_image
from spinemets.inference.naming import has_unnamed_gap, known_names, name_vertebrae, passes_over, verse_ids
from spinemets.inference.parts import CLASS, frames, stray_body_to_arch, subregion_labels
from spinemets.inference.separate import separate
from spinemets.inference.shipped import ShippedModel
from spinemets.inference.upsample import to_image_grid
from spinemets.measure.spine_from_mask import KnownName, vertebrae_of_mask
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Volume

Report = Callable[[str, float], None]
"""Called with the name of a stage and the share of it that is done."""
Anchor = tuple[Level, NDArray[np.float64]]
"""A level that is known, and a point (3,) of its vertebra in world mm."""
ON_MR_MM = 4.0
"""Voxels of the grid that says where the network is to look on MR, which is everywhere (ours)."""


@dataclass(frozen=True)
class SpineModels:
    """Networks that segment the spine, opened once and used for many images."""

    locator: Network
    locator_card: ModelCard
    spine: Network
    spine_card: ModelCard

    @classmethod
    def load(cls, backend: Backend = "onnx", threads: int | None = None) -> SpineModels:
        """The shipped models on the given engine."""
        locator, spine = load_card("locator"), load_card("spine")
        return cls(
            open_network(locator.onnx, backend, threads), locator, open_network(spine.onnx, backend, threads), spine
        )


class MrSpineModel(ShippedModel):
    """The network that outlines vertebrae on MR, opened once and used for many images."""

    name = "spine_mr"


@dataclass(frozen=True)
class SpineSegmentation:
    """What the networks found.

    Attributes
    ----------
    vertebrae, subregions, canal : Volume
        VerSe ids, `Subregion` labels, and 1 inside the canal, on the grid of the image.
    spine : Spine
        The vertebrae and their names.
    seconds : mapping
        Time that each stage took.
    """

    vertebrae: Volume
    subregions: Volume
    canal: Volume
    spine: Spine
    seconds: dict[str, float] = field(default_factory=dict)


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str):  # type: ignore[no-untyped-def]
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def segment_spine(
    image: Volume,
    models: SpineModels,
    *,
    anchor: Anchor | None = None,
    report: Report | None = None,
) -> SpineSegmentation:
    """Segment and name the vertebrae of a CT.

    Parameters
    ----------
    image : Volume
        HU, in any orientation.
    models : SpineModels
        Opened networks.
    anchor : (Level, (3,) ndarray), optional
        A level that is known, and a point of its vertebra in world mm.
    report : callable, optional
        Told of progress.

    Raises
    ------
    NoSpineFoundError
        If there is no spine, or nothing of it is a vertebra.
    StudyError
        If the anchor lies in no vertebra.
    """
    clock = _Clock()
    with clock.stage("locate"):
        if too_small_to_locate(image):
            located = whole_image(image, models.locator_card.spacing_mm)
        else:
            located = locate_spine(image, models.locator, models.locator_card, _stage(report, "locating the spine"))
    with clock.stage("segment"):
        seen = along_spine(image, located, models.spine, models.spine_card, _stage(report, "segmenting vertebrae"))
    return _named_on_image(image, seen, anchor, clock)


def segment_mr_spine(
    image: Volume, model: MrSpineModel, *, anchor: Anchor | None = None, report: Report | None = None
) -> SpineSegmentation:
    """Segment and name the vertebrae of an MR; the network looks everywhere, for there is no coarse pass.

    A vertebra is partly visible where its body is: the outermost slices of a sagittal slab cut processes of them all.

    Parameters
    ----------
    image : Volume
        Signal, in any orientation.
    model : MrSpineModel
        The opened network.
    anchor, report
        As in `segment_spine`.

    Raises
    ------
    NoSpineFoundError
        If nothing of the image is a vertebra.
    StudyError
        If the anchor lies in no vertebra.
    """
    clock = _Clock()
    with clock.stage("segment"):
        located = whole_image(image, ON_MR_MM, of_mr=True)
        seen = along_spine(image, located, model.network, model.card, _stage(report, "segmenting vertebrae"))
    found = _named_on_image(image, seen, anchor, clock, on_mr=True)
    vertebrae = tuple(_visible_by_body(one, found) for one in found.spine.vertebrae)
    return replace(found, spine=replace(found.spine, vertebrae=vertebrae))


def _visible_by_body(vertebra: Vertebra, found: SpineSegmentation) -> Vertebra:
    """A vertebra that is partly visible where the image cuts its body; as it is where it has none."""
    own = found.vertebrae.array == vertebra.level.verse_id
    body = np.argwhere(own & (found.subregions.array == Subregion.BODY))
    if len(body) == 0:
        return vertebra
    at_face = (body == 0).any() or (body == np.array(own.shape) - 1).any()
    return replace(vertebra, partly_visible=bool(at_face))


def _named_on_image(
    image: Volume, seen: FinePass, anchor: Anchor | None, clock: _Clock, *, on_mr: bool = False
) -> SpineSegmentation:
    grid = seen.grid
    with clock.stage("separate and name"):
        found = separate(image, seen, on_mr=on_mr)
        classes, instances, sacrum = found.classes, found.instances, found.sacrum
        named = name_vertebrae(grid, classes, instances, sacrum, seen.located, anchor)
        names = named.names
        sides = frames(classes, instances, float(grid.spacing_mm[0]))
        parts = subregion_labels(classes, instances, sides)
    with clock.stage("back to the image grid"):
        ids = verse_ids(instances, names)
        sacrum_ids = np.where(sacrum, Level.SACRUM.verse_id, 0).astype(np.uint8)
        canal = (classes == CLASS["canal"]).astype(np.uint8)
        vertebrae, sacra, canal = to_image_grid(image, grid, found.shares, [ids, sacrum_ids, canal])
        subregions = _subregions_on_image(image, grid, parts, vertebrae)
        vertebrae |= sacra
    mask = image.with_array(vertebrae)
    flags = tuple(f"levels_by_{landmark}" for landmark in named.landmarks) if anchor is None else ("levels_by_anchor",)
    known = known_names(names, instances, grid)
    if sacrum.any():
        known[Level.SACRUM] = KnownName(float(found.shares[1][sacrum].mean()))
    doubts = {
        "more_pieces_than_levels": found.surplus,
        "highest_piece_doubtful": found.doubtful,
        "level_passed_over": passes_over(names.levels, sacrum=bool(sacrum.any())),
        "gap_between_neighbours": has_unnamed_gap(names.levels, named.gaps),
        "part_of_spine_left_out": found.left_out,
    }
    flags = (flags or ("no_level_landmark",)) + tuple(name for name, is_so in doubts.items() if is_so)
    spine = Spine(vertebrae_of_mask(mask, known), names.ambiguous or any(doubts.values()), flags)
    return SpineSegmentation(mask, image.with_array(subregions), image.with_array(canal), spine, clock.seconds)


def _stage(report: Report | None, name: str) -> Callable[[float], None] | None:
    return None if report is None else lambda share: report(name, share)


def _subregions_on_image(
    image: Volume, grid: Grid, parts: NDArray[np.uint8], vertebrae: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    (labels,) = to_image_grid(image, grid, (parts > 0).astype(np.float32)[None], [parts])
    labels[vertebrae == 0] = 0
    for number, box in enumerate(ndimage.find_objects(vertebrae), start=1):
        if box is None:
            continue
        own, part = vertebrae[box] == number, labels[box]
        known, missing = np.argwhere(own & (part > 0)), np.argwhere(own & (part == 0))
        if len(known) and len(missing):
            _, nearest = cKDTree(known).query(missing)
            part[tuple(missing.T)] = part[tuple(known[nearest].T)]
        stray_body_to_arch(part, own, image.voxel_volume_mm3)
    return labels
