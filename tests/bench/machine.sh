#!/bin/bash
# machine.sh: what a measurement depends on: the machine, the kernel, the versions,
# and how much is measured (BENCH_ROUNDS, BENCH_SECONDS).

set -u
export LC_ALL=C

# version COMMAND...: the first number in what it prints.
version() {
    local text
    text=$("$@" 2>&1) || return
    [[ $text =~ [0-9]+\.[0-9.]+ ]] && echo "${BASH_REMATCH[0]}"
}

versions=''
name=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
while read -r tool version; do
    [ -z "$version" ] || versions+="${versions:+, }$tool $version"
done <<END
cc $(version cc --version)
glibc $(version getconf GNU_LIBC_VERSION)
nginx $(PATH=$PATH:/usr/sbin version nginx -v)
python $(version python3 --version)
curl $(version curl --version)
END
echo "machine: ${name:-$(uname -m)}, $(nproc) cores"
echo "kernel: $(uname -r)"
echo "date: $(date +%F)"
echo "versions: $versions"
echo "run: ${BENCH_ROUNDS:-9} rounds of ${BENCH_SECONDS:-1} s"
