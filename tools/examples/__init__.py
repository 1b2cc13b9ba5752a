"""Example reports: cases of the fault matrix on real Spark, drawn without what belongs to this machine."""
