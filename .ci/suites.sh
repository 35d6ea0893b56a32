# Functions for .ci/run and .ci/long: they run suites one after the other or in the background, each
# with a time limit, and count them. Sourced by bash in the root of the project.

artifacts=.ci/artifacts
rm -rf "$artifacts"
mkdir -p "$artifacts/logs"
# All programs of the suites inherit this, which identifies those that are left running.
export SLIPWAY_CI_RUN=$$

passed=0
failed=0
summary=()
failures=()
declare -A background

took() { # title status seconds cpu-seconds
  local verdict=passed
  if (($2 == 0)); then
    passed=$((passed + 1))
  else
    verdict=FAILED failed=$((failed + 1))
    failures+=("$1")
  fi
  summary+=("$(printf '%-8s%5.0f s  (CPU %4.0f s)  %s' "$verdict" "$3" "$4" "$1")")
  printf '=== %s: %s after %.0f s\n' "$1" "$verdict" "$3"
}

# Runs a command or function with a time limit, and writes its status, its seconds and its CPU seconds
# to a file.
timed() { # file limit-in-seconds command...
  local file=$1 limit=$2 status=0 TIMEFORMAT='%R %U %S'
  shift 2
  if declare -F "$1" >/dev/null; then
    export -f "$1"
    set -- bash -c '"$@"' bash "$@"
  fi
  # In the background, since a signal interrupts only `wait`.
  { time { timeout --kill-after=30 "$limit" "$@" </dev/null 2>&3 & wait $! || status=$?; }; } \
    3>&2 2>"$file"
  awk -v status="$status" '{ print status, $1, $2 + $3 }' "$file" >"$file.new"
  mv "$file.new" "$file"
}

file_of() { echo "$artifacts/logs/${1//[^A-Za-z0-9]/-}"; }

# Runs a suite, and keeps what it prints. A pipe would wait for what the suite left running, too.
suite() { # title limit-in-seconds command...
  local file tested
  file=$(file_of "$1")
  printf '\n=== %s: %s\n' "$1" "${*:3}"
  : >"$file.log"
  timed "$file.time" "${@:2}" >>"$file.log" 2>&1 &
  tested=$!
  tail --lines=+1 --follow --sleep-interval=0.2 --pid="$tested" "$file.log" &
  wait "$tested" "$!"
  took "$1" $(<"$file.time")
}

# Starts a suite in the background. `finish` waits for it and prints its output.
begin() { # title limit-in-seconds command...
  local file
  file=$(file_of "$1")
  echo "=== $1: started: ${*:3}"
  timed "$file.time" "${@:2}" >"$file.log" 2>&1 &
  background[$1]=$!
}

finish() { # title
  local file start=$SECONDS
  file=$(file_of "$1")
  printf '\n=== %s\n' "$1"
  wait "${background[$1]}"
  cat "$file.log"
  echo "waited for it for $((SECONDS - start)) s"
  took "$1" $(<"$file.time")
}

# Runs a project of vitest.config.ts, or some of its files.
live() { npx vitest run --project "$@"; }

# Runs a command while other processes compete for all processors.
beside_stress() { # processes command...
  stress-ng --quiet --cpu "$1" --timeout 3600 &
  local stress=$! status=0
  shift
  "$@" || status=$?
  kill "$stress"
  wait "$stress"
  return $status
}

# Prints and kills the processes that suites left running; fails if there were any.
left_behind() {
  local environment pid found=0
  for environment in /proc/[0-9]*/environ; do
    pid=${environment//[^0-9]/}
    # This script and its own pipelines.
    [[ $pid == "$$" || $pid == "$BASHPID" ]] && continue
    grep -qzs "^SLIPWAY_CI_RUN=$SLIPWAY_CI_RUN$" "$environment" || continue
    found=1
    ps -o pid=,args= -p "$pid" | cut -c1-200
    kill -KILL "$pid"
  done
  return $found
}

trap 'left_behind; exit 143' HUP INT TERM

# Prints, of each suite that failed, what vitest says of its failures, or how its output ends: whoever
# sees only the end of a long log finds the reason there.
reasons() {
  local title log
  for title in "${failures[@]}"; do
    log=$(file_of "$title").log
    [[ -s $log ]] || continue
    printf '\n=== why it failed: %s\n' "$title"
    if grep -qaE 'Failed (Tests|Suites)|Unhandled Errors' "$log"; then
      sed -nE '/Failed (Tests|Suites)|Unhandled Errors/,$p' "$log" | head -80
    else
      tail -n 40 "$log"
    fi
  done
}

# Prints the first lines of what vitest says of each failure, whose reason often ends a long command's output:
# the last that is printed, for whoever sees a few lines only.
briefly() {
  local title log
  for title in "${failures[@]}"; do
    log=$(file_of "$title").log
    [[ -s $log ]] || continue
    printf '\n=== %s\n' "$title"
    [[ $title == 'nothing is left running' ]] && head -n 20 "$log"
    sed -E 's/\x1b\[[0-9;]*m//g' "$log" | awk '
      /^ FAIL / { print substr($0, 1, 200); left = 12; next }
      /^ ❯ / { left = 0 }
      left > 0 && NF { print "  " substr($0, 1, 240); left-- }' | head -60
  done
}

# Prints the summary and exits.
summary() {
  local status=0 left='nothing is left running'
  printf '\n=== %s\n' "$left"
  left_behind >"$(file_of "$left").log" || status=1
  cat "$(file_of "$left").log"
  took "$left" "$status" 0 0
  reasons
  printf '\n=== summary of %d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
  printf '%s\n' "${summary[@]}"
  briefly
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  exit $((failed > 0))
}
