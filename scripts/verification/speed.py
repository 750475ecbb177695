"""The chest CT from file to report, and beside it torch with MONAI's sliding window over the whole volume."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from verification.real import data_root


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Seconds and peak memory of both."""
    chest = data_root() / "ct" / "chest_ct.nii.gz"
    ours = assess_without_torch(chest)
    rival = _in_child("torch_window", str(chest))
    print(f"spinemets assess: {ours['seconds']:.1f} s, {ours['peak_gb']:.2f} GB, stages {ours['stages']}")
    print(f"torch eager, MONAI sliding window, whole volume: {rival['seconds']:.1f} s, {rival['peak_gb']:.2f} GB")
    return {"spinemets": ours, "torch": rival, "ratio": rival["seconds"] / ours["seconds"]}


def assess_without_torch(chest: Path) -> dict[str, Any]:
    """The command as a user types it, in a process in which torch cannot be imported."""
    with tempfile.TemporaryDirectory() as folder:
        blocked = Path(folder) / "torch.py"
        blocked.write_text("raise ImportError('this environment has no torch')\n", encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": folder}
        words = [sys.executable, "-m", "spinemets", "assess", str(chest), "--out", f"{folder}/out"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        began = time.perf_counter()
        subprocess.run(words, check=True, env=environment)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        report = json.loads(Path(f"{folder}/out/report.json").read_text(encoding="utf-8"))
    assert peak >= before
    return {"seconds": seconds, "peak_gb": peak / 2**20, "stages": report["provenance"]["seconds"]}


def _in_child(part: str, argument: str) -> dict[str, Any]:
    words = [sys.executable, "-m", f"verification.{part}", argument]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    return json.loads(done.stdout.splitlines()[-1])
