/* Help out of the tables: of options, the catalogue's figures, failure kinds, exit codes and rules.
 * In lines of
 * at most 80 columns; it prints nothing itself. */
#ifndef WSLOAD_COMMAND_HELP_H
#define WSLOAD_COMMAND_HELP_H

#include "option.h"
#include "wsload/base/text.h"

/* The options of the commands. */
extern const struct option_set run_option_set;    /* arguments: URL (WSLOAD_URL) and PROMPTS_FILE
                                                     (WSLOAD_PROMPTS_FILE) */
extern const struct option_set try_option_set;    /* arguments: URL (WSLOAD_URL) and PROMPT */
extern const struct option_set serve_option_set;  /* no arguments */
extern const struct option_set report_option_set; /* argument: SUMMARY */
extern const struct option_set merge_option_set;  /* arguments: SUMMARY... */

/* What k6, oha, hey, wrk, wrk2, vegeta, tcpkali and curl call what is here, too. */
extern const struct option_synonym run_synonyms[];

enum help_extent {
    HELP_COMMON, /* a line for each option that is not rare; those are named after them */
    HELP_ALL     /* a line for each option */
};

/* Appends the options of SET in their groups. */
void help_options(const struct option_set *set, enum help_extent extent, struct buffer *out);

/* Appends the paragraph on one option: forms, range, default, environment, meaning. */
void help_option(const struct option_set *set, const struct option_row *row, struct buffer *out);

/* Appends what TOPIC is about: "metrics" (a line for each), "failures", "exit-codes", "rules"
 * (likewise), or the name of a metric, after an empty line if something stands in OUT. Nothing when
 * it is none of them. */
void help_topic(const char *topic, struct buffer *out);

#define HELP_TOPICS_MAX 256

/* Puts the topics of help_topic() into TOPICS, static texts; returns how many. */
size_t help_topics(const char *topics[HELP_TOPICS_MAX]);

#endif
