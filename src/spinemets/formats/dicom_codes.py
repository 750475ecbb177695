"""Codes that our DICOM objects carry.

SNOMED CT codes of vertebrae and tissues are those of DICOM CID 7150, 7151 and 7603.
Where neither SNOMED CT nor DICOM has a concept for us, the private coding scheme
``99SPMETS`` names it; every code of that scheme is in this file or, for a reason why
something is not assessable, is the reason itself.

99SPMETS
    ``T13``, ``L6``            transitional vertebrae
    ``THECAL_SAC``             what is inside the dura, without the cord
    ``LEVEL_PROB``             probability that the vertebra has the level stated, 0-1
    ``RUNNER_UP``              the level it has otherwise
    ``PARTLY_VISIBLE``         the vertebra is cut by the edge of the image
    ``LEVEL_AMBIGUOUS``        levels of the whole image may be shifted
    ``CENTROID_X/_Y/_Z``       centre of the mask in the frame of reference of the image,
                               LPS: towards the patient's left, back and head, mm
    ``LESION_TYPE``            what a lesion does to bone: ``LYTIC``, ``BLASTIC`` or ``MIXED``
    ``ESCC``                   epidural spinal cord compression, as a question: it may be of grade 0
    ``ESCC_SLICE``             what was measured for it in one axial slice
    ``ESCC_GRADE``             ``ESCC_0``, ``ESCC_1A``, ``ESCC_1B``, ``ESCC_1C``, ``ESCC_2``, ``ESCC_3`` (Bilsky 2010),
                               ``NOT_CLEARANCE``, ``NOT_AXIAL``, ``BELOW_CONUS`` or the reason why there is none
    ``ESCC_POSSIBLE``          a grade that the image leaves possible; there may be several
    ``ESCC_P_0`` ...           probability of each grade, 0-1
    ``ESCC_REFERENCE``         what a slice was compared with: ``ADJACENT``, ``ONE_SIDED`` or ``POPULATION``
    ``ESCC_LEVEL``             the vertebra at the height of the slice that decides
    ``SLICE``                  number of a slice along the image's own axis, from 0
    ``TUMOUR_AREA`` ...        the measures of `ESCC_MEASURES`
"""

from __future__ import annotations

from dataclasses import dataclass

from spinemets.anatomy import Level

PRIVATE_SCHEME = "99SPMETS"
"""Coding Scheme Designator of our own codes."""


@dataclass(frozen=True)
class Coded:
    """A coded concept.

    Attributes
    ----------
    value : str
        At most 16 characters, as DICOM's short code value.
    meaning : str
        For people, at most 64 characters.
    scheme : str
        ``SCT``, ``DCM``, ``LN``, ``UCUM`` or `PRIVATE_SCHEME`.
    """

    value: str
    meaning: str
    scheme: str = PRIVATE_SCHEME

    def __post_init__(self) -> None:
        if not 1 <= len(self.value) <= 16 or not 1 <= len(self.meaning) <= 64:
            raise ValueError(
                f"a code has 1 to 16 characters and its meaning 1 to 64, got '{self.value}', '{self.meaning}'"
            )


_SNOMED_OF_LEVEL = {
    "C1": "14806007",
    "C2": "39976000",
    "C3": "113205007",
    "C4": "5329002",
    "C5": "36978003",
    "C6": "36054005",
    "C7": "87391001",
    "T1": "64864005",
    "T2": "53733008",
    "T3": "1626008",
    "T4": "73071006",
    "T5": "56401006",
    "T6": "45296009",
    "T7": "62487009",
    "T8": "11068009",
    "T9": "82687006",
    "T10": "7610001",
    "T11": "12989004",
    "T12": "23215003",
    "L1": "66794005",
    "L2": "14293000",
    "L3": "36470004",
    "L4": "11994002",
    "L5": "49668003",
    "S1": "65985001",
}

ANATOMICAL_STRUCTURE = Coded("91723000", "Anatomical Structure", "SCT")
ABNORMAL_STRUCTURE = Coded("49755003", "Morphologically Abnormal Structure", "SCT")
VERTEBRA = Coded("51282000", "Vertebra", "SCT")
VERTEBRAL_BODY = Coded("3572006", "Vertebral body", "SCT")
SACRUM = Coded("54735007", "Sacrum", "SCT")
SPINE = Coded("421060004", "Spine", "SCT")
SPINAL_CORD = Coded("2748008", "Spinal cord", "SCT")
VERTEBRAL_CANAL = Coded("61853006", "Vertebral canal", "SCT")
THECAL_SAC = Coded("THECAL_SAC", "Thecal sac")
LESION = Coded("52988006", "Lesion", "SCT")
NEOPLASM = Coded("108369006", "Neoplasm", "SCT")
YES = Coded("373066001", "Yes", "SCT")
NO = Coded("373067005", "No", "SCT")
VOLUME = Coded("118565006", "Volume", "SCT")
CT_PROCEDURE = Coded("25045-6", "CT unspecified body region", "LN")
MR_PROCEDURE = Coded("25056-3", "MRI unspecified body region", "LN")
ARTIFICIAL_INTELLIGENCE = Coded("123110", "Artificial Intelligence", "DCM")
DEVICE = Coded("121007", "Device", "DCM")
COMMENT = Coded("121106", "Comment", "DCM")

