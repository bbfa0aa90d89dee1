#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

_Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

unsigned long number(const char *text, unsigned long highest)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > highest) {
        fprintf(stderr, "%s: a number from 1 to %lu is asked for\n", text, highest);
        exit(2);
    }
    return value;
}

void prepare_process(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
}
