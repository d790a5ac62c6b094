"""`oldbook report`: one page that shows what a run has done."""

from oldbook_diffusion.report.page import report

__all__ = ["report"]
