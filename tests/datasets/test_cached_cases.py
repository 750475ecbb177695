"""Cases made once and kept: parametric patients, and label maps of real anatomy."""

import json

import nibabel
import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.datasets import label_maps, simulated
from spinemets.datasets.case import Case
from spinemets.datasets.label_maps import load_anatomy, training_cases
from spinemets.datasets.simulated import simulated_cases
from spinemets.datasets.splits import SEEDS, TRAINING_LABEL_MAPS
from spinemets.simulate.tissues import LabelledAnatomy, Tissue


def tiny(name):
    labels = np.zeros((3, 4, 5), np.uint8)
    return LabelledAnatomy(labels, labels, labels, np.eye(4), {}, name)


@pytest.fixture
def drawn(monkeypatch):
    """Calls of the simulator, which draws nothing."""
    import spinemets.simulate.parametric as parametric

    calls = []

    def draw(seed, **options):
        calls.append((seed, options))
        return tiny(f"parametric-{seed}")

    monkeypatch.setattr(parametric, "parametric_anatomy", draw)
    return calls


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_simulated_cases_have_the_first_seeds_of_their_split(split, drawn, tmp_path):
    paths = list(simulated_cases(tmp_path / "new", split, 3, spacing_mm=3.0))
    assert [seed for seed, _ in drawn] == list(SEEDS[split][:3])
    assert [Case.load(path).name for path in paths] == [f"parametric-{seed}" for seed in SEEDS[split][:3]]
    assert {options["spacing_mm"] for _, options in drawn} == {3.0}
    assert {options["field"] for seed, options in drawn if seed % 2 == 0} == {"whole"}
    assert {options["field"] for seed, options in drawn if seed % 2} == {"random"}


def test_a_case_is_simulated_once_for_each_spacing(drawn, tmp_path):
    first = list(simulated_cases(tmp_path, "train", 2))
    assert list(simulated_cases(tmp_path, "train", 2)) == first
    assert len(drawn) == 2
    list(simulated_cases(tmp_path, "train", 1, spacing_mm=2.0))
    assert len(drawn) == 3


def test_patients_of_other_code_are_drawn_again_and_left_in_the_cache(drawn, tmp_path, monkeypatch):
    (tmp_path / "parametric-0-1.5.npz").write_bytes(b"of a version without digests")
    (before,) = simulated_cases(tmp_path, "train", 1)
    monkeypatch.setattr(simulated, "source_digest", lambda module: "0123abcdef")
    (after,) = simulated_cases(tmp_path, "train", 1)
    assert after.name == "parametric-0-1.5-0123abcdef.npz"
    assert before != after
    assert len(drawn) == 2
    assert len(list(tmp_path.iterdir())) == 3


def test_more_cases_than_seeds_are_refused(tmp_path):
    with pytest.raises(ValueError, match="the test split has 10000 seeds, 10001 were asked for"):
        next(simulated_cases(tmp_path, "test", 10_001))


def test_a_split_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(KeyError, match="tset"):
        next(simulated.simulated_cases(tmp_path, "tset", 1))


def test_training_cases_are_every_label_map_with_every_variant(monkeypatch, tmp_path):
    made = []

    def load(root, name, *, seed):
        made.append((name, seed))
        return tiny(name)

    monkeypatch.setattr(label_maps, "load_anatomy", load)
    paths = list(training_cases(tmp_path, tmp_path / "cache", variants=2))
    assert made == [(name, seed) for name in TRAINING_LABEL_MAPS for seed in (0, 1)]
    assert len(set(paths)) == 2 * len(TRAINING_LABEL_MAPS)
    assert list(training_cases(tmp_path, tmp_path / "cache", variants=2)) == paths
    assert len(made) == len(paths)
    monkeypatch.setattr(label_maps, "source_digest", lambda module: "0123abcdef")
    again = list(training_cases(tmp_path, tmp_path / "cache", variants=2))
    assert {path.name.rpartition("-")[2] for path in again} == {"0123abcdef.npz"}
    assert len(made) == 2 * len(paths) == len(list((tmp_path / "cache").iterdir()))


def test_a_label_map_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"no gl003_vert\.nii\.gz in the label map folder {tmp_path.name}"):
        load_anatomy(tmp_path, "gl003_vert")


def rings(count=2):
    """Lumbar vertebrae as rings behind blocks, head first, in 2 mm voxels that are stored left to right reversed."""
    from box_vertebra import stack

    parts, numbers, _ = stack(count, spacing_mm=2.0, shape=(56, 56, 26 * count + 12))
    ids = np.where(numbers > 0, numbers + Level.L1.verse_id - 1, 0).astype(np.uint8)
    affine = np.diag([-2.0, 2.0, 2.0, 1.0])
    affine[0, 3] = 2.0 * (ids.shape[0] - 1)
    return ids[::-1], parts[::-1], affine


def write(path, array, affine):
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array).astype(np.uint8), affine), path)


