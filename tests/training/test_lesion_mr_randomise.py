"""What the lesion network for MR is shown."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from test_lesion_randomise import PATCH, crop  # noqa: E402

from spinemets.anatomy import LesionLabel  # noqa: E402
from spinemets.inference.lesion_classes import MR_LESION_INPUTS  # noqa: E402
from spinemets.inference.marrow_scale import MarrowScale  # noqa: E402
from spinemets.simulate.visibility import LEAST_CHANGE_OF_SIGNAL  # noqa: E402
from spinemets.training import lesion_mr_randomise, mr_contrast, mr_disease, mr_matter  # noqa: E402
from spinemets.training.lesion_mr_randomise import SEQUENCES, MrLesionRandomiser  # noqa: E402

SCALE = MarrowScale()
LESION = (0, slice(13, 19), slice(13, 19), slice(13, 19))
MARROW = (0, slice(6, 10), slice(13, 19), slice(13, 19))


@pytest.fixture
def no_scanner(monkeypatch):
    """Images as they are before the scanner, scaled alone, of patients who do not move."""
    monkeypatch.setattr(lesion_mr_randomise, "acquire_mr", lambda image, *_: 2 * image - 1)
    monkeypatch.setattr(lesion_mr_randomise, "MOVED_SHARE", 0.0)


def only(monkeypatch, *sequences):
    """Let every study have these sequences."""
    monkeypatch.setattr(lesion_mr_randomise, "given_sequences", lambda: list(sequences))


def channel(batch, sequence):
    return batch.image[:, MR_LESION_INPUTS.index(sequence)]


def test_a_patch_has_three_sequences_the_mask_its_classes_and_its_weights(monkeypatch):
    only(monkeypatch, "t1", "t2", "stir")
    one = crop()
    batch = MrLesionRandomiser(PATCH)({name: torch.cat([part, part]) for name, part in one.items()})
    assert batch.image.shape == (2, len(MR_LESION_INPUTS), PATCH, PATCH, PATCH)
    assert batch.image.dtype == torch.float32
    for sequence in lesion_mr_randomise.SEQUENCES:
        assert (
            SCALE.least <= float(channel(batch, sequence).min()) < float(channel(batch, sequence).max()) <= SCALE.most
        )
    assert set(channel(batch, "vertebra").unique().tolist()) <= {0.0, 1.0}
    assert batch.target.shape == batch.weight.shape == (2, PATCH, PATCH, PATCH)


def test_channels_are_those_that_the_shipped_network_is_fed():
    assert tuple(MR_LESION_INPUTS) == (SEQUENCES[0], "vertebra", *SEQUENCES[1:])


def test_a_study_has_some_of_the_sequences_and_never_none_and_the_others_are_black():
    drawn = [lesion_mr_randomise.given_sequences() for _ in range(200)]
    assert {len(one) for one in drawn} == {1, 2, 3}
    for sequence in SEQUENCES:
        assert 0.55 < sum(sequence in one for one in drawn) / 200 < 0.85
    for _ in range(6):
        batch = MrLesionRandomiser(PATCH)(crop())
        black = [bool((channel(batch, sequence) == SCALE.least).all()) for sequence in SEQUENCES]
        assert not all(black)


def test_marrow_is_about_zero(monkeypatch, no_scanner):
    monkeypatch.setattr(lesion_mr_randomise, "SPREAD", 0.0)
    monkeypatch.setattr(lesion_mr_randomise, "TAKEN_IN_SHARE", 0.0)
    only(monkeypatch, "t1", "t2", "stir")
    batch = MrLesionRandomiser(PATCH, augment=False)(crop())
    for sequence in SEQUENCES:
        assert abs(float(channel(batch, sequence)[MARROW].median())) < 0.6


def test_a_patient_may_have_moved_by_a_voxel():
    image = torch.zeros(1, 1, 9, 9, 9)
    image[..., 4, 4, 4] = 1.0
    places = {tuple((lesion_mr_randomise.moved(image)[0, 0].nonzero()[0] - 4).tolist()) for _ in range(200)}
    assert (0, 0, 0) in places
    assert {abs(step) for place in places for step in place} == {0, 1}


def test_the_signal_of_marrow_is_that_of_healthy_bone_or_of_what_bone_there_is(monkeypatch):
    monkeypatch.setattr(lesion_mr_randomise, "SPREAD", 0.0)
    signal = torch.full((1, 1, 20, 20, 20), 4.0)
    healthy, bone, nothing = (torch.zeros(signal.shape, dtype=torch.bool) for _ in range(3))
    healthy[..., :5], bone[..., :12] = True, True
    signal[healthy], signal[..., 5:12] = 1.0, 2.0
    told = lesion_mr_randomise.marrow_signal
    assert [told(signal, *places) for places in ((healthy, bone), (nothing, bone), (nothing, nothing))] == [1, 2, 2]


@pytest.mark.parametrize(("label", "number"), [(LesionLabel.LYTIC, 1), (LesionLabel.BLASTIC, 2)])
def test_targets_are_the_labels_where_they_were_drawn(label, number):
    batch = MrLesionRandomiser(PATCH, augment=False)(crop(label))
    expected = torch.zeros(PATCH, PATCH, PATCH, dtype=torch.int64)
    expected[12:20, 12:20, 12:20] = number
    assert torch.equal(batch.target[0], expected)


@pytest.mark.parametrize(
    ("sequence", "label", "darker"),
    [
        ("t1", LesionLabel.LYTIC, True),
        ("t1", LesionLabel.BLASTIC, True),
        ("t2", LesionLabel.BLASTIC, True),
        ("stir", LesionLabel.LYTIC, False),
    ],
)
def test_a_lesion_stands_out_from_marrow_as_radiologists_know_it(sequence, label, darker, monkeypatch, no_scanner):
    only(monkeypatch, sequence)
    hu = 50 if label is LesionLabel.LYTIC else 650
    right = 0
    for _ in range(12):
        image = channel(MrLesionRandomiser(PATCH, augment=False)(crop(label, add=hu)), sequence)
        right += (float(image[LESION].median()) < float(image[MARROW].median())) is darker
    assert right >= 9  # signals vary, so that some lesions are as bright as the marrow


def test_a_lesion_of_the_signal_of_marrow_in_all_sequences_is_not_learnt_from(monkeypatch, no_scanner):
    flat = torch.full((1, 1, PATCH, PATCH, PATCH), 0.5)
    monkeypatch.setattr(lesion_mr_randomise, "render_random_contrast", lambda *_: flat)
    only(monkeypatch, "t1", "stir")
    weak, strong = 0.6 * LEAST_CHANGE_OF_SIGNAL, 2 * LEAST_CHANGE_OF_SIGNAL
    for change, counted in (((weak, -weak), 0.0), ((weak, strong), 1.0), ((-strong, weak), 1.0)):
        left = list(change)

        def over(self, image, contrast, left=left):
            changed = image.clone()
            changed[..., 12:20, 12:20, 12:20] += left.pop(0)
            return changed

        monkeypatch.setattr(mr_disease.DrawnDisease, "over", over)
        batch = MrLesionRandomiser(PATCH, augment=False)(crop())
        assert (batch.weight[batch.target > 0] == counted).all()
        assert batch.weight[0, 8, 8, 8] == 1.0


def test_no_focus_is_invented_beside_known_disease(monkeypatch):
    monkeypatch.setattr(mr_contrast, "_with_focus", lambda *_: pytest.fail("a focus was invented"))
    for _ in range(15):
        MrLesionRandomiser(PATCH)(crop())


def test_a_look_alike_without_a_label_is_drawn_and_is_background(monkeypatch, no_scanner):
    for module in (mr_disease, mr_matter):
        monkeypatch.setattr(module, "SPREAD", 0.0)
    only(monkeypatch, "t1")
    batch = MrLesionRandomiser(PATCH, augment=False)(crop(label=0, add=1200))
    assert not batch.target.any()
    assert float(channel(batch, "t1")[LESION].median()) < float(channel(batch, "t1")[MARROW].median()) - 1
    assert batch.weight[LESION].min() == 1.0
