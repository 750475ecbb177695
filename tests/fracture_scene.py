"""Five vertebrae of boxes on CT, one of which may be collapsed, cracked, filled or eaten away."""

import numpy as np
from box_vertebra import PITCH_MM, part_at
from oblique import STORED, centred_affine, world_of

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.geometry import Grid
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.spine_signs import SpineImages, Treatment
from spinemets.vertebra_assessment import assess_vertebrae
from spinemets.volume import Volume

LEVELS = (Level.T12, Level.L1, Level.L2, Level.L3, Level.L4)
SPACING = (1.0, 1.0, 1.2)
SHAPE = (110, 104, 154)
SPONGY, SHELL, FAT = 120.0, 700.0, -90.0
HALF_WIDTH, BACK, FRONT, HALF_HEIGHT = 21.0, 8.0, 38.0, 13.0


class Scene:
    """Five vertebrae; L2's surroundings in its own coordinates x (right), y (front), z (up) for painting."""

    def __init__(self, stored=0, squeezed=None):
        options = STORED[stored]
        shape = tuple(SHAPE[axis] for axis in options["axes"])
        spacing = tuple(SPACING[axis] for axis in options["axes"])
        self.affine = centred_affine(shape, (0, 8, 0), spacing_mm=spacing, angles_deg=(2, -3, 4), **options)
        self.x, self.y, z = np.moveaxis(world_of(Grid(shape, self.affine)), -1, 0)
        number = np.clip(np.round(2 - z / PITCH_MM), 0, 4).astype(int)
        self.z = z - (2 - number) * PITCH_MM
        self.own = number == LEVELS.index(Level.L2)
        parts = part_at(self.x, self.y, self.z)
        if squeezed:
            parts[self.own & (parts == Subregion.BODY) & (np.abs(self.z) > squeezed * HALF_HEIGHT)] = 0
        self.half_height = np.where(self.own & bool(squeezed), HALF_HEIGHT * (squeezed or 1), HALF_HEIGHT)
        self.parts = parts
        self.ids = np.where(parts > 0, np.array([level.verse_id for level in LEVELS])[number], 0).astype(np.uint8)
        rng = np.random.default_rng(3)
        self.ct = np.where(parts > 0, SPONGY, FAT) + rng.normal(0, 10, shape)
        self.shell = (parts == Subregion.BODY) & (self.depth() < 1.5)
        self.ct[self.shell | ((parts > 0) & (parts != Subregion.BODY))] = SHELL
        self.lesions = np.zeros(shape, np.uint8)

    def depth(self):
        """Distance from the nearest face of the body's box."""
        return np.min(
            [HALF_WIDTH - np.abs(self.x), self.y - BACK, FRONT - self.y, self.half_height - np.abs(self.z)], axis=0
        )

    @property
    def body(self):
        return self.own & (self.parts == Subregion.BODY)

    def lesion(self, centre, radius, label=LesionLabel.LYTIC, hu=50.0):
        inside = np.sqrt(sum((a - b) ** 2 for a, b in zip((self.x, self.y, self.z), centre, strict=True))) < radius
        inside &= self.own & (self.ids > 0)
        self.lesions[inside], self.ct[inside] = label, hu

    def assessed(self, with_lesions=True, treated="unknown", **options):
        vertebrae, parts, lesions = (Volume(mask, self.affine) for mask in (self.ids, self.parts, self.lesions))
        found = assess_vertebrae(
            spine_from_mask(vertebrae),
            vertebrae,
            parts,
            lesions=lesions if with_lesions else None,
            images=SpineImages(ct=Volume(self.ct.astype(np.float32), self.affine)),
            treatment=Treatment(treated),
            **options,
        )
        return {findings.level: findings for findings in found.vertebrae}

    def signs(self, **options):
        return self.assessed(**options)[Level.L2].signs
