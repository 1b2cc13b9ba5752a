# Sourced by the entrypoints: secret NAME prints the value of a secret, or says why it cannot.

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
