"""Tumour throughout a broken body: a block of two vertebrae with a lesion of a known share in one of them."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from spinemets.anatomy import LesionLabel, Level, Subregion  # noqa: E402
from spinemets.simulate.tissues import Tissue  # noqa: E402
from spinemets.training import mr_infiltration  # noqa: E402
from spinemets.training.deposits import Deposits  # noqa: E402
from spinemets.training.mr_disease import matter_of  # noqa: E402
from spinemets.training.mr_infiltration import infiltrated  # noqa: E402
from spinemets.training.mr_matter import BLASTIC, TUMOUR  # noqa: E402

SIZE, VOXEL_MM = 24, 1.5
UPPER, LOWER = Level.L1.verse_id, Level.L2.verse_id
BODY = (..., slice(2, 22), slice(10, 22), slice(2, 12))
ARCH = (..., slice(2, 22), slice(2, 10), slice(2, 12))
OTHER = (..., slice(2, 22), slice(10, 22), slice(14, 22))


def patch(lesion_rows, label=LesionLabel.LYTIC):
    """Labels and deposits: body and arch of one vertebra, the body of the next, and tumour in rows of the first."""
    structure = torch.full((1, 1, SIZE, SIZE, SIZE), int(Tissue.FAT), dtype=torch.uint8)
    vertebra, lesion = torch.zeros_like(structure), torch.zeros_like(structure)
    structure[BODY], structure[ARCH], structure[OTHER] = int(Subregion.BODY), int(Subregion.ARCH), int(Subregion.BODY)
    vertebra[BODY] = vertebra[ARCH] = LOWER
    vertebra[OTHER] = UPPER
    place = (..., slice(2, 2 + lesion_rows), slice(10, 22), slice(2, 12))
    lesion[place] = int(label)
    keep, add = torch.ones(1, 1, SIZE, SIZE, SIZE), torch.zeros(1, 1, SIZE, SIZE, SIZE)
    keep[place], add[place] = 0.0, 50.0 if label == LesionLabel.LYTIC else 700.0
    return (structure, vertebra, lesion), Deposits(keep, add, torch.zeros_like(keep)), place


@pytest.mark.parametrize(("chosen", "rows"), [(1.0, 3), (0.0, 10)])
def test_a_small_lesion_or_one_that_was_not_chosen_stays_what_it_is(monkeypatch, chosen, rows):
    monkeypatch.setattr(mr_infiltration, "INFILTRATED_SHARE", chosen)
    labels, deposits, _ = patch(rows)
    lesion, shown = infiltrated(labels, deposits)
    assert (lesion == labels[2]).all()
    assert (shown.keep == deposits.keep).all()
    assert (shown.add == deposits.add).all()


@pytest.mark.parametrize("label", [LesionLabel.LYTIC, LesionLabel.BLASTIC])
def test_a_body_is_lytic_throughout_and_its_arch_and_its_neighbour_are_not(monkeypatch, label):
    monkeypatch.setattr(mr_infiltration, "INFILTRATED_SHARE", 1.0)
    labels, deposits, place = patch(5, label)
    lesion, shown = infiltrated(labels, deposits)
    assert (lesion[BODY] > 0).all()
    assert (lesion[place] == int(label)).all()
    assert lesion.dtype == labels[2].dtype
    assert not (lesion[ARCH] > 0).any()
    assert not (lesion[OTHER] > 0).any()
    assert float(shown.keep[BODY].max()) <= 1 - mr_infiltration.REPLACED[0]
    assert (shown.keep[OTHER] == 1).all()
    assert (shown.add[place] == deposits.add[place]).all()


def test_all_that_it_adds_is_tumour_on_mr(monkeypatch):
    monkeypatch.setattr(mr_infiltration, "INFILTRATED_SHARE", 1.0)
    labels, deposits, place = patch(5, LesionLabel.BLASTIC)
    lesion, shown = infiltrated(labels, deposits)
    matter = matter_of((labels[0], labels[1], lesion), 1 - shown.keep, shown.add, VOXEL_MM)
    assert (matter[place] == BLASTIC).all()
    added = (lesion == LesionLabel.LYTIC) & (labels[2] == 0)
    assert bool(added.any())
    assert (matter[added] == TUMOUR).all()
