"""Five box vertebrae on MR whose tissues have known signals; MR and masks lie on different, oblique grids.

Places in millimetres, x to the right, y to the front, z up from the middle of L2; bodies are boxes with |x| < 21,
8 < y < 38 and |z| < 13 about their middles, 36 mm apart.
"""

from functools import lru_cache

import numpy as np
from box_vertebra import PITCH_MM, part_at
from oblique import STORED, centred_affine, painted, world_of

from spinemets.anatomy import Level, Subregion
from spinemets.body_assessment import measured_bodies
from spinemets.fracture_assessment import MeasuredBody
from spinemets.geometry import Grid
from spinemets.marrow_assessment import marrow_signs
from spinemets.measure.height_reference import height_losses
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.volume import Volume

LEVELS = (Level.T12, Level.L1, Level.L2, Level.L3, Level.L4)
SHAPE, SPACING = (104, 96, 156), (1.0, 1.0, 1.2)
BACK, FRONT, HALF_WIDTH, HALF_HEIGHT = 8.0, 38.0, 21.0, 13.0
MIDDLE = (BACK + FRONT) / 2
MUSCLE = {"muscle": 100.0}
T1 = MUSCLE | {"marrow": 220.0, "lesion": 85.0, "disc": 95.0, "csf": 45.0, "fat": 300.0}
T2 = MUSCLE | {"marrow": 200.0, "lesion": 300.0, "disc": 150.0, "csf": 900.0, "fat": 300.0}
SAGITTAL = (4.0, 0.9, 0.9)


@lru_cache(maxsize=4)
def bones(stored=0, squeezed=0.0):
    """Masks and measures of five vertebrae; the upper end of L2 may be lost by so many millimetres."""
    options = STORED[stored]
    shape, spacing = (tuple(size[axis] for axis in options["axes"]) for size in (SHAPE, SPACING))
    affine = centred_affine(shape, (0, 4, 0), spacing_mm=spacing, angles_deg=(2, -3, 4), **options)
    x, y, z = np.moveaxis(world_of(Grid(shape, affine)), -1, 0)
    number, parts = parts_at(x, y, z, squeezed)
    ids = np.where(parts > 0, np.array([level.verse_id for level in LEVELS])[number], 0).astype(np.uint8)
    vertebrae = Volume(ids, affine)
    regions = vertebra_regions(vertebrae, Volume(parts, affine))
    found = measured_bodies(spine_from_mask(vertebrae), vertebrae, regions)
    losses = height_losses(found.heights, excluded=(Level.L2,))
    bodies = {
        level: MeasuredBody(found.heights[level], losses[level], found.ends.get(level), None, ()) for level in LEVELS
    }
    return (x, y, z), vertebrae, regions, bodies


def parts_at(x, y, z, squeezed=0.0):
    """Number of the vertebra and its part."""
    number = np.clip(np.round(2 - z / PITCH_MM), 0, 4).astype(int)
    local = z - (2 - number) * PITCH_MM
    parts = part_at(x, y, local)
    parts[(number == 2) & (parts == Subregion.BODY) & (local > HALF_HEIGHT - squeezed)] = 0
    return number, parts


def ball(centre, radius):
    """Places within a radius."""
    return lambda x, y, z: np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) < radius


def in_body(x, y, z):
    """The body of L2."""
    return (np.abs(x) < HALF_WIDTH) & (y > BACK) & (y < FRONT) & (np.abs(z) < HALF_HEIGHT)


class Marrow:
    """A spine with a lesion at L2, unless told otherwise; `at` paints single places of single series."""

    def __init__(self, lesion=None, stored=0, squeezed=0.0, angles_deg=(3, 2, -4), noise=0.03):
        (self.x, self.y, self.z), self.vertebrae, self.regions, self.bodies = bones(stored, squeezed)
        self.lesion, self.squeezed, self.stored = lesion, squeezed, stored
        self.angles_deg, self.noise, self.series = angles_deg, noise, {}

    def paint(self, role, tissues, *spots, spacing=SAGITTAL, extent=(64.0, 84.0, 180.0), centre=(0, 2, 0)):
        """A series by the signal of its tissues; each spot is places and their signal."""
        options = STORED[(self.stored + 2) % 4]
        size = [round(reach / step) for reach, step in zip(extent, spacing, strict=True)]
        shape, step = (tuple(one[axis] for axis in options["axes"]) for one in (size, spacing))
        affine = centred_affine(shape, centre, spacing_mm=step, angles_deg=self.angles_deg, **options)

        def signal(x, y, z):
            _, parts = parts_at(x, y, z, self.squeezed)
            found = np.full(x.shape, tissues["fat"])
            found[(y < -8) & (y > -36) & (np.abs(x) < 45)] = tissues["muscle"]
            found[(np.abs(x) < 11) & (np.abs(y) < 8)] = tissues["csf"]
            found[(np.abs(x) < HALF_WIDTH) & (y > BACK) & (y < FRONT)] = tissues["disc"]
            found[parts > 0] = tissues["marrow"]
            if self.lesion is not None:
                found[self.lesion(x, y, z) & (parts > 0)] = tissues["lesion"]
            for places, value in spots:
                found[places(x, y, z)] = value
            grain = np.random.default_rng(len(role)).normal(0, 1, x.shape)
            return found * (1 + self.noise * grain)

        self.series[role] = painted(shape, affine, signal)
        return self

    def signs(self, level=Level.L2, lesions=True, affected=(Level.L2,), bodies=None):
        return self.assessed(lesions, affected, bodies)[0][level]

    def assessed(self, lesions=True, affected=(Level.L2,), bodies=None):
        inside = np.zeros(self.vertebrae.shape, np.uint8)
        if self.lesion is not None:
            inside[self.lesion(self.x, self.y, self.z) & (self.vertebrae.array > 0)] = 1
        mask = self.vertebrae.with_array(inside) if lesions else None
        known = self.bodies if bodies is None else bodies
        return marrow_signs(self.series, self.vertebrae, self.regions, mask, known, affected)
