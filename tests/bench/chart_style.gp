# chart_style.gp: what all charts have in common. charts.sh sets the strings
# caption, title and work, the folder with the data.

set terminal svg noenhanced size 860,height font 'sans-serif,13' \
    background rgb 'white'
set label 1 title at screen 0.012,screen 1-22.0/height left font ',15'
set label 2 caption at screen 0.012,screen 34.0/height left font ',10' \
    textcolor rgb '#555555'
set border 3 linecolor rgb '#555555'
set grid linecolor rgb '#dddddd'
set tics nomirror
set style fill solid 0.9 noborder
set tmargin at screen 1-48.0/height
set bmargin at screen 105.0/height
