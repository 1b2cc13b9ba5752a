#!/bin/sh
# Celery's broker. Its configuration, with the password, is written to a tmpfs, for its user alone.
set -eu
. /opt/stack/secret.sh
password=$(secret redis_password) || exit $?
umask 077
{
    echo 'bind 0.0.0.0'
    echo 'port 6379'
    echo 'dir /var/lib/redis'
    echo 'appendonly yes'
    printf 'requirepass %s\n' "$password"
} > /tmp/redis.conf
exec redis-server /tmp/redis.conf
