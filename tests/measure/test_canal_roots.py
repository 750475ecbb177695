"""Cord or cauda equina, from slices whose content is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from canal_stack_phantom import BESIDE, SCATTERED, SPECK, cord_slice, one_slice, oval, roots_slice, stack

from spinemets.measure.canal_roots import Look, cord_extent, look, with_tumour, without_cord

CSF = 900.0


def extent(letters, tumour=(), to_head=1.0):
    """Of a stack from feet to head: c for cord, r for roots, f for a flattened cord that nobody outlined."""
    kinds = {"c": cord_slice, "r": roots_slice, "f": flattened}
    slices = [kinds[one](n, tumour=BESIDE if n in tumour else None) for n, one in enumerate(letters)]
    return cord_extent(stack(slices, to_head))


def flattened(index, **options):
    """A band of cord at the back of a sac that tumour fills; what is drawn of it is a speck."""
    return one_slice(index, cord=oval(9.0, 2.6, (0.0, -3.5)), drawn=SPECK, sac=oval(10.0, 4.5, (0.0, -3.5)), **options)


def test_one_dark_oval_is_a_cord_and_scattered_threads_are_roots():
    assert look(cord_slice(0), CSF) is Look.CORD
    assert look(roots_slice(0), CSF) is Look.ROOTS


def test_an_outline_of_a_whole_sac_of_roots_is_no_cord_for_it_is_as_bright_as_csf():
    assert look(one_slice(0, roots=SCATTERED, drawn=oval(11.0, 7.0)), CSF) is Look.ROOTS


def test_a_cord_that_was_not_outlined_is_not_taken_for_roots():
    missed = one_slice(0, cord=oval(8.0, 6.0), drawn=SPECK)
    assert look(missed, CSF) is Look.UNCLEAR


def test_roots_in_a_layer_at_the_back_with_gaps_are_no_compact_body():
    layer = oval(13.0, 10.0) & ~oval(13.0, 10.0, (0.0, 2.5))
    assert look(one_slice(0, cord=layer, drawn=layer), CSF) is not Look.CORD


def test_without_an_image_the_outline_alone_tells():
    assert look(replace(cord_slice(0), image=None), None) is Look.CORD
    assert look(replace(roots_slice(0), image=None), None) is Look.ROOTS


def test_a_cord_ends_once_and_roots_lie_below_it():
    found = extent("rrrrcccc")
    assert found.roots >= {0, 1, 2}
    assert found.cord == {4, 5, 6, 7}


def test_the_head_may_lie_at_either_end_of_the_stack():
    assert extent("ccccrrrr", to_head=-1.0).cord == {0, 1, 2, 3}


def test_a_flattened_cord_between_slices_with_a_cord_is_not_taken_for_roots():
    found = extent("ccccffffcccc", tumour=(4, 5, 6, 7))
    assert found.cord == set(range(12))


def test_one_slice_that_looks_like_roots_does_not_end_a_cord():
    assert extent("ccccrcccc").cord == set(range(9))


def test_tumour_over_the_end_of_what_is_seen_of_the_cord_is_in_doubt():
    found = extent("rrrrffffcccc", tumour=(4, 5, 6, 7))
    assert found.doubtful >= {4, 5, 6, 7}
    assert not found.cord & {4, 5, 6, 7}


def test_tumour_among_roots_lies_below_the_cord():
    found = extent("rrrrrrrrrr", tumour=(3, 4, 5))
    assert found.roots >= {3, 4, 5}


@pytest.mark.parametrize("letters", ["ccccc", "rrrrr", "rrccc"])
def test_every_slice_is_in_one_of_the_three_parts(letters):
    found = extent(letters)
    parts = (found.cord, found.doubtful, found.roots)
    assert frozenset().union(*parts) == frozenset(range(len(letters)))
    assert sum(map(len, parts)) == len(letters)


def test_what_is_no_cord_stays_part_of_the_sac():
    before = stack([cord_slice(0), cord_slice(1, tumour=BESIDE)])
    after = without_cord(before, frozenset({0}))
    assert [bool(one.cord.any()) for one in after.slices] == [False, True]
    assert np.array_equal(after.slices[0].sac, before.slices[0].sac)
    assert with_tumour(after) == {1}
