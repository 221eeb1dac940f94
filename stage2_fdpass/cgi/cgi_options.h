#ifndef CGI_OPTIONS_H
#define CGI_OPTIONS_H

/* What the command line of server_cgi asks for beyond options.h; the folder of
   the programs has become the working directory. */

/* How many seconds a program may take; INFINITY: any number. */
double cgi_timeout(void);

#endif