MILLIMETRE = Coded("mm", "mm", "UCUM")
SQUARE_MILLIMETRE = Coded("mm2", "square millimeter", "UCUM")
MILLILITRE = Coded("ml", "milliliter", "UCUM")
NO_UNITS = Coded("1", "no units", "UCUM")

LEVEL_PROBABILITY = Coded("LEVEL_PROB", "Probability of the vertebral level")
RUNNER_UP_LEVEL = Coded("RUNNER_UP", "Second most probable vertebral level")
PARTLY_VISIBLE = Coded("PARTLY_VISIBLE", "Vertebra cut by the edge of the image")
LEVEL_AMBIGUOUS = Coded("LEVEL_AMBIGUOUS", "Vertebral levels may be shifted")
CENTROID = (
    Coded("CENTROID_X", "Centroid, towards the patient's left"),
    Coded("CENTROID_Y", "Centroid, towards the patient's back"),
    Coded("CENTROID_Z", "Centroid, towards the patient's head"),
)
LESION_TYPE = Coded("LESION_TYPE", "What the lesion does to bone")
LESION_TYPES = {name: Coded(name.upper(), f"{name.capitalize()} lesion") for name in ("lytic", "blastic", "mixed")}

ESCC = Coded("ESCC", "Epidural spinal cord compression")
ESCC_SLICE = Coded("ESCC_SLICE", "Epidural spinal cord compression, one slice")
ESCC_GRADE = Coded("ESCC_GRADE", "ESCC grade (Bilsky 2010)")
ESCC_POSSIBLE = Coded("ESCC_POSSIBLE", "ESCC grade that stays possible")
ESCC_GRADES = {grade: Coded(f"ESCC_{grade.upper()}", f"ESCC {grade}") for grade in ("0", "1a", "1b", "1c", "2", "3")}
ESCC_PROBABILITIES = {grade: Coded(f"ESCC_P_{grade.upper()}", f"Probability of ESCC {grade}") for grade in ESCC_GRADES}
NOT_CLEARANCE = Coded("NOT_CLEARANCE", "No epidural tumour found; this is not clearance")
NOT_AXIAL = Coded("NOT_AXIAL", "Not assessable: the slices are not axial to the cord")
BELOW_CONUS = Coded("BELOW_CONUS", "Not applicable below the end of the cord")
ESCC_REFERENCE = Coded("ESCC_REFERENCE", "What the slices were compared with")
ESCC_REFERENCES = {
    "adjacent": Coded("ADJACENT", "Slices above and below"),
    "one_sided": Coded("ONE_SIDED", "Slices on one side alone"),
    "population": Coded("POPULATION", "Healthy people of the level"),
}
ESCC_LEVEL = Coded("ESCC_LEVEL", "Vertebra at the height of the slice that decides")
SAC_DEFORMED = Coded("SAC_DEFORMED", "Thecal sac deformed by tumour")
SLICE = Coded("SLICE", "Number of the slice, from 0")
ESCC_MEASURES = {
    "epidural_area_mm2": (Coded("TUMOUR_AREA", "Area of epidural tumour"), SQUARE_MILLIMETRE),
    "sac_indentation_mm": (Coded("SAC_DENT", "Depth of the dent in the thecal sac"), MILLIMETRE),
    "sac_area_loss": (Coded("SAC_AREA_LOSS", "Share of the area of the thecal sac lost"), NO_UNITS),
    "cord_gap_mm": (Coded("CORD_GAP", "Gap between epidural tumour and cord"), MILLIMETRE),
    "mscc_ap": (Coded("MSCC_AP", "Share of the depth of the cord lost (MSCC)"), NO_UNITS),
    "cord_area_loss": (Coded("CORD_AREA_LOSS", "Share of the area of the cord lost"), NO_UNITS),
    "cord_shift_mm": (Coded("CORD_SHIFT", "Displacement of the cord"), MILLIMETRE),
    "csf_fraction": (Coded("CSF_FRACTION", "Share of the ring round the cord that is CSF"), NO_UNITS),
}
"""Code and unit of every measure of a slice, by its name in the report."""


def level_code(level: Level) -> Coded:
    """The concept of a level: SNOMED CT where it has one, else `PRIVATE_SCHEME`."""
    if level is Level.SACRUM:
        return SACRUM
    snomed = _SNOMED_OF_LEVEL.get(level.value)
    if snomed is None:
        return Coded(level.value, f"{level} vertebra")
    return Coded(snomed, f"{level} vertebra", "SCT")
