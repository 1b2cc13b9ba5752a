#!/bin/sh
# Airflow's database: made at the first start, never afterwards. Over TCP with the password alone.
set -eu
data=/var/lib/postgresql/data/15
. /opt/stack/secret.sh
password=$(secret postgres_password) || exit $?
if ! [ -s "$data/PG_VERSION" ]; then
    rm -rf "$data.new"
    initdb --pgdata "$data.new" --username postgres --encoding UTF8 --locale C.UTF-8 \
        --auth-local peer --auth-host scram-sha-256 > /dev/null
    {
        echo 'local all postgres peer'
        echo 'host airflow airflow all scram-sha-256'
    } > "$data.new/pg_hba.conf"
    # In single-user mode nothing listens yet, and the statement is on no command line.
    {
        printf "CREATE ROLE airflow LOGIN PASSWORD '%s'\n" "$password"
        echo 'CREATE DATABASE airflow OWNER airflow'
    } | postgres --single -D "$data.new" postgres > /dev/null
    mv "$data.new" "$data" # a first start that was cut off leaves nothing that looks finished
fi
exec postgres -D "$data" -c listen_addresses='*' -c password_encryption=scram-sha-256 \
    -c unix_socket_directories=/var/run/postgresql -c max_connections=60 -c shared_buffers=64MB \
    -c log_statement=none -c jit=off
