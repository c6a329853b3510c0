# Shared by the scripts beside it: `. "$(dirname "$0")/common.sh"`. Leaves the shell in the repository's root.

set -eu
cd "$(dirname "$0")/.."

RUST_MINIMUM=92   # of Rust 1.x: what the published reference builds with
NODE_MINIMUM=18
TOOLS=out/tools   # the virtual environment of script/requirements.txt

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# The comment at the head of a script is its help.
help_wanted() {
    case "${1-}" in
        -h|--help) sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; exit 0 ;;
    esac
}

job_count() {
    if [ -n "${BATPAK_JOBS-}" ]; then echo "$BATPAK_JOBS"; else nproc; fi
}

# The rows of needs.txt for the groups named, without comments.
needs() {
    for group; do
        sed -n "s/^$group  *//p" script/needs.txt
    done
}

# Packages of a row, for people.
spelled() {
    printf '%s' "$1" | sed 's/|/ or /g; s/-@clang@//g'
}

have_rust() {
    version=$(cargo --version 2>/dev/null) || return 1
    minor=$(printf '%s\n' "$version" | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
    [ -n "$minor" ] && [ "$minor" -ge "$RUST_MINIMUM" ] && rustc --version >/dev/null 2>&1
}

# Where Rust cannot be installed from the system's packages, the reference lane is skipped instead.
rust_installable() {
    [ "$(. /etc/os-release 2>/dev/null && echo "$ID-$VERSION_ID")" = debian-12 ]
}

# The Python that packages are built with: the system's own, or the first on the path, with headers and venv.
host_python() {
    for candidate in /usr/bin/python3 "$(command -v python3)"; do
        if "$candidate" - <<'END' 2>/dev/null
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(0 if sys.version_info >= (3, 10) and os.path.exists(header) else 1)
END
        then
            echo "$candidate"
            return
        fi
    done
    return 1
}

node_recent() {
    version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge "$NODE_MINIMUM" ]
}

# What a folder of tools was made from: the Python, and the list of what to install.
tools_made_from() {
    host_python
    cat script/requirements.txt
}

tools_ready() {
    [ -x $TOOLS/bin/python ] && tools_made_from 2>/dev/null | cmp -s - $TOOLS/made-from
}

# The modules of node/ that its build and its tests use.
node_modules_ready() {
    [ ! -e node/package-lock.json ] || cmp -s node/package-lock.json node/node_modules/.made-from
}

clang_major() {
    clang -dumpversion 2>/dev/null | cut -d. -f1
}

blake3_dir() {
    if [ -n "${BATPAK_BLAKE3_DIR-}" ]; then echo "$BATPAK_BLAKE3_DIR"; return; fi
    for dir in /usr/share/cargo/registry/blake3-*/c "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/blake3-*/c; do
        if [ -f "$dir/blake3_dispatch.c" ]; then echo "$dir"; return; fi
    done
    return 1
}

# have TEST: does the machine have what a row of needs.txt asks for?
have() {
    case "$1" in
        # Tools of the administrator lie where not every user looks.
        command:*) ( PATH=$PATH:/usr/sbin:/sbin; command -v "${1#command:}" >/dev/null 2>&1 ) ;;
        header:*)  printf '#include <stdio.h>\n#include <%s>\n' "${1#header:}" | cc_any -E - >/dev/null 2>&1 ;;
        blake3)    blake3_dir >/dev/null ;;
        fuzzer-runtime)
            runtime=$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null) && [ -f "$runtime" ] ;;
        rust)      have_rust ;;
        python-dev) host_python >/dev/null ;;
        node)      node_recent ;;
        *)         fail "needs.txt: unknown test $1" ;;
    esac
}

cc_any() {
    if command -v gcc >/dev/null 2>&1; then gcc -x c "$@"; else clang -x c "$@"; fi
}

cmake_recent() {
    version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version //p')
    major=${version%%.*} rest=${version#*.}
    [ -n "$version" ] && { [ "$major" -gt 3 ] || [ "${rest%%.*}" -ge 22 ]; }
}

# configure PRESET [OPTION]...: quiet unless it goes wrong.
configure() {
    preset=$1; shift
    if ! output=$(cmake --preset "$preset" "$@" 2>&1); then
        say "$output"
        return 1
    fi
}

# compile DIRECTORY [OPTION]...
compile() {
    folder=$1; shift
    cmake --build "$folder" -j "$(job_count)" "$@"
}
