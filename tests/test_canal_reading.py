"""An axial T2 that nobody outlined, in a study with a CT: from the image to a grade, or to the reason for none."""

from dataclasses import replace

import numpy as np
import pytest
from box_vertebra import PITCH_MM, part_at
from canal_phantom import CASE, model, phantom
from oblique import centred_affine, world_of

from spinemets.anatomy import Level
from spinemets.canal_reading import NO_NETWORK, canals_of_study
from spinemets.findings import ESCC_NOT_ASSESSED, NotAssessed, Reason
from spinemets.geometry import Grid
from spinemets.inference.models import Models
from spinemets.pipeline import Clinical, examine
from spinemets.rules.escc_readings import BY_NETWORK
from spinemets.volume import Series, Study, Volume

FRAME = "1.2.3"


def ct():
    """Three vertebrae of boxes with the canal along the z axis of the world."""
    shape = (60, 60, 70)
    affine = centred_affine(shape, spacing_mm=(1.8, 1.8, 1.8), angles_deg=(0, 0, 0))
    x, y, z = np.moveaxis(world_of(Grid(shape, affine)), -1, 0)
    number = np.clip(np.round(1 - z / PITCH_MM), 0, 2)
    parts = part_at(x, y, z - (1 - number) * PITCH_MM)
    ids = np.where(parts > 0, number + Level.T10.verse_id, 0).astype(np.uint8)
    return Series("ct", Volume(np.where(ids > 0, 300, 40).astype(np.int16), affine, FRAME), name="ct"), ids


def axial(image):
    return Series("t2_axial", Volume(image.array, image.affine, FRAME), name="t2")


def reading(network):
    models = Models()
    models.__dict__.update(canal=network, spine_mr=None)
    return models


def examined(series, network, clinical=None):
    first, ids = ct()
    models = reading(network)
    masks = {"vertebrae": first.volume.with_array(ids), "lesions": first.volume.with_array(0 * ids)}
    return examine(Study((first, series)), models=models, masks=masks, clinical=clinical or Clinical())


def test_an_image_alone_is_graded_at_the_level_of_its_slice_and_says_that_a_network_outlined_it():
    image, _ = phantom(slice_mm=4.0)
    found = examined(axial(image), model())
    (site,) = found.report.escc
    assert CASE.grade == "2"
    assert site["grade"] == "2"
    assert site["level"] == "T11"
    assert BY_NETWORK in site["flags"]
    assert sum(site["distribution"].values()) == pytest.approx(1.0, abs=0.01)
    assert "2" in site["possible_grades"]
    assert [entry.name for entry in found.report.inputs if entry.used] == ["ct", "t2"]
    assert "canal" in [one["name"] for one in found.report.provenance["models"]]


def test_without_a_network_the_series_is_left_out_and_nothing_is_graded():
    image, _ = phantom()
    found = examined(axial(image), None)
    assert found.report.escc.code is Reason.NO_MODEL
    assert [entry.name for entry in found.report.inputs if not entry.used] == ["t2"]


def test_a_series_in_which_no_sac_is_found_is_left_out_with_that_reason():
    image, _ = phantom()
    blind = replace(model(), network=lambda seen: np.zeros((len(seen), 7, *seen.shape[2:]), np.float32))
    found = examined(axial(image), blind)
    assert found.report.escc == NotAssessed(Reason.OUT_OF_FIELD, "no thecal sac was found in this series")
    assert found.report.governing["escc_level"].code is Reason.OUT_OF_FIELD
    assert [entry.reason for entry in found.report.inputs if not entry.used] == [
        "no thecal sac was found in this series"
    ]


def test_a_series_that_is_not_axial_or_too_coarse_is_refused_with_its_reason():
    sagittal = Volume(np.zeros((8, 40, 40), np.float32), np.diag([4.0, 0.6, 0.6, 1.0]))
    found = examined(axial(sagittal), model())
    assert found.report.escc.code is Reason.MISSING_SEQUENCE
    assert "not_axial" in found.report.escc.detail
    far = Volume(np.zeros((40, 40, 8), np.float32), np.diag([0.6, 0.6, 7.0, 1.0]))
    assert examined(axial(far), model()).report.escc.code is Reason.RESOLUTION


def test_coarse_pixels_are_outlined_and_not_graded():
    image, _ = phantom(pixel_mm=0.9)
    (site,) = examined(axial(image), model()).report.escc
    assert site["status"] == "not_assessable"
    assert site["reason"].startswith("resolution: pixels of 0.90 mm")


def given_on(series, masks):
    given = {name: series.volume.with_array(masks[name]) for name in ("cord", "sac")}
    return given | {"epidural": series.volume.with_array(masks["tumour"])}


class Closed:
    @property
    def canal(self):
        raise AssertionError("opened")


def test_masks_that_are_given_replace_the_network_on_their_series():
    image, masks = phantom()
    series = axial(image)
    found = canals_of_study(Study((series,)), given_on(series, masks), (), Clinical(), Closed())
    assert [one.cards for one in found.results] == [()]
    assert found.section[0]["grade"] == CASE.grade
    alone = canals_of_study(Study((series,)), {}, (), Clinical(), reading(None))
    assert alone.unread == ((series, NO_NETWORK),)
    assert alone.section is alone.governing is NO_NETWORK


def test_a_mask_that_is_given_without_the_others_is_not_put_beside_those_of_a_network():
    image, masks = phantom()
    series = axial(image)
    given = {"epidural": series.volume.with_array(masks["tumour"])}
    found = canals_of_study(Study((series,)), given, (), Clinical(), reading(model()))
    reason = NotAssessed(Reason.MISSING_MASK, "ESCC needs masks of cord, sac and tumour; cord and sac not given")
    assert found.section == reason


def test_masks_on_the_grid_of_two_series_belong_to_the_axial_t2():
    image, masks = phantom()
    second = axial(image)
    first = replace(second, role="t1_gd", name="t1")
    found = canals_of_study(Study((first, second)), given_on(second, masks), (), Clinical(), Closed())
    assert found.section[0]["series"] == "t2"
    assert found.section[0]["grade"] == CASE.grade


def test_no_network_is_opened_where_there_is_no_axial_series():
    found = canals_of_study(Study((ct()[0],)), {}, (), Clinical(), Closed())
    assert found.section == ESCC_NOT_ASSESSED
