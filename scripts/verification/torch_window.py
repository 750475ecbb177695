"""The spine network in torch eager mode over a whole CT: python -m verification.torch_window CT."""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
import torch
from monai.inferers import sliding_window_inference

from spinemets.formats.study import read_study
from spinemets.geometry import covering_grid, resample
from spinemets.inference.card import load_card
from spinemets.training.export import task_network


def main(path: str) -> None:
    """Print seconds and peak memory as JSON."""
    began = time.perf_counter()
    card = load_card("spine")
    net = task_network("spine")
    # Untrained weights: only the time is wanted, and it does not depend on them.
    net.eval()
    image = read_study(path).series[0].volume
    values = card.window(resample(image, covering_grid(image, card.spacing_mm), fill=-1024.0)).astype(np.float32)
    with torch.inference_mode():
        sliding_window_inference(torch.from_numpy(values)[None, None], card.patch_size, 1, net, overlap=0.35)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "peak_gb": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
