"""Lightning callbacks: everything a run does besides training."""

from oldbook_diffusion.callbacks.auto_batch_size import AutoBatchSize
from oldbook_diffusion.callbacks.checkpoint import Checkpoint
from oldbook_diffusion.callbacks.evaluate import Evaluate
from oldbook_diffusion.callbacks.export_adapter import ExportAdapter
from oldbook_diffusion.callbacks.profile_run import ProfileRun
from oldbook_diffusion.callbacks.select_checkpoint import SelectCheckpoint
from oldbook_diffusion.callbacks.show_results import ShowResults
from oldbook_diffusion.callbacks.skip_nonfinite_steps import SkipNonfiniteSteps
from oldbook_diffusion.callbacks.watch_divergence import WatchDivergence

__all__ = [
    "AutoBatchSize",
    "Checkpoint",
    "Evaluate",
    "ExportAdapter",
    "ProfileRun",
    "SelectCheckpoint",
    "ShowResults",
    "SkipNonfiniteSteps",
    "WatchDivergence",
]
