"""The console script: what a user types, and one line on stderr when it cannot be done."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from spinemets.errors import SpinemetsError
from spinemets.features_command import features
from spinemets.rule_cli import YesNo, escc, signs, sins
from spinemets.rules.fracture_cause import DEFAULT_PRIOR

app = typer.Typer(
    name="spinemets",
    help="From a CT or MR study of the spine in a patient with cancer to vertebrae, levels and scores. "
    "Research use only; not a medical device.",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


class PainChoice(str, Enum):
    """What `--pain` takes."""

    mechanical = "mechanical"
    occasional = "occasional"
    none = "none"
    unknown = "unknown"


class MalignancyChoice(str, Enum):
    """What `--malignancy` takes."""

    known = "known"
    suspected = "suspected"
    no = "no"
    unknown = "unknown"


class BackendChoice(str, Enum):
    """Engines."""

    onnx = "onnx"
    openvino = "openvino"
    cuda = "cuda"


InputsArgument = Annotated[
    list[str],
    typer.Argument(metavar="INPUT...", help="DICOM folder or .zip, or NIfTI/MHA/NRRD files, bare or as role=file."),
]
ResponseOption = Annotated[
    YesNo, typer.Option(help="Do other signs show a partial response to treatment? A flare needs it.")
]
PriorOption = Annotated[
    float, typer.Option(min=0.001, max=0.999, help="Share of metastatic among the fractures that you ask about.")
]
MaskOption = Annotated[Path | None, typer.Option(help="Mask on the grid of the image, instead of the network's.")]


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something goes wrong.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is being done.")] = False,
) -> None:
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s", stream=sys.stderr)


@app.command()
def assess(
    inputs: InputsArgument,
    out: Annotated[Path, typer.Option(help="Folder for report.html, report.json and the masks.")],
    pain: Annotated[PainChoice, typer.Option(help="Pain as a clinician states it.")] = PainChoice.unknown,
    pain_by: Annotated[str | None, typer.Option(help="Who stated the pain, and when.")] = None,
    treated: Annotated[YesNo, typer.Option(help="Previous surgery, radiation or cement.")] = YesNo.unknown,
    malignancy: Annotated[MalignancyChoice, typer.Option(help="Is there a cancer?")] = MalignancyChoice.unknown,
    anchor: Annotated[str | None, typer.Option(help="A known level: L5@x,y,z in world mm (RAS), its middle.")] = None,
    bone_metastasis: Annotated[YesNo, typer.Option(help="Is a bone metastasis established?")] = YesNo.unknown,
    partial_response: ResponseOption = YesNo.unknown,
    fracture_prior: PriorOption = DEFAULT_PRIOR,
    vertebrae: MaskOption = None,
    subregions: MaskOption = None,
    lesions: MaskOption = None,
    cord: MaskOption = None,
    sac: MaskOption = None,
    epidural: MaskOption = None,
    canal: MaskOption = None,
    backend: Annotated[BackendChoice, typer.Option(help="Engine that runs the networks.")] = BackendChoice.onnx,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores by default.")] = None,
) -> None:
    """Read a study and write a report: vertebrae with their levels, and what can and cannot be told of them.

    Example: spinemets assess scan/ --out out --malignancy known
    """
    from spinemets.assess_command import AssessOptions, run_assess

    spine = _named(vertebrae=vertebrae, subregions=subregions, lesions=lesions)
    options = AssessOptions(
        inputs=inputs,
        out=out,
        pain=pain.value,
        pain_by=pain_by,
        treated=treated.value,
        malignancy=malignancy.value,
        anchor=anchor,
        bone_metastasis=bone_metastasis.value,
        partial_response=partial_response.value,
        fracture_prior=fracture_prior,
        masks=spine | _named(cord=cord, sac=sac, epidural=epidural, canal=canal),
        backend=backend.value,
        threads=threads,
    )
    run_assess(options)


def _named(**masks: Path | None) -> dict[str, Path]:
    """Masks that were given, by their names."""
    return {name: path for name, path in masks.items() if path is not None}


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder; one subfolder for each patient.")],
    cases: Annotated[int, typer.Option(min=1, help="Number of patients.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first patient; the next one has the next seed.")] = 200000,
    modality: Annotated[
        str,
        typer.Option(
            help="ct, mr (sagittal T1, T2, STIR), mr_full (with phases, diffusion and T1 after contrast medium as "
            "well), axial_t2 (with epidural tumour of every ESCC grade) or all: CT and MR of one patient, and an axial "
            "T2 in a frame of reference of its own, as one study."
        ),
    ] = "ct",
    dicom: Annotated[bool, typer.Option("--dicom", help="Write the images as DICOM as well.")] = False,
    field: Annotated[str, typer.Option(help="whole, chest, abdomen, lumbar, cervical or random.")] = "random",
    disease: Annotated[str, typer.Option(help="none, metastases, osteoporosis or mixed (both).")] = "none",
) -> None:
    """Make simulated patients: images, masks and the truth about them."""
    from spinemets.simulate_command import run_simulate

    run_simulate(out, cases=cases, seed=seed, modality=modality, dicom=dicom, field=field, disease=disease)


@app.command()
def evaluate(
    prediction: Annotated[Path, typer.Argument(help="Mask file, or folder of them.")],
    reference: Annotated[Path, typer.Argument(help="Mask file, or folder of files with the same names.")],
    task: Annotated[str, typer.Option(help="vertebrae or lesions.")] = "vertebrae",
    out: Annotated[Path | None, typer.Option(help="Folder for metrics.json, metrics.csv and plots.")] = None,
    labels: Annotated[str, typer.Option(help="Label numbers of the prediction: verse, totalsegmentator.")] = "verse",
    reference_labels: Annotated[str, typer.Option(help="Label numbers of the reference.")] = "verse",
    partial: Annotated[
        bool, typer.Option("--partial", help="The reference leaves out vertebrae that the image cuts.")
    ] = False,
) -> None:
    """Compare masks with references.

    Vertebrae: Dice, HD95, identification rate, level accuracy. Lesions: Dice, sensitivity, false positives, type.
    """
    import json

    from spinemets.evaluation import Settings, evaluate

    settings = Settings(prediction_labels=labels, reference_labels=reference_labels, partial_reference=partial)
    metrics = evaluate(prediction, reference, task=task, out=out, settings=settings)
    if out is None:
        typer.echo(json.dumps(metrics, indent=1))


for command in (sins, signs, features, escc):
    app.command()(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the console script; exits 2 with one line on stderr where the input is at fault."""
    words = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    run(lambda: app(args=words, standalone_mode=False), debug="--debug" in words)


def run(command: Callable[[], Any], *, debug: bool) -> None:
    """Run `command` and turn errors into an exit code and one line on stderr."""
    try:
        code = command()
    except SpinemetsError as error:
        if debug:
            raise
        _fail(str(error))
    except TyperException as error:
        _fail(error.format_message().replace("Value error, ", ""))
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped", code=130)
    except (OSError, ValueError, MemoryError) as error:
        if debug:
            raise
        _fail(f"{type(error).__name__}: {error}")
    except Exception as error:
        if debug:
            raise
        _fail(f"internal error ({type(error).__name__}: {error}); run again with --debug and report it", code=1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(sentence: str, code: int = 2) -> None:
    sys.stderr.write(" ".join(sentence.split()) + "\n")
    sys.exit(code)
