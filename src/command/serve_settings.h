/* From the options of `wsload serve` to those of the server: reads files and the environment, and
 * checks what the option table cannot. */
#ifndef WSLOAD_COMMAND_SERVE_SETTINGS_H
#define WSLOAD_COMMAND_SERVE_SETTINGS_H

#include <arpa/inet.h>

#include "wsload/base/buffer.h"
#include "wsload/command/serve_options.h"
#include "wsload/server/server.h"

struct serve_settings {
    struct server_options server; /* points into the rest, into the options and the environment */
    char address[INET6_ADDRSTRLEN];
    struct buffer reply; /* of --reply @FILE */
    struct header required[OPTION_LIST_MAX];
};

/* OPTIONS must outlive SETTINGS, which must stay where it is. 0, or -1 and an error that names the
 * option. To be freed either way. */
int serve_settings_make(struct serve_settings *settings, const struct serve_options *options,
                        struct error *error);

void serve_settings_free(struct serve_settings *settings);

#endif
