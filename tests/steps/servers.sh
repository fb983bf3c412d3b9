# Servers of the tests' own, in folders and on ports of their own: started here, found by environment variables, stopped
# at the end.
# shellcheck shell=bash disable=SC2034,SC2154

# Not below the scratch folder, which is its maker's alone: PostgreSQL does not run as root.
postgres=

has_postgres() {
  missing '/usr/lib/postgresql/*/bin/pg_ctl'
}

# The tests find it by COUNTERSIGN_POSTGRES.
start_postgres() {
  postgres=$(mktemp -d /tmp/postgres.XXXXXX) &&
    COUNTERSIGN_POSTGRES=$(timeout 120 tests/servers/postgres start "$postgres") && export COUNTERSIGN_POSTGRES
}

stop_postgres() {
  [ -n "$postgres" ] || return
  tests/servers/postgres stop "$postgres" 2>/dev/null
  rm -rf "$postgres"
}
at_the_end+=(stop_postgres)

has_etcd() {
  missing etcd etcdctl
}

# The tests find it by COUNTERSIGN_ETCD.
start_etcd() {
  COUNTERSIGN_ETCD=$(timeout 60 tests/servers/etcd start "$scratch/etcd") && export COUNTERSIGN_ETCD
}

# The one that all tests share, and those of a test that did not come to its end.
stop_etcd() {
  find "$scratch" -maxdepth 2 -name 1.pid -printf '%h\0' | xargs -0 -r -n 1 tests/servers/etcd stop
}
at_the_end+=(stop_etcd)

# Debian's packages for a PostgreSQL that fails over.
has_patroni() {
  missing patroni etcd /usr/sbin/haproxy curl jq python3 pgrep '/usr/lib/postgresql/*/bin/pg_ctl'
}

# Not below the scratch folder either. What it starts ends with it, also when it is killed.
fails_over() {
  TMPDIR=/tmp bounded 300 "$target/debug/failover" "$@"
}
