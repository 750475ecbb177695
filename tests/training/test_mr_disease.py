"""Disease over MR of any contrast: cubes of matter of a known CT number in a block of bone."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from spinemets.anatomy import LesionLabel, Level, Subregion  # noqa: E402
from spinemets.simulate.tissues import Tissue  # noqa: E402
from spinemets.training import mr_disease, mr_matter  # noqa: E402
from spinemets.training.deposits import Deposits  # noqa: E402
from spinemets.training.mr_contrast import Contrast  # noqa: E402
from spinemets.training.mr_disease import OF_LOW, OF_SOFT, OUTSIDE, drawn_disease, matter_of  # noqa: E402
from spinemets.training.mr_matter import (  # noqa: E402
    BLASTIC,
    COMPACT,
    FATTY,
    FLUID,
    GAS,
    SIGNALS,
    TUMOUR,
    drawn_signals,
)

SIZE, VOXEL_MM = 32, 1.5
CUBE = (..., slice(12, 20), slice(12, 20), slice(12, 20))
UPPER, LOWER = Level.L1.verse_id, Level.L2.verse_id
TISSUE_HU, BONE_HU, GAS_HU = 50.0, 700.0, -820.0


def labels(lesion=0):
    """A block of two vertebrae, one above the other, 3 voxels inside a cube of fat, with a label in its middle."""
    structure = torch.full((1, 1, SIZE, SIZE, SIZE), int(Tissue.FAT), dtype=torch.uint8)
    structure[..., 3:29, 3:29, 3:29] = int(Subregion.BODY)
    vertebra = torch.where(structure == int(Subregion.BODY), LOWER, 0).to(torch.uint8)
    vertebra[..., 26:29] = torch.where(vertebra[..., 26:29] > 0, UPPER, 0)
    marked = torch.zeros_like(structure)
    marked[CUBE] = lesion
    return structure, vertebra, marked


def deposits(hu, share=1.0, place=CUBE):
    """Matter of one CT number that takes a share of each voxel of a place."""
    keep, add = torch.ones(1, 1, SIZE, SIZE, SIZE), torch.zeros(1, 1, SIZE, SIZE, SIZE)
    keep[place], add[place] = 1 - share, share * hu
    return Deposits(keep, add, torch.zeros_like(keep))


def no_spread(monkeypatch):
    """Let matter have the signal of its table, and tumours of all levels the same."""
    for module in (mr_matter, mr_disease):
        monkeypatch.setattr(module, "SPREAD", 0.0)


def matter(given, laid):
    return matter_of(given, 1 - laid.keep, laid.add, VOXEL_MM)


def contrast(sequence, unit=0.1):
    return Contrast(torch.full((256,), 0.2), sequence, unit, 0.2, 0.3)


@pytest.mark.parametrize("hu", [TISSUE_HU, BONE_HU])
@pytest.mark.parametrize(("label", "expected"), [(LesionLabel.LYTIC, TUMOUR), (LesionLabel.BLASTIC, BLASTIC)])
def test_labelled_matter_is_tumour_of_its_label_whatever_its_ct_number(label, expected, hu):
    assert (matter(labels(label), deposits(hu))[CUBE] == expected).all()


def test_gas_gives_no_signal_even_where_tumour_was():
    assert (matter(labels(LesionLabel.LYTIC), deposits(GAS_HU))[CUBE] == GAS).all()


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize(("hu", "expected"), [(1200.0, {COMPACT}), (10.0, set(OF_LOW)), (70.0, set(OF_SOFT))])
def test_what_bears_no_label_is_told_by_its_own_ct_number_and_is_no_tumour(hu, expected, share):
    found = set()
    for _ in range(40):
        found |= set(matter(labels(), deposits(hu, share))[CUBE].unique().tolist())
    assert found <= expected
    assert len(found) > 1 or len(expected) == 1
    assert TUMOUR not in found


def test_the_blurred_edge_of_a_lesion_is_of_the_same_matter():
    wider = (..., slice(10, 22), slice(10, 22), slice(10, 22))
    assert (matter(labels(LesionLabel.LYTIC), deposits(TISSUE_HU, place=wider))[wider] == TUMOUR).all()
    assert (matter(labels(LesionLabel.BLASTIC), deposits(BONE_HU, place=wider))[wider] == BLASTIC).all()


def test_soft_tissue_beside_the_bone_is_tumour_where_the_patch_shows_a_lesion():
    beside = (..., slice(0, 3), slice(8, 24), slice(8, 24))
    laid = deposits(TISSUE_HU, place=beside)
    assert (matter(labels(LesionLabel.LYTIC), laid)[beside] == TUMOUR).all()
    found = {int(matter(labels(), laid)[beside].unique()) for _ in range(40)}
    assert found == set(OUTSIDE)


def test_a_disc_that_has_turned_soft_is_fluid():
    given = labels(LesionLabel.LYTIC)
    disc = (..., slice(3, 29), slice(3, 29), slice(0, 3))
    given[0][disc] = int(Tissue.DISC)
    assert (matter(given, deposits(38.0, place=disc))[disc] == FLUID).all()


@pytest.mark.parametrize("sequence", SIGNALS)
def test_signals_are_those_of_the_sequence_on_the_scale_of_the_patch(sequence, monkeypatch):
    no_spread(monkeypatch)
    for _ in range(10):
        drawn = drawn_signals(sequence, unit=0.1, marrow=0.2)
        for kind, (low, high) in SIGNALS[sequence].items():
            assert low / 10 - 1e-6 <= float(drawn[kind]) <= high / 10 + 1e-6


@pytest.mark.parametrize(
    ("sequence", "brighter", "darker"),
    [("t2", TUMOUR, BLASTIC), ("stir", TUMOUR, BLASTIC), ("t1", FATTY, TUMOUR), ("t1", TUMOUR, BLASTIC),
     ("t2", FLUID, TUMOUR), ("t1", BLASTIC, GAS)],
)  # fmt: skip
def test_matter_is_ordered_by_signal_as_in_the_published_table(sequence, brighter, darker):
    assert SIGNALS[sequence][brighter][0] > SIGNALS[sequence][darker][1]


def test_in_any_contrast_dense_matter_is_darker_than_marrow_and_tumour_has_any_signal():
    drawn = torch.stack([drawn_signals(None, unit=0.1, marrow=0.2) for _ in range(60)])
    assert float(drawn[:, [BLASTIC, COMPACT, GAS]].max()) < 0.2
    assert float(drawn[:, TUMOUR].min()) < 0.2
    assert float(drawn[:, TUMOUR].max()) > 0.8


def changed(lesion, laid, sequence="t1"):
    """What disease changes in a block of even signal."""
    flat = torch.full((1, 1, SIZE, SIZE, SIZE), 0.2)
    return drawn_disease(labels(lesion), laid, VOXEL_MM).over(flat, contrast(sequence)) - flat


def test_tumour_is_darker_than_marrow_on_t1_and_brighter_on_stir_and_only_where_it_lies(monkeypatch):
    no_spread(monkeypatch)
    for sequence, sign in (("t1", -1), ("stir", 1)):
        change = changed(LesionLabel.LYTIC, deposits(TISSUE_HU), sequence)
        assert (sign * change[CUBE] > 0).all()
        outside = change.clone()
        outside[CUBE] = 0
        assert not outside.any()


def test_half_a_voxel_of_dense_matter_takes_half_of_the_change(monkeypatch):
    monkeypatch.setattr(mr_matter, "SIGNALS", {"t1": dict.fromkeys(range(GAS + 1), (0.5, 0.5))})
    no_spread(monkeypatch)
    monkeypatch.setattr(mr_disease, "OEDEMA_SHARE", 0.0)
    change = changed(0, deposits(1200.0, share=0.5))[CUBE]
    assert change.flatten().tolist() == pytest.approx([0.5 * (0.05 - 0.2)] * change.numel(), abs=1e-6)


def test_tumour_fills_the_marrow_between_trabeculae_that_are_left(monkeypatch):
    monkeypatch.setattr(mr_matter, "SIGNALS", {"t1": dict.fromkeys(range(GAS + 1), (0.5, 0.5))})
    no_spread(monkeypatch)
    monkeypatch.setattr(mr_disease, "UNEVEN", (0.0, 0.0))
    monkeypatch.setattr(mr_disease, "FILLED", (2.0, 2.0))
    change = changed(LesionLabel.LYTIC, deposits(TISSUE_HU, share=0.5))[CUBE]
    assert change.flatten().tolist() == pytest.approx([0.75 * (0.05 - 0.2)] * change.numel(), abs=1e-6)


def test_reactive_bone_that_only_adds_changes_the_signal_as_far_as_it_is_dense(monkeypatch):
    monkeypatch.setattr(mr_disease, "OF_SCLEROSIS", {BLASTIC: 1.0})
    monkeypatch.setattr(mr_disease, "OEDEMA_SHARE", 0.0)
    laid = deposits(0.0, share=0.0)
    laid.add[CUBE] = mr_disease.SCLEROTIC_HU / 2
    weak = changed(0, laid)[CUBE]
    assert (weak < 0).all()
    assert float(weak.min()) > -0.5 * 0.2 - 1e-6


@pytest.mark.parametrize("lesion", [0, LesionLabel.LYTIC])
def test_oedema_surrounds_a_finding_in_its_own_vertebra_and_no_lesion(lesion, monkeypatch):
    monkeypatch.setattr(mr_disease, "OEDEMA_SHARE", 1.0)
    laid = deposits(1200.0 if not lesion else TISSUE_HU)
    change = changed(lesion, laid, "stir")
    vertebra = labels()[1]
    around = (vertebra == LOWER) & (laid.keep == 1)
    assert bool((change[around] > 0).any()) == (lesion == 0)
    assert not bool((change[vertebra != LOWER] > 0).any())


def test_one_disease_is_of_the_same_matter_at_the_same_place_in_every_sequence(monkeypatch):
    no_spread(monkeypatch)
    disease = drawn_disease(labels(), deposits(10.0), VOXEL_MM)
    flat = torch.full((1, 1, SIZE, SIZE, SIZE), 0.2)
    kind = int(disease.matter[CUBE].unique())
    for sequence in ("t1", "t2", "stir"):
        drawn = disease.over(flat, contrast(sequence))[CUBE]
        low, high = SIGNALS[sequence][kind]
        assert low / 10 - 1e-6 <= float(drawn.min()) <= float(drawn.max()) <= high / 10 + 1e-6


def test_oedema_may_fill_the_body_and_leave_the_arch(monkeypatch):
    monkeypatch.setattr(mr_disease, "OEDEMA_SHARE", 1.0)
    monkeypatch.setattr(mr_disease, "OEDEMA_MM", (mr_disease.OEDEMA_MM[1],) * 2)
    monkeypatch.setattr(mr_disease, "OEDEMA_FROM", (0.1, 0.1))
    given, laid = labels(), deposits(1200.0)
    given[0][..., 3:12, :][given[1][..., 3:12, :] == LOWER] = int(Subregion.ARCH)
    body = (given[0] == int(Subregion.BODY)) & (given[1] == LOWER)
    arch = (given[0] == int(Subregion.ARCH)) & (given[1] == LOWER)
    found = {True: set(), False: set()}
    for kept in found:
        monkeypatch.setattr(mr_disease, "IN_BODY_SHARE", float(kept))
        oedema = drawn_disease(given, laid, VOXEL_MM).oedema
        assert float((oedema[body] > 0).float().mean()) > 0.95
        found[kept] = bool((oedema[arch] > 0).any())
    assert found == {True: False, False: True}
