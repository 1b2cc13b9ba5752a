#!/bin/sh
# One of Airflow's components in the foreground, as 'airflow COMMAND' names it; or init; or any command.
set -eu
. /opt/stack/spark-conf.sh

case ${1:-} in
    init)
        airflow db migrate
        python /opt/stack/connections.py > /tmp/connections.json
        # What stands in the database already stays as it is: it may have been changed on Airflow's page.
        exec airflow connections import /tmp/connections.json
        ;;
    api-server)
        # Airflow opens this file for writing; nobody else's container has it.
        value=$(secret airflow_admin_password) || exit $?
        (umask 077 && printf '{"admin": "%s"}\n' "$value" > /tmp/passwords.json)
        exec airflow "$@"
        ;;
    scheduler | celery)
        write_spark_conf # drivers run here
        exec airflow "$@"
        ;;
    dag-processor | triggerer)
        exec airflow "$@"
        ;;
    '')
        fail "no component is named. expected: init, api-server, scheduler, dag-processor, triggerer, celery worker, or a command"
        ;;
    *)
        exec "$@"
        ;;
esac
