#!/bin/bash
# Makes the guest's file system, an initramfs, from what Debian has installed here:
#
#   tests/macsec/initramfs.sh KERNEL FILE
#
# KERNEL is a folder with what is in Debian's kernel package. In the initramfs are the programs and
# settings of the packages below, the kernel's modules for networks and cryptography, the tree's
# scripts in /keyidd, the programs of $BUILD in /keyidd/build, and the libraries of all of them. The
# same files give the same octets.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages="bash coreutils curl dash diffutils findutils grep iproute2 iputils-ping jq
	kmod libc-bin libgcc-s1 mawk mount nftables openssh-client openssh-server openssl
	procps sed tar tcpdump util-linux wpasupplicant"
modules="arch/x86/crypto crypto drivers/block/virtio_blk.ko drivers/net/*.ko drivers/net/bonding
	drivers/virtio lib net"
build=${BUILD:-build}
kernel=$1
file=$2
root=$(mktemp -d "${TMPDIR:-/tmp}/keyidd-initramfs-XXXXXX")
trap 'rm -rf "$root"' EXIT

# Packages and loaders may still name files as they were before /bin became /usr/bin.
merge_usr() {
	sed -E 's,^/(bin|sbin|lib|lib64)/,/usr/\1/,'
}

# Copies the files that are named on standard input into the guest, under the same names.
copy() { # TAR-OPTION...
	sed 's,^,.,' | LC_ALL=C sort -u | tar -c -C / --no-recursion -T - "$@" | tar -x -C "$root"
}

readable_files() {
	while read -r path; do
		[ -d "$path" ] || [ ! -r "$path" ] || echo "$path"
	done
}

add_packages() {
	local folder

	for folder in bin sbin lib lib64; do
		mkdir -p "$root/usr/$folder"
		ln -s "usr/$folder" "$root/$folder"
	done
	# shellcheck disable=SC2086 # a list
	dpkg-query --listfiles $packages | grep '^/' | merge_usr |
		grep -vE '^/usr/(share|include)/' | readable_files | copy
	ln -s mawk "$root/usr/bin/awk"
}

# Whole folders: the kernel has loaded what programs ask for.
add_modules() {
	local version

	version=$(basename "$kernel"/lib/modules/*)
	mkdir -p "$root/lib/modules/$version/kernel"
	cp "$kernel/lib/modules/$version"/modules.{builtin*,order} "$root/lib/modules/$version"
	# shellcheck disable=SC2086 # a list, and patterns
	(cd "$kernel/lib/modules/$version/kernel" && tar -c $modules) |
		tar -x -C "$root/lib/modules/$version/kernel"
	depmod -b "$root" "$version"
}

add_tree() {
	local folder

	mkdir "$root/keyidd"
	find tests tools -name '*.sh' -print0 | tar -c --null -T - | tar -x -C "$root/keyidd"
	for folder in . live macsec; do
		[ -d "$build/$folder" ] || continue
		mkdir -p "$root/keyidd/build/$folder"
		find "$build/$folder" -maxdepth 1 -type f -perm -100 \
			-exec cp -t "$root/keyidd/build/$folder" {} +
	done
	install -m 755 tests/macsec/init "$root/init"
}

# ldd prints "NAME => FILE (ADDRESS)" for a library and "FILE (ADDRESS)" for the loader; it fails,
# and says so, for what is no program.
add_libraries() {
	find "$root" -type f \( -perm -100 -o -name '*.so*' \) -print0 |
		{ xargs -0 ldd 2>/dev/null || true; } |
		sed -n -E 's,^.* => (/[^ ]+) .*,\1,p; s,^[[:space:]]+(/[^ ]+) .*,\1,p' |
		merge_usr | copy --dereference
}

add_settings() {
	mkdir -p "$root"/{dev,etc,proc,root,run,sys,tmp,var/lib,var/log}
	cat >"$root/etc/passwd" <<-EOT
		root:x:0:0:root:/root:/bin/bash
		sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
		tcpdump:x:101:101::/nonexistent:/usr/sbin/nologin
		nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
	EOT
	printf '%s\n' root:x:0: tcpdump:x:101: nogroup:x:65534: >"$root/etc/group"
	echo "127.0.0.1 localhost" >"$root/etc/hosts"
}

add_packages
add_modules
add_tree
add_libraries
add_settings
find "$root" -depth -exec touch -h -d @0 {} +
(cd "$root" && find . -print0 | LC_ALL=C sort -z |
	cpio --null --create --format=newc --reproducible --owner=0:0 --quiet) >"$file"
