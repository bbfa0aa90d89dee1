#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

unsigned terminal_columns(int fd)
{
    struct winsize size = {0};
    return isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool terminal_obeys(int fd)
{
    const char *type = getenv("TERM");
    return isatty(fd) == 1 && type && type[0] && strcmp(type, "dumb") != 0;
}

void terminal_tell(struct buffer *text)
{
    if (text->length > 0)
        fwrite(text->data, 1, text->length, stderr);
    fflush(stderr);
    buffer_clear(text);
}
