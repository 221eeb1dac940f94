# chart_lines.gp: three panels, each with a line for every server: $work/left,
# $work/middle and $work/right over the number of connected clients.

set multiplot
set logscale x
set linetype 1 linecolor rgb '#3b6ea8'
set linetype 2 linecolor rgb '#d9822b'
set linetype 3 linecolor rgb '#4f9d69'
set xlabel 'connected clients'
set format x '%.0f'
set xtics 1,10 font ',11'
set xrange [0.7:20000]
set yrange [0:*]
set key at screen 0.012,screen 1-40.0/height left top vertical maxrows 1 \
    reverse Left samplen 2 width -4 autotitle columnheader
set tmargin at screen 1-85.0/height

stats work.'/left' skip 1 using 1 nooutput
servers = STATS_blocks

set lmargin at screen 0.09
set rmargin at screen 0.33
set ylabel 'requests a second' offset 1
plot for [i=0:servers-1] work.'/left' index i using 1:2:3:4 \
    with yerrorlines linetype i+1 linewidth 2 pointtype 7 pointsize 0.5
unset label 1
unset label 2
unset key
set lmargin at screen 0.42
set rmargin at screen 0.66
set logscale y
set yrange [*:*]
set ylabel 'p99 latency (ms)'
plot for [i=0:servers-1] work.'/middle' index i using 1:2:3:4 \
    with yerrorlines linetype i+1 linewidth 2 pointtype 7 pointsize 0.5
set lmargin at screen 0.745
set rmargin at screen 0.985
set ylabel 'memory (PSS, MiB)'
plot for [i=0:servers-1] work.'/right' index i using 1:2:3:4 \
    with yerrorlines linetype i+1 linewidth 2 pointtype 7 pointsize 0.5
unset multiplot
