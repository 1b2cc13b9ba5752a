"""DataFrames before they run: lineage, plan, size, joins; and checkpoints that cut a lineage."""
