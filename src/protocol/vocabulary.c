#include "wsload/protocol/vocabulary.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Lists end in NULL. */

const char *const vocabulary_kinds[VOCABULARY_KINDS + 1] = {
    "type",    "event", "action", "kind", "op",     "method", "status",
    "command", "state", "topic",  "step", "intent", NULL};

static const char *const end_members[] = {"done",     "final",     "last", "finished",
                                          "complete", "completed", "end",  NULL};

/* Whole words, and beginnings of words. */
static const char *const ends[] = {"end", "ended", "done", "last", "eos", "eot", NULL};
static const char *const begins_of_ends[] = {"complet", "final", "finish", "stop", "close", NULL};

static const char *const error_members[] = {"error",         "errors",    "errorMessage",
                                            "errorType",     "errorCode", "err",
                                            "error_message", "exception", NULL};

static const char *const errors[] = {"error", "failed", "failure", "exception", NULL};

static const char *const refusals[] = {"no such action",
                                       "no supported action",
                                       "unsupported action",
                                       "unknown action",
                                       "invalid action",
                                       "missing action",
                                       "forbidden",
                                       "unrecognized",
                                       "unsupported",
                                       "malformed",
                                       "invalid request",
                                       "invalid json",
                                       "bad request",
                                       "no route",
                                       "not found",
                                       "could not be parsed",
                                       NULL};

static const char *const idle_values[] = {"keepalive", "keep-alive", "keep_alive", "keep alive",
                                          "heartbeat", "ping",       "pong",       "processing",
                                          "typing",    "thinking",   NULL};

static const char *const control_words[] = {
    "ack",  "alive", "connected", "greeting", "heartbeat", "hello", "keepalive",
    "ping", "pong",  "ready",     "typing",   "welcome",   NULL};

static bool is_one_of(struct text text, const char *const *words)
{
    for (; *words; words++)
        if (text_is_word(text, *words))
            return true;
    return false;
}

bool vocabulary_names_kind(struct text name)
{
    return is_one_of(name, vocabulary_kinds);
}

bool vocabulary_names_end(struct text name)
{
    return is_one_of(name, end_members);
}

bool vocabulary_names_error(struct text name)
{
    return is_one_of(name, error_members);
}

bool vocabulary_is_error(struct text value)
{
    return is_one_of(value, errors);
}

bool vocabulary_is_idle(struct text value)
{
    return is_one_of(text_trim_of(text_trim(value), "#_-<>[](){}*. "), idle_values);
}

bool vocabulary_is_control(struct text word)
{
    return is_one_of(word, control_words);
}

/* --- Words within a text --- */

/* Whether a word begins at AT in TEXT, also as in "streamEnd". */
static bool word_begins(const char *text, const char *at)
{
    return at == text || !isalpha((unsigned char)at[-1]) ||
           (islower((unsigned char)at[-1]) && isupper((unsigned char)at[0]));
}

static bool has_word(const char *text, const char *word, bool whole)
{
    size_t length = strlen(word);
    for (const char *at = strcasestr(text, word); at; at = strcasestr(at + 1, word))
        if (word_begins(text, at) && (!whole || !isalpha((unsigned char)at[length])))
            return true;
    return false;
}

bool vocabulary_speaks_of_end(const char *text)
{
    for (const char *const *word = ends; *word; word++)
        if (has_word(text, *word, true))
            return true;
    for (const char *const *word = begins_of_ends; *word; word++)
        if (has_word(text, *word, false))
            return true;
    return false;
}

#define BEGINNING 255 /* bytes */

bool vocabulary_refuses(struct text message)
{
    char start[BEGINNING + 1];
    size_t length = message.length < BEGINNING ? message.length : BEGINNING;
    memcpy(start, message.data, length);
    start[length] = '\0';
    for (const char *const *words = refusals; *words; words++)
        if (strcasestr(start, *words))
            return true;
    return false;
}
