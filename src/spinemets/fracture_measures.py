"""The numbers behind the signs of Table 1 on CT, by the names that they have in the report."""

from __future__ import annotations

from spinemets.anatomy import Side
from spinemets.findings import Finding, NotAssessed
from spinemets.measure.body_rays import Sector
from spinemets.measure.body_view import BodyView
from spinemets.measure.core_density import core_density
from spinemets.measure.cortex import Cortex
from spinemets.measure.pedicles import Pedicles
from spinemets.measure.trabecular import Reference, Shares, Trabecular
from spinemets.rules.fracture_signs import CtFeatures


def density(view: BodyView, own: Trabecular, reference: Reference | NotAssessed) -> dict[str, Finding]:
    """Spongy bone of a body and of unaffected ones, and what the whole inside comes to beside them."""
    usual: Finding = reference if isinstance(reference, NotAssessed) else reference.mean
    ratios = {f"core_{name}": finding for name, finding in vars(core_density(view, reference)).items()}
    return {"trabecular": own.mean_hu, "trabecular_reference": usual, **ratios}


def behind_signs(
    features: CtFeatures, shell: Cortex, inside: Shares, both: Pedicles, asymmetry: Finding
) -> dict[str, Finding]:
    """What the signs of a level were read from; `asymmetry` is that of its height."""
    missing = {f"cortex_missing_{sector.value}": features.cortex_missing[sector.value] for sector in Sector}
    rings = {f"pedicle_ring_missing_{side.value}": both.ring_missing[side] for side in Side}
    return {
        **missing,
        "cortex_amount": shell.amount,
        "fracture_line_width": features.line_width,
        "lytic_share": inside.lytic,
        "blastic_share": inside.blastic,
        "lesion_lytic_share": inside.lesion_lytic,
        "lesion_blastic_share": inside.lesion_blastic,
        "cleft_volume": features.cleft_ml,
        **rings,
        "added_tissue": features.tissue_mm,
        "added_tissue_coverage": features.tissue_coverage,
        "height_asymmetry": asymmetry,
    }
