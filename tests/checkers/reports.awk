# reports.awk: print the names of those reports of Valgrind in which something is
# wrong: an error, a lost block, and with -v fds_count=1 an fd that the process has
# opened and left open. A name may come twice.
#
# Fds do not count where a signal has ended the process, nor what its threads held
# then ("possibly lost").

FNR == 1 { opened = 0; killed = 0; held = 0 }
{ sub(/^==[0-9]+== ?/, "") }
/^Process terminating with default action of signal/ { killed = 1 }
opened && fds_count && !killed && !/inherited from parent/ { print FILENAME }
{ opened = /^Open (file descriptor|AF_[A-Z0-9]+ socket)/ }
killed && / possibly lost in loss record / { held++ }
/^ERROR SUMMARY: [1-9]/ && $3 > held { print FILENAME }
