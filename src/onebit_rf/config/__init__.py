"""The configuration: its records, the checks across them, and what follows from them."""
