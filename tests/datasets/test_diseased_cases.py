"""Diseases drawn into cached cases."""

import logging
import zlib

import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.datasets import diseased_cases
from spinemets.datasets.case import CENTRE_ROWS, Case
from spinemets.datasets.disease_overlay import DiseaseOverlay
from spinemets.datasets.diseased_cases import (
    BENIGN,
    KIND_SHARE,
    DiseaseDraws,
    anatomy_round_spine,
    disease_seed,
    make_overlay,
    tissue_of_structure,
)
from spinemets.errors import StudyError
from spinemets.simulate.disease import Disease
from spinemets.simulate.diseased_patient import DISEASES
from spinemets.simulate.tissues import Tissue


def small_case(image=None):
    structure = np.full((90, 60, 70), int(Tissue.FAT), np.uint8)
    vertebra = np.zeros_like(structure)
    structure[40:50, 2:12, 60:68], vertebra[40:50, 2:12, 60:68] = int(Subregion.BODY), Level.L3.verse_id
    centres = np.full((CENTRE_ROWS, 3), np.nan, np.float32)
    centres[Level.L3.verse_id] = (44.5, 6.5, 63.5)
    return Case("patient", structure, vertebra, centres, 1.5, image)


def test_the_kinds_are_those_that_are_simulated_and_none_at_all():
    assert set(KIND_SHARE) == {*DISEASES, BENIGN}
    assert sum(KIND_SHARE.values()) == pytest.approx(1.0)


def test_the_anatomy_of_a_case_is_what_the_case_was_made_of(lumbar_patient):
    case = Case.of_anatomy(lumbar_patient)
    assert np.array_equal(tissue_of_structure(case.structure), lumbar_patient.tissue)
    anatomy, start = anatomy_round_spine(case)
    box = tuple(slice(a, a + n) for a, n in zip(start, anatomy.tissue.shape, strict=True))
    for name in ("tissue", "vertebra", "subregion"):
        assert np.array_equal(getattr(anatomy, name), getattr(lumbar_patient, name)[box]), name
    assert anatomy.vertebra.astype(bool).sum() == lumbar_patient.vertebra.astype(bool).sum()
    assert set(anatomy.centres_mm) == set(lumbar_patient.centres_mm)


def test_the_box_leaves_room_round_the_vertebrae_within_the_case():
    anatomy, start = anatomy_round_spine(small_case())
    assert list(start) == [10, 0, 30]  # 30 voxels of 1.5 mm
    assert anatomy.tissue.shape == (70, 42, 40)
    assert anatomy.centres_mm[Level.L3] == pytest.approx(np.array([34.5, 6.5, 33.5]) * 1.5)


def test_a_case_without_vertebrae_is_refused():
    case = small_case()
    case.vertebra[:] = 0
    with pytest.raises(StudyError, match="patient shows no vertebra to be made ill"):
        anatomy_round_spine(case)


@pytest.fixture
def drawn(monkeypatch):
    """Seeds with which diseases were drawn; what is drawn is nothing."""
    seeds = []

    def draw(case, seed):
        seeds.append(seed)
        nothing = np.zeros(0, np.uint8)
        return DiseaseOverlay(BENIGN, 0, np.zeros((0, 3), np.int16), *(nothing,) * 4, np.zeros(0, np.int16), nothing)

    monkeypatch.setattr(diseased_cases, "make_overlay", draw)
    return seeds


def test_diseases_are_drawn_once_and_each_from_a_seed_of_its_own(drawn, tmp_path, caplog):
    cases = [tmp_path / f"patient-{n}.npz" for n in range(2)]
    for path in cases:
        small_case().save(path)
    draws = DiseaseDraws(str(tmp_path / "cache"), draws=3)
    with caplog.at_level(logging.INFO):
        draws.prepare(cases)
    assert caplog.messages == [f"diseases drawn into patient-{n}, {n + 1} of 2" for n in range(2)]
    assert len(set(drawn)) == 6
    names = [path.name for path in draws.paths(cases[1])]
    assert all(name.startswith("patient-1-ill-") and name.endswith(f"-{n}.npz") for n, name in enumerate(names))
    draws.prepare(cases)
    assert len(drawn) == 6


