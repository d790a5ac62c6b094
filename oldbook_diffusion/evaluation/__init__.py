"""Evaluation of a run: what is sampled, what it is compared with, and its scores."""
