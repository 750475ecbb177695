"""Uneven marrow of one patient in several sequences."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from spinemets.anatomy import Subregion  # noqa: E402
from spinemets.simulate.tissues import Tissue  # noqa: E402
from spinemets.training import mr_marrow, mr_matter  # noqa: E402
from spinemets.training.mr_marrow import Marrow, drawn_marrow  # noqa: E402
from spinemets.training.mr_matter import BLASTIC, FATTY, OEDEMA, SIGNALS  # noqa: E402

SIZE = 24


def structure():
    """A body under a disc, 16 voxels wide, in muscle."""
    codes = torch.full((1, 1, SIZE, SIZE, SIZE), int(Tissue.MUSCLE), dtype=torch.uint8)
    codes[:, :, 4:20, 4:20, 4:12] = int(Subregion.BODY)
    codes[:, :, 4:20, 4:20, 12:16] = int(Tissue.DISC)
    return codes


def test_an_island_of_fat_is_bright_on_t1_and_dark_where_fat_is_suppressed():
    islands = torch.zeros(1, 1, 4, 4, 4)
    islands[..., 1:3] = 0.2
    marrow = Marrow(islands, torch.zeros_like(islands), FATTY)
    flat = torch.full_like(islands, 0.5)
    change = {name: marrow.over(flat, name, 0.1, 0.5) - flat for name in ("t1", "t2", "stir", "t1_gadolinium")}
    assert float(change["t1"][..., 1].min()) == pytest.approx(0.1)
    assert 0 < float(change["t2"][..., 1].max()) < float(change["t1"][..., 1].min())
    assert float(change["stir"][..., 1].max()) < 0
    assert float(change["t1_gadolinium"][..., 1].max()) < 0
    assert all(not one[..., 0].any() for one in change.values())


@pytest.mark.parametrize("kind", [OEDEMA, FATTY, BLASTIC])
def test_endplates_have_the_signal_of_what_they_changed_to(kind, monkeypatch):
    monkeypatch.setattr(mr_matter, "SPREAD", 0.0)
    share = torch.zeros(1, 1, 4, 4, 4)
    share[..., 2] = 1.0
    for sequence in ("t1", "t2", "stir"):
        image = Marrow(torch.zeros_like(share), share, kind).over(torch.full_like(share, 0.2), sequence, 0.1, 0.2)
        low, high = SIGNALS[sequence][kind]
        assert low / 10 - 1e-6 <= float(image[..., 2].min()) <= float(image[..., 2].max()) <= high / 10 + 1e-6
        assert (image[..., 1] == 0.2).all()


def test_marrow_is_uneven_in_bone_alone_and_endplates_change_beside_a_disc(monkeypatch):
    monkeypatch.setattr(mr_marrow, "chance", lambda _: True)
    changed = torch.zeros(1, 1, SIZE, SIZE, SIZE)
    for seed in range(8):
        torch.manual_seed(seed)
        drawn = drawn_marrow(structure())
        assert not drawn.islands[structure() != int(Subregion.BODY)].any()
        assert drawn.islands.any()
        changed = changed.maximum(drawn.endplates)
    assert not changed[structure() != int(Subregion.BODY)].any()
    beside, away = changed[..., 11], changed[..., 4:7]  # the disc lies above 11
    assert float(beside.max()) > 4 * float(away.max())
    monkeypatch.setattr(mr_marrow, "chance", lambda _: False)
    even = drawn_marrow(structure())
    assert not even.islands.any()
    assert not even.endplates.any()
