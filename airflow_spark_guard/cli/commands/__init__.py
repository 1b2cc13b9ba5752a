"""The commands of ``spark-guard``, a module each: a function that typer reads."""
