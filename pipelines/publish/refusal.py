"""The one error with which publish declines to go on: what is the matter, and what to do. No state has changed."""


class PublishRefused(Exception):
    """Publish will not do this. The ledger and Odoo are as they were."""

    def __init__(self, problem: str, remedy: str):
        super().__init__(f"publish: {problem}; {remedy}")
        self.problem, self.remedy = problem, remedy
