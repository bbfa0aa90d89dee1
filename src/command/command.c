#include "wsload/command/command.h"

#include <stdio.h>
#include <string.h>

#include "wsload/stats/results.h"

int command_complain(const struct error *error)
{
    fprintf(stderr, "wsload: %s\n", error->text);
    return EXIT_USAGE;
}

int command_main(int argc, char *const argv[])
{
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return command_serve(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        return command_help(argc - 1, argv + 1);
    return command_run(argc, argv);
}
