#!/bin/sh
# One of Spark's daemons in the foreground: master, worker, history, connect. Anything else runs as a command.
set -eu
. /opt/stack/spark-conf.sh
write_spark_conf

daemon() { # class arguments...
    exec "$SPARK_HOME/bin/spark-class" "$@"
}

case ${1:-} in
    master)
        daemon org.apache.spark.deploy.master.Master --host "$(hostname)" --port 7077 --webui-port 8080
        ;;
    worker)
        daemon org.apache.spark.deploy.worker.Worker --host "$(hostname)" --port 7078 --webui-port 8081 \
            --cores "${SPARK_WORKER_CORES:?}" --memory "${SPARK_WORKER_MEMORY:?}" --work-dir /opt/spark/work \
            spark://spark-master:7077
        ;;
    history)
        daemon org.apache.spark.deploy.history.HistoryServer
        ;;
    connect)
        # spark-submit reads spark-defaults.conf: the secret is on no command line.
        exec "$SPARK_HOME/bin/spark-submit" --class org.apache.spark.sql.connect.service.SparkConnectServer \
            --name "Spark Connect" spark-internal
        ;;
    '')
        fail "no service is named. expected: master, worker, history, connect, or a command"
        ;;
    *)
        exec "$@"
        ;;
esac
