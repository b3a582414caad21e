"""Every table of the project: schemas, and Parquet files with provenance."""
