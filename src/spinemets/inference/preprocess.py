"""The one way in which an image becomes the input of a network, in training and in use.

It is written into the metadata of the ONNX file and into the card, and read from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CtWindow:
    """HU clipped and scaled to about -1 to 1.

    Works on numpy arrays and torch tensors alike: both have ``clip``.
    """

    low_hu: float = -1000.0
    high_hu: float = 1500.0
    centre_hu: float = 100.0
    scale_hu: float = 500.0

    def __call__(self, hu: Any) -> Any:
        """Normalised values of the same shape and type."""
        return (hu.clip(self.low_hu, self.high_hu) - self.centre_hu) / self.scale_hu


MARROW_WINDOW = CtWindow(low_hu=-100.0, high_hu=650.0, centre_hu=150.0, scale_hu=150.0)
"""The spongy bone and what replaces it (ours): spread over the range in which lesions differ from marrow, which is a
tenth of that of air to cortex."""
