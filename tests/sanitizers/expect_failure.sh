#!/bin/sh
# Passes where the program's own tests pass, but the program ends with 1 for what a sanitizer has reported.
output=$("$@" 2>&1)
status=$?
printf '%s\n' "$output"
[ $status -eq 1 ] || { echo "ended with $status, not 1"; exit 1; }
printf '%s\n' "$output" | grep -q '^\[  PASSED  \] 1 test' || { echo "its own test did not pass"; exit 1; }
printf '%s\n' "$output" | grep -q '^A sanitizer has reported' || { echo "it failed for another reason"; exit 1; }
