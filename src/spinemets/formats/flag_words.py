"""What a flag of the report tells its reader: a sentence for every one that the code can raise."""

from __future__ import annotations

from spinemets.anatomy import PRESACRAL_LEVELS
from spinemets.measure.region_labels import RegionLabel

_PARTS = (label.report_name for label in RegionLabel)
FLAG_WORDS = {
    "levels_from_mask": "levels are as the mask names them: nobody checked the count",
    "levels_by_anchor": "levels counted from the point that was given",
    "levels_by_sacrum": "levels counted from the sacrum",
    "levels_by_first_rib": "levels counted from the first vertebra with ribs",
    "levels_by_last_rib": "levels counted from the last vertebra with ribs",
    "levels_by_rib_cage": "levels counted by all twelve vertebrae with ribs",
    "levels_by_upper_end": "levels counted from the upper end of the spine",
    "no_level_landmark": "no landmark in the image fixes the count of the levels",
    "highest_piece_doubtful": "what is named the first vertebra may be skull: if so, every level below it is one off",
    "level_passed_over": "a level is left out of the row: its vertebra is destroyed, was not told apart, or is not"
    " there and the levels on one side of it are one off",
    "gap_between_neighbours": "two vertebrae named one after the other are so far apart that one more may lie between"
    " them: if so, the levels on one side of it are one off",
    "part_of_spine_left_out": "bone that looks like more of the spine lies beyond a gap, or out of line, and was left"
    " out: look at the image above and below what is outlined",
    "more_pieces_than_levels": "more pieces look like vertebrae than a spine has levels; the smallest were left out",
    "pain_source_not_stated": "who stated the pain is not known",
    "vertebrae_outlined_by_network": "measured on a network's outlines of vertebrae",
    "lesions_by_network": "lesions found by a network",
    "lesions_without_t1": "lesions were looked for without a T1, on which they are dark in bright marrow",
    "lesions_without_t2": "lesions were looked for without a T2",
    "lesions_drawn_on_another_series": "lesions are as drawn on another series in the same coordinates: no HU of them",
    "lesions_beyond_image": "a part of the lesion mask lies outside the image that vertebrae are outlined on",
    "regions_by_canal_partition": "parts of vertebrae told by the canal, without a mask of them",
    "diffuse_marrow_disease_suspected": "marrow dark on T1 at all levels",
    "diffuse_marrow_disease_not_checked": "whether all marrow is diseased could not be checked on T1",
    "fractures_not_excluded_from_reference": "marrow or bone is compared with bodies whose loss of height is not known:"
    " fractured ones may be among them",
    "pet_taken_as_suv": "the file does not say that the PET is in SUV",
    "same_coordinates_assumed": "the files do not say that their series lie in the same coordinates",
    "collapse_at_threshold": "the loss of height is too close to half to tell its points",
    "collapse_by_value": "by its interval the loss of height may be a collapse or none: its value decides",
    "lesion_label_contradicts_ct": "the mask calls lesions lytic where the CT shows much dense bone, or blastic"
    " where much is thinned: what they do to bone is left open",
    "body_involvement_at_threshold": "the share of the body in lesions is too close to half to tell its points",
    "level_not_defined": "the score defines no location for this level",
    "supine": "lying down hides deformity: alignment may be worse when upright",
    "slip_on_network_outlines": "a slip over its limit on a network's outlines, which may be their error: left open",
    "slip_at_threshold": "the interval of a slip crosses its limit",
    "angle_at_threshold": "the interval of an angle crosses its limit; unless it reaches far beyond, its value decides",
    "unit_told_by_size": "the unit was told by the size of the number",
    "single_slice": "seen in one slice alone, to be confirmed in a neighbouring or sagittal one",
    "displacement_without_deformation": "the cord is displaced and not flattened: others may not call it compressed",
    "non_tumour_compression": "somebody stated that disc, bone or ligament compresses as well",
    "half_pixel_changes_grade": "half a pixel more or less at an edge would make another grade of it",
    "no_csf_without_compression": "no CSF round a cord that is not flattened: may be anything from 1c to 3",
    "canal_outlined_by_network": "outlines of cord, sac and tumour by a network that learnt on simulated images",
    "tumour_in_some_readings": "some readings of the image show tumour: this is not clearance",
    "cord_or_roots": "what lies in the sac beside the tumour may be the cord or, below its end, roots",
    "cord_below_conus": "a cord is outlined below L3, where none runs: the level or the mask is wrong",
    "cord_not_seen": "the cord is not seen beside the tumour: that it is compressed is not excluded",
    "readings_not_all_usable": "some readings of the image could not be graded",
    "site_level_ambiguous": "the numbering that names this level is ambiguous",
    "one_sided_reference": "compared with slices on one side of the tumour alone",
    "grade_open_by_taper": "cord and sac change along the canal by themselves, which leaves another grade possible",
    "duplicate_slices_dropped": "slices that were there twice were taken once",
    "gantry_tilt": "slices are sheared, as with a tilted gantry",
    "lossy_compression": "the images were compressed with loss",
    "fat_suppressed": "fat is suppressed",
    "suv_not_known": "the values of the PET are no SUV",
    "monochrome1_inverted": "stored with bright and dark exchanged, and put right",
    "sform_qform_disagree": "the file places its image in two ways, of which the sform was taken",
} | {
    f"{part}_at_threshold": f"the share of the {part.replace('_', ' ')} in lesions is too close to its limit"
    for part in _PARTS
}
"""By the flag's name in ``report.json``."""
FLAG_WORDS |= {
    f"{level}_in_far_pieces": f"the mask of {level} is in pieces far apart, each where that vertebra has a part: as"
    " where its arch is destroyed"
    for level in PRESACRAL_LEVELS
}
