# How a run of tests/run goes on, is reported, and ends. Knows nothing of what is tested.
# shellcheck shell=bash disable=SC2034,SC2154

scratch=$(mktemp -d)
export TMPDIR=$scratch
running=
report=()
skipped=()
failures=()
failed=0
cold="what earlier runs had built"
[ -e "${CARGO_TARGET_DIR:-target}/debug" ] || cold="nothing built yet"

# Whoever does not look at a terminal may see no more than the end. So what is said is kept until then, too.
said=
if [ ! -t 1 ]; then
  said=$scratch/said
  exec > >(tee "$said") 2>&1
fi

# Stops what was started, however this ends. Other files add what they have to stop.
at_the_end=()
finish() {
  local undo
  if [ -n "$running" ]; then
    kill "$running" 2>/dev/null
    wait "$running"
  fi
  for undo in "${at_the_end[@]}"; do
    "$undo"
  done
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# bounded SECONDS COMMAND…: `timeout` has a process group of its own and ends all of it.
bounded() {
  local status
  timeout --kill-after=10 "$1" "${@:2}" &
  running=$!
  wait "$running"
  status=$?
  running=
  return "$status"
}

# step TITLE COMMAND…: goes on after a failure, so that one run tells all there is to tell.
step() {
  local start=$SECONDS outcome=ok
  printf '\n=== %s\n' "$1"
  "${@:2}" || outcome=FAILED
  [ "$outcome" = ok ] || failed=1
  report+=("$(printf '%-6s %4d s  %s' "$outcome" $((SECONDS - start)) "$1")")
  [ "$outcome" = ok ] || failures+=("$1")
  [ "$outcome" = ok ]
}

# need WHAT CHECK: whether the next steps can be taken. CHECK prints what is missing if they cannot.
need() {
  local missing
  missing=$("$2") && return
  skipped+=("$1: $missing")
  return 1
}

# said_last TITLE: the last lines of that step, once more.
said_last() {
  printf '\n=== the last lines of: %s\n' "$1"
  awk -v title="=== $1" '/^=== / { inside = $0 == title } inside' "$said" | tail -n 40
}

# With CI=true nothing may be skipped.
conclude() {
  local what
  [ -z "$said" ] || for what in "${failures[@]}"; do said_last "$what"; done
  printf '\n=== what ran, in %d s, beginning with %s\n' "$SECONDS" "$cold"
  printf '%s\n' "${report[@]}"
  for what in "${skipped[@]}"; do
    echo "skipped        $what"
    [ "${CI:-}" = true ] && failed=1
  done
  [ "$failed" -eq 0 ] && echo "All is well." || echo "Not all is well."
  exit "$failed"
}
