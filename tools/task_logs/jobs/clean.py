"""A function of the user's needs a package that is not installed."""

from __future__ import annotations

from pyspark.sql import SparkSession


def national(number: str) -> str:
    """Without the code of the country."""
    import phonenumbers  # noqa: PLC0415 - the import that fails

    return str(phonenumbers.parse(number).national_number)


def clean(number: str) -> str:
    """As the call centre writes it."""
    return national(number.strip())


spark = SparkSession.builder.getOrCreate()
numbers = spark.range(3).selectExpr("concat(' +49 30 ', id) AS number")
print([clean(row.number) for row in numbers.collect()])
