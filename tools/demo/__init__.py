"""The example DAG on real flights and real Spark, start to end."""
