"""What a Spark application did, from its start to its end; drawn by ``report``, replayed by the watchdog."""
