"""The vocabulary: pure definitions of a learning problem, each law beside its moments."""
