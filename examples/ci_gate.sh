#!/bin/sh
# Stop a pipeline where a dataset has an error: sh examples/ci_gate.sh FOLDER…
# Leaves found/NAME.sarif for the code host and found/NAME.xml (JUnit) for the list of tests.
# FAIL_ON=W stops at warnings too. Needs a running system: make up, or SHIRUSHI_URL.
shirushi="${PYTHON:-.venv/bin/python} -m libs.client.cli"
tries=0
until $shirushi status > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { echo "the system does not come up" >&2; exit 3; }
    sleep 1
done
status=0
for dataset in "$@"; do
    name=$(basename "$dataset")
    for format in sarif junit; do
        file="found/$name.$(echo $format | sed s/junit/xml/)"
        $shirushi validate "$dataset" --fail-on "${FAIL_ON:-E}" --format $format --output "$file" || status=1
    done
done
exit $status
