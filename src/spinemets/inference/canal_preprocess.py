"""The one way in which an axial T2 becomes the input of the canal network, in training and in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SignalRange:
    """Percentiles of the signal near the canal that become -1 and 1; what is brighter is cut at `most`.

    Attributes
    ----------
    low, high : float
        Percentiles.
    most : float
        Largest input.
    """

    low: float = 1.0
    high: float = 99.0
    most: float = 1.4

    def of(self, signal: NDArray[Any]) -> tuple[float, float]:
        """The two signals."""
        low, high = np.percentile(signal, (self.low, self.high))
        return float(low), float(high)

    def scaled(self, image: Any, low: float, high: float) -> Any:
        """Input of the network, of the shape and type of `image`: numpy arrays and torch tensors alike."""
        return ((image - low) * (2.0 / max(high - low, 1e-6)) - 1.0).clip(-1.0, self.most)
