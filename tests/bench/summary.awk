# summary.awk: from the raw data, over the rounds, for each workload, subject,
# case and metric a line with the median, the smallest and the largest value.
# Ratios are made within a round, then their median is taken: relative_M is metric
# M divided by that of the reference.

BEGIN {
    FS = OFS = "\t"
    reference["connect"] = "stage1_fork/server"
    reference["small"] = "nginx"
    reference["kept"] = "nginx"
    reference["methods"] = "nginx-curl"
}

function add(key, value) {
    if (!(key in count))
        order[++keys] = key
    values[key, ++count[key]] = value
}

function median(key, n,   sorted, i, j, t) {
    for (i = 1; i <= n; i++) {
        t = values[key, i]
        for (j = i; j > 1 && sorted[j - 1] > t; j--)
            sorted[j] = sorted[j - 1]
        sorted[j] = t
    }
    low = sorted[1]
    high = sorted[n]
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

/^#/ || NF != 6 { next }

{
    add($1 OFS $2 OFS $3 OFS $5, $6 + 0)
    rows[++n] = $0
    value[$1, $2, $3, $4, $5] = $6
}

END {
    for (i = 1; i <= n; i++) {
        split(rows[i], f, FS)
        base = f[1] in reference ? value[f[1], reference[f[1]], f[3], f[4], f[5]] : 0
        if (base > 0)
            add(f[1] OFS f[2] OFS f[3] OFS "relative_" f[5], f[6] / base)
    }
    for (i = 1; i <= keys; i++) {
        m = median(order[i], count[order[i]])
        print order[i], m, low, high
    }
}
