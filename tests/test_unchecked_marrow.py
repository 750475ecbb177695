"""Without T1 nobody can tell whether all marrow is diseased: the report says so, and only then."""

from test_study_signs import marrow_study, signs_at

from spinemets.anatomy import Level
from spinemets.volume import Study

NOT_CHECKED = "Whether all marrow is diseased was not checked"


def test_ct_alone_says_that_disease_of_all_marrow_was_not_checked_and_compares_all_the_same(tmp_path):
    study, masks = marrow_study()
    found, document, page = signs_at(Level.L2, Study(study.series[:1]), masks, tmp_path)
    assert document["provenance"]["flags"].count("diffuse_marrow_disease_not_checked") == 1
    assert found["diffuse_marrow_disease"]["not_assessable"] == "missing_sequence"
    assert NOT_CHECKED in page
    assert found["lytic_share"]["value"] > 0


def test_disease_of_all_marrow_that_was_checked_is_not_called_unchecked(tmp_path):
    _, document, page = signs_at(Level.L2, *marrow_study(), tmp_path)
    assert "diffuse_marrow_disease_not_checked" not in document["provenance"]["flags"]
    assert NOT_CHECKED not in page
