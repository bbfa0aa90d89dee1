#include "option_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/text.h"

/* --- Command line --- */

struct parse {
    const struct option_set *set;
    int argc;
    char *const *argv;
    int next; /* index of the next word */
    void *values;
    void (*given)(void *user, const struct option_row *row, const char *value); /* or NULL */
    void *user;
    bool seen[OPTION_ROWS_MAX]; /* given on the command line already */
    struct error *error;
};

/* Whether OURS, "-c N", is of SET; what is no option is of any. */
static bool has_ours(const struct option_set *set, const char *ours)
{
    char name[40];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(ours, " ,"), ours);
    return name[0] != '-' || option_find(set, name);
}

/* What NAME, of another tool, is called here; NULL when nobody knows. */
static const char *find_synonym(const struct option_set *set, const char *name)
{
    const struct option_synonym *synonym = set->synonyms;
    for (; synonym && synonym->names; synonym++) {
        const char *rest = synonym->names;
        for (; *rest; rest += strcspn(rest, " "), rest += strspn(rest, " "))
            if (strcspn(rest, " ") == strlen(name) && strncmp(rest, name, strlen(name)) == 0)
                return has_ours(set, synonym->ours) ? synonym->ours : NULL;
    }
    return NULL;
}

static int unknown_option(const struct parse *parse, const char *word, const char *name)
{
    char suggestion[128];
    const char letter[] = {word[1], '\0'}; /* "-z30s" is "-z 30s" */
    const char *ours = find_synonym(parse->set, name);
    if (!ours && word[1] != '-')
        ours = find_synonym(parse->set, letter);
    if (ours)
        return error_set(parse->error, "%s: no such option; here it is %s", word, ours);
    option_suggestion(parse->set, name, suggestion);
    if (!suggestion[0])
        return error_set(parse->error, "%s: no such option; '%s --help' lists them", word,
                         parse->set->command);
    return error_set(parse->error, "%s: no such option%s", word, suggestion);
}

static size_t index_of(const struct option_set *set, const struct option_row *row)
{
    size_t index = 0;
    while (option_at(set, index) != row)
        index++;
    return index;
}

/* Sets ROW from INLINE_VALUE, or from the next word when that is NULL. NAME is how it was typed. */
static int take_option(struct parse *parse, const struct option_row *row, const char *name,
                       const char *inline_value)
{
    const char *value = inline_value;
    parse->seen[index_of(parse->set, row)] = true;
    if (row->type == OPTION_FLAG) {
        if (value)
            return error_set(parse->error, "%s takes no value", name);
        value = "1";
    } else if (!value) {
        if (parse->next == parse->argc)
            return error_set(parse->error, "%s: a value is missing: %s %s", name, name,
                             row->argument);
        value = parse->argv[parse->next++];
    }
    if (!parse->given)
        return option_set_value(row, value, name, parse->values, parse->error);
    parse->given(parse->user, row, value);
    return 0;
}

static int take_long(struct parse *parse, const char *word)
{
    char name[80];
    size_t length = strcspn(word + 2, "=");
    const char *value = word[2 + length] ? word + 2 + length + 1 : NULL;
    snprintf(name, sizeof(name), "%.*s", (int)u64_min(length + 2, sizeof(name)), word);
    const struct option_row *row = option_called(parse->set, name + 2, 0);
    return row ? take_option(parse, row, name, value) : unknown_option(parse, name, name + 2);
}

/* Whether WORD, with one dash, is a long option, as tools written in Go have them: "-rate=5". */
static bool is_long(const struct option_set *set, const char *word, char name[40])
{
    snprintf(name, 40, "%.*s", (int)strcspn(word + 1, "="), word + 1);
    return name[0] && name[1] && option_called(set, name, 0);
}

/* -c 10, -c10, or flags in one word: -kq. */
static int take_letters(struct parse *parse, const char *word)
{
    char long_name[40];
    if (is_long(parse->set, word, long_name))
        return error_set(parse->error, "-%s: a long option has two dashes; use --%s", long_name,
                         long_name);
    for (const char *letter = word + 1; *letter; letter++) {
        char name[3] = {'-', *letter, '\0'};
        const struct option_row *row = option_called(parse->set, NULL, *letter);
        if (!row)
            return unknown_option(parse, name, word + 1);
        if (row->type != OPTION_FLAG)
            return take_option(parse, row, name, letter[1] ? letter + 1 : NULL);
        if (take_option(parse, row, name, NULL))
            return -1;
    }
    return 0;
}

/* Without what may be secret in it, if it is a URL. */
static int too_many(const struct parse *parse, const char *word)
{
    size_t length = strcspn(word, "?");
    const char *at = memrchr(word, '@', length);
    size_t left_out = at ? (size_t)(at - word) + 1 : 0;
    return error_set(parse->error,
                     "too many arguments: '%s%.*s%s' is the first; quote values with spaces in "
                     "them; '%s --help' shows the usage",
                     at ? "..." : "", (int)u64_min(length - left_out, 40), word + left_out,
                     word[length] ? "..." : "", parse->set->command);
}

