"""What the frozen parts have computed, kept on disk for later visits and other runs."""

from oldbook_diffusion.cache.settings import Cache
from oldbook_diffusion.cache.store import Store

__all__ = ["Cache", "Store"]
