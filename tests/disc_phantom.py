"""Five box vertebrae with CT, whose lesions and endplates are painted; truth is in what was painted."""

from functools import lru_cache

import numpy as np
from box_vertebra import CANAL_DEPTH_MM, PITCH_MM, part_at
from oblique import STORED, centred_affine, world_of

from spinemets.anatomy import Level, Subregion
from spinemets.body_assessment import measured_bodies
from spinemets.fracture_assessment import CtEvidence, MeasuredBody
from spinemets.geometry import Grid
from spinemets.measure.height_reference import height_losses
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.mimic_signs import mimic_signs
from spinemets.volume import Volume

LEVELS = (Level.T12, Level.L1, Level.L2, Level.L3, Level.L4)
SHAPE, SPACING = (58, 84, 160), (1.1, 0.9, 1.2)
SPONGY, PLATE, SOFT, DISC = 120.0, 700.0, -60.0, 80.0
BACK, FRONT, HALF_HEIGHT = CANAL_DEPTH_MM, 38.0, 13.0
MIDDLE = (BACK + FRONT) / 2
FAR_PARTS = (Subregion.SPINOUS_PROCESS, Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT)
"""Left out, so that the image may be small."""
DISC_MIDDLE = -PITCH_MM / 2
"""Height of the middle of the disc L2/L3 in the coordinates of L2."""


@lru_cache(maxsize=4)
def bones(stored=0, hollow_mm=0.0):
    """Places, affine, ids, parts and measured bodies; endplates may be hollow by so much in their middle."""
    options = STORED[stored]
    shape = tuple(SHAPE[axis] for axis in options["axes"])
    spacing = tuple(SPACING[axis] for axis in options["axes"])
    affine = centred_affine(shape, (0, 13, 0), spacing_mm=spacing, angles_deg=(2, -3, 4), **options)
    x, y, z = np.moveaxis(world_of(Grid(shape, affine)), -1, 0)
    number = np.clip(np.round(2 - z / PITCH_MM), 0, 4).astype(int)
    local = z - (2 - number) * PITCH_MM
    parts = part_at(x, y, local)
    parts[np.isin(parts, FAR_PARTS)] = 0
    bowl = hollow_mm * np.clip(1 - (x / 21) ** 2, 0, 1) * np.clip(1 - ((y - MIDDLE) / 15) ** 2, 0, 1)
    parts[(parts == Subregion.BODY) & (np.abs(local) > HALF_HEIGHT - bowl)] = 0
    ids = np.where(parts > 0, np.array([level.verse_id for level in LEVELS])[number], 0).astype(np.uint8)
    vertebrae = Volume(ids, affine)
    regions = vertebra_regions(vertebrae, Volume(parts, affine))
    found = measured_bodies(spine_from_mask(vertebrae), vertebrae, regions)
    losses = height_losses(found.heights)
    bodies = {
        level: MeasuredBody(found.heights[level], losses[level], found.ends.get(level), None, ()) for level in LEVELS
    }
    return (x, y, z), bowl, affine, ids, parts, regions, bodies


class Discs:
    """x, y, z in millimetres, z from the middle of L2."""

    def __init__(self, stored=0, hollow_mm=0.0, plate=PLATE, spongy=SPONGY):
        (self.x, self.y, self.z), bowl, self.affine, ids, self.parts, self.regions, self.bodies = bones(
            stored, hollow_mm
        )
        self._seen, self.ids = {}, ids.copy()
        self.bone = ids > 0
        rng = np.random.default_rng(5)
        self.ct = np.where(self.bone, spongy, SOFT) + rng.normal(0, 10, ids.shape)
        body = self.parts == Subregion.BODY
        number = np.clip(np.round(2 - self.z / PITCH_MM), 0, 4)
        local = np.abs(self.z - (2 - number) * PITCH_MM)
        self.ct[(local > HALF_HEIGHT - bowl) & (np.abs(self.x) < 21) & (self.y > BACK) & (self.y < FRONT)] = DISC
        shell = body & (local > HALF_HEIGHT - bowl - 1.6)
        shell |= body & ((np.abs(self.x) > 19.4) | (self.y > FRONT - 1.6) | (self.y < BACK + 1.6))
        self.ct[shell] = plate
        self.lesions = np.zeros(ids.shape, np.uint8)

    def within(self, x=0.0, y=MIDDLE, r=7.0, z=(0.0, 0.0)):
        """An upright cylinder between two heights."""
        return (np.hypot(self.x - x, self.y - y) < r) & (self.z > z[0]) & (self.z < z[1])

    def bowl(self, z, up, r=8.0, deep=4.0, x=0.0, y=MIDDLE):
        """Half a spheroid that hangs from (up False) or stands on a height."""
        inside = ((self.x - x) / r) ** 2 + ((self.y - y) / r) ** 2 + ((self.z - z) / deep) ** 2 < 1
        return inside & ((self.z > z) if up else (self.z < z))

    def evidence(self, affected):
        """Kept until something else is painted."""
        key = (tuple(affected), *(hash(one.tobytes()) for one in (self.ct, self.ids, self.lesions)))
        if key not in self._seen:
            ct, ids, lesions = self.volumes()
            self._seen = {key: CtEvidence(ct, ids, self.regions, lesions, LEVELS, affected)}
        return self._seen[key]

    def volumes(self):
        return tuple(Volume(one, self.affine) for one in (self.ct.astype(np.float32), self.ids, self.lesions))

    def signs(self, level=Level.L2, series=None, ct=True, lesions=True, bodies=None, affected=(Level.L2, Level.L3)):
        _, ids, spots = self.volumes()
        return mimic_signs(
            level,
            self.evidence(affected) if ct else None,
            self.bodies if bodies is None else bodies,
            spots if lesions else None,
            ids,
            series or {},
        )
