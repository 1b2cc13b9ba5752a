#!/bin/sh
# Celery's broker. The password is read from standard input: on no command line, in no file.
set -eu
file=/run/secrets/redis_password
if ! [ -s "$file" ] || ! [ -r "$file" ]; then
    echo "stack: the secret redis_password is missing, empty or unreadable. do: run 'make stack-up', which makes missing secrets" >&2
    exit 78
fi
{
    echo 'bind 0.0.0.0'
    echo 'port 6379'
    echo 'dir /var/lib/redis'
    echo 'appendonly yes'
    printf 'requirepass %s\n' "$(cat "$file")"
} | exec redis-server -
