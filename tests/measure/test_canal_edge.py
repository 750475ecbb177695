"""The edge of a cord by signal, on ovals whose pixels mix cord and CSF by known shares."""

from dataclasses import replace

import numpy as np
import pytest
from canal_stack_phantom import CORD, CSF, REST, one_slice, oval, stack
from scipy import ndimage

from spinemets.measure.canal_edge import with_edge_by_signal
from spinemets.measure.fine_grid import FINE_MM
from spinemets.measure.slice_shape import area_mm2

BLUR_MM = 0.5
TRUE_MM2 = np.pi / 4 * 8.0 * 6.0
ROUNDED = 0.06
"""Share that blurs of image and edge take from an oval of this size: all round, half their variance by the radius."""


def blurred(one):
    return replace(one, image=ndimage.gaussian_filter(one.image, BLUR_MM / FINE_MM))


def area_by_signal(one):
    return area_mm2(with_edge_by_signal(stack([one])).slices[0].cord)


def test_outlines_too_small_or_too_large_by_half_a_millimetre_get_one_area_near_the_true_one():
    areas = [
        area_by_signal(blurred(one_slice(0, cord=oval(8.0, 6.0), drawn=oval(8.0 + off_mm, 6.0 + off_mm))))
        for off_mm in (-1.0, 0.0, 1.0)
    ]
    assert max(areas) - min(areas) < 0.01 * TRUE_MM2
    assert areas == pytest.approx([TRUE_MM2] * 3, rel=ROUNDED)


def test_roots_beside_the_cord_are_no_part_of_it():
    one = blurred(one_slice(0, cord=oval(8.0, 6.0), roots=[(5.6, 0.0), (-5.6, 0.0)]))
    assert area_by_signal(one) == pytest.approx(TRUE_MM2, rel=ROUNDED)


def test_where_the_cord_lies_on_the_wall_of_the_sac_the_outline_is_kept():
    cord = oval(8.0, 6.0, (0.0, -2.9))
    one = blurred(one_slice(0, cord=cord))
    changed = with_edge_by_signal(stack([one])).slices[0].cord
    at_wall = np.s_[:, : np.flatnonzero(one.sac.any(axis=0))[0] + 3]
    assert (changed[at_wall] != cord[at_wall]).sum() <= 12


@pytest.mark.parametrize("without", ["image", "contrast", "fluid"])
def test_where_signal_does_not_tell_cord_from_csf_the_outline_is_kept(without):
    one = one_slice(0, cord=oval(8.0, 6.0), drawn=oval(7.0, 5.0), sac=oval(8.4, 6.4) if without == "fluid" else None)
    if without == "image":
        one = replace(one, image=None)
    elif without == "contrast":
        one = replace(one, image=np.where(one.image == CSF, 1.2 * CORD, np.where(one.image == CORD, CORD, REST)))
    assert np.array_equal(with_edge_by_signal(stack([one])).slices[0].cord, one.cord)


def test_a_slice_without_a_cord_stays_as_it_is():
    one = one_slice(0)
    assert with_edge_by_signal(stack([one])).slices[0] is one
