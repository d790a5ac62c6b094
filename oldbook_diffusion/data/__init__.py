"""Captioned illustrations, streamed, split, cropped and batched."""

from oldbook_diffusion.data.illustrations import Illustrations

__all__ = ["Illustrations"]
