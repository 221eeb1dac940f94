#ifndef CGI_OPTIONS_H
#define CGI_OPTIONS_H

#include <sys/time.h>

/* What the command line of server_cgi asks for beyond options.h; the folder of
   the programs has become the working directory. */

/* How long a program may take; 0: any time. */
const struct timeval *cgi_timeout(void);

#endif
