# targets.awk: from the raw data: what was to be reached, and what was. Each row is
# a ratio, made in each round: its median, smallest and largest value.

BEGIN {
    FS = "\t"
    one = "stage1_fork/server"
    two = "stage2_fdpass/server"
    pool = "stage6_threadpool/server"
    reactor = pool "_reactor"
    proactor = pool "_proactor"
}

/^#/ || NF != 6 { next }

{
    value[$1, $2, $3, $4, $5] = $6
    if ($4 > rounds)
        rounds = $4
}

# What the servers need for each client that says nothing.
function grown(subject, round) {
    return value["many", subject, 10000, round, "pss_kib"] - \
           value["many", subject, 10, round, "pss_kib"]
}

function add(above, below) {
    if (above != "" && below > 0)
        ratios[++n] = above / below
}

# Print the row, and forget the ratios. least is 1 if they should not be smaller.
function row(text, least, limit,   i, j, t, middle, verdict) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && ratios[j - 1] > ratios[j]; j--) {
            t = ratios[j]
            ratios[j] = ratios[j - 1]
            ratios[j - 1] = t
        }
    if (n == 0) {
        printf "%-58s %-17s %s %4.2f  not measured\n", text, "",
            least ? "at least" : "at most ", limit
        return
    }
    middle = n % 2 ? ratios[(n + 1) / 2] : (ratios[n / 2] + ratios[n / 2 + 1]) / 2
    verdict = (least ? middle >= limit : middle <= limit) ? "reached" : "missed"
    printf "%-58s %-17s %s %4.2f  %s\n", text,
        sprintf("%.2f (%.2f-%.2f)", middle, ratios[1], ratios[n]),
        least ? "at least" : "at most ", limit, verdict
    n = 0
}

# The same metric of two subjects of a workload.
function compare(text, workload, above, below, kase, metric, least, limit,   r) {
    for (r = 1; r <= rounds; r++)
        add(value[workload, above, kase, r, metric],
            value[workload, below, kase, r, metric])
    row(text, least, limit)
}

# The same metric of the subject with 10,000 and with 10 connected clients.
function grow(text, subject, metric, least, limit,   r) {
    for (r = 1; r <= rounds; r++)
        add(value["many", subject, 10000, r, metric],
            value["many", subject, 10, r, metric])
    row(text, least, limit)
}

# What a client that says nothing takes, beside nginx.
function memory(text, subject,   r) {
    for (r = 1; r <= rounds; r++)
        if (("many", subject, 10000, r, "pss_kib") in value)
            add(grown(subject, r), grown("nginx", r))
    row(text, 0, 1)
}

END {
    printf "\nwhat was to be reached, as ratios%25s %-17s\n", "", "(from-to)"
    compare("(a) connections/s: stage2 server to stage1 server", "connect", two, one,
            16, "rate", 1, 3)
    compare("(a) connections/s: server_notify to stage2 server", "connect",
            two "_notify", two, 16, "rate", 1, 1)
    compare("(b) requests/s: stage6 server to nginx", "small", pool, "nginx", 16,
            "rate", 1, 1)
    compare("(b) requests/s: server_reactor to nginx", "small", reactor, "nginx", 16,
            "rate", 1, 1)
    compare("(b) CPU for a request: stage6 server to nginx", "small", pool, "nginx",
            16, "cpu_us", 0, 1)
    compare("(b) CPU for a request: server_reactor to nginx", "small", reactor,
            "nginx", 16, "cpu_us", 0, 1)
    # Both with a client that copies: what it does with the bytes costs the server.
    compare("(c) the server's CPU for a GB: sendfile to nginx", "methods",
            "sendfile-copy", "nginx-curl", "-", "server_s_per_gb", 0, 1.05)
    compare("(c) bytes/s: sendfile-splice to nginx-curl", "methods",
            "sendfile-splice", "nginx-curl", "-", "gb_per_s", 1, 1.5)
    grow("(d) requests/s: server_reactor, 10,000 to 10 connected", reactor, "rate", 1,
         1 / 1.2)
    grow("(d) p99: server_reactor, 10,000 to 10 connected", reactor, "p99_ms", 0, 1.2)
    memory("(d) memory for a silent client: server_reactor to nginx", reactor)
    compare("(b) requests/s: server_proactor to nginx", "small", proactor, "nginx",
            16, "rate", 1, 1.2)
    compare("(b) CPU for a request: server_proactor to nginx", "small", proactor,
            "nginx", 16, "cpu_us", 0, 0.75)
    compare("(b') requests/s, kept: server_proactor to nginx", "kept", proactor,
            "nginx", 16, "rate", 1, 1.4)
    compare("(b') CPU for a request, kept: server_proactor to nginx", "kept",
            proactor, "nginx", 16, "cpu_us", 0, 0.5)
    compare("(c) the server's CPU for a GB: server_proactor to nginx", "methods",
            "proactor.splice-copy", "nginx-curl", "-", "server_s_per_gb", 0, 1)
    grow("(d) requests/s: server_proactor, 10,000 to 10 connected", proactor, "rate",
         1, 0.95)
    memory("(d) memory for a silent client: server_proactor to nginx", proactor)
}
