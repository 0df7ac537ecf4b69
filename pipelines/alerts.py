"""One readable line per thing that somebody must know: to the log, to alerts.log in Assay's home, and to a webhook.

The webhook is the reference env:ASSAY_ALERT_URL and may be missing. A line names places and ages, never personal data.
"""

from __future__ import annotations

import logging
from datetime import datetime

import httpx

from pipelines import resources
from pipelines.resources import MissingReference, Settings

WEBHOOK = "env:ASSAY_ALERT_URL"


def alert(settings: Settings, at: datetime, line: str) -> None:
    """Tell `line`; a webhook that does not answer is itself told in the log, and stops nothing."""
    text = f"{at:%Y-%m-%dT%H:%M:%SZ} {' '.join(line.split())}"
    logging.getLogger(__name__).warning(text)
    with (settings.home / "alerts.log").open("a") as log:
        log.write(f"{text}\n")
    try:
        httpx.post(resources.resolve(WEBHOOK), json={"text": text}, timeout=10).raise_for_status()
    except MissingReference:
        return
    except httpx.HTTPError as error:
        logging.getLogger(__name__).error("the alert's webhook did not take it: %s", type(error).__name__)
