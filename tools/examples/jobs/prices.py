"""A job with a fault of its user's own: one row of many has no quantity. ``prices.py ROWS``."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, udf, when

spark = SparkSession.builder.getOrCreate()


@udf("double")
def price_of_one(total, quantity):
    return total / quantity


orders = spark.range(0, int(sys.argv[1]), 1, 4).select(
    (col("id") * 1.5).alias("total"),
    when(col("id") == 70_007, 0).otherwise(col("id") % 9 + 1).alias("quantity"),
)
print(orders.groupBy("quantity").count().count(), "quantities")
prices = orders.select(price_of_one("total", "quantity").alias("price"))
prices.write.format("noop").mode("overwrite").save()
