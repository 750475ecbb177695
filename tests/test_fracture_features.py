"""What a report says of a level becomes one row; what it does not say stays empty."""

from pathlib import Path

import pytest

from spinemets.fracture_features import BY_NAME, COLUMNS, NEED_LESION_MASK, VERSION, feature_row, is_fractured

ROOT = Path(__file__).resolve().parents[1]


def number(value, unit="1"):
    return {"value": value, "unit": unit, "low": value, "high": value, "method": "typed in"}


def word(value):
    return {"value": value, "method": "typed in"}


ABSENT = {"not_assessable": "missing_mask", "detail": "no mask"}


def vertebra(**signs):
    return {
        "level": "L1",
        "genant": number(2),
        "height_loss": {"anterior": number(0.4), "middle": number(0.3), "posterior": ABSENT, "max": number(0.4)},
        "posterior_wall": {"depth_mm": number(3.5, "mm"), "label": word("bulge")},
        "signs": signs,
        "lesions": [],
    }


@pytest.mark.parametrize(("said", "cell"), [("present", 1.0), ("absent", 0.0), ("at_threshold", 0.5)])
def test_a_sign_is_one_zero_or_half(said, cell):
    assert feature_row(vertebra(jigsaw=word(said)))["jigsaw"] == cell


def test_what_was_not_assessed_or_not_said_is_empty_and_never_zero():
    row = feature_row(vertebra(jigsaw=ABSENT, fluid_sign={"not_applicable": "no_lesion"}))
    assert row["jigsaw"] is row["fluid_sign"] is row["vacuum_cleft"] is row["height_loss_posterior"] is None
    assert feature_row({"signs": ABSENT, "height_loss": ABSENT, "posterior_wall": ABSENT, "lesions": ABSENT}) == {
        column.name: None for column in COLUMNS
    }


def test_measurements_come_with_their_own_values():
    row = feature_row(vertebra(adc_label=word("malignant_favoured"), added_tissue=number(7.5, "mm")))
    assert (row["height_loss_anterior"], row["wall_depth"], row["added_tissue"]) == (0.4, 3.5, 7.5)
    assert row["adc_label"] == 1.0


def test_the_worse_pedicle_counts_and_one_unseen_leaves_the_pair_open():
    both = {"pedicle_ring_missing_left": number(0.1), "pedicle_ring_missing_right": number(0.6)}
    assert feature_row(vertebra(**both))["pedicle_ring_missing"] == 0.6
    assert feature_row(vertebra(**both | {"pedicle_ring_missing_left": ABSENT}))["pedicle_ring_missing"] is None


def test_the_side_of_an_asymmetry_does_not_matter():
    assert feature_row(vertebra(height_asymmetry=number(-0.2)))["height_asymmetry"] == pytest.approx(0.2)


def test_counts_of_other_levels_are_also_signs():
    row = feature_row(vertebra(other_fractures=number(3), other_levels_with_lesions=number(0)))
    assert (row["other_fractures"], row["other_osteoporotic_fractures"]) == (3.0, 1.0)
    assert (row["other_levels_with_lesions"], row["lesions_elsewhere"]) == (0.0, 0.0)


def test_shares_of_lesions_add_up_by_side():
    first = {"body_fraction": number(0.3), "regions": {"pedicle_left": 0.5, "pedicle_right": 0.2}}
    second = {"body_fraction": number(0.2), "regions": {"pedicle_right": 0.6}}
    row = feature_row(vertebra() | {"lesions": [first, second]})
    assert row["lesion_body_share"] == pytest.approx(0.5)
    assert row["pedicle_lesion_share"] == pytest.approx(0.8)
    unknown = {"body_fraction": ABSENT, "regions": {"pedicle_left": ABSENT}}
    row = feature_row(vertebra() | {"lesions": [first, unknown]})
    assert row["lesion_body_share"] is row["pedicle_lesion_share"] is None
    assert feature_row(vertebra())["pedicle_lesion_share"] == 0.0


@pytest.mark.parametrize(("genant", "answer"), [(number(0), False), (number(1), True), (ABSENT, None)])
def test_the_grade_of_the_height_says_whether_there_is_a_fracture(genant, answer):
    assert is_fractured(vertebra() | {"genant": genant}) is answer


def test_names_of_columns_are_used_once_and_the_page_lists_them_all():
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert set(NEED_LESION_MASK) <= set(names)
    page = (ROOT / "docs" / "fracture_features.md").read_text(encoding="utf-8")
    assert f"version {VERSION}" in page
    for column in COLUMNS:
        unit = "sign" if column.is_sign else column.kind
        assert f"| `{column.name}` | {column.item} | {unit} | {column.meaning} |" in page


@pytest.mark.parametrize(
    ("name", "scan"),
    [
        ("jigsaw", "CT"), ("cleft_volume", "CT"), ("fluid_sign", "MR"), ("adc", "MR"), ("wall_depth", None),
        ("lesions_elsewhere", None), ("height_asymmetry", None),
    ],
)  # fmt: skip
def test_a_column_says_which_scan_it_takes(name, scan):
    assert BY_NAME[name].scan == scan
