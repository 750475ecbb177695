"""Networks that know the patient: they give perfect answers, as far as a window shows where it lies.

The image shows no patient but a bowl, half the square of the distance to a far corner. Its
gradient is the position, which survives resampling, cutting into windows and mirrors; the answer
is then looked up in the simulated anatomy. So everything around the networks is tested
with networks that do not err.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from oblique import centred_affine

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Subregion
from spinemets.datasets.case import Case
from spinemets.geometry import Grid
from spinemets.inference.card import ModelCard
from spinemets.inference.locator_classes import (
    LOCATOR_CLASS_OF_STRUCTURE,
    LOCATOR_CLASS_OF_VERSE_ID,
    LOCATOR_CLASSES,
    POSITION_CENTRE,
    POSITION_CHANNELS,
    POSITION_OF_VERSE_ID,
    POSITION_UNIT,
)
from spinemets.inference.preprocess import CtWindow
from spinemets.inference.segment import SpineModels
from spinemets.inference.spine_classes import CLASS_OF_STRUCTURE, OFFSET_UNIT_MM, SPINE_CLASSES
from spinemets.volume import Volume

FAR_MM = 800.0
SURE = 8.0
LOG_ERROR = -2.0


@dataclass(frozen=True)
class KnownPatient:
    """A simulated anatomy that can be asked what lies at a point, and an image that tells only where it is."""

    anatomy: object

    @property
    def corner(self):
        return self.anatomy.affine[:3, 3] - FAR_MM

    def image(self, grid: Grid) -> Volume:
        index = np.stack(np.indices(grid.shape), axis=-1)
        away = index @ grid.affine[:3, :3].T + grid.affine[:3, 3] - self.corner
        return Volume(((away**2).sum(axis=-1) / 2).astype(np.float32), grid.affine)

    def looked_up(self, array, world):
        """Values of an array of the anatomy at the nearest voxel of each point, 0 beyond it."""
        index = np.round((world - self.anatomy.affine[:3, 3]) / self.anatomy.affine[0, 0]).astype(int)
        inside = ((index >= 0) & (index < array.shape)).all(axis=-1)
        index = np.where(inside[..., None], index, 0)
        return np.where(inside, array[tuple(np.moveaxis(index, -1, 0))], 0)

    def truth(self, grid: Grid):
        """Vertebrae and subregions on a grid, parts that the network does not tell apart made one."""
        world = np.stack(np.indices(grid.shape), axis=-1) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
        subregions = self.looked_up(self.anatomy.subregion, world)
        articular = (subregions >= Subregion.SUPERIOR_ARTICULAR_LEFT) & (
            subregions <= Subregion.INFERIOR_ARTICULAR_RIGHT
        )
        subregions = np.where(articular, Subregion.ARCH, subregions)
        return self.looked_up(self.anatomy.vertebra, world), subregions


def place(window, spacing_mm):
    """World positions (relative to the far corner) of a window of the bowl, where it is seen, and -1 if mirrored."""
    seen = window > 0
    steps, valid = [], seen.copy()
    for axis in range(3):
        before, after = np.roll(window, 1, axis), np.roll(window, -1, axis)
        edge = [slice(None)] * 3
        edge[axis] = [0, -1]
        valid &= (before > 0) & (after > 0)
        valid[tuple(edge)] = False
        steps.append((after - before) / (2 * spacing_mm))
    if not valid.any():
        return None, seen, 1
    index = np.indices(window.shape) * spacing_mm
    sign = -1 if np.median(steps[0][valid]) < 0 else 1
    start = [
        np.median((s * (sign if axis == 0 else 1) - index[axis] * (sign if axis == 0 else 1))[valid])
        for axis, s in enumerate(steps)
    ]
    index[0] *= sign
    return np.moveaxis(index, 0, -1) + start, seen, sign


def network(patient: KnownPatient, spacing_mm: float, channels: int, answer):
    """(N, 1, I, J, K) to (N, C, I, J, K): `answer` gives classes, and what fills the last channels, at world points.

    Three of these are offsets, the first of which a mirror turns.
    """

    def run(batch):
        output = np.zeros((len(batch), channels, *batch.shape[2:]), np.float32)
        output[:, 0] = SURE / 2
        for one, target in zip(batch[:, 0].astype(np.float64), output, strict=True):
            where, seen, sign = place(one, spacing_mm)
            if where is None:
                continue
            classes, offset = answer(where + patient.corner)
            i, j, k = np.nonzero(seen)
            target[classes[seen].astype(int), i, j, k] += SURE
            offset = np.moveaxis(offset, -1, 0)
            if len(offset) == 3:
                offset[0] *= sign
            target[-len(offset) :] = np.where(seen, offset, 0)
        return output

    return run


def knowing_models(anatomy, *, locator_mm=4.0, spine_mm=2.0, window=(56, 56, 56)) -> SpineModels:
    """Models that see a `KnownPatient`; another anatomy than the image's may be given, to make them err."""
    patient = KnownPatient(anatomy)
    case = Case.of_anatomy(anatomy)
    rows = sorted((point[2], POSITION_OF_VERSE_ID[level.verse_id]) for level, point in anatomy.centres_mm.items())
    heights, positions = np.array(rows).T

    def locate(world):
        vertebra = patient.looked_up(case.vertebra, world)
        classes = np.where(
            vertebra > 0,
            LOCATOR_CLASS_OF_VERSE_ID[vertebra],
            LOCATOR_CLASS_OF_STRUCTURE[patient.looked_up(case.structure, world)],
        )
        height = np.interp(world[..., 2], heights, positions)
        position = np.where(vertebra > 0, POSITION_OF_VERSE_ID[vertebra], height)
        return classes, np.stack([(position - POSITION_CENTRE) / POSITION_UNIT, np.full(height.shape, LOG_ERROR)], -1)

    centres = np.zeros((256, 3))
    for level, point in anatomy.centres_mm.items():
        centres[level.verse_id] = point

    def segment(world):
        vertebra = patient.looked_up(case.vertebra, world)
        classes = CLASS_OF_STRUCTURE[patient.looked_up(case.structure, world)]
        return classes, (centres[vertebra] - world) / OFFSET_UNIT_MM

    return SpineModels(
        network(patient, locator_mm, len(LOCATOR_CLASSES) + POSITION_CHANNELS, locate),
        card("locator", locator_mm, window, LOCATOR_CLASSES),
        network(patient, spine_mm, len(SPINE_CLASSES) + 3, segment),
        card("spine", spine_mm, window, SPINE_CLASSES),
    )


def card(name, spacing_mm, window, classes) -> ModelCard:
    """A card whose window leaves values as they are."""
    untouched = CtWindow(-1e9, 1e9, 0.0, 1.0)
    return ModelCard(name, "0", "none", Path("model.onnx"), "0" * 64, spacing_mm, window, classes, untouched, {})


def levels_in(labels):
    """Levels of the ids in a mask."""
    return sorted((LEVEL_OF_VERSE_ID[int(n)] for n in np.unique(labels) if n), key=lambda level: level.order)


def oblique_grid(patient, stored, share=0.92, spacing_mm=(1.7, 1.9, 2.2)):
    """A turned grid that shows most of a patient."""
    size_mm = np.array(patient.tissue.shape) * patient.affine[0, 0]
    shape = tuple(int(share * size_mm[axis] / step) for axis, step in zip(stored["axes"], spacing_mm, strict=True))
    middle = patient.affine[:3, 3] + size_mm / 2
    return Grid(shape, centred_affine(shape, middle, spacing_mm=spacing_mm, angles_deg=(4, -6, 5), **stored))
