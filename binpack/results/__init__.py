"""The tidy tables: schema, Parquet, metrics."""
