#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "wsload/base/helpers.h"
#include "wsload/command/command.h"

static const struct {
    const char *name;
    int (*run)(int argc, char *const argv[]);
} subcommands[] = {
    {"try", command_try},     {"serve", command_serve}, {"report", command_report},
    {"merge", command_merge}, {"help", command_help},
};

/* Opens what was closed of standard input, output and error, or the next descriptor would be taken
 * for it: a report would be written to a socket. It fails as a closed one does, since it is open
 * the wrong way round. */
static void open_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char *argv[])
{
    char **words = argv + 1;
    open_standard_streams();
    bool helps = argc > 1 && strcmp(words[0], "help") == 0;
    int refused = helps ? 0 : command_check_environment();
    if (refused)
        return refused;
    for (size_t i = 0; argc > 1 && i < ARRAY_LENGTH(subcommands); i++) {
        if (strcmp(words[0], subcommands[i].name) != 0)
            continue;
        if (argc == 2 || strcmp(words[1], "help") != 0)
            return subcommands[i].run(argc - 1, words);
        char *const topic[] = {words[1], words[0], words[2]}; /* "serve help X": "help serve X" */
        return command_help(argc > 3 ? 3 : 2, topic);
    }
    return command_run(argc, argv);
}
