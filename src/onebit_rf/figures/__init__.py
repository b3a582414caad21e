"""The figures: a module each, tables in, matplotlib Figure out."""
