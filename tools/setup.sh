#!/bin/sh
# Makes .venv from the pinned requirement files; does nothing when they have not changed since the last time.
set -eu
cd "$(dirname "$0")/.."
inputs="requirements/bootstrap.txt requirements/dev.txt pyproject.toml tools/setup.sh"
stamp=.venv/.spark-guard-setup
wanted=$(cat $inputs | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x .venv/bin/python ]; then
    exit 0
fi

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
fi
if [ -z "$python" ]; then
    echo "setup: no Python 3.11, 3.12 or 3.13 on the PATH. Install one (apt-get install python3 python3-venv)." >&2
    exit 1
fi

begun=$(date +%s)
if ! .venv/bin/python -m pip --version > /dev/null 2>&1; then
    rm -rf .venv
    echo "setup: making .venv with $("$python" --version)"
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        echo "setup: $python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi
echo "setup: installing the pinned requirements (about 600 MB the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r requirements/bootstrap.txt
.venv/bin/uv pip install --quiet --require-hashes --python .venv/bin/python -r requirements/dev.txt
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
printf '%s' "$wanted" > "$stamp"
echo "setup: done in $(($(date +%s) - begun)) s"
