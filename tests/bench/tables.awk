# tables.awk: the table of one workload, from what summary.awk prints. Nothing is
# printed if nothing was measured. The units of the metrics:
#   rate requests/s; p50_ms, p99_ms, max_ms latency; cpu_us CPU time for a request,
#   all processes of the server; voluntary, involuntary context switches for a
#   request; fds, rss_kib, pss_kib of all processes, the largest sums seen
#   gb_per_s, server_s_per_gb, client_s_per_gb: 1e9 bytes
#   ns for an item; start_ms; client_us; server_kib, client_kib

$1 == workload {
    if (!(($2, $3) in seen)) {
        seen[$2, $3] = 1
        subject[++rows] = $2
        kase[rows] = $3
    }
    middle[$2, $3, $4] = $5
    low[$2, $3, $4] = $6
    high[$2, $3, $4] = $7
}

# The median of a metric in row i.
function of(i, metric) {
    return middle[subject[i], kase[i], metric]
}

# "1234 ( 1200- 1300)", each number printed by the format.
function ranged(i, metric, form) {
    return sprintf(form " (" form "-" form ")", of(i, metric),
                   low[subject[i], kase[i], metric],
                   high[subject[i], kase[i], metric])
}

function servers(title, reference,   i, failed) {
    printf "\n%s\n", title
    printf "%-33s %-20s %-18s %7s %7s %7s %9s %5s %8s\n", "", "requests/s (from-to)",
        reference, "p50 ms", "p99 ms", "CPU us", "switches", "fds", "PSS KiB"
    for (i = 1; i <= rows; i++) {
        printf "%-33s %-20s %-18s %7.3f %7.3f %7.1f %4.1f %4.1f %5d %8d\n",
            subject[i], ranged(i, "rate", "%.0f"),
            (subject[i], kase[i], "relative_rate") in middle ? \
                ranged(i, "relative_rate", "%.2f") : "",
            of(i, "p50_ms"), of(i, "p99_ms"), of(i, "cpu_us"),
            of(i, "voluntary"), of(i, "involuntary"), of(i, "fds"), of(i, "pss_kib")
        if (high[subject[i], kase[i], "failures"] > 0)
            failed = failed sprintf("%s: up to %d failures in a round\n", subject[i],
                                    high[subject[i], kase[i], "failures"])
    }
    printf "%s", failed
}

function many(   i, last) {
    printf "\n(d) connected clients, of which 10 at most make requests: a file of 4 KiB, kept connections\n"
    printf "%-33s %9s %-20s %7s %7s %7s %6s %8s %6s\n", "", "connected",
        "requests/s (from-to)", "p50 ms", "p99 ms", "CPU us", "fds", "PSS KiB", "failed"
    for (i = 1; i <= rows; i++)
        if (!(subject[i] in last)) {
            last[subject[i]] = 1
            many_of(subject[i])
        }
}

function many_of(name,   i) {
    for (i = 1; i <= rows; i++)
        if (subject[i] == name)
            printf "%-33s %9d %-20s %7.3f %7.3f %7.1f %6d %8d %6d\n", name, kase[i],
                ranged(i, "rate", "%.0f"), of(i, "p50_ms"), of(i, "p99_ms"),
                of(i, "cpu_us"), of(i, "fds"), of(i, "pss_kib"), of(i, "failures")
}

function methods(   i) {
    printf "\n(c) a file of %d MiB, tmpfs to tmpfs\n", middle["file", "-", "mib"]
    printf "server-client            GB/s (from - to)    to nginx-curl     " \
        "server: CPU s/GB      client\n"
    for (i = 1; i <= rows; i++)
        if (subject[i] != "file")
            printf "%-22s %6.2f (%5.2f-%5.2f)  %-17s %6.3f (%5.3f-%5.3f)  %6.3f\n",
                subject[i], of(i, "gb_per_s"),
                low[subject[i], kase[i], "gb_per_s"],
                high[subject[i], kase[i], "gb_per_s"],
                (subject[i], kase[i], "relative_gb_per_s") in middle ? \
                    ranged(i, "relative_gb_per_s", "%.2f") : "",
                of(i, "server_s_per_gb"), low[subject[i], kase[i], "server_s_per_gb"],
                high[subject[i], kase[i], "server_s_per_gb"],
                of(i, "client_s_per_gb")
}

function memory(   i) {
    printf "\npeak memory in KiB          server   client\n"
    for (i = 1; i <= rows; i++)
        printf "%-10s %4s          %8d %8d\n", subject[i], kase[i],
            of(i, "server_kib"), of(i, "client_kib")
}

function handover(   i, name) {
    printf "\n(e) one hand-over, microseconds (from-to)\n"
    printf "%-12s %-22s %-22s\n", "", "on one core", "on two"
    for (i = 1; i <= rows; i++) {
        if (kase[i] == 1)
            printf "%s%-12s", name == "" ? "" : "\n", name = subject[i]
        printf " %-22s", sprintf("%.2f (%.2f-%.2f)", of(i, "ns") / 1000,
            low[subject[i], kase[i], "ns"] / 1000, high[subject[i], kase[i], "ns"] / 1000)
    }
    printf "\n"
}

function pools(   i) {
    printf "\n%-18s %8s %14s %12s %17s\n", "", "workers", "start-up (ms)",
        "memory (KiB)", "one client (us)"
    for (i = 1; i <= rows; i++)
        printf "%-18s %8d %14.1f %12d %17.1f\n", subject[i], kase[i],
            of(i, "start_ms"), of(i, "pss_kib"), of(i, "client_us")
}

END {
    if (rows == 0)
        exit
    if (workload == "connect")
        servers("(a) connect, one line, close; each request on a new connection",
                "to stage1 server")
    else if (workload == "small")
        servers("(b) a file of 4 KiB; each request on a new connection", "to nginx")
    else if (workload == "kept")
        servers("(b') a file of 4 KiB; all requests of a client on one connection",
                "to nginx")
    else if (workload == "methods")
        methods()
    else if (workload == "memory")
        memory()
    else if (workload == "many")
        many()
    else if (workload == "handover")
        handover()
    else if (workload == "pools")
        pools()
}
