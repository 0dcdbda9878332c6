#!/bin/bash
# SPDX-License-Identifier: ISC
# Makes the files of this folder anew, by the openssl command alone (3.0 and later), in the folder named:
#   bash make.sh DIR
# The dates are fixed; keys and signatures differ from run to run. The key of 16384 bits takes some minutes.
set -euo pipefail
mkdir -p "$1" && cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

from=20260601000000Z to=20260601120000Z         # a user's day
ca_from=20260101000000Z ca_to=20360101000000Z

cat >"$work/conf" <<'END'
[req]
distinguished_name = empty
prompt = no
[empty]
CN = unused
[ca]
default_ca = here
[here]
dir = .
certificate = $ENV::CA.pem
private_key = $ENV::CA.key
new_certs_dir = $ENV::WORK/new
database = $ENV::WORK/index.txt
serial = $ENV::WORK/serial
crlnumber = $ENV::WORK/crlnumber
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
crl_extensions = crl
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
[crl_part]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical,@part
[part]
onlyuser = TRUE
[ca_ext]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca_nosign]
basicConstraints = critical,CA:TRUE
keyUsage = critical,cRLSign
subjectKeyIdentifier = hash
[ca_nocrl]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[ca_anyuse]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
[ca_isnone]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
[ca_limited]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
nameConstraints = critical,permitted;DNS:example.org
[ca_unknown]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
1.2.3.4 = critical,DER:0500
[user]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth,serverAuth
subjectAltName = URI:ugat:user:ops,DNS:*
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END

