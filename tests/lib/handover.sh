# One link whose ends hand key-IDs over as older deployments do: the two ends of tools/demo/lab.sh,
# each with its KME and its router. To be sourced first of all; handover_make is lab_make.
#
#   handover_lines[END]         YAML lines of the end's hand-over, beside those that all have
#   handover END JQ             jq -r on what keyidctl status says of its hand-over
#   handover_count END NAME     one of its counters
#   handover_is END JQ VALUE    does handover END JQ say so? For wait_for.
#   handover_key_id END         the key-ID that its router is configured with
#   handover_agree              do both routers hold one key, and use it?
#   handover_old END ARGUMENTS...   the old script at this end; what it prints is in $live_dir/END/said
#   handover_sshd END FOLDER    an OpenSSH server at the end's address, with SFTP in the folder and
#                               scp; $live_dir/END/sshd has client_key and known_hosts
#   handover_stop_sshd END      ends it with the sessions that it has
#   handover_address[END]       on eth1
# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/demo/lab.sh" || exit 1

declare -A handover_lines handover_sshd_pid
declare -A handover_address=([master]=192.0.2.1 [slave]=192.0.2.2)
lab_first_key=

lab_write_association() { # END
	local sae=${lab_sae[$1]}

	lab_write_devices "$1"
	cat <<-EOT
		handovers:
		  - name: span-9
		    sae: $sae
		    peer: ${lab_sae[${lab_far[$1]}]}
		    role: $1
		    kme: ${lab_kme_id[$1]}
		    device: $sae
		    connectivity-association: CA_basic
		    macsec-interfaces: [et-0/0/9]
		    ckn-prefix: $lab_prefix
		$(lab_indent 4 <<<"${handover_lines[$1]}")
	EOT
}

handover_make() {
	local end

	for end in master slave; do
		: "${handover_lines[$end]:=# the old script}"
	done
	lab_make
	for end in master slave; do
		ip -n "$end" address add "${handover_address[$end]}/24" dev eth1
		mkdir -p "$live_dir/$end/home"
	done
}

handover() { # END JQ
	lab_ctl "$1" status --json | jq -r ".handovers[0] | $2"
}

handover_count() { # END NAME
	lab_ctl "$1" counters --json | jq -r ".handovers[0].$2"
}

handover_is() { # END JQ VALUE
	[ "$(handover "$1" "$2" 2>/dev/null)" = "$3" ]
}

handover_key_id() { # END
	lab_router "$1" '.committed.ckn // "" | .[32:] |
		[.[0:8], .[8:12], .[12:16], .[16:20], .[20:32]] | join("-")'
}

handover_agree() {
	lab_agree
}

handover_old() { # END ARGUMENTS...
	local end=$1 dir=$live_dir/$1 pki=$live_dir/pki sae=${lab_sae[$1]} ssh=$live_dir/$1/router/ssh

	shift
	ip netns exec "$end" /usr/bin/python3 tests/lib/old_script.py "$end" --device "$sae" \
		--peer "${lab_sae[${lab_far[$end]}]}" --kme 127.0.0.1:443 --ca "$pki/ca.pem" \
		--cert "$pki/$sae.pem" --key "$pki/$sae.key" --prefix "$lab_prefix" \
		--folder "$dir/home" "$@" -- "$BUILD/applierctl" --junos 127.0.0.1 --port 830 \
		--user "$(<"$ssh/user")" --private-key "$ssh/client_key" \
		--known-hosts "$ssh/known_hosts" --association CA_basic >"$dir/said" 2>&1
}

# Relative paths of SFTP begin in the folder. Absolute ones, and scp, may lead anywhere.
handover_write_sshd() { # END FOLDER
	local dir=$live_dir/$1/sshd key

	mkdir -p "$dir" && mkdir -p -m 755 /run/sshd || return
	for key in host_key client_key; do
		[ -f "$dir/$key" ] || ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$dir/$key" || return
	done
	sed "s/^/${handover_address[$1]} /" "$dir/host_key.pub" >"$dir/known_hosts"
	cat >"$dir/sshd_config" <<-EOT
		ListenAddress ${handover_address[$1]}
		Port 22
		HostKey $dir/host_key
		AuthorizedKeysFile $dir/client_key.pub
		AuthenticationMethods publickey
		PermitRootLogin prohibit-password
		UsePAM no
		StrictModes no
		UseDNS no
		PidFile none
		PrintMotd no
		PrintLastLog no
		SetEnv SHLVL=1
		Subsystem sftp internal-sftp -d $2
	EOT
}

handover_accepts() { # END
	ip netns exec "$1" bash -c "exec 3<>/dev/tcp/${handover_address[$1]}/22" 2>/dev/null
}

handover_sshd() { # END FOLDER
	handover_write_sshd "$1" "$2" || return
	live_start "$1-files" ip netns exec "$1" /usr/sbin/sshd -D -e -f "$live_dir/$1/sshd/sshd_config"
	handover_sshd_pid[$1]=$live_pid
	wait_for 10 handover_accepts "$1"
}

# The sessions are its children.
handover_stop_sshd() { # END
	local pid=${handover_sshd_pid[$1]} children

	mapfile -t children < <(pgrep -P "$pid")
	live_stop "$pid"
	[ "${#children[@]}" -eq 0 ] || kill "${children[@]}" 2>/dev/null
}
