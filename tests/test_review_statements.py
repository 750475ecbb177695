"""What the review states of treatment stands in the report only where its premises are established."""

import numpy as np
import pytest
from test_vertebra_assessment import scene

from spinemets.anatomy import LesionLabel, Level
from spinemets.pipeline import examine
from spinemets.series_assessment import Clinical
from spinemets.volume import Series, Study


@pytest.fixture(scope="module")
def unstable():
    """L2, crushed to 0.4 of its height, its body and both pedicles destroyed."""
    balls = [((x, 10.0, 3.0), 12.0, LesionLabel.LYTIC) for x in (-14.0, 14.0)]
    vertebrae, parts, lesions = scene(squeezed=(Level.L2, 0.4), balls=balls)
    image = vertebrae.with_array(np.where(vertebrae.array > 0, 150.0, -80.0).astype(np.float32))
    return Study((Series("ct", image),)), {"vertebrae": vertebrae, "subregions": parts, "lesions": lesions}


def test_an_unstable_spine_in_a_known_malignancy(unstable):
    study, masks = unstable
    report = examine(study, masks=masks, clinical=Clinical(pain="mechanical", malignancy="known")).report
    level = next(one for one in report.vertebrae if one.level is Level.L2)
    assert level.sins["possible_categories"] == ["unstable"]
    found = [statement.text for statement in report.review_statements]
    assert any("13 to 18 warrants urgent surgical intervention" in text for text in found)
    assert not any("radiation" in text or "decompression" in text for text in found)  # no axial T2, so no grade


@pytest.mark.parametrize("malignancy", ["unknown", "no"])
def test_nothing_is_stated_without_a_malignancy(unstable, malignancy):
    study, masks = unstable
    report = examine(study, masks=masks, clinical=Clinical(pain="mechanical", malignancy=malignancy)).report
    assert report.review_statements == ()


def test_nothing_is_stated_without_lesions(unstable):
    study, masks = unstable
    given = {name: mask for name, mask in masks.items() if name != "lesions"}
    assert examine(study, masks=given, clinical=Clinical(malignancy="known")).report.review_statements == ()
