#include "wsload/command/command.h"

#include <stdio.h>
#include <string.h>

#include "help.h"
#include "option_parse.h"
#include "wsload/base/helpers.h"
#include "wsload/judge/verdict.h"

#define HELP_MAX (64u * 1024u)

#define OPTIONS(name, upper)                                                                       \
    "Every option is also WSLOAD_" upper "_NAME in the environment.\n"                             \
    "'wsload " name " help OPTION' explains one.\n"

/* A subcommand's usage: what stands before its options, and after them. */
static const struct usage {
    const char *name;
    const struct option_set *set;
    const char *head;
    const char *tail;
} usages[] = {
    {"wsload", &run_option_set,
     "Usage: wsload [OPTIONS] URL [PROMPTS_FILE]\n"
     "Load-tests a WebSocket chat backend with the prompts of a file [prompts.txt].\n"
     "\n"
     "  wsload serve --delay 9ms & sleep 1; echo a|wsload -d 5s ws://127.0.0.1:8080 -\n"
     "\n",
     "\nExit codes: 0 passed; 1 a threshold failed, or no request succeeded; 2 usage,\n"
     "  input or output error; 3 no connection; 4 untrusted; 130, 143 interrupted.\n"
     "Options are WSLOAD_NAME in the environment, URL is WSLOAD_URL. Commands: try,\n"
     "  serve, report, merge; help OPTION, all, metrics, failures, rules, exit-codes.\n"},
    {"try", &try_option_set,
     "Usage: wsload try [OPTIONS] URL [PROMPT]\n"
     "Sends a few prompts on one connection, shows all that is said, and finds the\n"
     "options that a load test of this backend needs.\n"
     "\n"
     "  wsload try --template '{\"question\": \"{{prompt}}\"}' wss://host/prod Hello\n"
     "\n",
     "\nExit codes: 0 the options found count every reply; 1 they do not, or nothing\n"
     "  answered; 2 usage or output error; 3 no connection; 130, 143 interrupted.\n"
     "Options are WSLOAD_NAME in the environment, too, as those of a run.\n"},
    {"serve", &serve_option_set,
     "Usage: wsload serve [OPTIONS]\n"
     "A small server that answers like a chat backend behind API Gateway.\n"
     "\n"
     "  wsload serve --listen 127.0.0.1:8080 --delay 50ms --error-rate 1\n"
     "\n",
     "\nIt ends on SIGTERM, SIGHUP or Ctrl-C and says what it counted.\n" OPTIONS("serve",
                                                                                  "SERVE")},
    {"report", &report_option_set,
     "Usage: wsload report [OPTIONS] SUMMARY\n"
     "Shows a run again from its JSON summary; '-' is standard input.\n"
     "\n"
     "  wsload report load_test_summary.json --threshold 'latency:p(95)<300ms'\n"
     "\n",
     "\nThe exit code is that of the run, or what other thresholds make of it.\n" OPTIONS(
         "report", "REPORT")},
    {"merge", &merge_option_set,
     "Usage: wsload merge [OPTIONS] SUMMARY...\n"
     "Adds up the JSON summaries of several runs of one load, exactly, and judges the\n"
     "whole. Counts add, distributions merge, timelines are laid over each other by\n"
     "wall clock; the order of the files does not matter.\n"
     "\n"
     "  wsload merge a.json b.json c.json -o json=all.json\n"
     "\n",
     "\nExit codes are those of a run. Rates are over the time from the first beginning\n"
     "to the last end, so merge what ran side by side.\n" OPTIONS("merge", "MERGE")},
};

static const struct usage *usage_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(usages); i++)
        if (strcmp(usages[i].name, name) == 0)
            return &usages[i];
    return NULL;
}

/* File names and other words of the caller's stand in TEXT: none may begin a line or steer a
 * terminal. */
static void complain(const char *begin, const char *text)
{
    fprintf(stderr, "wsload: %s", begin);
    for (const char *c = text; *c; c++)
        fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, stderr);
    fputc('\n', stderr);
}

int command_complain(const struct error *error)
{
    complain("", error->text);
    return EXIT_USAGE;
}

void command_note(const char *text)
{
    complain("note: ", text);
}

/* Frees TEXT. */
static int print(struct buffer *text)
{
    fwrite(text->data, 1, text->length, stdout);
    buffer_free(text);
    return 0;
}

int command_usage(const char *name)
{
    struct buffer text;
    const struct usage *usage = usage_of(name);
    buffer_init(&text, HELP_MAX);
    buffer_printf(&text, "%s", usage->head);
    help_options(usage->set, HELP_COMMON, &text);
    buffer_printf(&text, "%s", usage->tail);
    return print(&text);
}

/* --- The environment --- */

extern char **environ;

int command_check_environment(void)
{
    const struct option_set *sets[ARRAY_LENGTH(usages)];
    struct error error;
    for (size_t i = 0; i < ARRAY_LENGTH(usages); i++)
        sets[i] = usages[i].set;
    if (option_check_environment(sets, ARRAY_LENGTH(usages), (const char *const *)environ, &error))
        return command_complain(&error);
    return 0;
}

/* --- Topics --- */

/* An option of SET, or all of them. False when there is none called NAME. */
static bool put_option(const struct option_set *set, const char *name, struct buffer *text)
{
    const struct option_row *row = option_find(set, name);
    if (row)
        help_option(set, row, text);
    else if (strcmp(name, "all") == 0)
        help_options(set, HELP_ALL, text);
    return text->length > 0;
}

#define TOPICS_MAX (ARRAY_LENGTH(usages) * (OPTION_ROWS_MAX + 1) + HELP_TOPICS_MAX)

/* The topic whose name is nearest to NAME, or NULL. */
static const char *nearest_topic(const char *name)
{
    const char *topics[TOPICS_MAX];
    size_t count = help_topics(topics);
    for (size_t i = 0; i < ARRAY_LENGTH(usages); i++) {
        const struct option_set *set = usages[i].set;
        topics[count++] = usages[i].name;
        for (size_t row = 0; row < option_count(set); row++)
            topics[count++] = option_at(set, row)->name;
    }
    return text_nearest(name + strspn(name, "-"), topics, count);
}

/* The option NAME of SET; when that is NULL, of the load test or else of another command, or the
 * figure NAME, or one of each. */
static int explain(const struct option_set *set, const char *name)
{
    struct buffer text;
    struct error error;
    char suggestion[128];
    buffer_init(&text, HELP_MAX);
    for (size_t i = 0; i < ARRAY_LENGTH(usages); i++)
        if ((!set || set == usages[i].set) && put_option(usages[i].set, name, &text))
            break;
    if (!set)
        help_topic(name, &text);
    if (text.length)
        return print(&text);
    buffer_free(&text);
    const char *nearest = set ? NULL : nearest_topic(name);
    if (set)
        error_set(&error, "%s: no such option of %s%s", name, set->command,
                  option_suggestion(set, name + strspn(name, "-"), suggestion));
    else if (nearest)
        error_set(&error, "%s: no such option, command or metric; did you mean 'wsload help %s' ?",
                  name, nearest);
    else
        error_set(&error,
                  "%s: no such option, command or metric; see 'wsload --help' and 'wsload help "
                  "metrics'",
                  name);
    return command_complain(&error);
}

int command_help(int argc, char *const argv[])
{
    const struct usage *usage = argc > 1 ? usage_of(argv[1]) : &usages[0];
    if (!usage)
        return explain(NULL, argv[1]);
    return argc < 3 ? command_usage(usage->name) : explain(usage->set, argv[2]);
}
