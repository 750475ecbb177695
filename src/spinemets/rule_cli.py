"""Commands that put measurements, or masks of the canal, to the published rules, without a study."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class YesNo(str, Enum):
    """A question that may stay open."""

    yes = "yes"
    no = "no"
    unknown = "unknown"


CaseArgument = Annotated[str, typer.Argument(metavar="CASE.json", help="A JSON file, or - for standard input.")]


def sins(case: CaseArgument) -> None:
    """Score spinal instability (SINS) of a case; what is not known stays open, as a range of totals.

    Keys, all optional but for what you know: level ("T9", or a list of what it may be), pain (mechanical, occasional,
    none, unknown), lesion_quality (lytic, mixed, blastic, not_assessable), alignment (subluxation, de_novo_deformity,
    deformity_age_unknown, normal, not_assessable), collapse_percent and body_involved_percent (a number or
    {"low": 45, "high": 55}), posterolateral ({"left": ["pedicle"], "right": []}), other_posterior. {"lesions": [...]}
    scores each and names the governing one.

    Example: echo '{"level": "L4", "pain": "mechanical", "collapse_percent": 55}' | spinemets sins -
    """
    from spinemets.rule_commands import run_rule

    typer.echo(run_rule("sins", case))


def signs(case: CaseArgument) -> None:
    """Say what single measurements mean: enostosis, dixon, mscc, height_loss, adc; a list of cases gives a list.

    Each answer names its threshold and its source.

    Example: echo '{"dixon": {"in_phase": 200, "out_phase": 130}}' | spinemets signs -
    """
    from spinemets.rule_commands import run_rule

    typer.echo(run_rule("signs", case))


class OtherCompression(str, Enum):
    """What else may press on the cord."""

    disc = "disc"
    bone = "bone"
    ligament = "ligament"


def escc(
    cord: Annotated[Path, typer.Option(help="Mask of the spinal cord.")],
    sac: Annotated[Path, typer.Option(help="Mask of all inside the dura; the cord is joined to it.")],
    epidural: Annotated[Path, typer.Option(help="Mask of epidural tumour; empty where there is none.")],
    t2: Annotated[Path | None, typer.Option(help="The axial T2, to confirm CSF by its signal.")] = None,
    canal: Annotated[
        Path | None, typer.Option(help="Mask of the bony canal; tumour beyond it is not epidural.")
    ] = None,
    level: Annotated[str | None, typer.Option(help="Level of the site, e.g. T7.")] = None,
    bone_metastasis: Annotated[YesNo, typer.Option(help="Is one established? Grade 0 needs it.")] = YesNo.unknown,
    other_compression: Annotated[OtherCompression | None, typer.Option(help="What else presses on the cord.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for escc.json and escc.html with pictures, instead of standard output.")
    ] = None,
) -> None:
    """Grade epidural spinal cord compression (ESCC) from masks on an axial T2, slice by slice, in millimetres.

    Pixels of at most 0.8 mm, slices at most 4 mm apart and at most 20 degrees off the cord's normal; else, or without
    tumour, the answer is 'not_assessable' with the reason, which is no clearance.

    Example: spinemets escc --cord cord.nii.gz --sac sac.nii.gz --epidural tumour.nii.gz --level T7
    """
    import json

    from spinemets.escc_command import run_escc

    answer = run_escc(
        cord,
        sac,
        epidural,
        t2=t2,
        canal=canal,
        level=level,
        bone_metastasis=bone_metastasis.value,
        other_compression=other_compression.value if other_compression else None,
        out=out,
    )
    if out is None:
        typer.echo(json.dumps(answer, indent=1))
