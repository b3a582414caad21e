"""Inputs x_0: the kinds of data set, a file each in `kinds/`, and what they share."""
