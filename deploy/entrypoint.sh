#!/bin/sh
# Addresses with passwords come as files, so that they stand in no environment listing of the container engine:
# every secret that is named like a variable becomes one.
set -eu
for file in /run/secrets/[A-Z]*_URL /run/secrets/YIZHENG_*; do
    [ -e "$file" ] || continue
    export "$(basename "$file")=$(cat "$file")"
done
exec "$@"
