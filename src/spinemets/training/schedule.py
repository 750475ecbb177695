"""Learning-rate schedules."""

from __future__ import annotations

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def warm_cosine(optimizer: Optimizer, *, steps: int, warmup: int = 100, floor: float = 0.02) -> LambdaLR:
    """Linear warm-up, then a cosine down to `floor` of the peak at `steps`, constant after."""

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        part = min((step - warmup) / max(steps - warmup, 1), 1.0)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * part))

    return LambdaLR(optimizer, factor)
