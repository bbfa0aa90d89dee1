/* A file that holds a token or a key and may change while the run goes on. Its content is a
 * template, without the white space around it.
 *
 * It goes into a header as it is: a line break or another control character is refused. No error
 * repeats any of it. What was read once is kept to the end: it may have been sent, and has to be
 * known again in what a server says. */
#ifndef WSLOAD_LOAD_SECRET_FILE_H
#define WSLOAD_LOAD_SECRET_FILE_H

#include <stdatomic.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/protocol/template.h"

/* The file as it was at one time. */
struct secret_version {
    struct template content;
    int64_t modified_ns; /* when the file was last changed, as its content was read */
    const struct secret_version *older; /* NULL: this is the first */
};

/* Workers share it without a lock: versions are only ever put in front. */
struct secret_file {
    const char *path;
    _Atomic(const struct secret_version *) newest; /* owned, as are all older ones */
};

/* Reads PATH ("-" is standard input), which must outlive it. The error names PATH: unreadable,
 * empty, larger than a header can be, a control character, a variable that SCOPE does not offer.
 * The caller frees with secret_file_free(). NULL when something is wrong. */
struct secret_file *secret_file_new(const char *path, const struct template_scope *scope,
                                    struct error *error);

/* The content as it is now: read again when the file has changed since. When it cannot be read now,
 * the last content stands. Any thread; valid as long as FILE. */
const struct template *secret_file_now(struct secret_file *file,
                                       const struct template_scope *scope);

/* NULL is fine. */
void secret_file_free(struct secret_file *file);

#endif
