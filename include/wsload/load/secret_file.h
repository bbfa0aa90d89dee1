/* A file that holds a token or a key and may change while the run goes on. Its content is a
 * template, without the white space around it.
 *
 * It goes into a header as it is: a line break or another control character is refused. No error
 * repeats any of it. */
#ifndef WSLOAD_LOAD_SECRET_FILE_H
#define WSLOAD_LOAD_SECRET_FILE_H

#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/protocol/template.h"

struct secret_file {
    struct template content; /* owned; without parts: nothing was read yet */
    int64_t modified_ns;     /* when the file was last changed, as its content was read */
};

/* Reads PATH ("-" is standard input) into FILE in place of what it held, which stays when something
 * is wrong. The error names PATH: unreadable, empty, larger than a header can be, a control
 * character, a variable that SCOPE does not offer. 0 or -1. */
int secret_file_read(struct secret_file *file, const char *path, const struct template_scope *scope,
                     struct error *error);

/* The content of PATH as it is now. It is read into KEPT when it has changed since it was last read
 * into KEPT or, before that, into FIRST; when it cannot be read now, the last content stands. */
const struct template *secret_file_now(const struct secret_file *first, struct secret_file *kept,
                                       const char *path, const struct template_scope *scope);

/* Releases the content. A zeroed struct is fine. */
void secret_file_free(struct secret_file *file);

#endif
