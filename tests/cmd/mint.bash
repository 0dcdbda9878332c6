# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Certificates and session files by another hand: the openssl command. Sourced by the tests of the door.
# Everything lies in $PWD; a certificate authority NAME is the directory NAME.

# mint_ca NAME: an authority of its own.
mint_ca() {
	mkdir "$1" && : >"$1/index" && echo 01 >"$1/number" || return
	cat >"$1/conf" <<-EOF
		[ca]
		default_ca = one
		[one]
		database = $1/index
		new_certs_dir = $1
		certificate = $1/ca.pem
		private_key = $1/ca.key
		crlnumber = $1/number
		rand_serial = yes
		unique_subject = no
		default_md = sha256
		policy = any
		[any]
		commonName = supplied
		[req]
		distinguished_name = dn
		[dn]
		[root]
		basicConstraints = critical,CA:TRUE,pathlen:0
		keyUsage = critical,keyCertSign,cRLSign
		subjectKeyIdentifier = hash
	EOF
	mint_key "$1/ca.key" &&
		openssl req -x509 -new -key "$1/ca.key" -subj "/CN=the authority $1" -days 3650 -config "$1/conf" \
			-extensions root -out "$1/ca.pem"
}

mint_key() { # file
	openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"
}

# when SECONDS: so long from now (or before, when negative), as openssl ca wants it.
when() {
	date -u -d "@$(($(date +%s) + $1))" +%Y%m%d%H%M%SZ
}

# mint_cert CA USER FROM UNTIL: USER.key and USER.crt, from FROM to UNTIL seconds from now. $SAN and $USAGE
# may say otherwise than they should.
mint_cert() {
	local ca=$1 user=$2
	{
		echo "basicConstraints = critical,CA:FALSE"
		echo "keyUsage = critical,digitalSignature"
		echo "extendedKeyUsage = ${USAGE:-clientAuth,serverAuth}"
		echo "subjectAltName = ${SAN:-URI:ugat:user:$user,DNS:*}"
		echo "subjectKeyIdentifier = hash"
		echo "authorityKeyIdentifier = keyid:always"
	} >"$user.ext"
	mint_key "$user.key" &&
		openssl req -new -key "$user.key" -subj "/CN=user:$user" -config "$ca/conf" -out "$user.csr" &&
		openssl ca -config "$ca/conf" -batch -notext -in "$user.csr" -out "$user.crt" -extfile "$user.ext" \
			-startdate "$(when "$3")" -enddate "$(when "$4")" 2>mint.err && return
	cat mint.err >&2
	return 1
}

# mint FILE CA USER FROM UNTIL [SERVER]: a session file, put in its place whole.
mint() {
	mint_cert "$2" "$3" "$4" "$5" || return
	assemble "$1" "$3.key" "$3.crt" "$2/ca.pem" "${6-}"
}

assemble() { # file key certificate authority [server]
	(
		umask 077
		{ [ -z "${5-}" ] || echo "server: $5"; cat "$2" "$3" "$4"; } >"$1.mint"
	) && mv "$1.mint" "$1"
}

# mint_list FILE CA HOURS [CERTIFICATE]...: the list of revoked ones, DER; fresh for so long (negative: no more).
mint_list() {
	local file=$1 ca=$2 hours=$3 cert
	shift 3
	for cert in "$@"; do openssl ca -config "$ca/conf" -revoke "$cert" 2>mint.err || return; done
	openssl ca -config "$ca/conf" -gencrl -crl_lastupdate "$(when -7200)" -crl_nextupdate "$(when $((hours * 3600)))" \
		-out list.pem 2>mint.err || return
	(umask 077 && openssl crl -in list.pem -outform DER -out "$file.mint") && mv "$file.mint" "$file"
}
