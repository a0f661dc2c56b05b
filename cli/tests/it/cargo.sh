#!/bin/sh
# Stands for cargo in the examples of the documentation: runs the program that
# the tests were built with, so that nothing is built twice.
#     cargo run [--release] --bin NAME -- ARGUMENT...
set -eu
[ "${1-}" = run ] || { echo "only 'cargo run' is an example: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
    case $1 in
    --bin) name=$2; shift 2 ;;
    --) shift; break ;;
    *) shift ;;
    esac
done
exec "$PROGRAMS/$name" "$@"
