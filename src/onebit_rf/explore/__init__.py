"""`onebit-rf explore`: a page on this machine where the theory is looked at, and redrawn as its sliders move."""

from onebit_rf.explore.server import make_server

__all__ = ["make_server"]
