#!/bin/bash
# Runs the tests that need a kernel with MACsec, the scripts in tests/macsec/guest: on this host if
# its kernel has what they need, otherwise in a virtual machine with Debian's kernel. Prints TAP.
#
#   tests/macsec/run.sh [VARIABLE=VALUE]... [SCRIPT]...
#
# SCRIPT is the name of one in tests/macsec/guest, without .sh, or the path of any script in the
# tree; without one, all of the former run, one after the other. The variables are set for the
# scripts. The programs are those of $BUILD.
#
#   MACSEC_GUEST=1     the virtual machine, whatever this host's kernel has
#
# It ends with a line for all that rolled keys under a stream: "macsec: N rekeys, L of M frames lost".
#
# In $BUILD/test-logs/macsec: the kernel's messages (console.log), what the scripts said
# (report.log), and a folder for each script with what it has kept. See docs/hacking.md.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export BUILD=${BUILD:-build}
logs=$BUILD/test-logs/macsec
variables=()
scripts=()

for argument; do
	case $argument in
	*=*) variables+=("$argument") ;;
	*/*) scripts+=("$argument") ;;
	*) scripts+=("tests/macsec/guest/$argument.sh") ;;
	esac
done
[ ${#scripts[@]} -gt 0 ] || scripts=(tests/macsec/guest/*.sh)
for script in "${scripts[@]}"; do
	[ -f "$script" ] || {
		echo "$0: no such script: $script" >&2
		exit 2
	}
done

skip() { # WHY
	echo "ok 1 - macsec # SKIP $1"
	echo "1..1"
	exit 0
}

# ---- where they run --------------------------------------------------------------------------

# Has its kernel macsec and netem? Tried in a network of its own.
host_suffices() {
	[ -z "${MACSEC_GUEST-}" ] && [ "$(id -u)" -eq 0 ] && unshare --net sh -c '
		ip link add parent type veth peer name other &&
		ip link add link parent type macsec encrypt on &&
		tc qdisc add dev parent root netem delay 1ms' 2>/dev/null
}

on_host() {
	local script

	for script in "${scripts[@]}"; do
		env "${variables[@]}" bash tests/macsec/run_script.sh "$script" "$logs"
	done
}

# Time for the machine to start, and for all scripts.
guest_seconds() {
	local seconds=60 script limit

	for script in "${scripts[@]}"; do
		limit=$(sed -n 's/^# Limit: \([0-9]*\) s$/\1/p' "$script")
		seconds=$((seconds + ${limit:-300} + 10))
	done
	echo "$seconds"
}

# What the kernel knows to be none of its own parameters it hands to init: variables, and, as
# arguments, what stands after "--". Emulated, because KVM within a virtual machine may hang.
in_guest() { # KERNEL
	exec timeout --foreground "$(guest_seconds)" \
		qemu-system-x86_64 -accel tcg -cpu max,la57=off -smp 2 -m 1024 \
		-nodefaults -nographic -no-reboot -nic none \
		-serial "file:$logs/console.log" -serial stdio \
		-drive "file=$work/disk,format=raw,if=virtio" \
		-kernel "$1"/boot/vmlinuz-* -initrd "$work/initramfs" \
		-append "console=ttyS0 loglevel=5 panic=-1 mitigations=off tsc=reliable \
			${variables[*]} -- ${scripts[*]}"
}

# ---- what they say ---------------------------------------------------------------------------

number=0
failed=0
rekeys=0 lost=0 sent=0
ended=()

result() { # ok|"not ok" TEXT
	number=$((number + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 $number - $2"
}

# A script that says that all is well has said so to the end.
judge() { # SCRIPT STATUS TESTS FAILED PLAN
	ended+=("$1")
	if [ "$2" -eq 124 ] || [ "$2" -eq 137 ]; then
		result "not ok" "$1: killed after its time limit"
	elif [ "$5" != "1..$3" ]; then
		result "not ok" "$1: status $2 after $3 tests, its plan: ${5:-none}"
	elif [ "$2" -ne 0 ] && [ "$4" -eq 0 ]; then
		result "not ok" "$1: status $2"
	fi
}

# What scripts say at their ends: "# macsec: N rekeys, L of M frames lost".
count_frames() { # LINE
	if [[ $1 =~ ^#\ macsec:\ ([0-9]+)\ rekeys,.*\ ([0-9]+)\ of\ ([0-9]+)\ frames\ lost$ ]]; then
		rekeys=$((rekeys + BASH_REMATCH[1]))
		lost=$((lost + BASH_REMATCH[2]))
		sent=$((sent + BASH_REMATCH[3]))
	fi
}

# One sequence of tests from the frames of tests/macsec/run_script.sh.
report() {
	local line name tests bad plan

	while IFS= read -r line; do
		if [[ $line =~ ^begin\ (.*)$ ]]; then
			name=${BASH_REMATCH[1]} tests=0 bad=0 plan=
		elif [[ $line =~ ^end\ (.*)\ ([0-9]+)$ ]]; then
			judge "$name" "${BASH_REMATCH[2]}" "$tests" "$bad" "$plan"
		elif [[ $line =~ ^\|\ ((not )?ok)\ [0-9]+\ -\ (.*)$ ]]; then
			tests=$((tests + 1))
			[ "${BASH_REMATCH[1]}" = ok ] || bad=$((bad + 1))
			result "${BASH_REMATCH[1]}" "$(basename "$name" .sh): ${BASH_REMATCH[3]}"
		elif [[ $line =~ ^\|\ (1\.\.[0-9]+) ]]; then
			plan=${BASH_REMATCH[1]}
		else
			line=${line#| }
			count_frames "$line"
			echo "# ${line#\# }"
		fi
	done
}

# Those of which no end was heard, and what the kernel said of that.
report_missing() {
	local script

	[ ${#ended[@]} -lt ${#scripts[@]} ] || return
	for script in "${scripts[@]}"; do
		[[ " ${ended[*]} " == *" $script "* ]] || result "not ok" "$script: it did not end"
	done
	[ ! -f "$logs/console.log" ] || {
		grep -m 1 -A 20 -E 'BUG|Oops|panic' "$logs/console.log" || tail -n 20 "$logs/console.log"
	} | tr -d '\r' | sed 's/^/# /'
}

# ---- all of it -------------------------------------------------------------------------------

prepare_guest() {
	local kernel

	command -v qemu-system-x86_64 >/dev/null ||
		skip "this kernel has no macsec, and qemu-system-x86_64 is not installed"
	kernel=$(tests/macsec/fetch_kernel.sh 2>"$logs/fetch.log") ||
		skip "this kernel has no macsec, and there is none for a guest: $(tail -n 1 "$logs/fetch.log")"
	tests/macsec/initramfs.sh "$kernel" "$work/initramfs" && truncate -s 256M "$work/disk" || exit
	echo "# in a virtual machine: $(basename "$kernel")"
	in_guest "$kernel" </dev/null >"$work/report" &
}

rm -rf "$logs"
mkdir -p "$logs"
work=$(mktemp -d "${TMPDIR:-/tmp}/keyidd-macsec-XXXXXX") && mkfifo "$work/report" || exit
running=
# shellcheck disable=SC2154 # $running is set below
trap '[ -z "$running" ] || kill "$running" 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

if host_suffices; then
	echo "# on this host: $(uname -r)"
	on_host </dev/null >"$work/report" &
else
	prepare_guest
fi
running=$!
report < <(tee "$logs/report.log" <"$work/report")
report_missing
wait "$running"
running=
[ ! -f "$work/disk" ] || tar -x -C "$logs" -f "$work/disk" 2>/dev/null
echo "1..$number"
[ "$rekeys" -eq 0 ] || echo "macsec: $rekeys rekeys, $lost of $sent frames lost"
[ "$failed" -eq 0 ]
