/* Ids that look like API Gateway's. Drawn from a generator that never repeats from run to run. */
#ifndef WSLOAD_SERVER_IDS_H
#define WSLOAD_SERVER_IDS_H

#include "wsload/base/random.h"

/* Room for an id with its NUL. */
#define ID_SIZE   17
#define UUID_SIZE 37

/* Of a connection or a request: "Qyi07eCbtjMCJKw=". */
void id_make(struct random *random, char id[ID_SIZE]);

/* Of a response: "0c8f6c52-6a43-4c5c-8b7e-2f7a3c9d1e00" (RFC 9562 section 5.4). */
void uuid_make(struct random *random, char uuid[UUID_SIZE]);

#endif
