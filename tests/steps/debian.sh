# What the tests need besides cargo, and how it gets there.
# shellcheck shell=bash disable=SC2034,SC2154

# A program or a file, and Debian's package that has it. Nothing is installed that a package merely recommends, so what
# is needed of that has a line of its own.
needed=(
  "chromium chromium"
  "chromedriver chromium-driver"
  "oathtool oathtool"
  "zbarimg zbar-tools"
  "rsvg-convert librsvg2-bin"
  "/usr/lib/*/faketime/libfaketimeMT.so.1 libfaketime"
  "jq jq"
  "/usr/lib/postgresql/*/bin/pg_ctl postgresql"
  "pg_dump postgresql-client"
  "python3 python3"
  "/usr/lib/python3*/ensurepip/__init__.py python3-venv"
  "etcd etcd-server"
  "etcdctl etcd-client"
  "ip iproute2"
  "patroni patroni"
  "/usr/sbin/haproxy haproxy"
  "curl curl"
  "git git"
  "pgrep procps"
  "protoc protobuf-compiler"
  # The files that protoc's own examples and etcd's protocol import.
  "/usr/include/google/protobuf/descriptor.proto libprotobuf-dev"
  "valgrind valgrind"
)

# missing PROGRAM_OR_FILE…: prints those that are not here; fails if there are any.
missing() {
  local what all_here=0
  for what in "$@"; do
    command -v "$what" >/dev/null || compgen -G "$what" >/dev/null || {
      printf '%s is not installed. ' "$what"
      all_here=1
    }
  done
  return "$all_here"
}

packages_missing() {
  local pair what package
  for pair in "${needed[@]}"; do
    read -r what package <<<"$pair"
    missing "$what" >/dev/null || echo "$package"
  done
}

install_what_is_missing() {
  local packages as_root=()
  mapfile -t packages < <(packages_missing)
  if [ ${#packages[@]} -eq 0 ]; then
    echo "nothing is missing"
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    if ! "${as_root[@]}" true 2>/dev/null; then
      skipped+=("tests that need ${packages[*]}: not root, and sudo asks for a password")
      return
    fi
  fi
  echo "installing ${packages[*]}"
  forbid_starting_servers
  if ! { bounded 600 "${as_root[@]}" apt-get update -qq &&
    bounded 900 "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -qq -y --no-install-recommends "${packages[@]}"; } >"$scratch/apt.log" 2>&1; then
    tail -n 20 "$scratch/apt.log"
    skipped+=("tests that need ${packages[*]}: they could not be installed")
  fi
  allow_starting_servers
}

# Debian's packages of servers start them at once, unless told not to. The tests start their own.
policy=/usr/sbin/policy-rc.d
# The command that removes it, once there is one of ours.
policy_is_ours=()

forbid_starting_servers() {
  [ -e "$policy" ] && return
  printf '#!/bin/sh\nexit 101\n' >"$scratch/policy" &&
    "${as_root[@]}" install -m 755 "$scratch/policy" "$policy" && policy_is_ours=("${as_root[@]}" rm -f "$policy")
}

allow_starting_servers() {
  [ ${#policy_is_ours[@]} -eq 0 ] || "${policy_is_ours[@]}"
  policy_is_ours=()
}
at_the_end+=(allow_starting_servers)
