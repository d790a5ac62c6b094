"""Messages of Lightning that tell a user nothing."""

import logging
import re

# of other accelerators than this one's, of services, and of what the end of a run tells anyway
NOISE = re.compile(
    r"^(GPU|TPU|HPU|IPU) available|litlogger|litmodels|`Trainer\.fit` stopped|`weights_only` was"
)
LOGGERS = (
    "lightning.pytorch.utilities.rank_zero",
    "lightning.pytorch.trainer.connectors.checkpoint_connector",
    "lightning.fabric.utilities.seed",
)


def is_told(record: logging.LogRecord) -> bool:
    """Whether a message is worth its line."""
    return NOISE.search(record.getMessage()) is None


def quiet_lightning() -> None:
    """Leave those messages out, and tell the others once."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(is_told)
    logging.getLogger("lightning").handlers.clear()  # the root has one, and would repeat it
