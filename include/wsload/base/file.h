/* Whole files: read one, as it is or as the text that is meant, check that one can be written,
 * write one so that nobody sees half of it. */
#ifndef WSLOAD_BASE_FILE_H
#define WSLOAD_BASE_FILE_H

#include <stdbool.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

/* Appends the file at PATH ("-" is standard input) to OUT. -1 when it cannot be read, is a
 * directory, or does not fit into OUT's maximum; the error names PATH. */
int file_read(const char *path, struct buffer *out, struct error *error);

/* PATH as errors name it. */
const char *file_name(const char *path);

/* Reads the text file at PATH into OUT, which is empty, without what editors and shells add to it:
 * no byte order mark, LF for CRLF, nothing after the last line that is not blank. -1 as
 * file_read(), and when it is not UTF-8 or has a NUL; the error names PATH and the line, and shows
 * nothing of the text. Every option that takes a text reads it so. */
int file_read_text(const char *path, struct buffer *out, struct error *error);

/* The same of a file that another library takes apart: only the byte order mark goes, and only
 * UTF-16 is refused. */
int file_read_unmarked(const char *path, struct buffer *out, struct error *error);

/* Whether file_write_atomic() to PATH would work now, found out without leaving a file: the
 * directory exists and is writable, PATH is no directory. 0 or -1. */
int file_check_writable(const char *path, struct error *error);

/* Whether PATH leads to our own standard input, or output: "-" does, and /dev/stdin and /dev/stdout
 * do, and whatever names the file that it was redirected to, or the pipe or terminal that it is.
 * /dev/null never does: what many write there is one as good as the other. A regular file that
 * standard input was redirected from does not, either: it can be read from its beginning again. */
bool file_is_stdin(const char *path);
bool file_is_stdout(const char *path);

/* Whether A and B are names of one file, links followed and however they are spelt; "-" is our
 * standard output. Of files that are not there yet, their directories tell. What is no regular file
 * (a pipe, a terminal, /dev/null) is never the same: several may write to it. */
bool file_same(const char *a, const char *b);

/* Replaces PATH by TEXT at once: temporary file in the same directory, fsync, rename, fsync of the
 * directory. An existing file keeps its mode, a symbolic link stays and what it leads to is
 * replaced. A PATH that exists and is no regular file (a pipe, /dev/null), or that leads to our own
 * standard output or error, is written in place, and so is a mount point. On -1 an existing file is
 * untouched and no temporary is left. */
int file_write_atomic(const char *path, struct text text, struct error *error);

#endif