def test_a_map_of_vertebrae_becomes_a_patient_with_sides(tmp_path):
    ids, _, affine = rings()
    write(tmp_path / "gl003_vert.nii.gz", ids, affine)
    anatomy = load_anatomy(tmp_path, "gl003_vert", spacing_mm=2.0)
    assert set(anatomy.centres_mm) == {Level.L1, Level.L2}
    assert anatomy.name == "gl003_vert"
    middle = anatomy.centres_mm[Level.L1][0]
    for side, left_of in ((Subregion.PEDICLE_LEFT, True), (Subregion.PEDICLE_RIGHT, False)):
        place = np.argwhere(anatomy.subregion == side).mean(axis=0)
        assert (anatomy.affine[:3, :3] @ place + anatomy.affine[:3, 3])[0] < middle or not left_of
        assert (anatomy.affine[:3, :3] @ place + anatomy.affine[:3, 3])[0] > middle or left_of


def test_real_subregions_beside_a_map_are_used(tmp_path):
    ids, parts, affine = rings()
    real = np.where(parts == Subregion.SPINOUS_PROCESS, Subregion.INFERIOR_ARTICULAR_LEFT, parts)
    write(tmp_path / "sample001_vert.nii.gz", ids, affine)
    write(tmp_path / "sample001_subreg.nii.gz", real, affine)
    anatomy = load_anatomy(tmp_path, "sample001_vert", spacing_mm=2.0)
    found = (anatomy.subregion == Subregion.INFERIOR_ARTICULAR_LEFT).sum()
    assert found == pytest.approx((real == Subregion.INFERIOR_ARTICULAR_LEFT).sum(), rel=0.15)


def test_a_map_drawn_on_mr_brings_its_discs_and_endplates_and_the_rest_is_invented(tmp_path):
    ids, parts, affine = rings()
    above, below = (ids == level.verse_id for level in (Level.L1, Level.L2))
    first, second = (np.where(np.any(mask, axis=(0, 1)))[0] for mask in (above, below))
    gap = slice(min(first[-1], second[-1]) + 1, max(first[0], second[0]))
    body = (parts == Subregion.BODY).any(axis=2)
    instances, regions = np.where(above, 4, 0) + np.where(below, 5, 0), np.where(parts == 50, 49, parts)
    instances[:, :, gap][body], regions[:, :, gap][body] = 104, 100
    lower_end = above & (parts == Subregion.BODY) & (np.arange(ids.shape[2]) == first[0])
    instances[lower_end], regions[lower_end] = 204, 62
    write(tmp_path / "lumbar_mr_instances.nii.gz", instances, affine)
    write(tmp_path / "lumbar_mr_subreg.nii.gz", regions, affine)
    anatomy = load_anatomy(tmp_path, "lumbar_mr_instances", spacing_mm=2.0)
    assert set(anatomy.centres_mm) == {Level.L1, Level.L2}
    assert (anatomy.vertebra == Level.L1.verse_id).sum() == pytest.approx(above.sum(), rel=0.02)
    assert (anatomy.subregion == Subregion.BODY).sum() == pytest.approx((parts == Subregion.BODY).sum(), rel=0.05)
    assert (anatomy.tissue == Tissue.DISC).sum() >= 0.9 * (regions == 100).sum()
    assert (anatomy.tissue == Tissue.MUSCLE).any()
    assert (anatomy.tissue == Tissue.FAT).any()


def test_numbers_of_a_torso_map_are_bound_by_their_names(tmp_path):
    ids, _, affine = rings()
    labels = np.where(ids == Level.L1.verse_id, 31, np.where(ids == Level.L2.verse_id, 30, 0)).astype(np.uint8)
    labels[2:6, 30:50] = 7
    write(tmp_path / "torso_x_labels.nii.gz", labels, affine)
    names = {"31": "vertebrae_L1", "30": "vertebrae_L2", "7": "liver"}
    (tmp_path / "torso_labels.json").write_text(json.dumps(names))
    anatomy = load_anatomy(tmp_path, "torso_x_labels", spacing_mm=2.0)
    assert set(np.unique(anatomy.vertebra)) == {0, Level.L1.verse_id, Level.L2.verse_id}
    liver = np.argwhere(anatomy.tissue == Tissue.LIVER).mean(axis=0)
    assert (anatomy.affine[:3, :3] @ liver + anatomy.affine[:3, 3])[0] > 90  # stored first, on the patient's right


def test_a_real_label_map_becomes_a_patient(data_root):
    anatomy = load_anatomy(data_root / "anatomy", "gl003_vert", spacing_mm=3.0)
    levels = sorted(anatomy.centres_mm, key=lambda level: level.order)
    heights = [anatomy.centres_mm[level][2] for level in levels]
    assert len(levels) >= 5
    assert heights == sorted(heights, reverse=True)
    for tissue in (Tissue.DISC, Tissue.CSF, Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS):
        assert (anatomy.tissue == tissue).any(), tissue.name
    left, right = (
        np.argwhere(anatomy.subregion == side)[:, 0].mean()
        for side in (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT)
    )
    assert left < right
