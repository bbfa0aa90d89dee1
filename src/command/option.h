/* Options as a table: a row carries an option's name, type, range, default and help. Parsing,
 * --help and the environment all read the same rows, so adding an option is adding a row.
 *
 * A value comes from the command line, else from the environment (WSLOAD_NAME; an empty one is as
 * good as none), else from the row's default; a list takes from both, the command line's values
 * first. Texts are borrowed from where they came from. */
#ifndef WSLOAD_COMMAND_OPTION_H
#define WSLOAD_COMMAND_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"

#define OPTION_LIST_MAX 64
#define OPTION_ROWS_MAX 128

/* Variables of the environment that begin like that are this program's. */
#define OPTION_VARIABLES_BEGIN "WSLOAD_"
#define OPTION_VARIABLES_MAX   1024

/* The type of an option, and of the field that takes it. */
enum option_type {
    OPTION_FLAG,     /* bool */
    OPTION_COUNT,    /* uint64_t */
    OPTION_DURATION, /* uint64_t, ns */
    OPTION_SIZE,     /* uint64_t, bytes */
    OPTION_RANGE,    /* struct option_range, ns: T or T1-T2 */
    OPTION_RATE,     /* double, per second */
    OPTION_PERCENT,  /* double */
    OPTION_DECIMAL,  /* double, at least 0 */
    OPTION_LIST,     /* struct option_list: may be given many times */
    OPTION_TEXT,     /* const char *, as are those that follow */
    OPTION_FILE,     /* the name of a file that is read */
    OPTION_OUTPUT,   /* the name of one that is written */
    OPTION_CHOICE    /* one of choices */
};

/* A count that was not given, where 0 can be. */
#define COUNT_NOT_GIVEN UINT64_MAX

struct option_range {
    uint64_t low;
    uint64_t high;
};

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

struct option_row {
    const char *name;     /* long name without its dashes */
    char letter;          /* short name; 0 for none */
    const char *argument; /* how help calls the value; NULL for a flag */
    enum option_type type;
    size_t offset;              /* of the field in the struct that takes the values */
    const char *group;          /* heading in --help */
    const char *help;           /* one line */
    uint64_t minimum;           /* of a count, size or duration */
    uint64_t maximum;           /* of these and a decimal; 0: unlimited */
    const char *const *choices; /* ends in NULL; of a choice */
    const char *initial;        /* default, as it would be typed; NULL: none, and the field is 0
                                   or NULL, a rate, percentage or decimal -1, and a count that may
                                   be 0 COUNT_NOT_GIVEN */
    bool limit;                 /* of a duration or percentage: read as one, see units.h */
    bool rare;                  /* --help only names it, its line is in `help all` */
    const char *more;           /* further sentences for `wsload help OPTION`; may be NULL */
};

/* What KIND and PATH of --out are; for each command that has it. */
#define OUTPUT_OPTION_MORE                                                                         \
    "KIND is json (the summary), hgrm (percentiles as HdrHistogram plots them) or hlog (the "      \
    "timeline as an HdrHistogram interval log); '-' as PATH is standard output. Files appear "     \
    "whole or not at all. Two outputs must not be one file, nor may one be a file that is read."

#define OPTION_TABLES_MAX 3

/* Rows that stand together; commands may share them. */
struct option_table {
    const struct option_row *rows;
    size_t count;
};

/* What options of other tools are called here. */
struct option_synonym {
    const char *names; /* without their dashes, separated by spaces; NULL at the end of a table */
    const char *ours;  /* "-c N" */
};

/* One command's options and arguments. */
struct option_set {
    struct option_table tables[OPTION_TABLES_MAX];   /* in all at most OPTION_ROWS_MAX rows */
    struct option_table defaults[OPTION_TABLES_MAX]; /* of its fields that have no option here */
    const char *command;                             /* "wsload" or "wsload serve" */
    const char *variables;                 /* variables begin like that; NULL: like the command */
    size_t arguments_max;                  /* how many arguments that are no options */
    const char *const *argument_env;       /* their environment names, or NULL */
    size_t size;                           /* of the struct that takes the values */
    const struct option_synonym *synonyms; /* NULL: none */
};

/* How many rows SET has, and the one at INDEX. */
size_t option_count(const struct option_set *set);
const struct option_row *option_at(const struct option_set *set, size_t index);

/* Gives each field of VALUES the default of its row. */
void option_set_defaults(const struct option_set *set, void *values);

/* Sets ROW from TEXT, which came under NAME: "--timeout", "-c" or "WSLOAD_TIMEOUT". The
 * values of lists and texts may be secrets and stay out of the error. */
int option_set_value(const struct option_row *row, const char *text, const char *name, void *values,
                     struct error *error);

/* The row called NAME or, without a name, LETTER; NULL when there is none. */
const struct option_row *option_called(const struct option_set *set, const char *name, char letter);

/* The row called NAME: "connections", "--connections", "c" or "-c". NULL when there is none. */
const struct option_row *option_find(const struct option_set *set, const char *name);

/* NUMBER, a count, bytes or ns as ROW has them, for people. Returns OUT. */
char *option_format(const struct option_row *row, uint64_t number, char out[UNITS_SIZE]);

/* The value of ROW in VALUES for people, "" for a flag, the first of a list or range; NULL when it
 * was not given and has no default. May use OUT. */
const char *option_value(const struct option_row *row, const void *values, char out[UNITS_SIZE]);

/* Whether ROW has a value in VALUES other than its default. */
bool option_given(const struct option_row *row, const void *values);

/* Writes the name of ROW's environment variable: WSLOAD_CONNECT_TIMEOUT. Returns OUT. */
char *option_environment_name(const struct option_set *set, const struct option_row *row,
                              char out[64]);

/* Appends the choices of ROW, as "constant, poisson". Returns how many there are. */
size_t option_list_choices(const struct option_row *row, struct buffer *out);

/* Finds what VALUE says: itself, or "@FILE", where it is the text of that without white space at
 * its end. FILE, which takes the content, is the caller's to free. 0 or -1. */
int option_read_text(const char *value, struct buffer *file, struct text *text,
                     struct error *error);

/* "; did you mean --connections ?", or "" when no name is near. Returns OUT. */
char *option_suggestion(const struct option_set *set, const char *name, char out[128]);

#endif
