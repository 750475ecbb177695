"""Pictures of a phantom whose sides are told apart by their brightness."""

import io

import numpy as np
import pytest
from PIL import Image

from spinemets.anatomy import Level
from spinemets.errors import GeometryMismatchError
from spinemets.formats.pictures import MARGIN_MM, draw_pictures
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Series, Volume

SPINE = {Level.L1: 60.0, Level.L2: 20.0}
"""World height of the middle of each body, mm; both are blocks of 40 x 30 x 26 mm round x = y = 0."""

ORIENTATIONS = {
    "RAS": np.diag([1.0, 2.0, 1.5]),
    "LPS": np.diag([-1.0, -2.0, 1.5]),
    "PIR": np.array([[0, 0, 2.0], [-1.0, 0, 0], [0, -1.5, 0]]),
    "oblique": np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]) * [1.0, 2.0, -1.5],
}


def grid(name):
    """A grid in one storage orientation that covers 150 mm around (0, 0, 40)."""
    matrix = ORIENTATIONS[name]
    shape = tuple(int(150 / mm) for mm in np.linalg.norm(matrix, axis=0))
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = [0.0, 0.0, 40.0] - matrix @ (np.array(shape) - 1) / 2
    return Volume(np.zeros(shape, dtype=np.int16), affine)


def phantom(name):
    """Two vertebrae; bone brighter on the patient's right, in front and towards the head."""
    volume = grid(name)
    x, y, z = np.moveaxis(volume.world(np.moveaxis(np.indices(volume.shape), 0, -1)), -1, 0)
    mask = np.zeros(volume.shape, dtype=np.uint8)
    for level, height_mm in SPINE.items():
        mask[(np.abs(x) < 20) & (np.abs(y) < 15) & (np.abs(z - height_mm) < 13)] = level.verse_id
    image = np.where(mask > 0, 300 + 100 * (x > 5) + 200 * (y > 5) + 400 * (z > 40), -200).astype(np.int16)
    return Series("ct", volume.with_array(image)), volume.with_array(mask)


def spine(probability=0.95, *, level_ambiguous=False):
    return Spine(
        tuple(Vertebra(level, probability, (), level is Level.L2, np.zeros(3), 30.0) for level in SPINE),
        level_ambiguous,
    )


def draw(name, drawn_spine=None):
    return draw_pictures(*phantom(name), drawn_spine or spine())


def quarter_means(picture):
    """Mean grey of the bright pixels in the left, right, top and bottom half of what is bone."""
    grey = np.asarray(Image.open(io.BytesIO(picture.png))).astype(float)
    rows, columns = np.nonzero(grey > 60)
    value = grey[rows, columns]
    left, top = columns < columns.mean(), rows < rows.mean()
    return value[left].mean(), value[~left].mean(), value[top].mean(), value[~top].mean()


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_head_is_up_front_is_left_in_sagittal_and_right_is_left_in_coronal(name):
    pictures = draw(name)
    for picture, letters in ((pictures.sagittal, "APHF"), (pictures.coronal, "RLHF")):
        left, right, top, bottom = quarter_means(picture)
        assert left > right + 5
        assert top > bottom + 20
        assert "".join(picture.letters) == letters


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_an_axial_thumbnail_has_the_patients_right_on_the_left_and_the_front_on_top(name):
    _, axial = draw(name).thumbnails[Level.L2]
    left, right, top, bottom = quarter_means(axial)
    assert left > right + 5
    assert top > bottom + 10
    assert "".join(axial.letters) == "RLAP"


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_outlines_have_the_size_of_the_body_in_millimetres(name):
    pictures = draw(name)
    for picture, width_mm in ((pictures.sagittal, 30), (pictures.coronal, 40)):
        for outline in picture.outlines:
            size_mm = np.ptp(outline.points_mm, axis=0)
            assert size_mm == pytest.approx([width_mm, 26], abs=2.1)  # a voxel is 1 x 2 x 1.5 mm


def test_a_name_stands_beside_its_vertebra_and_the_upper_one_above():
    pictures = draw("oblique")
    names = {name.text: name for name in pictures.sagittal.names}
    assert names["L2"].y_mm - names["L1"].y_mm == pytest.approx(40, abs=1.5)
    for name in pictures.sagittal.names:
        assert name.x_mm < min(edge.points_mm[:, 0].min() for edge in pictures.sagittal.outlines)
    for name in pictures.coronal.names:
        assert name.x_mm > max(edge.points_mm[:, 0].max() for edge in pictures.coronal.outlines)


def test_levels_that_are_not_certain_carry_a_question_mark():
    texts = {name.text for name in draw("RAS", spine(0.6)).sagittal.names}
    assert texts == {"L1?", "L2?"}
    assert {name.text for name in draw("RAS", spine(level_ambiguous=True)).coronal.names} == {"L1?", "L2?"}


def test_a_vertebra_cut_by_the_image_is_marked():
    assert {edge.level: edge.partly_visible for edge in draw("RAS").sagittal.outlines} == {
        Level.L1: False,
        Level.L2: True,
    }


def test_the_big_pictures_keep_a_margin_round_the_spine():
    coronal = draw("RAS").coronal
    assert coronal.width_mm == pytest.approx(40 + 2 * MARGIN_MM, abs=6)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_lesion_is_outlined_where_it_lies_in_its_vertebra_on_every_picture(name):
    series, mask = phantom(name)
    x, y, z = np.moveaxis(mask.world(np.moveaxis(np.indices(mask.shape), 0, -1)), -1, 0)
    ball = np.hypot(np.hypot(x - 4, y - 5), z - 62) < 8
    lesions = mask.with_array(np.where(ball, 1 + (y > 5), 0).astype(np.uint8))  # its front half is blastic
    pictures = draw_pictures(series, mask, spine(), lesions=lesions)
    for picture, middle_mm in (
        (pictures.sagittal, -5.0),
        (pictures.coronal, -4.0),
        (pictures.thumbnails[Level.L1][0], -5),
    ):
        edge = np.vstack([mark.points_mm for mark in picture.marks])
        (bone,) = (outline.points_mm for outline in picture.outlines if outline.level is Level.L1)
        offset = (edge.min(axis=0) + edge.max(axis=0)) / 2 - (bone.min(axis=0) + bone.max(axis=0)) / 2
        assert offset == pytest.approx([middle_mm, -2], abs=1.6)
        assert {mark.closed for mark in picture.marks} == {True}
    assert [mark.kind for mark in pictures.sagittal.marks] == ["lytic", "blastic"]
    assert pictures.shows_lesions
    assert not draw(name).shows_lesions


def test_a_mask_on_another_grid_is_refused():
    series, _ = phantom("RAS")
    _, mask = phantom("LPS")
    with pytest.raises(GeometryMismatchError, match="vertebra mask"):
        draw_pictures(series, mask, spine())
    with pytest.raises(GeometryMismatchError, match="lesion mask"):
        draw_pictures(*phantom("RAS"), spine(), lesions=mask)


def test_a_series_without_any_of_the_vertebrae_has_no_pictures():
    series, mask = phantom("RAS")
    assert draw_pictures(series, mask.with_array(np.zeros_like(mask.array)), spine()) is None