variant() { # name line... : the section user with lines replaced (by key) or added
	local name=$1 line
	shift
	sed -n '/^\[user\]/,$p' "$work/base" >"$work/section"
	sed -i "1s/.*/[$name]/" "$work/section"
	for line; do
		sed -i "/^${line%% *} /d" "$work/section"
		case $line in *' -') ;; *) echo "$line" >>"$work/section" ;; esac
	done
	cat "$work/section" >>"$work/conf"
}
cp "$work/conf" "$work/base"
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
san() { # text: an URI with any bytes, as DER
	local uri=$1 n=$((${#1} / 2))
	printf '30%02x86%02x%s' $((n + 2)) $n "$uri"
}
variant nouri 'subjectAltName = DNS:*'
variant nosan 'subjectAltName -'
variant twouri 'subjectAltName = URI:ugat:user:ops,URI:ugat:user:root'
variant sameuri 'subjectAltName = URI:ugat:user:ops,URI:ugat:user:ops'
variant alsouri 'subjectAltName = URI:https://example.org/,URI:ugat:user:ops,email:ugat:user:root@example.org'
variant badname 'subjectAltName = URI:ugat:user:Ops,DNS:*'
variant nulname "subjectAltName = DER:$(san "$(hex ugat:user:ops)00$(hex x)")"
variant noname 'subjectAltName = URI:ugat:user:'
variant dnsname 'subjectAltName = DNS:ugat:user:ops'
variant badsan 'subjectAltName = DER:3003860575'
variant isca 'basicConstraints = critical,CA:TRUE' 'keyUsage = critical,digitalSignature,keyCertSign'
variant client 'extendedKeyUsage = clientAuth'
variant server 'extendedKeyUsage = serverAuth'
variant mail 'extendedKeyUsage = emailProtection'
variant anyuse 'extendedKeyUsage -' 'keyUsage -'
variant nosign 'keyUsage = critical,keyAgreement'
variant unknown '1.2.3.4 = critical,DER:0500'
variant sha1
variant noid 'authorityKeyIdentifier = none' 'subjectKeyIdentifier = none'

export WORK=$work CA
mkdir "$work/new"
: >"$work/index.txt"
echo 01 >"$work/crlnumber"

p256() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
sign() { # section key subject out serial [option...]
	openssl req -new -config "$work/conf" -key "$2" -subj "$3" -out "$work/req"
	echo "$5" >"$work/serial"
	: >"$work/index.txt"
	openssl ca -config "$work/conf" -batch -notext -extensions "$1" -in "$work/req" -out "$4" "${@:6}" 2>"$work/words" ||
		{ cat "$work/words"; exit 1; }
}
authority() { # section key out [subject]
	CA=$work/none
	sign "$1" "$2" "${4:-/CN=test authority}" "$3" 0A -selfsign -keyfile "$2" -startdate $ca_from -enddate $ca_to
}

# Authorities: ca, another one of the same name, and ca's own key and name with other extensions.
p256 ca.key
p256 other.key
authority ca_ext ca.key ca.pem
authority ca_ext other.key other.pem
for kind in nosign nocrl anyuse isnone limited unknown; do
	authority ca_$kind ca.key ca-$kind.pem
done
authority ca_ext ca.key ca-renamed.pem '/CN=another authority'

# Users' certificates, all for one key.
p256 user.key
CA=ca
serial=40000000000000000000000000000001
sign user user.key /CN=user:ops user.pem $serial -startdate $from -enddate $to
for kind in nouri nosan twouri sameuri alsouri badname nulname noname dnsname badsan isca client server mail anyuse nosign \
	unknown noid; do
	sign $kind user.key /CN=user:ops user-$kind.pem 42 -startdate $from -enddate $to
done
sign sha1 user.key /CN=user:ops user-sha1.pem 42 -startdate $from -enddate $to -md sha1
sign user user.key /CN=user:ops user-long.pem 0102030405060708090A0B0C0D0E0F1011121314 -startdate $from -enddate 20400101000000Z
sign user user.key /CN=user:ops user-longer.pem 0102030405060708090A0B0C0D0E0F101112131415 -startdate $from -enddate $to
CA=other
sign user user.key /CN=user:ops user-other.pem $serial -startdate $from -enddate $to

# A session file, and what a pin is.
{
	echo 'server: login.example.org:65431'
	printf 'pin: sha256:'
	openssl pkey -in other.key -pubout -outform DER | openssl dgst -sha256 -binary | openssl base64
	cat user.key user.pem ca.pem
} >session.pem
openssl pkey -in other.key -pubout -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1 >other.pin

# Private keys of other forms.
openssl ec -in user.key -out key-sec1.pem 2>/dev/null
openssl pkcs8 -topk8 -in user.key -passout pass:secret -out key-locked.pem
openssl ec -in user.key -aes128 -passout pass:secret -out key-locked-sec1.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out key-explicit.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out key-secp256k1.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key-p384.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out key-p521.pem 2>/dev/null
openssl genpkey -algorithm ED25519 -out key-ed25519.pem
openssl genpkey -algorithm ED448 -out key-ed448.pem
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key-rsa1024.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key-rsa2048.pem 2>/dev/null
openssl rsa -in key-rsa2048.pem -traditional -out key-pkcs1.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out key-rsa4096.pem 2>/dev/null
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out key-rsapss.pem 2>/dev/null

# Requests.
for kind in explicit secp256k1 p384 p521 ed25519 ed448 rsa1024 rsa2048 rsa4096 rsapss; do
	openssl req -new -config "$work/conf" -key key-$kind.pem -subj /CN=user:ops -outform DER -out csr-$kind.der
done
[ -s "${RSA16384:-}" ] || openssl genrsa -out "${RSA16384:=$work/rsa16384.key}" 16384
openssl req -new -config "$work/conf" -key "$RSA16384" -subj /CN=user:ops -outform DER -out csr-rsa16384.der
openssl req -new -config "$work/conf" -key user.key -subj /CN=user:ops -outform DER -out csr-user.der
openssl req -new -config "$work/conf" -key user.key -subj '/CN=user:root/O=wheel' -outform DER -out csr-greedy.der \
	-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
	-addext extendedKeyUsage=codeSigning -addext 'subjectAltName=URI:ugat:user:root,DNS:example.org,IP:192.0.2.1'
openssl pkey -in user.key -pubout -outform DER -out user.pub

# Lists of the revoked: at 06:00 that day user.pem was.
list() { # out option...
	openssl ca -config "$work/conf" -gencrl -crl_lastupdate 20260601060000Z -crl_nextupdate 20260601061500Z "${@:2}" \
		-out "$work/crl" 2>"$work/words" || { cat "$work/words"; exit 1; }
	openssl crl -in "$work/crl" -outform DER -out "$1"
}
CA=ca
: >"$work/index.txt"
list crl-empty.der
printf 'R\t260601120000Z\t260601053000Z\t%s\tunknown\t/CN=user:ops\n' $serial >"$work/index.txt"
list crl.der
list crl-part.der -crlexts crl_part
CA=other
list crl-other.der

# Certificates in a CMS message.
cat user.pem ca.pem >"$work/two"
openssl crl2pkcs7 -nocrl -certfile "$work/two" -outform DER -out certs.p7
openssl crl2pkcs7 -in "$work/crl" -outform DER -out certs-none.p7
