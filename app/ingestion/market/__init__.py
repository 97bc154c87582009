"""The simulated market's Parquet files into the app's tables, labelled synthetic."""
