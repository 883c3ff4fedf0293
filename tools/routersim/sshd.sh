#!/usr/bin/env bash
# Serves one simulated router over SSH: OpenSSH with routersim as its subsystem "netconf".
#
#   sshd.sh [-a ADDRESS] [-p PORT] [-r ROUTERSIM] STATE_DIR
#
# STATE_DIR is what `routersim init` made. Written into STATE_DIR/ssh:
#   port, address   where it listens (written last, when it does)
#   known_hosts     for the client: the host key at that address and port
#   client_key      for the client: the private key that is let in
#   user            for the client: the login name, that of the caller
# Runs in the foreground until TERM or INT; works inside a network namespace
# whose ADDRESS is up. Without -p a free port is found. Needs root.
set -euo pipefail

address=127.0.0.1
port=
routersim=$(cd "$(dirname "$0")/../.." && pwd)/build/routersim
while getopts a:p:r: option; do
	case $option in
	a) address=$OPTARG ;;
	p) port=$OPTARG ;;
	r) routersim=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || { echo "usage: sshd.sh [-a ADDRESS] [-p PORT] [-r ROUTERSIM] STATE_DIR" >&2; exit 2; }
state=$(realpath "$1")
routersim=$(realpath "$routersim")
dir=$state/ssh
sshd=$(command -v sshd || echo /usr/sbin/sshd)
user=$(id -un)
pid=

umask 077
mkdir -p "$dir"
[ -d /run/sshd ] || mkdir -m 755 /run/sshd
rm -f "$dir/port"
for key in host_key client_key; do
	[ -f "$dir/$key" ] || ssh-keygen -q -t ed25519 -N '' -C "routersim $key" -f "$dir/$key"
done
cp "$dir/client_key.pub" "$dir/authorized_keys"
echo "$address" > "$dir/address"
echo "$user" > "$dir/user"

# SHLVL keeps the login shell from reading the user's start-up files, which can
# cost time or print into the NETCONF stream.
write_config() {
	cat > "$dir/sshd_config" <<-END
		ListenAddress $address
		Port $port
		HostKey $dir/host_key
		AuthorizedKeysFile $dir/authorized_keys
		AllowUsers $user
		AuthenticationMethods publickey
		PermitRootLogin prohibit-password
		UsePAM no
		StrictModes no
		UseDNS no
		PidFile none
		PrintMotd no
		PrintLastLog no
		X11Forwarding no
		AllowTcpForwarding no
		MaxStartups 100
		SetEnv SHLVL=1
		Subsystem netconf $routersim --state $state
	END
	sed "s|^\(ssh-ed25519 [^ ]*\).*|[$address]:$port \1|" "$dir/host_key.pub" > "$dir/known_hosts"
}

accepts() {
	(exec 3<> "/dev/tcp/$address/$port") 2> "/dev/null"
}

# True once it accepts; false when it has ended instead, the port being taken.
wait_until_listening() {
	local tries
	for ((tries = 0; tries < 200; tries++)); do
		kill -0 "$pid" 2> "/dev/null" || return 1
		accepts && return 0
		read -r -t 0.05 <> <(:) || true
	done
	return 1
}

start() {
	write_config
	"$sshd" -D -e -f "$dir/sshd_config" 2>> "$dir/sshd.log" &
	pid=$!
	wait_until_listening
}

stop() {
	trap - TERM INT EXIT
	rm -f "$dir/port"
	# the listener, and the sessions it has: they are its children
	# shellcheck disable=SC2046
	[ -z "$pid" ] || kill "$pid" $(pgrep -P "$pid") 2> "/dev/null" || true
	wait 2> "/dev/null" || true
	exit 0
}
trap stop TERM INT EXIT

if [ -n "$port" ]; then
	start || { cat "$dir/sshd.log" >&2; exit 1; }
else
	for attempt in 1 2 3 4 5 6 7 8; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		! accepts && start && break
		[ "$attempt" -lt 8 ] || { cat "$dir/sshd.log" >&2; exit 1; }
	done
fi
echo "$port" > "$dir/port.new"
mv "$dir/port.new" "$dir/port"
echo "$address port $port, user $user, key $dir/client_key, known_hosts $dir/known_hosts"
wait "$pid"
