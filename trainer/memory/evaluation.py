"""Memory of the evaluation before and after training (scoring.py), as an upper bound."""

from __future__ import annotations

from ..config import Config
from ..scoring import LOGITS_AT_ONCE
from .job import Job


def evaluation_at_most(config: Config, job: Job) -> int:
    """Bytes that scoring may need: 0 where nothing is evaluated.

    The weights, and the logits three times: as the model gives them, in fp32, and their log-softmax. scoring.py takes at
    most LOGITS_AT_ONCE of them; how many columns the options have is not known here, training.maxLength bounds it.
    """
    if not (config.evaluation.untuned or config.evaluation.tuned):
        return 0
    numbers = config.evaluation.batch * config.training.max_length * job.shape.vocabulary
    logits = (job.width + 4 + 4) * min(LOGITS_AT_ONCE, numbers)
    return job.width * job.shape.parameters + 12 * job.adapter_parameters + logits
