#!/bin/sh
# A device of type "hook" of keyidd, see HOOKS in keyidd.conf(5): a switch that is configured by ssh.
# The program is called for one operation at a time, and has the keys on descriptor 3. What this
# switch understands is made up; put in its place what yours does.
set -eu

operation=$1
association=$2
shift 3 # what is left are CKNs

# ssh ends with 255 if it does not reach the switch, which keyidd takes for just that.
switch() {
	ssh -F /etc/keyidd/hook.ssh "$KEYIDD_DEVICE" "$@"
}

# Not as an argument, for those show in /proc: printf is built into the shell.
set_keys() {
	while read -r ckn cak start; do
		printf '%s\n' "$cak" | switch set-key "$association" "$ckn" "$start"
	done
}

# It prints "CKN active", "CKN standby" or, of a key that waits for its time, "CKN waiting START".
print_keys() {
	while read -r ckn state start; do
		case $state in
		active) echo "$ckn transmitting" ;;
		standby) echo "$ckn usable" ;;
		waiting) echo "$ckn future start=$start" ;;
		esac
	done
}

case $operation in
prepare)
	switch check-key "$association" "$@"
	;;
commit)
	set_keys <&3
	;;
retire)
	switch keep-keys "$association" "$@"
	;;
discard)
	;; # nothing: check-key leaves nothing behind
read-back)
	keys=$(switch show-keys "$association") # not in a pipe, where its exit status would be lost
	echo "$keys" | print_keys
	;;
*)
	echo "unknown operation $operation" >&2
	exit 64
	;;
esac
