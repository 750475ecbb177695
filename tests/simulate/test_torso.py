import numpy as np
import pytest
from oblique import oblique_affine

from spinemets.anatomy import Level
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.torso import tissue_and_vertebra
from spinemets.volume import Volume, require_same_grid

NAMES = {
    1: "spleen",
    5: "liver",
    25: "sacrum",
    26: "vertebrae_S1",
    27: "vertebrae_L5",
    39: "vertebrae_T5",
    50: "vertebrae_C1",
    51: "heart",
    52: "aorta",
    79: "spinal_cord",
    92: "rib_left_1",
    116: "sternum",
    20: "colon",
    2: "kidney_right",
    23: "kidney_cyst_left",
    77: "hip_left",
    88: "iliopsoas_left",
    10: "lung_upper_lobe_left",
    53: "pulmonary_vein",
}


def labels():
    row = np.array(sorted(NAMES), np.uint8).reshape(-1, 1, 1)
    return Volume(np.concatenate([row, np.zeros((1, 1, 1), np.uint8)]), oblique_affine(), "1.2.3")


def found():
    volume = labels()
    vertebrae, tissues = tissue_and_vertebra(volume, NAMES)
    by_number = dict(zip(volume.array.ravel().tolist(), range(volume.array.size), strict=True))
    return {
        NAMES[number]: (vertebrae.array.ravel()[n], tissues.array.ravel()[n])
        for number, n in by_number.items()
        if number
    }


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("vertebrae_L5", Level.L5),
        ("vertebrae_T5", Level.T5),
        ("vertebrae_C1", Level.C1),
        ("sacrum", Level.SACRUM),
        ("vertebrae_S1", Level.SACRUM),
    ],
)
def test_vertebrae_are_bound_by_name_and_the_first_sacral_segment_is_sacrum(name, level):
    vertebra, tissue = found()[name]
    assert vertebra == level.verse_id
    assert tissue == (Tissue.SACRUM if level is Level.SACRUM else Tissue.VERTEBRAL_BODY)


@pytest.mark.parametrize(
    ("name", "tissue"),
    [
        ("spleen", Tissue.SPLEEN),
        ("liver", Tissue.LIVER),
        ("heart", Tissue.HEART),
        ("aorta", Tissue.ARTERY),
        ("pulmonary_vein", Tissue.VEIN),
        ("spinal_cord", Tissue.CORD),
        ("rib_left_1", Tissue.RIB),
        ("sternum", Tissue.STERNUM),
        ("colon", Tissue.BOWEL),
        ("kidney_right", Tissue.KIDNEY),
        ("kidney_cyst_left", Tissue.BLADDER),
        ("hip_left", Tissue.HIP),
        ("iliopsoas_left", Tissue.MUSCLE),
        ("lung_upper_lobe_left", Tissue.LUNG),
    ],
)
def test_organs_are_the_tissue_of_their_name_and_no_vertebra(name, tissue):
    assert found()[name] == (0, tissue)


def test_what_has_no_label_stays_so_and_the_grid_stays():
    volume = labels()
    for mask in tissue_and_vertebra(volume, NAMES):
        assert mask.array.ravel()[-1] == 0
        require_same_grid(volume, mask)
        assert mask.frame_of_reference == "1.2.3"


def test_a_number_without_a_name_is_refused():
    with pytest.raises(ValueError, match="class number 92 has no name in the table"):
        tissue_and_vertebra(labels(), {number: name for number, name in NAMES.items() if number != 92})


def test_a_name_without_a_tissue_is_refused():
    with pytest.raises(ValueError, match="class 'antler' has no tissue in the table"):
        tissue_and_vertebra(labels(), NAMES | {1: "antler"})


def test_every_class_of_the_real_torso_maps_has_a_tissue(data_root):
    import json

    names = {int(k): v for k, v in json.loads((data_root / "anatomy" / "torso_labels.json").read_text()).items()}
    every = np.array(sorted(number for number in names if number), np.uint8).reshape(-1, 1, 1)
    vertebrae, tissues = tissue_and_vertebra(Volume(every, np.eye(4)), names)
    assert (tissues.array > 0).all()
    assert (vertebrae.array > 0).sum() >= 25