static int take_words(struct parse *parse, const char *arguments[])
{
    size_t given = 0;
    bool options_over = false;
    while (parse->next < parse->argc) {
        const char *word = parse->argv[parse->next++];
        int status = 0;
        if (!options_over && strcmp(word, "--") == 0)
            options_over = true;
        else if (!options_over && strncmp(word, "--", 2) == 0)
            status = take_long(parse, word);
        else if (!options_over && word[0] == '-' && word[1])
            status = take_letters(parse, word);
        else if (given < parse->set->arguments_max)
            arguments[given++] = word;
        else
            status = too_many(parse, word);
        if (status)
            return -1;
    }
    return 0;
}

/* --- Environment --- */

/* A list in the environment has one value a line. The copies live as long as the values. */
static int set_list(const struct option_row *row, const char *text, const char *name, void *values,
                    struct error *error)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        char *line = strndup(text, length);
        if (!line)
            return error_set(error, "out of memory");
        if (option_set_value(row, line, name, values, error)) {
            free(line);
            return -1;
        }
        text += length + (text[length] == '\n');
    }
    return 0;
}

/* The value of a variable; NULL when it is not set, or empty, as scripts have it that set it only
 * sometimes. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && text[0] ? text : NULL;
}

/* Takes from the environment what the command line left out. Lists take both: a token in the
 * environment must not get lost because of another header on the command line. */
static int take_environment(const struct parse *parse, const char *arguments[])
{
    const struct option_set *set = parse->set;
    for (size_t i = 0; i < option_count(set); i++) {
        char name[64];
        const struct option_row *row = option_at(set, i);
        const char *text = variable(option_environment_name(set, row, name));
        if (!text || (parse->seen[i] && row->type != OPTION_LIST))
            continue;
        if (row->type == OPTION_LIST
                ? set_list(row, text, name, parse->values, parse->error)
                : option_set_value(row, text, name, parse->values, parse->error))
            return -1;
    }
    for (size_t i = 0; set->argument_env && i < set->arguments_max; i++)
        if (!arguments[i] && set->argument_env[i])
            arguments[i] = variable(set->argument_env[i]);
    return 0;
}

/* Puts the names of all variables of SETS into NAMES; returns how many. */
static size_t known_names(const struct option_set *const *sets, size_t count,
                          char names[OPTION_VARIABLES_MAX][64])
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t row = 0; row < option_count(sets[i]) && known < OPTION_VARIABLES_MAX; row++)
            option_environment_name(sets[i], option_at(sets[i], row), names[known++]);
        for (size_t j = 0; sets[i]->argument_env && j < sets[i]->arguments_max; j++)
            if (sets[i]->argument_env[j] && known < OPTION_VARIABLES_MAX)
                snprintf(names[known++], 64, "%s", sets[i]->argument_env[j]);
    }
    return known;
}

static int unknown_variable(const char *name, const char *const *known, size_t count,
                            struct error *error)
{
    const char *nearest = text_nearest(name, known, count);
    if (nearest)
        return error_set(error, "%s: no such variable; did you mean %s ?", name, nearest);
    return error_set(error,
                     "%s: no such variable; 'wsload help all' lists the options, each is "
                     "one, as in WSLOAD_CONNECTIONS",
                     name);
}

int option_check_environment(const struct option_set *const *sets, size_t count,
                             const char *const *environment, struct error *error)
{
    static char names[OPTION_VARIABLES_MAX][64];
    const char *known[OPTION_VARIABLES_MAX];
    size_t total = known_names(sets, count, names);
    for (size_t i = 0; i < total; i++)
        known[i] = names[i];
    for (; *environment; environment++) {
        char name[64];
        size_t length = strcspn(*environment, "=");
        bool is_set = (*environment)[length] && (*environment)[length + 1];
        if (!text_begins(text_of(*environment), OPTION_VARIABLES_BEGIN) || !is_set)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)length, *environment);
        size_t i = 0;
        while (i < total && strcmp(known[i], name) != 0)
            i++;
        if (i == total)
            return unknown_variable(name, known, total, error);
    }
    return 0;
}

int options_parse(const struct option_set *set, int argc, char *const argv[], void *values,
                  const char *arguments[], struct error *error)
{
    struct parse parse = {set, argc, argv, .next = 1, .values = values, .error = error};
    option_set_defaults(set, values);
    for (size_t i = 0; i < set->arguments_max; i++)
        arguments[i] = NULL;
    return take_words(&parse, arguments) || take_environment(&parse, arguments) ? -1 : 0;
}

int options_each(const struct option_set *set, int argc, char *const argv[],
                 void (*given)(void *user, const struct option_row *row, const char *value),
                 void *user, struct error *error)
{
    const char *arguments[OPTION_ROWS_MAX];
    struct parse parse = {set, argc, argv, .next = 1, .given = given, .user = user, .error = error};
    return take_words(&parse, arguments);
}
