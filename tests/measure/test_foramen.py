"""Foramina between box pedicles, 11 by 8 by 22 mm, filled up to a known height on one side."""

import numpy as np
import pytest
from box_vertebra import part_at
from oblique import STORED, centred_affine, world_of

from spinemets.anatomy import Level, Side
from spinemets.findings import Reason
from spinemets.geometry import Grid
from spinemets.measure.foramen import foramen_share
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.rules.foramen import foramen_involved
from spinemets.volume import Volume

SPACING, SHAPE = (1.5, 1.2, 1.4), (60, 70, 64)
PITCH_MM = 36.0


def scene(stored=0, share=0.5, sense=1, dropped=False):
    """L2 and L3; the foramen between them reaches from 24 mm to 2 mm below the middle of L2."""
    options = STORED[stored]
    shape = tuple(SHAPE[axis] for axis in options["axes"])
    spacing = tuple(SPACING[axis] for axis in options["axes"])
    affine = centred_affine(shape, (0, 2, -18), spacing_mm=spacing, angles_deg=(3, -4, 5), **options)
    x, y, z = np.moveaxis(world_of(Grid(shape, affine)), -1, 0)
    lower = z < -PITCH_MM / 2
    parts = part_at(x, y, np.where(lower, z + PITCH_MM, z)).astype(np.uint8)
    ids = np.where(parts > 0, np.where(lower, Level.L3.verse_id, Level.L2.verse_id), 0).astype(np.uint8)
    if dropped:
        ids[(parts > 0) & lower & (y > 0) & (y < 8)] = 0
        parts[ids == 0] = 0
    tumour = (sense * x > 8) & (sense * x < 26) & (y > -2) & (z > -24) & (z < -24 + 22 * share) & (ids == 0)
    vertebrae = Volume(ids, affine)
    return Volume(tumour.astype(np.uint8), affine), vertebrae, vertebra_regions(vertebrae, Volume(parts, affine))


def measured(side, *args, **options):
    lesions, vertebrae, regions = scene(*args, **options)
    return foramen_share(lesions, vertebrae, regions.labels, regions.axes[Level.L2], Level.L3, side)


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_the_share_is_what_was_filled_on_its_own_side(stored, share):
    right = measured(Side.RIGHT, stored, share)
    assert right.value == pytest.approx(share, abs=0.08)
    assert right.low <= share + 0.03
    assert right.high >= share - 0.03
    assert measured(Side.LEFT, stored, share).value == 0.0
    assert measured(Side.LEFT, stored, share, sense=-1).value == pytest.approx(share, abs=0.08)


def test_a_tenth_is_involved_and_nothing_is_not():
    assert foramen_involved(measured(Side.RIGHT, share=0.5)).value == "present"
    assert foramen_involved(measured(Side.LEFT, share=0.5)).value == "absent"


def test_pedicles_that_are_not_seen_have_no_foramen():
    found = measured(Side.RIGHT, dropped=True)
    assert found.code is Reason.OUT_OF_FIELD
    assert "right pedicles of L2 and L3" in found.detail
    assert foramen_involved(found, measured(Side.RIGHT, share=0.0)) is found


def test_pedicles_that_touch_and_bone_between_them_leave_no_gap():
    lesions, vertebrae, regions = scene()
    same = foramen_share(lesions, vertebrae, regions.labels, regions.axes[Level.L2], Level.L2, Side.LEFT)
    assert same.code is Reason.TOO_SMALL
    assert "no gap" in same.detail
    fused = vertebrae.with_array(np.where(vertebrae.array > 0, vertebrae.array, Level.L4.verse_id).astype(np.uint8))
    taken = foramen_share(lesions, fused, regions.labels, regions.axes[Level.L2], Level.L3, Side.LEFT)
    assert taken.code is Reason.TOO_SMALL
    assert "bone takes" in taken.detail
