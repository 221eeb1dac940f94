# chart_bars.gp: two panels of horizontal bars, with the range of the rounds as a
# line: $work/left and $work/right, with left_label and right_label below. Bars begin
# at `base`; if that is not 0, each further step to the right is ten times as much.

set multiplot
set key off
set xrange [base:*]
if (base > 0) set logscale x
set yrange [-rows-0.6:-0.4]
set grid noytics
set xtics rotate by 0 autofreq
set lmargin at screen 0.27
set rmargin at screen 0.61
set xlabel left_label
plot work.'/left' using (base):1:(base):2:($1-0.35):($1+0.35) \
        with boxxyerror linecolor rgb '#3b6ea8', \
     '' using 2:1:3:4:ytic(5) with xerrorbars linecolor rgb 'black' pointtype -1
unset label 1
unset label 2
set lmargin at screen 0.65
set rmargin at screen 0.98
set format y ''
set xlabel right_label
plot work.'/right' using (base):1:(base):2:($1-0.35):($1+0.35) \
        with boxxyerror linecolor rgb '#d9822b', \
     '' using 2:1:3:4 with xerrorbars linecolor rgb 'black' pointtype -1
unset multiplot
