/* Message templates: text with {{variables}}, compiled once, rendered for each message.
 *
 * White space inside the braces is allowed. A single brace is plain text; "{{" always opens a
 * variable. Rendering copies bytes and formats integers: no allocation, no parsing. */
#ifndef WSLOAD_PROTOCOL_TEMPLATE_H
#define WSLOAD_PROTOCOL_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

/* What a variable stands for. A bit each, so that a caller can say which ones it offers. */
enum template_variable {
    TEMPLATE_PROMPT = 1 << 0,        /* {{prompt}}: JSON-escaped, without quotes */
    TEMPLATE_PROMPT_RAW = 1 << 1,    /* {{prompt:raw}}: as it is */
    TEMPLATE_ID = 1 << 2,            /* {{id}}: unique per request, run id and number in hex */
    TEMPLATE_SEQ = 1 << 3,           /* {{seq}}: number of the request in this run, from 1 */
    TEMPLATE_TIMESTAMP = 1 << 4,     /* {{timestamp}}: Unix time in milliseconds */
    TEMPLATE_CONNECTION_ID = 1 << 5, /* {{connectionId}}: as API Gateway names a connection */
    TEMPLATE_REQUEST_ID = 1 << 6,    /* {{requestId}}: as API Gateway names a request */
};

/* What a client's message may use. */
#define TEMPLATE_CLIENT_VARIABLES                                                                  \
    (TEMPLATE_PROMPT | TEMPLATE_PROMPT_RAW | TEMPLATE_ID | TEMPLATE_SEQ | TEMPLATE_TIMESTAMP)

/* What a reply of `wsload serve` may use. */
#define TEMPLATE_SERVER_VARIABLES                                                                  \
    (TEMPLATE_PROMPT | TEMPLATE_PROMPT_RAW | TEMPLATE_SEQ | TEMPLATE_TIMESTAMP |                   \
     TEMPLATE_CONNECTION_ID | TEMPLATE_REQUEST_ID)

struct template_part;

struct template
{
    struct template_part *parts; /* owned */
    size_t count;
    char *literals; /* owned copy of the template's text; parts point into it */
};

/* The values of one message; what the template does not use may be left zero. */
struct template_values {
    struct text prompt;
    struct text prompt_escaped; /* prompt through json_escape() */
    uint32_t run_id;
    uint64_t seq;
    uint64_t unix_ms;
    struct text connection_id;
    struct text request_id;
};

/* Compiles TEXT; ALLOWED is a set of enum template_variable. An unknown or unfinished variable is
 * an error that names it, the ones there are, and the nearest. 0 or -1. */
int template_compile(struct template *template, struct text text, unsigned allowed,
                     struct error *error);

/* Releases what template_compile() took. A zeroed template is fine. */
void template_free(struct template *template);

/* Whether the template uses any of VARIABLES, a set of enum template_variable. */
bool template_uses_any(const struct template *template, unsigned variables);

/* The longest that VALUES can render to, with every number at its longest. Bytes. */
size_t template_bound(const struct template *template, const struct template_values *values);

/* Writes the message to OUT, which has room for template_bound() bytes; not terminated. Returns its
 * length in bytes. */
size_t template_render(const struct template *template, const struct template_values *values,
                       char *out);

#endif
