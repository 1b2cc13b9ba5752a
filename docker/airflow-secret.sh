#!/bin/sh
# Airflow asks for a secret by a command (the *_cmd options of airflow.cfg): airflow-secret.sh NAME
set -eu
. /opt/stack/secret.sh

database() { # the scheme differs between Airflow and Celery
    password=$(secret postgres_password) || exit $?
    printf '%s://airflow:%s@postgres:5432/airflow' "$1" "$password"
}

case ${1:-} in
    database) database postgresql+psycopg2 ;;
    celery-results) database db+postgresql+psycopg2 ;;
    celery-broker)
        password=$(secret redis_password) || exit $?
        printf 'redis://:%s@redis:6379/0' "$password"
        ;;
    *)
        value=$(secret "${1:?}") || exit $? # a pipe would lose the exit code, and Airflow take nothing for a secret
        printf '%s' "$value"
        ;;
esac
