"""Bodies are elliptic cones of known areas, stacked along a line that may be tilted."""

import numpy as np
import pytest

from spinemets.inference.instances import Instances
from spinemets.inference.sacral_segments import cross_sections, without_sacral_segments

SHAPE = (44, 60, 150)
APART, HIGH = 22, 16
LUMBAR, S1, S2, S3 = (33, 25, 1.0), (32, 22, 0.5), (23, 15, 0.6), (18, 12, 0.7)
"""Width and depth of the upper end, voxels, and the lower end's share of its area."""


def spine(*bodies, low=8, tilt=0.0):
    """Bodies from head to foot, the lowest one `low` voxels above the floor."""
    labels = np.zeros(SHAPE, np.uint8)
    x, y, z = np.indices(SHAPE)
    centres = []
    for number, (wide, deep, share) in enumerate(bodies, start=1):
        bottom = low + (len(bodies) - number) * APART
        up = (z - bottom) / HIGH
        scale = np.sqrt(share + (1 - share) * up.clip(0, 1))
        middle = SHAPE[1] / 2 + tilt * (z - 60)
        inside = (2 * (x - SHAPE[0] / 2) / (wide * scale)) ** 2 + (2 * (y - middle) / (deep * scale)) ** 2 < 1
        labels[inside & (up >= 0) & (up < 1)] = number
        centres.append(np.argwhere(labels == number).mean(axis=0))
    return Instances(labels, np.array(centres))


def kept(found, beyond=None):
    beyond = np.zeros(SHAPE, bool) if beyond is None else beyond
    return without_sacral_segments(found, found.labels > 0, beyond)


@pytest.mark.parametrize("tilt", [0.0, 0.15, -0.25])
@pytest.mark.parametrize("segments", [(S1,), (S1, S2), (S1, S2, S3)])
def test_bodies_that_narrow_downwards_are_segments_of_the_sacrum(segments, tilt):
    given = spine(LUMBAR, LUMBAR, LUMBAR, *segments, tilt=tilt)
    found, taken = kept(given)
    assert len(found.centres) == 3
    assert np.array_equal(taken, given.labels > 3)
    assert np.array_equal(found.labels, np.where(given.labels > 3, 0, given.labels))


@pytest.mark.parametrize(
    "bodies",
    [
        [LUMBAR] * 5,
        [(24 + 3 * n, 18 + 2 * n, 1.0) for n in range(4)],  # wider from level to level
        [LUMBAR, LUMBAR, (27, 21, 1.0)],  # smaller, and does not narrow: a body that was partly destroyed
        [LUMBAR, LUMBAR, (33, 25, 0.7)],  # narrows, and is as large
        [LUMBAR, S1, LUMBAR],  # a diseased body above a sound one
    ],
)
def test_vertebrae_stay(bodies):
    given = spine(*bodies)
    found, taken = kept(given)
    assert found is given
    assert not taken.any()


def test_a_body_that_the_image_cuts_is_not_judged():
    given = spine(LUMBAR, LUMBAR, S1, low=1)
    assert kept(given)[0] is given
    given = spine(LUMBAR, LUMBAR, S1, low=20)
    beyond = np.zeros(SHAPE, bool)
    beyond[:, :, :19] = True
    assert kept(given, beyond)[0] is given
    assert kept(given)[0] is not given


def test_cross_sections_are_those_of_the_cone():
    upper, middle, lower = cross_sections(spine(LUMBAR, S1), np.ones(SHAPE, bool), 1)
    area = np.pi / 4 * S1[0] * S1[1]
    assert upper == pytest.approx(area * 11 / 12, rel=0.08)
    assert middle == pytest.approx(area * 9 / 12, rel=0.08)
    assert lower == pytest.approx(area * 7 / 12, rel=0.08)


def test_a_single_piece_and_too_little_bone_have_no_shape():
    assert kept(spine(S1))[0].centres.shape == (1, 3)
    assert cross_sections(spine(LUMBAR, (6, 4, 1.0)), np.ones(SHAPE, bool), 1) is None
