import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.datasets.case import CENTRE_ROWS, Case
from spinemets.datasets.disease_overlay import FULL, DiseaseOverlay, case_checksum
from spinemets.errors import StudyError
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue
from spinemets.training.lesion_crops import IllCase, LesionCropDataset, body_places, is_finding

SIZE = 90
BODIES = {Level.L1: (44, 44, 80), Level.L2: (44, 44, 44), Level.L3: (44, 44, 8)}


def healthy(name="patient"):
    structure = np.full((SIZE,) * 3, int(Tissue.FAT), np.uint8)
    vertebra = np.zeros_like(structure)
    for level, middle in BODIES.items():
        box = tuple(slice(n - 6, n + 6) for n in middle)
        structure[box], vertebra[box] = int(Subregion.BODY), level.verse_id
    return Case(name, structure, vertebra, np.full((CENTRE_ROWS, 3), np.nan, np.float32), 1.5)


def overlay(case, lesion_at=(), finding_at=(), large=1):
    """A disease with a lesion in the middle of some bodies and a bone island in that of others."""
    rows = []
    for levels, label in ((lesion_at, LesionLabel.LYTIC), (finding_at, 0)):
        for level in levels:
            count = large if level is Level.L1 else 1
            steps = itertools.product(range(count), repeat=3)
            rows += [(np.add(BODIES[level], step), level.verse_id, int(label)) for step in steps]
    index, vertebra, lesion = zip(*rows, strict=True)
    count = len(rows)
    byte = np.ones(count, np.uint8)
    return DiseaseOverlay(
        "mixed",
        case_checksum(case),
        np.array(index, np.int16),
        byte * np.uint8(Subregion.BODY),
        np.array(vertebra, np.uint8),
        np.array(lesion, np.uint8),
        byte * np.uint8(51),
        np.full(count, 800, np.int16),
        byte * np.uint8(7),
    )


@pytest.fixture
def files(tmp_path):
    """One patient with two diseases: lesions of L1 and L2, the first large; a bone island in L3."""
    case = healthy()
    case.save(tmp_path / "patient.npz")
    diseases = []
    for number, one in enumerate((overlay(case, (Level.L1, Level.L2), large=4), overlay(case, (), (Level.L3,)))):
        diseases.append(tmp_path / f"patient-ill-{number}.npz")
        one.save(diseases[-1])
    return [(tmp_path / "patient.npz", 1.0, diseases)]


def drawn(files, count, size=60, seed=0):
    return list(itertools.islice(LesionCropDataset(files, size, seed), count))


def test_a_crop_shows_the_case_with_its_disease(files):
    path, _, diseases = files[0]
    ill = IllCase.load(path, diseases)
    crop = ill.crop(0, np.array(BODIES[Level.L2]), 20)
    assert {name: array.shape for name, array in crop.items()} == dict.fromkeys(
        ("structure", "vertebra", "lesion", "keep", "add", "rise"), (20, 20, 20)
    )
    values = {name: array[10, 10, 10].item() for name, array in crop.items()}
    assert values == {
        "structure": Subregion.BODY, "vertebra": Level.L2.verse_id, "lesion": LesionLabel.LYTIC,
        "keep": 51, "add": 800, "rise": 7,
    }  # fmt: skip
    assert (crop["lesion"] > 0).sum() == 1
    assert crop["keep"][0, 0, 0] == FULL
    assert crop["add"].dtype == torch.int16


def test_beyond_the_case_there_is_nothing(files):
    crop = IllCase.load(files[0][0], files[0][2]).crop(0, np.array([0, 0, 0]), 10)
    assert (crop["structure"][:5] == OUTSIDE_FIELD).all()
    assert (crop["keep"] == FULL).all()


def test_a_disease_of_another_case_is_refused(files):
    path, _, diseases = files[0]
    changed = healthy()
    changed.structure[0, 0, 0] = Tissue.MUSCLE
    changed.save(path)
    with pytest.raises(StudyError, match="drawn into another patient"):
        IllCase.load(path, diseases)


def test_the_same_seed_draws_the_same_crops_and_another_one_others(files):
    first, again, other = (drawn(files, 5, seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(a["vertebra"], b["vertebra"]) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a["vertebra"], b["vertebra"]) for a, b in zip(first, other, strict=True))


def near(files, disease, level, count=400):
    """Share of the centres that are drawn near a body."""
    ill = IllCase.load(files[0][0], files[0][2])
    rng = np.random.default_rng(0)
    centres = [ill.draw_centre(disease, rng, 136) for _ in range(count)]
    return np.mean([np.abs(centre[2] - BODIES[level][2]) <= 18 for centre in centres])


def test_lesions_take_turns_however_large_they_are(files):
    large, small, none = (near(files, 0, level) for level in BODIES)
    assert large == pytest.approx(small, abs=0.12)
    assert none < 0.6 * small


def test_a_smaller_crop_stays_nearer_to_what_it_shows(files):
    ill = IllCase.load(files[0][0], files[0][2])

    def spread(size):
        rng = np.random.default_rng(1)
        return np.std([ill.draw_centre(1, rng, size)[0] for _ in range(300)])

    assert spread(20) < 0.6 * spread(136)


def test_findings_that_are_no_lesions_are_sought_as_well(files):
    assert near(files, 1, Level.L3) > 1.5 * near(files, 1, Level.L1)


def test_patients_are_drawn_by_their_weight(files, tmp_path):
    other = healthy("other")
    other.structure[other.structure == Tissue.FAT] = int(Tissue.MUSCLE)
    other.save(tmp_path / "other.npz")
    overlay(other, (Level.L2,)).save(tmp_path / "other-ill-0.npz")
    both = [*files, (tmp_path / "other.npz", 3.0, [tmp_path / "other-ill-0.npz"])]
    muscle = [(crop["structure"] == int(Tissue.MUSCLE)).any().item() for crop in drawn(both, 120, 20)]
    assert np.mean(muscle) == pytest.approx(0.75, abs=0.12)


def test_what_is_no_lesion_in_a_vertebra_with_one_is_no_finding():
    case = healthy()
    both = overlay(case, (Level.L1,), (Level.L3,))
    assert list(is_finding(both)) == [False, True]
    beside = replace(both, vertebra=np.full(2, Level.L1.verse_id, np.uint8))
    assert not is_finding(beside).any()
    faint = replace(both, keep=np.full(2, 250, np.uint8), add=np.full(2, 3, np.int16))
    assert not is_finding(faint).any()


def test_bodies_are_groups_of_their_own_and_the_sacrum_is_none():
    case = healthy()
    case.vertebra[case.vertebra == Level.L3.verse_id] = Level.SACRUM.verse_id
    groups = body_places(case)
    assert len(groups) == 2
    for group in groups:
        assert len(set(case.vertebra[tuple(group.T)])) == 1
        assert (case.structure[tuple(group.T)] == Subregion.BODY).all()


def test_a_case_without_bodies_still_gives_crops(tmp_path):
    case = healthy()
    case.structure[case.structure == Subregion.BODY], case.vertebra[:] = int(Subregion.ARCH), 20
    case.save(tmp_path / "arch.npz")
    none = overlay(case, (Level.L1,))
    none = replace(none, lesion=np.zeros(1, np.uint8), keep=np.full(1, FULL, np.uint8), add=np.zeros(1, np.int16))
    none.save(tmp_path / "arch-ill-0.npz")
    (crop,) = drawn([(tmp_path / "arch.npz", 1.0, [tmp_path / "arch-ill-0.npz"])], 1, 8)
    assert crop["structure"].shape == (8, 8, 8)
