"""The card of a model of the cause of fractures, in words: what it learnt from, and what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinemets.fracture_features import BY_NAME
from spinemets.training.fracture_choice import BOOSTING, CHOSEN, NESTED
from spinemets.training.fracture_data import SIMULATED

FORM = (
    "additive: evidence = Σ a + b·z + c·max(z, 0) over what was assessed; what was not assessed adds exactly nothing "
    "and widens the interval, unless it takes CT or MR that the study does not have"
)
OUTPUT = "log-odds that each input adds, their sum with the prior's, the probability, and a 90 % interval"
FAILS = {
    True: """\
- Simulated disease is not disease: how often signs occur together, how lesions destroy cortex, and how thin bone looks
  are ours.
- Fractures of the neck are refused. T1 to T3 and L5 were not simulated; for them it extrapolates.
- It learnt under true masks: a network's outline of a destroyed body may lack what was destroyed, and its lesions are
  not all there (`verify.py fracture_networks`).
- On MR blood, tumour and oedema have the signals of a table; a model that learnt from CT alone knows none of its signs.
- Epidural tumour is not measured on CT, though it is drawn.
""",
    False: """\
- Who the patients were, how the cause of their fractures was known, and how they were scanned stands in no table: write
  it here before the model is used for anyone else.
- It was measured on patients of the same table only, never on those of another hospital or scanner.
- Studies of one patient under two names count as two patients, and make these figures too good.
- Fractures of the neck are refused, whatever the table holds.
""",
}
"""By whether all it learnt from is simulated."""


def model_card(description: Mapping[str, Any], inputs: Sequence[str], table: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of ``MODEL_CARD.md``.

    Parameters
    ----------
    description : mapping
        As in ``card.yaml``: licence, modality, training.
    inputs : sequence of str
        Columns that the model reads.
    table : mapping
        The comparison of `best_model`.
    """
    training = description["training"]
    simulated = training["cases"] == SIMULATED
    ways = len(table) - len((NESTED, BOOSTING, CHOSEN))
    licence = f"{description['licence']}; no real image is in it" if simulated else description["licence"]
    rows = {
        "task": "probability that a metastasis, and not osteoporosis, made a vertebral body collapse",
        "input": f"{len(inputs)} signs and measurements on {' and '.join(description['modality'])} (`card.yaml`), each "
        "with a flag whether it was assessed; a prior",
        "output": OUTPUT,
        "form": FORM,
        "way": f"{training['way']}: of {ways} ways the one with the least loss in five folds of studies; all evidence "
        f"multiplied by {training['factor']:g} so that probabilities fit unseen cases",
        "licence": licence,
    }
    lines = [f"| {name} | {text} |" for name, text in rows.items()]
    heading = "Learnt from and calibrated on " + ("simulated fractures only" if simulated else told(training))
    heading += "; it has met no real one." if simulated else "."
    return "\n".join(
        [
            f"# Model card: fracture\n\n**Research use only. Not a medical device. {heading}**\n\n| | |\n|---|---|",
            *lines,
            f"\n## Learnt from\n\n{_cases(training, simulated)}\n\n```\n{training['command']}\n```\n",
            _measured(table),
            f"## How it fails\n\n{FAILS[simulated]}",
        ]
    )


def told(training: Mapping[str, Any]) -> str:
    """What a table of one's own held, in words."""
    return (
        f"a table of one's own, {training['rows']} fractured vertebrae ({training['metastatic_rows']} metastatic) "
        f"of {training['studies']} studies"
    )


def modalities(inputs: Sequence[str]) -> list[str]:
    """What the inputs are measured on; those of either modality need none of them."""
    items = [BY_NAME[name].item for name in inputs]
    mr = any(item.startswith("MR") for item in items)
    ct = any(item.startswith("CT") and "MR" not in item for item in items)
    return ["CT"] * (ct or not mr) + ["MR"] * mr


def _cases(training: Mapping[str, Any], simulated: bool) -> str:
    if not simulated:
        return (
            f"{told(training).capitalize()}, written by `spinemets features`. Whether they are of real patients the "
            "table does not say. The shipped figures, which are of simulated fractures, do not hold for this model."
        )
    return (
        f"{training['train']} simulated fractures of the training seeds and {training['validation']} of the validation "
        f"seeds on CT, {training['mr_train']} and {training['mr_validation']} of the same on sagittal MR; "
        f"{training['studies']} were found by their loss of height on either; each counts on each, and where it was "
        "found on both again with what both tell, always twice: with the true lesion mask and without one "
        f"({training['rows']} rows). Signs are drawn from the published frequencies in "
        "`simulate/sign_frequencies.py`, one by one; each fracture is drawn into a parametric patient, scanned by our "
        "simulators and measured by our own code under the true vertebra masks. On MR there are T1, T2 and STIR, and "
        "each of phases, diffusion and T1 after contrast medium in half of the patients."
    )


def _measured(table: Mapping[str, Mapping[str, Any]]) -> str:
    chosen = table[CHOSEN]["name"]
    lines = []
    for name in (NESTED, BOOSTING):
        row = table[name]
        area = f"{row['auc']:.3f} ({row['auc_low']:.3f} to {row['auc_high']:.3f})"
        error = f"{row['calibration_error']:.3f} ({row['calibration_error_by_chance']:.3f})"
        lines.append(f"| {name} | {area} | {error} | {row['log_loss']:.3f} |")
    return (
        "## Measured\n\nIn five folds of studies, each told by what the other four taught, at the prior of the cases; "
        f"{table[NESTED]['cases']} rows of {table[NESTED]['studies']} studies, 95 % intervals by bootstrap over "
        "studies.\n\n"
        "| | AUC | calibration error (by chance, were every probability right) | log loss |\n|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n\n"
        f"The first row chooses the way and the factor anew without each fold. The way '{chosen}' itself, before its "
        f"evidence was multiplied, has a loss of {table[chosen]['log_loss']:.3f} in these folds, which is optimistic: "
        "they chose it. `comparison.json` of the run has all ways. Nothing else was measured of this model.\n"
    )
