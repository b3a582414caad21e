"""Inputs x_0, by kind of data set."""
