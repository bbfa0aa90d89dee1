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
    TEMPLATE_CONNECTION = 1 << 7,    /* {{connection}}: number of the connection, from 1 */
    TEMPLATE_PART = 1 << 8,          /* {{prompt:part}}: a part of a long text, JSON-escaped */
    TEMPLATE_PART_INDEX = 1 << 9,    /* {{part}}: number of that part, from 0 */
    TEMPLATE_TOKEN = 1 << 10,        /* {{token}}: a message of a streamed reply, JSON-escaped */
    TEMPLATE_CORRELATION = 1 << 11,  /* {{correlation}}: the id in the message that is answered */
    TEMPLATE_COLUMN = 1 << 12,       /* {{NAME}}: a caller's own variable, JSON-escaped */
    TEMPLATE_COLUMN_RAW = 1 << 13,   /* {{NAME:raw}}: the same as it is */
    TEMPLATE_FIELD = 1 << 14,        /* either, of a field of the row that the prompt is in */
};

/* The longest {{id}}: "0badcafe-2a", with up to 16 digits after the hyphen. */
#define TEMPLATE_ID_SIZE (8 + 1 + 16)

/* What a client's message may use, besides a caller's own variables. */
#define TEMPLATE_CLIENT_VARIABLES                                                                  \
    (TEMPLATE_PROMPT | TEMPLATE_PROMPT_RAW | TEMPLATE_ID | TEMPLATE_SEQ | TEMPLATE_TIMESTAMP |     \
     TEMPLATE_CONNECTION)

/* What a client's handshake, and its messages before any prompt, may use likewise. */
#define TEMPLATE_CONNECTION_VARIABLES (TEMPLATE_CONNECTION | TEMPLATE_TIMESTAMP)

/* What a reply of `wsload serve` may use. */
#define TEMPLATE_SERVER_VARIABLES                                                                  \
    (TEMPLATE_PROMPT | TEMPLATE_PROMPT_RAW | TEMPLATE_SEQ | TEMPLATE_TIMESTAMP |                   \
     TEMPLATE_CONNECTION_ID | TEMPLATE_REQUEST_ID | TEMPLATE_TOKEN | TEMPLATE_CORRELATION)

/* Names of a caller's own that stand for another text in each message. Of many a row has, few are
 * used: those that are get a place each, in the order of their first use. */
struct template_fields {
    const char *const *names;
    size_t count;
    size_t *places; /* of each name, from 1; 0: not used */
    size_t used;
};

/* The variables that a template may use. */
struct template_scope {
    unsigned variables;         /* a set of enum template_variable, those of callers apart */
    const char *const *columns; /* names of a caller's own; needed while compiling only */
    size_t column_count;
    bool columns_raw; /* {{NAME}} is {{NAME:raw}}: the text goes where JSON is not spoken */
    struct template_fields *fields; /* NULL: none; compiling gives places */
};

/* The text of a caller's own variable, twice. */
struct template_column {
    struct text text;
    struct text escaped; /* through json_escape(); the same bytes when nothing needs escaping */
};

struct template_part;

struct template
{
    struct template_part *parts; /* owned */
    size_t count;
    unsigned variables;        /* those that it uses: a set of enum template_variable, with
                                  TEMPLATE_COLUMN and TEMPLATE_COLUMN_RAW for any column */
    bool begins_with_variable; /* so that how its text begins is the caller's */
    char *literals;            /* owned copy of the template's text; parts point into it */
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
    uint64_t connection;
    struct text part; /* already JSON-escaped, as are the next two */
    struct text token;
    struct text correlation;
    uint64_t part_index;
    const struct template_column *columns; /* in the order of the scope's names */
    const struct template_column *fields;  /* in the order of their places; NULL: all are empty */
};

/* Compiles TEXT. A variable that SCOPE does not offer, one that is both a column and a field, or
 * one that is unfinished, is an error that names it, the ones there are, and the nearest. A name of
 * wsload's own means that, whatever columns and fields there are. 0 or -1. */
int template_compile(struct template *template, struct text text,
                     const struct template_scope *scope, struct error *error);

/* Whether NAME can be a caller's own variable: letters, digits, '_', '-' and '.', and no name that
 * a client's template knows already (those of servers alone, as "token", are free). */
bool template_column_valid(const char *name);

/* Releases what template_compile() took. A zeroed template is fine. */
void template_free(struct template *template);

/* The longest that VALUES can render to, with every number at its longest. Bytes. */
size_t template_bound(const struct template *template, const struct template_values *values);

/* Writes the message to OUT, which has room for template_bound() bytes; not terminated. Returns its
 * length in bytes. */
size_t template_render(const struct template *template, const struct template_values *values,
                       char *out);

/* The {{id}} of request SEQ (from 1, as in the values), into OUT, not terminated. Returns its
 * length in bytes. */
size_t template_id(uint32_t run_id, uint64_t seq, char out[TEMPLATE_ID_SIZE]);

/* Reads an {{id}} back. False when TEXT is not one, of whatever run. */
bool template_id_read(struct text text, uint32_t *run_id, uint64_t *seq);

#endif
