"""The chest CT from file to report, and beside it torch with MONAI's sliding window over the whole volume.

And an axial T2 of thirty slices, simulated, as DICOM.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from spinemets.formats.dicom_write import write_mr_series
from spinemets.simulate.axial_scan import AxialScan
from spinemets.simulate.axial_t2 import HALF_MM, axial_case
from spinemets.simulate_command import T2_TSE
from verification.real import data_root

SLICES, SEED = 30, 206_900
"""Of the axial T2."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Seconds and peak memory of both."""
    chest = data_root() / "ct" / "chest_ct.nii.gz"
    ours = assess_without_torch(chest)
    rival = _in_child("torch_window", str(chest))
    axial = assess_axial()
    print(f"spinemets assess, axial T2 of {SLICES}: {axial['seconds']:.1f} s, {axial['peak_gb']:.2f} GB")
    print(f"spinemets assess, chest CT: {ours['seconds']:.1f} s, {ours['peak_gb']:.2f} GB, stages {ours['stages']}")
    print(f"torch eager, MONAI sliding window, whole volume: {rival['seconds']:.1f} s, {rival['peak_gb']:.2f} GB")
    return {"spinemets": ours, "axial": axial, "torch": rival, "ratio": rival["seconds"] / ours["seconds"]}


def assess_axial() -> dict[str, Any]:
    """An axial T2 of `SLICES` slices of the test seed `SEED`, grade 2, from DICOM to report."""
    case = axial_case(SEED, "2", scan=AxialScan(pixel_mm=0.5, slice_mm=2 * HALF_MM[2] / SLICES))
    assert case.image.shape[2] == SLICES
    with tempfile.TemporaryDirectory() as folder:
        write_mr_series(case.image, Path(folder), patient_id=f"SIM{SEED}", seed=SEED, description="T2", **T2_TSE)
        return assess_without_torch(Path(folder))


def assess_without_torch(study: Path) -> dict[str, Any]:
    """The command as a user types it, in a process in which torch cannot be imported."""
    with tempfile.TemporaryDirectory() as folder:
        blocked = Path(folder) / "torch.py"
        blocked.write_text("raise ImportError('this environment has no torch')\n", encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": folder}
        words = [sys.executable, "-m", "spinemets", "assess", str(study), "--out", f"{folder}/out"]
        began = time.perf_counter()
        pid = os.posix_spawn(sys.executable, words, environment)
        _, status, usage = os.wait4(pid, 0)
        seconds = time.perf_counter() - began
        if status:
            raise RuntimeError(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
        report = json.loads(Path(f"{folder}/out/report.json").read_text(encoding="utf-8"))
    return {"seconds": seconds, "peak_gb": usage.ru_maxrss / 2**20, "stages": report["provenance"]["seconds"]}


def _in_child(part: str, argument: str) -> dict[str, Any]:
    words = [sys.executable, "-m", f"verification.{part}", argument]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    return json.loads(done.stdout.splitlines()[-1])
