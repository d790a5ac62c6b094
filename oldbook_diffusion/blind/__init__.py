"""Blind test: what people see in samples, without knowing whose they are."""
