"""Measure what README and the model cards claim, on real images and on simulated test patients.

python scripts/verify.py real          real CT of $SPINEMETS_DATA that no network has seen
python scripts/verify.py mr            bodies on real MR that no network has seen
python scripts/verify.py simulated     parametric patients of the test seeds, held-out label maps, crops
python scripts/verify.py orientation   one CT as NIfTI and as DICOM in every orientation
python scripts/verify.py speed         the chest CT and an axial T2 from file to report: seconds, memory, beside torch
python scripts/verify.py measures      heights, lesion shares, angles and slips against known truth, by region and voxel
python scripts/verify.py outlines      what the network's outlines add to errors, on patients of the validation seeds
python scripts/verify.py outlines_mr   the same on sagittal MR
python scripts/verify.py lesions       lesions of diseased test patients by size and type; false ones on real CT
python scripts/verify.py lesions_mr    the same on simulated T1, T2 and STIR; what is found on real MR
python scripts/verify.py sins          SINS of diseased test patients, under true masks and end to end
python scripts/verify.py escc          grades of known deformations, with noise on the masks
python scripts/verify.py canal         the canal network: grades and masks of simulated axial T2, cords of real MR
python scripts/verify.py canal_looks   the same patients as other scanners would show them
python scripts/verify.py fracture      the cause of simulated fractures, beside the ceiling and gradient boosting
python scripts/verify.py fracture_mr   the same fractures on sagittal MR
python scripts/verify.py fracture_networks  the same fractures under the masks of the networks
python scripts/verify.py budget        seconds and memory of the measurements of a whole spine
python scripts/verify.py all

Tables go to stdout and, as JSON, to out/verify/.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from verification import (
    budget,
    canal,
    canal_looks,
    escc,
    fracture,
    fracture_mr,
    fracture_networks,
    lesions,
    lesions_mr,
    measures,
    mr,
    orientation,
    outlines,
    real,
    simulated,
    sins,
    speed,
)

PARTS = {
    "real": real.measure,
    "mr": mr.measure,
    "simulated": simulated.measure,
    "orientation": orientation.measure,
    "speed": speed.measure,
    "measures": measures.measure,
    "outlines": outlines.measure,
    "outlines_mr": outlines.measure_mr,
    "lesions": lesions.measure,
    "lesions_mr": lesions_mr.measure,
    "sins": sins.measure,
    "escc": escc.measure,
    "canal": canal.measure,
    "canal_looks": canal_looks.measure,
    "fracture": fracture.measure,
    "fracture_mr": fracture_mr.measure,
    "fracture_networks": fracture_networks.measure,
    "budget": budget.measure,
}


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=[*PARTS, "all"], nargs="?", default="all")
    parser.add_argument("--out", type=Path, default=Path("out/verify"))
    parser.add_argument("--cases", type=int, default=12, help="simulated patients")
    parser.add_argument(
        "--split", choices=["test", "validation"], default="test", help="seeds of the parts measures, sins and escc"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="processes of the parts canal, canal_looks, fracture_networks"
    )
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="folder of measured fractures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in PARTS if options.part == "all" else [options.part]:
        print(f"\n== {name}")
        result = PARTS[name](options)
        (options.out / f"{name}.json").write_text(json.dumps(result, indent=1, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
