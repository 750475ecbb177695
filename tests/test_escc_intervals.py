"""Intervals of what is measured in a slice: they hold what was drawn, as wide as pixels and references make them."""

import numpy as np
import pytest
from canal_stack_phantom import CORD, CSF
from test_escc_assessment import AXES, CASES, masks, of
from test_escc_taper import FOOT_SIDE, graded, steady

from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks
from spinemets.formats.report_json import report_schema
from spinemets.measure.canal_slices import CanalSlice
from spinemets.measure.canal_taper import ReferenceSpan
from spinemets.measure.compression_findings import METHODS, compression_findings
from spinemets.measure.cord_compression import LIMIT_SPREAD, SliceCompression, _csf_interval
from spinemets.simulate.epidural_shape import ENDS_MM

DRAWN = ["2 flattened", "2 from the right", "1c", "1b in front", "3"]


def worst(answer):
    return next(row for row in answer["slices"] if row["index"] == answer["slice"])


def drawn(case):
    """What the parameters make of each measure in the middle of the site."""
    sideways = case.direction[0] != 0
    flat = {"mscc_ap": 0.0 if sideways else case.flattening, "mscc_rl": case.flattening if sideways else 0.0}
    return flat | {
        "epidural_area_mm2": case.tumour_mm2,
        "epidural_thickness_mm": case.tumour_mm,
        "sac_indentation_mm": case.depth_mm,
        "sac_area_loss": case.sac_loss,
        "cord_gap_mm": case.gap_mm,
        "cord_area_mm2": np.pi / 4 * np.prod(case.cord_mm) * (1 - case.flattening),
        "cord_ap_mm": case.cord_mm[1] * (1 - flat["mscc_ap"]),
        "cord_rl_mm": case.cord_mm[0] * (1 - flat["mscc_rl"]),
        "cord_area_loss": case.flattening,
        "cord_shift_mm": case.shift_mm,
        "csf_fraction": case.csf_ring,
    }


def held(case, pixel_mm):
    """By measure, whether its interval holds what was drawn, in each slice where the tumour has its full strength."""
    volumes = masks(case, pixel_mm, 3.0)
    middle = (np.array(volumes["sac"].shape) - 1) / 2
    for row in of(volumes)["slices"]:
        up_mm = AXES[2] @ volumes["sac"].world([*middle[:2], row["index"]])
        if abs(up_mm) < case.length_mm / 2 - ENDS_MM:
            found = row["measures"]
            yield {name: found[name]["low"] <= truth <= found[name]["high"] for name, truth in drawn(case).items()}


def test_nine_in_ten_intervals_hold_what_was_drawn():
    rows = [row for name in DRAWN for pixel_mm in (0.4, 0.6, 0.8) for row in held(CASES[name], pixel_mm)]
    shares = {name: np.mean([row[name] for row in rows]) for name in rows[0]}
    assert len(rows) > 40
    assert min(shares.values()) > 0.75, shares
    assert np.mean(list(shares.values())) > 0.9


def test_every_measure_has_a_unit_an_interval_and_a_method_and_is_the_plain_number():
    row = worst(of(masks(CASES["2 flattened"], 0.4, 3.0)))
    assert set(row["measures"]) == set(METHODS)
    assert set(METHODS) == set(report_schema()["$defs"]["escc_slice"]["properties"]["measures"]["properties"])
    for name, one in row["measures"].items():
        assert one["low"] <= one["value"] <= one["high"], name
        assert one["low"] < one["high"], name
        assert one["unit"] == ("mm2" if name.endswith("mm2") else "mm" if name.endswith("mm") else "1")
        assert one["method"]
        assert row.get(name, one["value"]) == one["value"]


@pytest.mark.parametrize("pixel_mm", [0.2, 0.8])
def test_a_gap_is_as_sure_as_two_edges_that_are_half_a_pixel_off(pixel_mm):
    gap = worst(of(masks(CASES["1b in front"], pixel_mm, 3.0)))["measures"]["cord_gap_mm"]
    assert gap["high"] - gap["value"] == pytest.approx(np.sqrt(2) * pixel_mm / 2, abs=2e-3)
    assert gap["low"] == pytest.approx(max(gap["value"] - np.sqrt(2) * pixel_mm / 2, 0.0), abs=2e-3)


