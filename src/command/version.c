#include "wsload/command/command.h"

#include <stdio.h>
#include <string.h>

#include "commit.h" /* made by the build */
#include "wsload/engine/lws_transport.h"

void command_version(void)
{
    const char *websockets = lws_transport_library(); /* "4.1.6-" and what the builder added */
    const char *tls = lws_transport_tls_library();    /* "OpenSSL 3.0.11 19 Sep 2023" */
    size_t name = strcspn(tls, " ");
    size_t length = name + (tls[name] ? 1 + strcspn(tls + name + 1, " ") : 0);
    printf("wsload %s (%s%s%slibwebsockets %.*s, %.*s)\n", WSLOAD_VERSION,
           WSLOAD_COMMIT[0] ? "commit " : "", WSLOAD_COMMIT, WSLOAD_COMMIT[0] ? ", " : "",
           (int)strcspn(websockets, "-"), websockets, (int)length, tls);
}
