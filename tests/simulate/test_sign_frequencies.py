"""The table against figures printed in the papers' abstracts."""

import pytest

from spinemets.rules.fracture_signs import CT_SIGNS
from spinemets.simulate.sign_frequencies import SIGN_FREQUENCIES, FractureClass, Frequency
from spinemets.simulate.sign_series import Series

OSTEOPOROTIC, METASTATIC = FractureClass.OSTEOPOROTIC, FractureClass.METASTATIC


@pytest.mark.parametrize(
    ("sign", "osteoporotic", "metastatic"),
    [
        ("asymmetric_collapse", 0.217, 0.713),  # Suzuki 2016, abstract
        ("fluid_sign", 0.40, 0.06),  # Baur 2002, abstract
        ("posterior_wall_bulge", 0.06, 0.70),  # Uetani 2004: sensitivity 70 %, specificity 94 %
        ("retropulsion", 0.16, 0.0),  # the same
        ("paravertebral_mass", 12 / 80, 32 / 64),  # three series of J Korean Radiol Soc
    ],
)
def test_what_was_published_is_in_the_table(sign, osteoporotic, metastatic):
    row = SIGN_FREQUENCIES[sign]
    assert row.osteoporotic.published == pytest.approx(osteoporotic, abs=0.006)
    assert row.metastatic.published == pytest.approx(metastatic, abs=0.006)


def test_every_item_of_table_1_has_a_row():
    items = {row.item for row in SIGN_FREQUENCIES.values()}
    assert items == {*(f"CT{n}" for n in range(1, 8)), *(f"MR{n}" for n in range(1, 8)), "X"}
    drawn = set(CT_SIGNS) - {"pedicles_spared"}  # the absence of a destroyed pedicle
    assert drawn <= set(SIGN_FREQUENCIES)


@pytest.mark.parametrize("sign", SIGN_FREQUENCIES)
def test_a_sign_is_likelier_in_its_own_class_and_never_decides_alone(sign):
    row = SIGN_FREQUENCIES[sign]
    other = METASTATIC if row.favours is OSTEOPOROTIC else OSTEOPOROTIC
    assert row.of(row.favours) > row.of(other) >= 0.02
    assert row.of(row.favours) < 0.97


@pytest.mark.parametrize("sign", SIGN_FREQUENCIES)
def test_a_published_share_is_widened_towards_one_half(sign):
    for frequency in (SIGN_FREQUENCIES[sign].osteoporotic, SIGN_FREQUENCIES[sign].metastatic):
        if frequency.published is not None:
            assert abs(frequency.used - 0.5) <= abs(frequency.published - 0.5) + 1e-12
            assert "[V" in frequency.backing
        else:
            assert frequency.backing == "ours"


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="5 of 4 cases"):
        Series("nobody", 5, 4, "V")
    with pytest.raises(ValueError, match="either counts or an assumption"):
        Frequency()
    with pytest.raises(ValueError, match=r"got 1\.0"):
        Frequency(assumed=1.0)
