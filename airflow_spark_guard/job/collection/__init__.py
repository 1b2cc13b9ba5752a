"""DataFrames in the driver's memory: samples and batches as arrays, and what is known of them."""
