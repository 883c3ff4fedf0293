#!/bin/sh
# Makes a throw-away PKI for tests and demonstrations: never for a real link.
#
#   make-pki.sh DIR --kme KME-1 --kme KME-2 --sae mx304-11 --sae mx304-12
#
# writes to DIR, which is made if need be, for a week:
#   ca.pem                 the CA of all of them
#   KME-1.pem KME-1.key    a server certificate: CN and DNS name KME-1, 127.0.0.1, ::1
#   mx304-11.pem mx304-11.key   a client certificate: CN is the SAE ID
# Private keys have mode 0600. Run again with the same DIR, it adds to the same CA.
set -eu

usage() {
	sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"
}

days=7

# openssl talks while all is well: what it said is shown only if it fails
quiet() {
	"$@" 2>"$dir/said" || {
		cat "$dir/said" >&2
		exit 1
	}
	rm "$dir/said"
}

# NAME SECONDARY_ARGUMENTS...: a new private key and what openssl req makes of it
request() {
	name=$1
	shift
	quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$name" -keyout "$dir/$name.key" "$@"
	chmod 600 "$dir/$name.key"
}

make_ca() {
	request ca -x509 -days "$days" -out "$dir/ca.pem" \
		-addext "basicConstraints=critical,CA:TRUE" \
		-addext "keyUsage=critical,keyCertSign,cRLSign"
}

# NAME USAGE [ALTERNATIVE_NAMES]
make_certificate() {
	request "$1" -out "$dir/$1.csr"
	{
		echo "basicConstraints=CA:FALSE"
		echo "keyUsage=critical,digitalSignature"
		echo "extendedKeyUsage=$2"
		[ -z "${3-}" ] || echo "subjectAltName=$3"
	} >"$dir/$1.ext"
	quiet openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
		-set_serial "0x$(openssl rand -hex 16)" -days "$days" \
		-extfile "$dir/$1.ext" -out "$dir/$1.pem"
	rm "$dir/$1.csr" "$dir/$1.ext"
}

case "${1-}" in
-h | --help)
	usage
	exit 0
	;;
'' | -*)
	usage >&2
	exit 2
	;;
esac

dir=$1
shift
umask 077
mkdir -p "$dir"
[ -f "$dir/ca.pem" ] || make_ca

while [ $# -ge 2 ]; do
	case $1 in
	--kme) make_certificate "$2" serverAuth "DNS:$2,IP:127.0.0.1,IP:::1" ;;
	--sae) make_certificate "$2" clientAuth ;;
	*) break ;;
	esac
	shift 2
done
if [ $# -ne 0 ]; then
	usage >&2
	exit 2
fi