def test_what_a_canal_may_change_beyond_slices_of_one_side_widens_what_is_compared_with_them():
    both, one = (worst(graded(steady, **side))["measures"] for side in ({}, {"seen": FOOT_SIDE}))

    def width(found, name):
        return found[name]["high"] - found[name]["low"]

    for name in ("mscc_ap", "mscc_rl", "cord_area_loss", "sac_area_loss", "sac_indentation_mm", "cord_shift_mm"):
        assert width(one, name) > 1.2 * width(both, name), name
    for name in ("cord_gap_mm", "epidural_thickness_mm", "cord_ap_mm"):
        assert width(one, name) == pytest.approx(width(both, name), rel=0.1), name


def test_a_slice_without_a_cord_has_no_measure_of_it():
    volumes = masks(CASES["1b in front"], 0.4, 3.0)
    bare = volumes["cord"].array.copy()
    bare[:, :, (volumes["tumour"].array > 0).any(axis=(0, 1))] = 0
    row = assess_escc(EsccMasks(volumes["cord"].with_array(bare), volumes["sac"], volumes["tumour"]))["slices"][0]
    absent = {name for name, one in row["measures"].items() if one == {"not_applicable": "no_cord_in_slice"}}
    assert absent == {name for name in METHODS if name.startswith(("cord", "mscc", "csf"))}
    assert row["cord_gap_mm"] is None


def ring(film_mm, signal=None):
    """A round cord of 4 mm radius in a sac that is so much wider all round, on the fine grid."""
    radius = np.hypot(*(np.indices((80, 80)) - 39.5)) * 0.2
    image = None if signal is None else np.where(radius < 4, CORD, signal).astype(np.float32)
    return CanalSlice(0, 0.0, radius < 4, radius < 4 + film_mm, np.zeros_like(radius, dtype=bool), image)


def share(film_mm, ring_mm=1.0):
    return (min((4 + film_mm) ** 2, (4 + ring_mm) ** 2) - 16) / ((4 + ring_mm) ** 2 - 16)


def test_csf_round_the_cord_is_as_sure_as_the_film_that_half_a_pixel_opens_or_closes():
    low, high = _csf_interval(ring(0.4), None, 0.2)
    assert low < share(0.2) + 0.03
    assert high > share(0.6) - 0.03
    assert low > share(0.4) - 3 * (share(0.4) - share(0.2))
    closed = _csf_interval(ring(0.0), None, 0.2)
    assert closed[0] == 0.0
    assert closed[1] == pytest.approx(np.hypot(share(0.2), share(0.2)), abs=0.1)


def test_csf_whose_signal_is_near_its_limit_is_unsure():
    limit = (CORD + CSF) / 2
    near, far = (_csf_interval(ring(0.6, limit * factor), limit, 0.1) for factor in (1 + LIMIT_SPREAD / 2, 1.5))
    assert near[0] == 0.0
    assert far[0] > share(0.6) / 2
    assert near[1] == pytest.approx(far[1])


def test_losses_and_shifts_may_be_to_the_other_side_and_lengths_may_not():
    sizes = {"epidural_area_mm2": 6.0, "epidural_thickness_mm": 1.0, "sac_area_mm2": 140.0, "cord_area_mm2": 38.0}
    sizes |= {"cord_ap_mm": 6.0, "cord_rl_mm": 8.0, "csf_pool_mm2": 0.0, "csf_pool_mm": 0.0, "cord_gap_mm": 0.1}
    changes = {"sac_indentation_mm": -0.2, "sac_area_loss": -0.01, "cord_area_loss": -0.03, "mscc_ap": 0.0}
    changes |= {"mscc_rl": 0.0, "cord_shift_mm": -0.3, "csf_fraction": 0.02, "csf_low": 0.0, "csf_high": 0.1}
    one = SliceCompression(3, **sizes, **changes)
    found = compression_findings(one, ReferenceSpan(), pixel_mm=0.8, reference_left=1 / 3)
    assert found["cord_gap_mm"].low == 0.0
    assert found["sac_indentation_mm"].low < -0.2
    assert found["cord_shift_mm"].low == pytest.approx(-0.7)
    assert found["cord_area_loss"].value == -0.03
