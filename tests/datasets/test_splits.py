import itertools

import pytest

from spinemets.datasets.label_maps import MR_LABEL_MAPS
from spinemets.datasets.splits import HELD_OUT_NAMES, SEEDS, TRAINING_LABEL_MAPS, require_trainable, split_of_seed
from spinemets.errors import StudyError


def test_no_seed_is_in_two_splits():
    for (first, one), (second, other) in itertools.combinations(SEEDS.items(), 2):
        assert max(one.start, other.start) >= min(one.stop, other.stop), (first, second)
        assert not set(one) & set(other)
    assert all(len(seeds) >= 10_000 for seeds in SEEDS.values())


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_first_and_last_seed_of_a_split_belong_to_it(name):
    assert split_of_seed(SEEDS[name][0]) == name
    assert split_of_seed(SEEDS[name][-1]) == name


@pytest.mark.parametrize("seed", [-1, 110_000, 150_000, 199_999, 210_000])
def test_a_seed_between_the_splits_belongs_to_none(seed):
    with pytest.raises(ValueError, match=f"seed {seed} belongs to no split"):
        split_of_seed(seed)


def test_the_seed_that_simulate_starts_with_is_one_of_the_test_split():
    import inspect

    from spinemets.cli import simulate

    assert split_of_seed(inspect.signature(simulate).parameters["seed"].default) == "test"


@pytest.mark.parametrize("name", [*TRAINING_LABEL_MAPS, *MR_LABEL_MAPS])
def test_no_label_map_that_is_learnt_from_is_held_out(name):
    require_trainable(name)
    assert name not in HELD_OUT_NAMES


@pytest.mark.parametrize("suffix", ["", ".nii", ".nii.gz"])
@pytest.mark.parametrize(
    "name", ["verse0007_vert", "gl017_vert", "abdomen_ct", "l3_crop_ct", "lumbar_t2_06_body", "lumbar_tirm_07"]
)
def test_training_on_a_held_out_case_is_refused_by_its_name(name, suffix):
    with pytest.raises(StudyError, match=f"'{name}{suffix}' is held out"):
        require_trainable(name + suffix)


def test_everything_that_measures_among_the_real_data_is_held_out(data_root):
    """Every file in ct/ but chest_ct, and every one in mr/."""
    found = {
        path.name.removesuffix(".gz").removesuffix(".nii")
        for kind in ("ct", "mr")
        for path in (data_root / kind).iterdir()
    }
    assert len(found) > 20
    assert found - {"chest_ct"} <= HELD_OUT_NAMES


def test_label_maps_that_are_learnt_from_exist_in_the_real_data(data_root):
    for name in (*TRAINING_LABEL_MAPS, *MR_LABEL_MAPS):
        assert (data_root / "anatomy" / f"{name}.nii.gz").is_file()
