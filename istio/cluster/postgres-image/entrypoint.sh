#!/bin/sh
# As the official image's: makes the cluster, the user and the database on the first start, then becomes the server.
set -eu
: "${POSTGRES_PASSWORD:?}"
user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
  initdb --username="$user" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses=''" >/dev/null
  [ "$database" = postgres ] || psql -q -v ON_ERROR_STOP=1 -v database="$database" -U "$user" -d postgres <<'SQL'
CREATE DATABASE :"database";
SQL
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
[ "${1#-}" = "$1" ] || set -- postgres "$@"
exec "$@" -c listen_addresses='*'
