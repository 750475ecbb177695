import dataclasses

import pytest

from spinemets.simulate.subject import Arms, Variant, random_subject


def test_unusual_patients_are_drawn_about_as_often_as_stated():
    variants = [random_subject(seed).variant for seed in range(600)]
    assert variants.count(Variant.USUAL) / 600 == pytest.approx(0.82, abs=0.05)
    assert set(variants) == set(Variant)


def test_what_is_given_replaces_only_itself():
    drawn = random_subject(9)
    forced = random_subject(9, Variant.T13, Arms.UP)
    assert forced == dataclasses.replace(drawn, variant=Variant.T13, arms=Arms.UP)


def test_sizes_of_people_spread_about_eight_percent():
    scales = [random_subject(seed).scale for seed in range(300)]
    mean = sum(scales) / 300
    assert mean == pytest.approx(1.03, abs=0.02)
    assert (sum((scale - mean) ** 2 for scale in scales) / 300) ** 0.5 == pytest.approx(0.08, abs=0.02)
