/* The terminal behind a stream, if there is one: how wide it is now, and what it understands. */
#ifndef WSLOAD_COMMAND_TERMINAL_H
#define WSLOAD_COMMAND_TERMINAL_H

#include <stdbool.h>

#include "wsload/base/text.h"

/* Its width; 0 when FD is no terminal, or does not tell. It changes when a window does. */
unsigned terminal_columns(int fd);

/* Whether FD is a terminal that takes colours and redraws a line. TERM=dumb does not (an editor's
 * shell), and without TERM nobody knows. */
bool terminal_obeys(int fd);

/* Writes what TEXT holds to standard error, and empties it. */
void terminal_tell(struct buffer *text);

#endif
