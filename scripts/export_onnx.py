"""Export a trained network to `models/<name>/`: ONNX with its processing in the metadata, and a card.

python scripts/export_onnx.py spine runs/spine/checkpoints/recent.ckpt --command "python train.py ..."
"""

from __future__ import annotations

import argparse
from pathlib import Path

from spinemets.training.export import export_model

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="task of the network: spine, spine_mr, locator, lesion, lesion_mr or canal")
    parser.add_argument("checkpoint", type=Path, help="Lightning checkpoint (its averaged weights) or weights.pt")
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder of the models")
    parser.add_argument("--version", default="0.1.0", help="version of the model")
    parser.add_argument("--licence", default="CC-BY-SA-4.0", help="SPDX identifier of the weights' licence")
    parser.add_argument("--command", required=True, help="the command that trained it, for the card")
    options = parser.parse_args()
    difference = export_model(
        options.name, options.checkpoint, options.out, options.version, options.licence, options.command
    )
    print(f"models/{options.name} written; largest difference from torch {difference:.2g}")
