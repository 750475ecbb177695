"""`escc.html`: one site that was graded from masks, for reading and for print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinemets.formats.canal_pictures import CanalStrip
from spinemets.formats.html import page_environment
from spinemets.formats.report_parts import alarms, site_name
from spinemets.report import RESEARCH_USE_ONLY


def escc_page(site: Mapping[str, Any], strips: Sequence[CanalStrip]) -> str:
    """The page as text; it needs no other file, no network and no script.

    Parameters
    ----------
    site : mapping
        The answer of ``spinemets escc``.
    strips : sequence of CanalStrip
        Its axial slices.
    """
    template = page_environment().get_template("escc.html.j2")
    return template.render(
        notice=RESEARCH_USE_ONLY, alarms=alarms([site]), rows=[(site_name(site, [site]), site)], strips=strips
    )
