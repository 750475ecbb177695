import numpy as np
import pytest
from dicom_phantom import GRIDS, SHAPE, ct, every_grid

from spinemets.errors import StudyError
from spinemets.formats.dicom_planes import Planes, lps
from spinemets.volume import Volume


def test_lps_turns_right_and_front_over_and_leaves_the_head():
    assert lps(np.array([1.0, 2.0, 3.0])).tolist() == [-1.0, -2.0, 3.0]


def test_the_usual_supine_axial_slice_has_the_identity_as_orientation():
    planes = Planes.of(ct(GRIDS["axial head first"]))
    assert planes.image_orientation.tolist() == pytest.approx([1, 0, 0, 0, 1, 0])
    assert planes.pixel_spacing_mm.tolist() == pytest.approx([0.9, 0.7])  # rows first
    assert planes.positions_mm[0].tolist() == [-31.0, 17.0, 405.5]
    assert planes.positions_mm[2].tolist() == [-31.0, 17.0, 410.5]


@every_grid
def test_the_formula_of_the_standard_finds_every_voxel(affine):
    volume = ct(affine)
    planes = Planes.of(volume)
    column, row, k = 12, 3, 5
    row_spacing, column_spacing = planes.pixel_spacing_mm
    along_row, along_column = planes.image_orientation[:3], planes.image_orientation[3:]
    point = planes.positions_mm[k] + along_row * column_spacing * column + along_column * row_spacing * row
    assert (point * [-1, -1, 1]).tolist() == pytest.approx(volume.world([column, row, k]).tolist())


def test_the_spacing_of_leaning_slices_is_measured_along_their_normal():
    assert Planes.of(ct(GRIDS["gantry tilt"])).slice_spacing_mm == pytest.approx(2.5)


def test_rows_and_columns_that_are_not_perpendicular_are_refused():
    affine = np.eye(4)
    affine[0, 1] = 0.5
    with pytest.raises(StudyError, match=r"cosine of 0\.447"):
        Planes.of(Volume(np.zeros(SHAPE), affine))
