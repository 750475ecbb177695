import pytest

from spinemets.errors import SpinemetsError
from spinemets.rules.sins_case import answer_sins


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("T9", "must be a JSON object, got 'T9'"),
        ({"levels": "T9"}, "no key 'levels'; it takes level, pain"),
        ({"level": "X9"}, "'X9' is not a vertebral level"),
        ({"level": 9}, "level must be a name such as T9.*got 9"),
        ({"level": []}, "level is an empty list"),
        ({"level": ["T9", None]}, "level must be a name.*got None"),
        ({"pain": "severe"}, "pain must be one of mechanical, occasional, none, unknown, got 'severe'"),
        ({"pain": 3}, "pain must be one of .*got 3"),
        ({"lesion_quality": "sclerotic"}, "lesion_quality must be one of .*got 'sclerotic'"),
        ({"alignment": "kyphosis"}, "alignment must be one of .*got 'kyphosis'"),
        ({"collapse_percent": "55"}, "collapse_percent must be a number from 0 to 100, got '55'"),
        ({"collapse_percent": True}, "collapse_percent must be a number from 0 to 100, got True"),
        ({"collapse_percent": None}, "collapse_percent must be a number from 0 to 100, got None"),
        ({"collapse_percent": -1}, "collapse_percent must lie in 0 to 100, got -1"),
        ({"body_involved_percent": 101}, "body_involved_percent must lie in 0 to 100, got 101"),
        ({"collapse_percent": float("nan")}, "collapse_percent must be a number from 0 to 100, got nan"),
        ({"collapse_percent": {"low": 60, "high": 50}}, "collapse_percent: low 60 is above high 50"),
        ({"collapse_percent": {"low": 60}}, "needs both low and high"),
        ({"collapse_percent": {"low": 1, "high": 2, "mid": 1}}, "collapse_percent has no key 'mid'"),
        ({"posterolateral": ["left"]}, "posterolateral must be an object with left and right"),
        ({"posterolateral": {"links": []}}, "posterolateral has no key 'links'"),
        ({"posterolateral": {"left": "pedicle"}}, "posterolateral left must be a list, got 'pedicle'"),
        ({"posterolateral": {"left": ["lamina"]}}, "posterolateral left must be one of pedicle, facet.*got 'lamina'"),
        ({"other_posterior": ["pedicle"]}, "other_posterior must be one of spinous_process.*got 'pedicle'"),
        ({"lesions": []}, "lesions must be a list of at least one case"),
        ({"lesions": [{}], "level": "T9"}, "no key 'level'; it takes lesions"),
    ],
)
def test_a_case_that_cannot_be_taken_is_refused_by_key_and_value(case, message):
    with pytest.raises(SpinemetsError, match=message):
        answer_sins(case)


def test_a_long_value_is_shown_in_part():
    with pytest.raises(SpinemetsError, match=r"\.\.\.$"):
        answer_sins(["x" * 200])
