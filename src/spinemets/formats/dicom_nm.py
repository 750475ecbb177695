"""Where the slices of a reconstructed SPECT lie, which its frames do not say one by one.

DICOM PS3.3: the Detector Information Sequence holds the orientation, and the position of the first frame (C.8.4.11);
the Slice Vector the number of the slice in each frame; Spacing Between Slices their distance along the normal, rows by
columns, and its sign the way in which they are stacked: positive behind the first slice, where the normal points,
negative in front of it (C.8.4.15).
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from spinemets.errors import StudyError
from spinemets.formats.dicom_attributes import Attributes


def nm_frames(header: Dataset, count: int) -> list[Attributes]:
    """Attributes of each of `count` frames, with orientation and position.

    Raises
    ------
    StudyError
        If the file does not say where its slices lie, or holds several images of one slice.
    """
    items = header.get("DetectorInformationSequence") or []
    detector = Attributes(*items[:1])
    position = detector.numbers("ImagePositionPatient", 3)
    cosines = detector.numbers("ImageOrientationPatient", 6)
    spacing_mm = Attributes(header).number("SpacingBetweenSlices")
    numbers = Attributes(header).numbers("SliceVector", count)
    if position is None or cosines is None or not spacing_mm or numbers is None:
        raise StudyError("the SPECT does not say where its slices lie: detector, slice vector or spacing is missing")
    if len(set(numbers)) < count:
        raise StudyError("the SPECT holds several images of one slice, such as energy windows; send one reconstruction")
    normal = np.cross(cosines[:3], cosines[3:])
    frames = []
    for number in numbers:
        place = Dataset()
        place.ImageOrientationPatient = list(cosines)
        place.ImagePositionPatient = list(np.array(position) + (number - numbers[0]) * spacing_mm * normal)
        frames.append(Attributes(place, header))
    return frames
