"""Who made a DICOM object, when, and the identifiers it gets."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinemets.formats.dicom_codes import PRIVATE_SCHEME, Coded
from spinemets.whole_files import write_bytes

if TYPE_CHECKING:
    from pydicom import Dataset

RESEARCH_USE_ONLY = (
    "Research use only. Not a medical device. Not for diagnosis or treatment decisions. "
    "Requires review by a qualified radiologist/spine surgeon."
)
"""The statement that heads everything we write."""

MAKER = "spinemets"

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, MAKER)


def software_version() -> str:
    """The installed version of spinemets."""
    return version("spinemets")


def uid_of(*names: object) -> str:
    """The UID, under the root 2.25 of UUIDs, that these names always give."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, '|'.join(str(name) for name in names)).int}"


@dataclass(frozen=True)
class Stamp:
    """Time and identity of what one run writes.

    Attributes
    ----------
    seed : str
        The same seed gives the same UIDs; by default a new one for every stamp.
    now : datetime
        Time of creation that the objects state.
    """

    seed: str = field(default_factory=lambda: uuid.uuid4().hex)
    now: datetime = field(default_factory=datetime.now)

    def uid(self, *names: object) -> str:
        """The UID that these names have within this run."""
        return uid_of(self.seed, *names)

    def date(self, dataset: Dataset) -> None:
        """State the time of this stamp in a series, its content and its instance."""
        day, time = self.now.strftime("%Y%m%d"), self.now.strftime("%H%M%S.%f")
        for part in ("Series", "Content", "InstanceCreation"):
            setattr(dataset, f"{part}Date", day)
            setattr(dataset, f"{part}Time", time)
        for equipment in dataset.get("ContributingEquipmentSequence", []):
            equipment.ContributionDateTime = day + time


def declare_private_scheme(dataset: Dataset) -> None:
    """Say in a dataset whose codes `PRIVATE_SCHEME` marks."""
    from pydicom import Dataset

    scheme = Dataset()
    scheme.CodingSchemeDesignator = PRIVATE_SCHEME
    scheme.CodingSchemeName = "spinemets private codes"
    scheme.CodingSchemeVersion = software_version()
    scheme.CodingSchemeResponsibleOrganization = MAKER
    dataset.CodingSchemeIdentificationSequence = [scheme]


def concept(code: Coded) -> Any:
    """A code as highdicom takes it."""
    from pydicom.sr.coding import Code

    return Code(code.value, code.scheme, code.meaning)


def save(dataset: Dataset, path: Path) -> None:
    """Write a DICOM file whole or not at all."""
    content = BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    write_bytes(path, content.getvalue())
