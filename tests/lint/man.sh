#!/bin/bash
# SPDX-License-Identifier: ISC
# The man pages: mandoc has nothing to say, what they refer to exists, each has its sections, and a command's page
# tells what every option of its SYNOPSIS does, and of no other.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob
bad=0
pages=(man/*.[1-8])
[ ${#pages[@]} -gt 0 ] || exit 0

# mandoc looks for references among the pages installed on this machine; ours are looked for below.
if for page in "${pages[@]}"; do mandoc -T lint -W style "$page" 2>&1; done |
	grep -vE 'referenced manual not found|outdated mandoc.db'; then
	bad=1
fi
while read -r page _ name section _; do
	[ -e "man/$name.$section" ] || {
		echo "$page: refers to $name($section), which is not there"
		bad=1
	}
done < <(grep -E '^\.Xr (ugat|auth)' "${pages[@]}" | sed 's/:/ /')
need() { # page section...
	local page=$1 section
	shift
	for section; do
		grep -q "^\.Sh $section\$" "$page" || {
			echo "$page: no $section"
			bad=1
		}
	done
}

# The letters behind `.Op Fl` in the SYNOPSIS, and those behind `.It Fl` (`.It Fl q , v`, `.It Fl R Ar RATIO , Fl T`).
options() { # page
	awk '/^\.Sh / { on = /SYNOPSIS/ } on && /^\.Op Fl / { print $3 }' "$1" | grep -o . | sort -u
}
described() { # page
	sed -n 's/^\.It Fl //p' "$1" | sed 's/, Fl /, /g; s/-[a-z]*//g' | tr ',' '\n' | awk 'length($1) == 1 { print $1 }' | sort -u
}

for page in "${pages[@]}"; do
	need "$page" SYNOPSIS DESCRIPTION FILES EXAMPLES 'SEE ALSO' STANDARDS
	case $page in *.5) continue ;; esac
	need "$page" 'EXIT STATUS'
	missing=$(comm -23 <(options "$page") <(described "$page") | tr -d '\n')
	[ -z "$missing" ] || {
		echo "$page: SYNOPSIS has -$missing, which nothing explains"
		bad=1
	}
	case $page in *.7) continue ;; esac
	unknown=$(comm -13 <(options "$page") <(described "$page") | tr -d '\n')
	[ -z "$unknown" ] || {
		echo "$page: explains -$unknown, which is not in its SYNOPSIS"
		bad=1
	}
done
exit $bad
