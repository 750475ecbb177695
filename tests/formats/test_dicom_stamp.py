from datetime import datetime

import pydicom
import pytest

from spinemets.formats.dicom_stamp import Stamp, save, uid_of


def test_a_seed_decides_the_uids():
    assert Stamp("a").uid("x", 1) == Stamp("a").uid("x", 1)
    assert len({Stamp("a").uid("x"), Stamp("b").uid("x"), Stamp("a").uid("y"), Stamp().uid("x"), Stamp().uid("x")}) == 5


def test_uids_are_valid():
    assert all(pydicom.uid.UID(uid_of("name", n)).is_valid for n in range(50))


def test_the_time_is_stated_three_times():
    dataset = pydicom.Dataset()
    Stamp("a", datetime(2026, 3, 4, 5, 6, 7)).date(dataset)
    assert (dataset.SeriesDate, dataset.ContentDate, dataset.InstanceCreationDate) == ("20260304",) * 3
    assert (dataset.SeriesTime, dataset.ContentTime, dataset.InstanceCreationTime) == ("050607.000000",) * 3


def test_the_time_of_a_contribution_is_that_of_the_stamp():
    dataset, equipment = pydicom.Dataset(), pydicom.Dataset()
    dataset.ContributingEquipmentSequence = [equipment]
    Stamp("a", datetime(2026, 3, 4, 5, 6, 7)).date(dataset)
    assert equipment.ContributionDateTime == "20260304050607.000000"


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="encoding"):
        save(pydicom.Dataset(), tmp_path / "x.dcm")
    assert list(tmp_path.iterdir()) == []