def test_what_other_code_drew_is_drawn_again_and_the_log_says_so_once(drawn, tmp_path, monkeypatch, caplog):
    cases = [tmp_path / f"patient-{n}.npz" for n in (1, 10, 2)]
    for path in cases:
        small_case().save(path)
    cache = tmp_path / "cache"
    DiseaseDraws(str(cache), draws=2).prepare(cases[:1])
    (cache / "patient-10-ill-0.npz").write_bytes(b"of a version without digests")
    monkeypatch.setattr(diseased_cases, "source_digest", lambda module: "0123abcdef")
    draws = DiseaseDraws(str(cache), draws=1)
    with caplog.at_level(logging.INFO):
        draws.prepare(cases)
        draws.prepare(cases)
    told, *others = caplog.messages
    assert told.startswith("diseases of 2 cases were drawn by other code than that of now (0123abcdef)")
    assert others == [f"diseases drawn into patient-{name}, {n} of 3" for n, name in enumerate((1, 10, 2), start=1)]
    assert [draws.paths(path) for path in cases] == [[cache / f"{path.stem}-ill-0123abcdef-0.npz"] for path in cases]
    assert len(drawn) == len(list(cache.iterdir())) - 1 == 5  # nothing was deleted


def test_a_case_keeps_its_diseases_when_only_the_code_that_made_it_is_another():
    seed = disease_seed("gl003_vert-0", 1)
    assert seed == zlib.crc32(b"gl003_vert-0 1")
    assert disease_seed("gl003_vert-0-0123abcdef", 1) == disease_seed("gl003_vert-0-fedcba3210", 1) == seed
    assert len({seed, disease_seed("gl003_vert-1-0123abcdef", 1), disease_seed("gl003_vert-0-0123abcdef", 0)}) == 3


def test_more_diseases_of_the_same_code_are_no_news(drawn, tmp_path, caplog):
    small_case().save(tmp_path / "patient.npz")
    for draws in (1, 2):
        with caplog.at_level(logging.INFO):
            DiseaseDraws(str(tmp_path / "cache"), draws=draws).prepare([tmp_path / "patient.npz"])
    assert caplog.messages == ["diseases drawn into patient, 1 of 1"] * 2


def test_a_case_with_a_real_image_is_refused(tmp_path):
    small_case(np.zeros((90, 60, 70), np.float32)).save(tmp_path / "real.npz")
    with pytest.raises(StudyError, match="patient has a real image, into which no disease is drawn"):
        DiseaseDraws(str(tmp_path)).paths(tmp_path / "real.npz")


def test_less_than_one_disease_is_refused():
    with pytest.raises(ValueError, match=r"at least one disease .* got 0"):
        DiseaseDraws("cache", draws=0)


@pytest.mark.parametrize("kind", ["metastases", BENIGN])
def test_lesions_are_labelled_in_bone_and_findings_that_look_like_them_are_not(kind, lumbar_patient, monkeypatch):
    monkeypatch.setattr(diseased_cases, "KIND_SHARE", {kind: 1.0})
    case = Case.of_anatomy(lumbar_patient)
    overlay = make_overlay(case, 5)
    overlay.require_case(case)
    assert overlay.kind == kind
    assert ((overlay.keep < 200) | (overlay.add != 0)).sum() > 30
    lesion = overlay.lesion > 0
    assert lesion.any() == (kind == "metastases")
    assert (overlay.vertebra[lesion] > 0).all()


def test_a_disease_that_cannot_be_drawn_gives_way_to_another_and_the_log_says_so(lumbar_patient, monkeypatch, caplog):
    tried = []

    def brittle(anatomy, kind, seed):
        tried.append(seed)
        if len(tried) < 3:
            raise ValueError("the anatomy shows no axes of L1")
        return Disease(anatomy)

    monkeypatch.setattr(diseased_cases, "KIND_SHARE", {"mixed": 1.0})
    monkeypatch.setattr(diseased_cases, "diseased", brittle)
    overlay = make_overlay(Case.of_anatomy(lumbar_patient), 40)
    assert tried == [40, 41, 42]
    assert overlay.kind == "mixed"
    assert [m for m in caplog.messages if "no axes of L1" in m] == caplog.messages[:2]


def test_a_case_into_which_nothing_can_be_drawn_is_refused(lumbar_patient, monkeypatch):
    def broken(anatomy, kind, seed):
        raise ValueError("no axes")

    monkeypatch.setattr(diseased_cases, "KIND_SHARE", {"mixed": 1.0})
    monkeypatch.setattr(diseased_cases, "diseased", broken)
    with pytest.raises(StudyError, match="none of 5 diseases could be drawn into"):
        make_overlay(Case.of_anatomy(lumbar_patient), 1)
