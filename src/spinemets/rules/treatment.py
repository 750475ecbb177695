"""What the review states on treatment, where all that it rests on is established.

Montoya-Bordón 2023, Rev Esp Cir Ortop Traumatol 67:S511-S522, l.445-448, 461-464, 492-498, 575-578, 650-655. Statements
of a paper, never advice: what is not known of a patient is named, and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LOW, HIGH = ("0", "1a", "1b", "1c"), ("2", "3")


@dataclass(frozen=True)
class Statement:
    """A sentence of the review.

    Attributes
    ----------
    text : str
        Begins with "the review states".
    lines : str
        Where it stands in the review's text.
    not_known : tuple of str
        What it depends on besides and an image does not show.
    """

    text: str
    lines: str
    not_known: tuple[str, ...] = ()


def statements(sins_categories: Sequence[str] | None, escc_grades: Sequence[str] | None) -> tuple[Statement, ...]:
    """What applies to a patient whose scores lie within the given sets.

    Parameters
    ----------
    sins_categories : sequence of str or None
        Categories that are possible, ``stable``, ``potentially_unstable``, ``unstable``; None where there is no
        score.
    escc_grades : sequence of str or None
        Grades that are possible; None where ESCC was not graded.
    """
    found = []
    category = _only(sins_categories)
    if category == "unstable":
        found.append(
            Statement("the review states that a SINS of 13 to 18 warrants urgent surgical intervention", "461-464")
        )
    if category is not None and category != "stable":
        found.append(
            Statement("the review states that a SINS of 7 or more indicates surgical consultation", "462-464, 575-578")
        )
        text = "the review states that instability is an indication for stabilisation or cement, whatever the neurology"
        found.append(Statement(text, "445-448"))
    grades = set(escc_grades or ())
    if grades and category == "stable" and grades <= set(LOW):
        text = "the review states that radiation is considered first in a stable spine with ESCC 0 to 1c"
        found.append(Statement(text, "492-498", ("radiosensitivity",)))
    if grades and grades <= set(HIGH):
        text = "the review states that ESCC 2 and 3 require surgical decompression first"
        missing = ("whether the tumour is very radiosensitive", "whether the patient tolerates surgery")
        found.append(Statement(text, "492-498", missing))
    if grades == {"0"}:
        text = "the review states that pain without epidural extension is the main indication of cementoplasty"
        found.append(Statement(text, "650-655", ("pain",)))
    return tuple(found)


def _only(values: Sequence[str] | None) -> str | None:
    return next(iter(values)) if values is not None and len(set(values)) == 1 else None
