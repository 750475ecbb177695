"""MR signal beside that of the patient's own marrow, in training and in use: what lesions are told by.

The scale of an MR means nothing, and its brightest tissue, by which `SignalRange` scales it, is CSF in one sequence and
fat at the coil in another. The median over the vertebrae is healthy marrow unless most of it is ill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class MarrowScale:
    """The logarithm to base 2 of signal over that of marrow; all values are ours.

    Attributes
    ----------
    floor : float
        Share of the signal of marrow that is added to both, so that noise in what is black is none in the result.
    least, most : float
        Smallest and largest input; the smallest also stands for what no image shows.
    """

    floor: float = 0.1
    least: float = -2.0
    most: float = 3.0

    def of(self, signal: Any, marrow: float) -> Any:
        """Input of the network, of the shape and type of `signal`: numpy arrays and torch tensors alike.

        Parameters
        ----------
        signal : array or tensor
            At least 0.
        marrow : float
            That of marrow, on the same scale.
        """
        added = max(self.floor * marrow, 1e-6)
        ratio = (signal + added) / (marrow + added)
        return (np.log2(ratio) if isinstance(ratio, np.ndarray) else ratio.log2()).clip(self.least, self.most)
