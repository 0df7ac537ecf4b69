"""`assay match calibrate`: what the declared probabilities take in bits by stewards' labels, kept with the model."""

from __future__ import annotations

from pipelines import expectation, ledger, quality, resources, thresholds, trained
from pipelines.matching import declared
from pipelines.resources import Settings


class TooFewLabels(RuntimeError):
    """Labels calibrate nothing; the message says what to do."""


def declared_probabilities(domain: str) -> list[tuple[str, float]]:
    """Each threshold of a domain with its probability, which is what stays when labels say what it takes in bits."""
    return [(one["name"], one["probability"]) for one in declared(domain)["thresholds"]]


def calibrate(settings: Settings, domain: str, adopt: bool = False) -> list[str]:
    """Fit what bits are worth to the labels of the newest sample; with `adopt` the next build joins by it.

    Returns lines for a terminal. Raises TooFewLabels.
    """
    engine = ledger.open_ledger(settings.ledger_url)
    model = trained.in_use(engine, domain)
    if model is None:
        raise TooFewLabels(
            f"no model of {domain} is kept yet; a build of {trained.KEPT_FROM_RECORDS} records keeps one"
        )
    fitted, labels = expectation.fitted(quality.labelled(settings, domain))
    if not labels or fitted.slope <= 0:
        raise TooFewLabels(
            f"{domain} has too few labels of the model in use: {expectation.LEAST_LABELS} of both kinds, of which the "
            "surer pairs are more often the same; draw and judge a sample with `assay review --sample 200`"
        )
    before, after = thresholds.limits(engine, domain), thresholds.solved(declared(domain), fitted)
    if adopt:
        parts = {**model.parts, trained.WEIGHTS: thresholds.calibrated(model.parts[trained.WEIGHTS], fitted)}
        trained.keep(engine, domain, parts, resources.run_id(), f"assay match calibrate, {labels} labels")
    return [
        f"{domain}: what {labels} labels say that joining takes",
        *(
            f"  {name}: a probability of {p} takes {after[f'{name}_bits']:+.2f} bits, now {before[f'{name}_bits']:+.2f}"
            for name, p in declared_probabilities(domain)
        ),
        "  adopted; the next build joins by it"
        if adopt
        else "  nothing is changed; --adopt lets the next build join by it",
    ]
