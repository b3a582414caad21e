"""What every job of the workflow needs around its one function."""
