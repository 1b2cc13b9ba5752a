# Sourced by the entrypoints of who runs Spark. Spark takes its secret from a property alone, neither from a file nor
# from the environment: so spark-defaults.conf is written when a container starts, for its user alone, on a tmpfs.
. /opt/stack/secret.sh

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
