"""Everything a run does besides learning."""

from oldbook_diffusion.callbacks.account_for_time import AccountForTime
from oldbook_diffusion.callbacks.checkpoint import Checkpoint
from oldbook_diffusion.callbacks.choose_checkpoint import ChooseCheckpoint
from oldbook_diffusion.callbacks.export_adapter import ExportAdapter
from oldbook_diffusion.callbacks.fit_batch import FitBatch
from oldbook_diffusion.callbacks.render_prompts import RenderPrompts
from oldbook_diffusion.callbacks.show_results import ShowResults
from oldbook_diffusion.callbacks.skip_bad_steps import SkipBadSteps
from oldbook_diffusion.callbacks.watch_divergence import WatchDivergence

__all__ = [
    "AccountForTime",
    "Checkpoint",
    "ChooseCheckpoint",
    "ExportAdapter",
    "FitBatch",
    "RenderPrompts",
    "ShowResults",
    "SkipBadSteps",
    "WatchDivergence",
]
