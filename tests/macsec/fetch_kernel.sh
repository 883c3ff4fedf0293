#!/bin/bash
# Prints the folder of the guest's kernel: what is in Debian's newest kernel package for virtual
# machines, which is fetched with apt, not installed, and kept in build/macsec. Where apt cannot
# fetch it, the one that is there already does; if none is, says so and fails.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cache=$PWD/build/macsec

# The package linux-image-cloud-amd64 is an empty one that depends on the newest.
newest_package() {
	apt-cache depends --important linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-.*\)$/\1/p'
}

version_of() { # PACKAGE
	apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'
}

# Into a folder of its own first: a name in the cache is that of a whole kernel. Root's apt would
# warn that its download user has no access there.
fetch() { # PACKAGE VERSION FOLDER
	local work status

	work=$(mktemp -d "$cache/fetch-XXXXXX") || return
	(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$1=$2" &&
		dpkg-deb --extract ./*.deb "$3.part") >&2 && mv "$3.part" "$3"
	status=$?
	rm -rf "$work" "$3.part"
	return $status
}

# Apt's lists may be older than what the mirror still has.
newest() {
	local package folder

	package=$(newest_package)
	[ -n "$package" ] || return
	folder=$cache/${package}_$(version_of "$package")
	[ -d "$folder" ] || fetch "$package" "$(version_of "$package")" "$folder" || return
	touch "$folder"
	echo "$folder"
}

update() {
	[ "$(id -u)" -eq 0 ] && apt-get update -qq >&2
}

# shellcheck disable=SC2012 # names that we have given
last_used() {
	ls -td "$cache"/linux-image-*/ 2>/dev/null | head -n 1 | grep .
}

mkdir -p "$cache"
exec 9>"$cache/lock" && flock 9
newest || { update && newest; } || last_used || {
	echo "apt finds no package linux-image-cloud-amd64, or cannot fetch what it depends on" >&2
	exit 1
}
