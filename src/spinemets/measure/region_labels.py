"""Parts of a vertebra as they are measured and reported; sides are the patient's."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class RegionLabel(IntEnum):
    """Part of a vertebra that a voxel belongs to."""

    BODY = 1
    PEDICLE_LEFT = 2
    PEDICLE_RIGHT = 3
    FACET_LEFT = 4
    FACET_RIGHT = 5
    COSTOVERTEBRAL_LEFT = 6
    COSTOVERTEBRAL_RIGHT = 7
    LAMINA_LEFT = 8
    LAMINA_RIGHT = 9
    TRANSVERSE_LEFT = 10
    TRANSVERSE_RIGHT = 11
    SPINOUS = 12

    @property
    def report_name(self) -> str:
        """The name in ``report.json``, e.g. ``costovertebral_joint_left``."""
        return _REPORT_NAME.get(self, self.name.lower())


_REPORT_NAME = {
    RegionLabel.COSTOVERTEBRAL_LEFT: "costovertebral_joint_left",
    RegionLabel.COSTOVERTEBRAL_RIGHT: "costovertebral_joint_right",
    RegionLabel.TRANSVERSE_LEFT: "transverse_process_left",
    RegionLabel.TRANSVERSE_RIGHT: "transverse_process_right",
    RegionLabel.SPINOUS: "spinous_process",
}

IN_BODY = (RegionLabel.BODY, RegionLabel.COSTOVERTEBRAL_LEFT, RegionLabel.COSTOVERTEBRAL_RIGHT)
"""Labels that make up the vertebral body: a rib's joint is a corner of it."""
_IS_IN_BODY = np.isin(np.arange(256), IN_BODY)


def in_body(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which voxels of an array of `RegionLabel` belong to a vertebral body, faster than `numpy.isin`."""
    return _IS_IN_BODY[labels]
