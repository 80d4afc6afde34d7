"""Consumers and load: what makes the reading side sick."""

from workbench.findings.consumers.cold_start import COLD_START
from workbench.findings.consumers.dead_letter_cause import DEAD_LETTER_CAUSE
from workbench.findings.consumers.hot_key import HOT_KEY
from workbench.findings.consumers.hot_shard import HOT_SHARD
from workbench.findings.consumers.missed_schedule import MISSED_SCHEDULE
from workbench.findings.consumers.poison_record import POISON_RECORD
from workbench.findings.consumers.retry_storm import RETRY_STORM
from workbench.findings.consumers.throttled import THROTTLED

DETECTORS = (
    POISON_RECORD,
    RETRY_STORM,
    DEAD_LETTER_CAUSE,
    COLD_START,
    HOT_KEY,
    HOT_SHARD,
    MISSED_SCHEDULE,
    THROTTLED,
)
