"""Signs in real images that have none, and after painting them in. Skipped without ``$SPINEMETS_DATA``."""

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.findings import Reason
from spinemets.formats.study import read_mask, read_study
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.marrow_line import dark_line_width
from spinemets.measure.myelogram import column_loss
from spinemets.measure.signal import signed_depth
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.rules.marrow_signal import dark_line
from spinemets.rules.presence import Presence


def bodies_with_axes(mask):
    """Each body of a mask that holds bodies alone, from the top, as a mask of its own, with axes by its neighbours."""
    labels = np.round(mask.array).astype(int)
    middles = {one: mask.world(np.argwhere(labels == one)).mean(axis=0) for one in np.unique(labels) if one}
    order = sorted(middles, key=lambda one: -middles[one][2])
    for at, one in enumerate(order):
        up = middles[order[max(at - 1, 0)]] - middles[order[min(at + 1, len(order) - 1)]]
        up /= np.linalg.norm(up)
        front = np.array([0.0, 1.0, 0.0]) - up[1] * up
        front /= np.linalg.norm(front)
        axes = VertebraAxes(Level.L1, middles[one], middles[one] - 20 * front, np.cross(front, up), front, up)
        yield mask.with_array(labels == one), axes


@pytest.mark.parametrize(("role", "name", "count"), [("t1", "lumbar_t1_06", 9), ("t2", "lumbar_t2_04", 7)])
def test_no_line_runs_through_real_lumbar_bodies_even_where_one_series_stands_for_both(data_root, role, name, count):
    (series,) = read_study([f"{role}={data_root / 'mr' / name}.nii.gz"]).series
    mask = read_mask(data_root / "mr" / f"{name}_body.nii.gz")
    found = [
        dark_line_width(series.volume, series.volume, signed_depth(body, axes), axes)
        for body, axes in bodies_with_axes(mask)
    ]
    assert len(found) == count
    assert {dark_line(one) for one in found} == {Presence.ABSENT}


def test_a_line_of_half_the_signal_is_seen_in_real_lumbar_bodies(data_root):
    (series,) = read_study([f"t1={data_root / 'mr' / 'lumbar_t1_06.nii.gz'}"]).series
    mask = read_mask(data_root / "mr" / "lumbar_t1_06_body.nii.gz")
    found = []
    for body, axes in list(bodies_with_axes(mask))[2:7]:
        index = np.argwhere(body.array)
        line = index[np.abs(axes.coordinates(body.world(index))[:, 2]) < 1.2]
        array = series.volume.array.astype(np.float32)
        array[tuple(line.T)] *= 0.5
        found.append(dark_line_width(*[series.volume.with_array(array)] * 2, signed_depth(body, axes), axes))
    assert [dark_line(one) for one in found] == [Presence.PRESENT] * 5


def test_a_plain_ct_shows_no_contrast_medium_in_the_canal(data_root):
    (series,) = read_study([f"ct={data_root / 'ct' / 'abdomen_ct.nii.gz'}"]).series
    vertebrae = read_mask(data_root / "ct" / "abdomen_vert.nii.gz")
    axes = vertebra_regions(vertebrae, None).axes
    found = [column_loss(series.volume, vertebrae, axes, level, set(axes) - {level}) for level in axes]
    assert len(found) >= 5
    assert {one.code for one in found} == {Reason.NO_REFERENCE}
