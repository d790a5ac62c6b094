"""A run's folder: its files, its checkpoints, and where its time went."""
