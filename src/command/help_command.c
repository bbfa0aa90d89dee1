#include "wsload/command/command.h"

#include <stdio.h>
#include <string.h>

#include "wsload/command/help.h"
#include "wsload/command/run_options.h"
#include "wsload/command/serve_options.h"

#define HELP_MAX (64u * 1024u)

static int print_help(const char *head, const struct option_set *set, const char *tail)
{
    struct buffer text;
    buffer_init(&text, HELP_MAX);
    help_options(set, HELP_COMMON, &text);
    printf("%s%s%s", head, text.data, tail);
    buffer_free(&text);
    return 0;
}

int command_run_help(void)
{
    return print_help(
        "Usage: wsload [OPTIONS] URL [PROMPTS_FILE]\n"
        "Load-tests a WebSocket chat backend with the prompts of a file [prompts.txt].\n"
        "\n"
        "  wsload serve --delay 9ms & sleep 1; echo a|wsload -d 5s ws://127.0.0.1:8080 -\n"
        "\n",
        &run_option_set,
        "\nExit codes: 0 passed; 1 a threshold failed, or no request succeeded; 2 usage,\n"
        "  input or output error; 3 no connection; 4 untrusted; 130, 143 interrupted.\n"
        "Every option is also WSLOAD_NAME in the environment, the URL is WSLOAD_URL.\n"
        "'wsload help OPTION' explains one, 'wsload help all' lists all with a line each;\n"
        "'wsload serve --help': a server to test; 'wsload serve help OPTION': one of its.\n");
}

int command_serve_help(void)
{
    return print_help("Usage: wsload serve [OPTIONS]\n"
                      "A small server that answers like a chat backend behind API Gateway.\n"
                      "\n"
                      "  wsload serve --listen 127.0.0.1:8080 --delay 50ms --error-rate 1\n"
                      "\n",
                      &serve_option_set,
                      "\nIt ends on SIGTERM or Ctrl-C and says what it counted.\n"
                      "Every option is also WSLOAD_SERVE_NAME in the environment.\n"
                      "'wsload serve help OPTION' explains one.\n");
}

static int list_all(const struct option_set *set)
{
    struct buffer text;
    buffer_init(&text, HELP_MAX);
    help_options(set, HELP_ALL, &text);
    printf("%s", text.data);
    buffer_free(&text);
    return 0;
}

static int explain(const struct option_set *set, const char *name)
{
    struct buffer text;
    struct error error;
    char suggestion[128];
    const struct option_row *row = option_find(set, name);
    if (strcmp(name, "all") == 0)
        return list_all(set);
    if (!row) {
        error_set(&error, "%s: no such option%s", name,
                  option_suggestion(set, name + strspn(name, "-"), suggestion));
        return command_complain(&error);
    }
    buffer_init(&text, HELP_MAX);
    help_option(set, row, &text);
    printf("%s", text.data);
    buffer_free(&text);
    return 0;
}

int command_help(int argc, char *const argv[])
{
    if (argc < 2)
        return command_run_help();
    if (strcmp(argv[1], "serve") != 0) {
        bool of_serve = !option_find(&run_option_set, argv[1]) &&
                        option_find(&serve_option_set, argv[1]);
        return explain(of_serve ? &serve_option_set : &run_option_set, argv[1]);
    }
    return argc < 3 ? command_serve_help() : explain(&serve_option_set, argv[2]);
}
