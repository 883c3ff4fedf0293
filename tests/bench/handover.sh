#!/bin/bash
# The hand-over of a key-ID over one veth pair: keyidd's carriers beside lldpd and scp. All of it
# runs in namespaces that end with the script, processes and mounts too. Judges nothing. Needs root.
#
#     namespace of the script           namespace "far"
#     near, 192.0.2.1  ---- veth ----   far, 192.0.2.2
#     lldpd                             lldpd, sshd
if [ -z "${HANDOVER_INSIDE-}" ]; then
	HANDOVER_INSIDE=1 exec unshare --net --mount --pid --fork --kill-child=TERM --mount-proc \
		bash "$0"
fi
unset HANDOVER_INSIDE
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/live.sh
source tests/lib/live.sh
umask 022
chmod 711 "$live_dir" # for lldpd, which gives up its privileges

must() {
	"$@" && return
	echo "handover: $* failed" >&2
	tail -n 20 "$live_dir"/*.err >&2
	exit 1
}

# What sshd and lldpd need of /run is made here.
make_network() {
	mount -t tmpfs -o mode=755 run /run && mkdir /run/netns /run/sshd && ip netns add far &&
		ip link add near type veth peer name far netns far &&
		ip address add 192.0.2.1/24 dev near && ip -n far address add 192.0.2.2/24 dev far &&
		ip link set dev near up && ip -n far link set dev far up
}

# Two of them in one process group, with no configuration of this host's.
start_lldpd() {
	# shellcheck disable=SC2016
	live_start lldpd setsid bash -c '
		lldpd -d -O /dev/null -u "$0/near.sock" -I near &
		ip netns exec far lldpd -d -O /dev/null -u "$0/far.sock" -I far &
		wait' "$live_dir"
	lldpd_pid=$live_pid
	wait_for 10 test -S "$live_dir/near.sock" && wait_for 10 test -S "$live_dir/far.sock"
}

# Whatever is slow for other reasons is off: the shell's start-up files (SHLVL keeps bash from
# reading them), names, PAM, the hybrid key exchange.
write_ssh_files() {
	local key

	for key in host_key client_key; do
		ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$live_dir/$key" || return
	done
	sed 's/^/far /' "$live_dir/host_key.pub" >"$live_dir/known_hosts"
	cat >"$live_dir/sshd_config" <<-END
		ListenAddress 192.0.2.2
		HostKey $live_dir/host_key
		AuthorizedKeysFile $live_dir/client_key.pub
		AuthenticationMethods publickey
		PermitRootLogin prohibit-password
		UsePAM no
		StrictModes no
		UseDNS no
		PidFile none
		PrintMotd no
		PrintLastLog no
		PermitUserRC no
		SetEnv SHLVL=1
		Subsystem sftp /usr/lib/openssh/sftp-server
	END
	cat >"$live_dir/ssh_config" <<-END
		Host far-kept
			ControlPath $live_dir/kept
		Host far far-kept
			HostName 192.0.2.2
			HostKeyAlias far
			User root
			IdentityFile $live_dir/client_key
			IdentitiesOnly yes
			IdentityAgent none
			UserKnownHostsFile $live_dir/known_hosts
			GlobalKnownHostsFile /dev/null
			StrictHostKeyChecking yes
			UpdateHostKeys no
			BatchMode yes
			KexAlgorithms curve25519-sha256
	END
}

ssh_far() { # OPTION... HOST
	ssh -F "$live_dir/ssh_config" "$@" </dev/null 2>"$live_dir/ssh.err"
}

start_ssh() {
	live_start sshd ip netns exec far "$(command -v sshd || echo /usr/sbin/sshd)" -D -e \
		-f "$live_dir/sshd_config"
	wait_for 10 ssh_far far true || return
	live_start kept ssh -F "$live_dir/ssh_config" -M -N far-kept
	wait_for 10 ssh_far -O check far-kept
}

# Waited for, so that a signal ends the script at once.
measure() {
	live_start handover "$BUILD/bench/handover" near far /run/netns/far "$lldpd_pid" "$live_dir"
	wait "$live_pid" && cat "$live_dir/handover.out"
}

must make_network
must start_lldpd
must write_ssh_files
must start_ssh
must measure
cat <<-END
	keyidd: seal, send, receive, authenticate; no process starts. lldpd is stopped meanwhile.
	lldpd: the bare key-ID as a custom TLV, until "lldpcli watch" at the far end shows it.
	scp: a file with the key-ID, until scp has ended; the far end has not looked at it yet.
	     Key exchange by curve25519-sha256 alone: the hybrid default takes longer.
	goals: keyidd at most 1/50 of lldpd and 1/1000 of a cold scp.
END
