"""Outputs of the frozen networks, kept on disk for later epochs and other runs.

`settings` and `manage` do without PyTorch, so that `oldbook cache info` answers at once.
"""
