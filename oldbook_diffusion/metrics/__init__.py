"""Style and prompt fidelity, measured on embeddings.

Nothing is imported here: the report reads scores, and needs neither encoders nor torchmetrics.
"""
