/* What people want to see of the opening of a connection. */
#ifndef WSLOAD_ENGINE_OPENING_SEEN_H
#define WSLOAD_ENGINE_OPENING_SEEN_H

#include <stdint.h>

#include "wsload/engine/resolver.h"

/* Of the newest one, without secrets. */
struct opening_seen {
    char address[ADDRESS_TEXT_SIZE + 8]; /* with the port */
    char tls[128];                       /* "TLSv1.3, certificate valid until ..."; "": plain */
    char answer[2048];                   /* the beginning of the answer: its status and headers */
    uint64_t took_ns;
};

#endif
