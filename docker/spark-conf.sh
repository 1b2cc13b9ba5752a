# Sourced by the entrypoints. Spark takes its secret from a property alone, neither from a file nor from the
# environment: so spark-defaults.conf is written when a container starts, for its user alone, on a tmpfs.

fail() {
    printf 'stack: %s\n' "$*" >&2
    exit 78
}

secret() { # name -> its value; for a clear error where compose mounted an empty folder in its place
    file=/run/secrets/$1
    [ -f "$file" ] || fail "the secret $1 is missing. expected: the file $file. do: run 'make stack-up', which makes missing secrets, then start this service again"
    [ -r "$file" ] || fail "the secret $1 cannot be read by user $(id -u). do: chmod 0444 docker/secrets/$1 on the host (the folder keeps others out)"
    [ -s "$file" ] || fail "the secret $1 is empty. do: remove docker/secrets/$1 on the host and run 'make stack-up'"
    cat "$file"
}

write_spark_conf() {
    value=$(secret spark_auth_secret) || exit $?
    (
        umask 077
        mkdir -p "$SPARK_CONF_DIR"
        {
            cat /opt/stack/spark-defaults.conf
            printf '\nspark.driver.host=%s\nspark.authenticate.secret=%s\n' "$(hostname)" "$value"
        } > "$SPARK_CONF_DIR/spark-defaults.conf"
    )
}
