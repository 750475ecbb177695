"""Whether the ADC of a lesion rose by more than its measurement repeats: a sign of response to treatment.

The review (Montoya-Bordón 2023, l.399-403): treatment reduces the cells of a lesion, and its ADC increases. The limit
is the coefficient of reproducibility of ADC in bone marrow: Messiou C et al. Optimising diffusion weighted MRI for
imaging metastatic and myeloma bone disease and assessing reproducibility. Eur Radiol 2011;21(8):1713-1718. A rise by
itself is no proof of response, and a fall none against it: marrow that heals to fat or to bone has a low ADC.
"""

from __future__ import annotations

from spinemets.findings import Finding
from spinemets.rules.presence import Sign, more_than

SOURCE = "the review, l.399-403; beyond 14.8 %, the coefficient of reproducibility of Messiou 2011, Eur Radiol 21:1713"
REPEATS_WITHIN = 0.148
"""Two measurements of one marrow differ by no more than this share, in 95 of 100 pairs."""


def adc_rise(change: Finding) -> Sign:
    """Whether an ADC rose beyond what its measurement repeats."""
    return more_than(change, REPEATS_WITHIN)
