"""What the lesion network for MR is shown."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from test_lesion_randomise import PATCH, crop  # noqa: E402

from spinemets.anatomy import LesionLabel  # noqa: E402
from spinemets.simulate.visibility import LEAST_CHANGE_OF_SIGNAL  # noqa: E402
from spinemets.training import lesion_mr_randomise, mr_contrast, mr_disease  # noqa: E402
from spinemets.training.lesion_mr_randomise import MrLesionRandomiser  # noqa: E402
from spinemets.training.mr_acquisition import MR_CUTS  # noqa: E402

LESION = (0, slice(13, 19), slice(13, 19), slice(13, 19))
MARROW = (0, slice(6, 10), slice(13, 19), slice(13, 19))


@pytest.fixture
def no_scanner(monkeypatch):
    """Images as they are before the scanner."""
    monkeypatch.setattr(lesion_mr_randomise, "acquire_mr", lambda image, *_: image)


def like(monkeypatch, sequence):
    """Let every patch look like one sequence."""
    monkeypatch.setattr(mr_contrast, "SEQUENCES", {sequence: (1.0, mr_contrast.SEQUENCES[sequence][1])})
    monkeypatch.setattr(lesion_mr_randomise, "SEQUENCE_SHARE", 1.0)


def test_a_patch_has_the_mr_the_mask_its_classes_and_its_weights():
    one = crop()
    batch = MrLesionRandomiser(PATCH)({name: torch.cat([part, part]) for name, part in one.items()})
    assert batch.image.shape == (2, 2, PATCH, PATCH, PATCH)
    assert batch.image.dtype == torch.float32
    assert -1.0 <= float(batch.image[:, 0].min()) <= float(batch.image[:, 0].max()) <= 1.4 + 1e-5
    assert set(batch.image[:, 1].unique().tolist()) <= {0.0, 1.0}
    assert batch.target.shape == batch.weight.shape == (2, PATCH, PATCH, PATCH)
    assert MrLesionRandomiser.cuts == MR_CUTS


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
    like(monkeypatch, sequence)
    hu = 50 if label is LesionLabel.LYTIC else 650
    right = 0
    for _ in range(12):
        image = MrLesionRandomiser(PATCH, augment=False)(crop(label, add=hu)).image[:, 0]
        right += (float(image[LESION].median()) < float(image[MARROW].median())) is darker
    assert right >= 9  # signals vary, so that some lesions are as bright as the marrow


def test_a_lesion_of_the_signal_of_marrow_is_not_learnt_from(monkeypatch, no_scanner):
    flat = torch.full((1, 1, PATCH, PATCH, PATCH), 0.5)
    monkeypatch.setattr(lesion_mr_randomise, "render_random_contrast", lambda *_, **__: flat)
    for change, counted in (
        (0.6 * LEAST_CHANGE_OF_SIGNAL, 0.0),
        (-0.6 * LEAST_CHANGE_OF_SIGNAL, 0.0),
        (2 * LEAST_CHANGE_OF_SIGNAL, 1.0),
    ):
        monkeypatch.setattr(
            lesion_mr_randomise,
            "with_disease",
            lambda image, labels, *_, change=change: image + change * (labels[2] > 0),
        )
        batch = MrLesionRandomiser(PATCH, augment=False)(crop())
        assert (batch.weight[batch.target > 0] == counted).all()
        assert batch.weight[0, 8, 8, 8] == 1.0


def test_no_focus_is_invented_beside_known_disease(monkeypatch):
    monkeypatch.setattr(mr_contrast, "_with_focus", lambda *_: pytest.fail("a focus was invented"))
    for _ in range(15):
        MrLesionRandomiser(PATCH)(crop())


def test_a_look_alike_without_a_label_is_drawn_and_is_background(monkeypatch, no_scanner):
    monkeypatch.setattr(mr_disease, "SPREAD", 0.0)
    like(monkeypatch, "t1")
    batch = MrLesionRandomiser(PATCH, augment=False)(crop(label=0, add=1200))
    assert not batch.target.any()
    assert float(batch.image[:, 0][LESION].median()) < 0.5 * float(batch.image[:, 0][MARROW].median())
    assert batch.weight[LESION].min() == 1.0
