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
    if (argc > 2 && strcmp(argv[1], "serve") == 0 && strcmp(argv[2], "help") == 0) {
        char *const words[] = {argv[2], argv[1], argv[3]}; /* as "help serve OPTION" */
        return command_help(argc > 3 ? 3 : 2, words);
    }
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return command_serve(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        return command_help(argc - 1, argv + 1);
    return command_run(argc, argv);
}
