"""Images of any contrast from label patches."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from spinemets.anatomy import Subregion  # noqa: E402
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue  # noqa: E402
from spinemets.training import mr_contrast  # noqa: E402
from spinemets.training.acquisition import beyond_field_of_view  # noqa: E402
from spinemets.training.mr_acquisition import MR_CUTS, THICK_MM, acquire_mr  # noqa: E402
from spinemets.training.mr_contrast import SEQUENCES, render_random_contrast  # noqa: E402
from spinemets.training.randomise import SpineRandomiser  # noqa: E402


@pytest.fixture(name="labels")
def _labels():
    structure = torch.full((1, 1, 24, 24, 24), int(Tissue.MUSCLE), dtype=torch.uint8)
    structure[..., :6] = int(Tissue.LUNG)
    structure[:, :, 8:18, 8:18, 10:20] = int(Subregion.BODY)
    structure[..., 22:] = OUTSIDE_FIELD
    vertebra = torch.where(structure == int(Subregion.BODY), 20, 0).to(torch.uint8)
    return structure, vertebra


@pytest.mark.parametrize("seed", range(4))
def test_gas_gives_hardly_any_signal_whatever_the_sequence(labels, seed):
    torch.manual_seed(seed)
    image = render_random_contrast(*labels, voxel_mm=1.5)
    assert image.shape == labels[0].shape
    assert float(image[labels[0] == int(Tissue.LUNG)].median()) < 0.3


def test_two_sequences_give_the_same_tissue_different_signals(labels):
    muscle = []
    for seed in range(6):
        torch.manual_seed(seed)
        muscle.append(float(render_random_contrast(*labels, voxel_mm=1.5)[labels[0] == int(Tissue.MUSCLE)].mean()))
    assert max(muscle) - min(muscle) > 0.2


def test_what_lies_outside_the_field_has_the_lowest_value(labels):
    outside = labels[0] == OUTSIDE_FIELD
    image = acquire_mr(render_random_contrast(*labels, voxel_mm=1.5), outside, labels[0], 1.5)
    assert bool((image[outside] == -1.0).all())
    assert float(image.min()) >= -1.0
    assert float(image.max()) <= 1.4 + 1e-5


def test_the_randomiser_takes_a_share_of_patches_of_any_contrast(labels):
    structure, vertebra = (array[:, 0] for array in labels)
    centres = torch.full((1, 29, 3), float("nan"))
    batch = SpineRandomiser(patch_size=16, any_contrast=1.0)(structure, vertebra, centres)
    assert batch.image.shape == (1, 1, 16, 16, 16)
    assert bool(torch.isfinite(batch.image).all())


def drawing(monkeypatch, name):
    """Let every patch look like one of the sequences, drawn in full."""
    monkeypatch.setattr(mr_contrast, "SEQUENCES", {name: (1.0, SEQUENCES[name][1])})


@pytest.mark.parametrize(
    ("sequence", "brighter", "darker"),
    [
        ("t2", Tissue.CSF, Tissue.MUSCLE),
        ("t1", Tissue.FAT, Tissue.CSF),
        ("stir", Tissue.CSF, Tissue.FAT),
        ("t1_gadolinium", Tissue.CSF, Tissue.LUNG),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_a_sequence_orders_tissues_as_radiologists_know_them(monkeypatch, sequence, brighter, darker, seed):
    drawing(monkeypatch, sequence)
    torch.manual_seed(seed)
    structure = torch.full((1, 1, 16, 16, 16), int(brighter), dtype=torch.uint8)
    structure[..., 8:] = int(darker)
    image = render_random_contrast(structure, torch.zeros_like(structure), voxel_mm=1.5)
    assert float(image[..., :8].median()) > float(image[..., 8:].median()) + 0.1


def test_shares_of_sequences_leave_room_for_any_contrast():
    total = sum(share for share, _ in SEQUENCES.values())
    assert 0.3 < total < 0.7
    for _, signals in SEQUENCES.values():
        assert len(signals) == 7
        assert all(0 <= low <= high <= 10 for low, high in signals.values())


def test_a_nucleus_lies_inside_its_disc_and_only_there(monkeypatch):
    monkeypatch.setattr(mr_contrast, "chance", lambda share: False)
    structure = torch.full((1, 1, 48, 48, 12), int(Tissue.MUSCLE), dtype=torch.uint8)
    structure[:, :, 8:40, 8:40, 4:8] = int(Tissue.DISC)
    flat = torch.full(structure.shape, 0.5)
    changed = (mr_contrast._with_nuclei(flat, structure) - flat).abs() > 1e-6
    index = changed[0, 0].nonzero()
    assert len(index)
    assert index.min(0).values.tolist() >= [9, 9, 4]
    assert index.max(0).values.tolist() <= [38, 38, 7]
    assert bool(changed[0, 0, 24, 24, 5])


def test_bands_cross_a_sacrum_and_leave_all_else_alone(monkeypatch):
    monkeypatch.setattr(mr_contrast, "chance", lambda share: True)
    torch.manual_seed(2)
    structure = torch.full((1, 1, 20, 24, 60), int(Tissue.FAT), dtype=torch.uint8)
    structure[:, :, 4:16, 6:18, 4:56] = int(Tissue.SACRUM)
    flat = torch.full(structure.shape, 2.0)
    changed = (mr_contrast._with_sacral_discs(flat, structure, 1.5) != flat)[0, 0]
    assert not bool(changed[(structure != int(Tissue.SACRUM))[0, 0]].any())
    middle = changed[10, 12, 4:56].float()
    bands = int((middle[1:] > middle[:-1]).sum())
    assert 52 * 1.5 / 32.0 - 1 <= bands <= 52 * 1.5 / 18.0 + 1
    assert float(middle.mean()) < 0.5


def test_roots_run_along_the_sac_and_leave_all_else_alone(monkeypatch):
    monkeypatch.setattr(mr_contrast, "chance", lambda share: False)
    torch.manual_seed(3)
    structure = torch.full((1, 1, 24, 24, 40), int(Tissue.MUSCLE), dtype=torch.uint8)
    structure[:, :, 6:18, 6:18] = int(Tissue.CSF)
    flat = torch.ones(structure.shape)
    changed = mr_contrast._with_roots(flat, structure) != flat
    assert not bool(changed[structure != int(Tissue.CSF)].any())
    share = changed[structure == int(Tissue.CSF)].float().mean()
    assert 0.05 < float(share) < 0.7
    along = (changed[..., 1:] == changed[..., :-1]).float().mean()
    across = (changed[:, :, 1:] == changed[:, :, :-1]).float().mean()
    assert float(along) > float(across)


def test_a_saturated_band_and_a_far_coil_leave_the_spine_and_what_is_behind_it(monkeypatch):
    monkeypatch.setattr("spinemets.training.mr_acquisition.chance", lambda share: share < 0.5)
    structure = torch.full((1, 1, 8, 60, 8), int(Tissue.MUSCLE), dtype=torch.uint8)
    structure[:, :, :, 10:24] = int(Subregion.BODY)
    from spinemets.training import mr_acquisition

    monkeypatch.setattr(mr_acquisition, "smooth_noise", lambda shape, points, device: torch.zeros(shape))
    image = mr_acquisition._before_coils(torch.ones(structure.shape), structure, 1.5)
    assert float(image[:, :, :, :20].min()) > 0.9
    assert float(image[:, :, :, 55:].max()) < 0.8


def test_thick_slices_make_an_image_vary_less_from_side_to_side():
    torch.manual_seed(0)
    structure = torch.full((1, 1, 40, 40, 40), int(Tissue.MUSCLE), dtype=torch.uint8)
    inside = torch.zeros(structure.shape, dtype=torch.bool)
    aside = along = 0.0
    for _ in range(20):
        image = acquire_mr(torch.rand(structure.shape), inside, structure, 1.5)
        aside += float((image[:, :, 1:] - image[:, :, :-1]).abs().mean())
        along += float((image[..., 1:] - image[..., :-1]).abs().mean())
    assert aside < 0.8 * along
    assert THICK_MM[1] > 1.5


def test_most_mr_fields_of_view_are_sagittal_slabs():
    torch.manual_seed(1)
    structure = torch.full((1, 1, 80, 80, 80), int(Tissue.MUSCLE), dtype=torch.uint8)
    seen = torch.stack(
        [
            torch.tensor([float(side.any()) for side in (shown[0], shown[-1], shown[:, 0], shown[:, -1])])
            for shown in (~beyond_field_of_view(structure, 1.5, True, cuts=MR_CUTS)[0, 0] for _ in range(60))
        ]
    ).mean(0)
    assert float(seen[:2].max()) < 0.5
    assert float(seen[2:].min()) > 0.6


def test_bone_beside_known_disease_holds_no_other_focus(labels, monkeypatch):
    invented = []

    def focus(image, bone):
        invented.append(True)
        return image

    monkeypatch.setattr(mr_contrast, "_with_focus", focus)
    for _ in range(20):
        render_random_contrast(*labels, voxel_mm=1.5, invent_disease=False)
    assert not invented
    for _ in range(40):
        render_random_contrast(*labels, voxel_mm=1.5)
    assert invented


def test_a_contrast_that_is_given_is_the_one_that_is_drawn(labels, monkeypatch):
    monkeypatch.setattr(mr_contrast, "chance", lambda share: False)
    drawing(monkeypatch, "stir")
    contrast = mr_contrast.drawn_contrast(torch.device("cpu"))
    assert contrast.sequence == "stir"
    structure, vertebra = labels
    image = render_random_contrast(structure, vertebra, 1.5, contrast)
    muscle = structure == int(Tissue.MUSCLE)
    assert float(image[muscle].median()) == pytest.approx(float(contrast.table[Tissue.MUSCLE]), abs=0.1)
    assert float(contrast.table[Tissue.MUSCLE]) == pytest.approx(contrast.unit, rel=1.5)


@pytest.mark.parametrize("share", [None, 0.0, 0.85, 1.0])
def test_as_many_patches_look_like_a_sequence_as_is_asked_for(share):
    device, count = torch.device("cpu"), 800
    drawn = [mr_contrast.drawn_contrast(device, share).sequence for _ in range(count)]
    alike = sum(sequence is not None for sequence in drawn) / count
    assert alike == pytest.approx(0.58 if share is None else share, abs=0.06)
    if share:
        assert drawn.count("t1_gadolinium") / drawn.count("t2") == pytest.approx(0.04 / 0.14, abs=0.15)
