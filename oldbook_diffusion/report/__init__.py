"""`oldbook report`: one page about a run, or about several beside each other."""

from oldbook_diffusion.report.page import report

__all__ = ["report"]
