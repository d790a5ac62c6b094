"""Base models: pretrained text-to-image models, frozen."""
