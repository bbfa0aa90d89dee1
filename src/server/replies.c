#include "replies.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/protocol/gateway.h"
#include "wsload/protocol/json_text.h"

/* What a message says. Views into it, or into the scratch buffers. */
struct heard {
    struct text prompt;
    struct text correlation; /* escaped, as it came */
};

/* --- Scripts --- */

static int compile_words(struct replies *replies, struct error *error)
{
    static const char *const words[REPLY_WORDS] = {
        [REPLY_FORBIDDEN] = GATEWAY_FRAME("Forbidden"),
        [REPLY_THROTTLED] = GATEWAY_FRAME("Too Many Requests"),
        [REPLY_TIMED_OUT] = GATEWAY_FRAME(GATEWAY_TIMEOUT),
        [REPLY_STARTED] = "Session started.",
        [REPLY_RECEIVED] = "Message part received.",
    };
    for (int word = 0; word < REPLY_WORDS; word++) {
        const struct script_source source = {1, {[SCRIPT_MESSAGE] = text_of(words[word])}};
        if (script_compile(&replies->words[word], &source, error))
            return -1;
    }
    return 0;
}

/* Checks a template that was given, so that the error can name its option. */
static int compile_given(const char *option, struct text text, struct error *error)
{
    const struct script_source source = {1, {[SCRIPT_MESSAGE] = text}};
    struct script script;
    if (script_compile(&script, &source, error))
        return error_prefix(error, "%s", option);
    script_free(&script);
    return 0;
}

static int compile_scripts(struct replies *replies, struct error *error)
{
    const struct server_options *options = &replies->options;
    struct script_source good = replies->profile->good;
    bool plain = replies->profile == &profile_plain;
    if (options->stream != 0 && !plain && good.messages == 1)
        return error_set(error, "--stream: %s answers in one message; leave it out, or --profile",
                         replies->profile->name);
    if (options->stream != 0)
        good.messages = options->stream;
    if (plain) {
        good.parts[SCRIPT_MESSAGE] = options->reply;
        good.parts[SCRIPT_END] = options->reply_end;
        if (compile_given("--reply", options->reply, error) ||
            compile_given("--reply-end", options->reply_end, error))
            return -1;
    }
    if (script_compile(&replies->good, &good, error) ||
        script_compile(&replies->failed, &replies->profile->failed, error))
        return -1;
    return compile_words(replies, error);
}

/* --- Paths --- */

static int add_path(struct replies *replies, const char *path, unsigned *index, struct error *error)
{
    return path ? json_paths_add(&replies->paths, text_of(path), index, error) : 0;
}

static int add_paths(struct replies *replies, struct error *error)
{
    const struct profile *profile = replies->profile;
    for (size_t i = 0; i < PROFILE_PATHS_MAX; i++)
        if (add_path(replies, profile->prompts[i], &replies->prompts[i], error) ||
            add_path(replies, profile->ids[i], &replies->ids[i], error))
            return -1;
    if (profile->manner == PROFILE_SESSIONS && (add_path(replies, "step", &replies->step, error) ||
                                                add_path(replies, "part", &replies->part, error)))
        return -1;
    return add_path(replies, profile->route, &replies->route, error);
}

int replies_init(struct replies *replies, const struct server_options *options, struct error *error)
{
    *replies = (struct replies){
        .options = *options,
        .profile = options->profile ? profile_find(options->profile) : &profile_plain,
    };
    random_init(&replies->random, options->seed);
    random_init(&replies->names, random_seed_from_system());
    buffer_init(&replies->prompt, REPLY_MESSAGE_MAX);
    /* Escaping makes at most six bytes of one: \u0000. */
    buffer_init(&replies->escaped, 6 * (size_t)REPLY_MESSAGE_MAX);
    if (!replies->profile)
        return error_set(error, "--profile '%s': there is none of this name", options->profile);
    return add_paths(replies, error) == 0 ? compile_scripts(replies, error) : -1;
}

void replies_free(struct replies *replies)
{
    json_paths_free(&replies->paths);
    script_free(&replies->good);
    script_free(&replies->failed);
    for (int word = 0; word < REPLY_WORDS; word++)
        script_free(&replies->words[word]);
    buffer_free(&replies->prompt);
    buffer_free(&replies->escaped);
}

void session_init(struct session *session, struct replies *replies)
{
    *session = (struct session){0};
    id_make(&replies->names, session->id);
    buffer_init(&session->parts, REPLY_MESSAGE_MAX);
}

void session_free(struct session *session)
{
    buffer_free(&session->parts);
}

/* --- Answers --- */

static struct text put(char **end, struct text text)
{
    char *start = *end;
    if (text.length > 0)
        memcpy(start, text.data, text.length);
    *end += text.length;
    return (struct text){start, text.length};
}

static struct answer *make(struct replies *replies, const struct script *script,
                           const struct heard *heard, uint64_t received_ns)
{
    buffer_clear(&replies->escaped);
    if (heard->prompt.length > 0 && json_escape(&replies->escaped, heard->prompt))
        return NULL;
    struct text escaped = buffer_text(&replies->escaped);
    struct answer *answer = malloc(sizeof(*answer) + heard->prompt.length + escaped.length +
                                   heard->correlation.length);
    if (!answer)
        return NULL;
    *answer = (struct answer){
        .script = script,
        .timeout = &replies->words[REPLY_TIMED_OUT],
        .received_ns = received_ns,
        .timeout_ns = CLOCK_NEVER,
        .seq = replies->count,
        .kind = OUTGOING_ERROR,
    };
    char *end = answer->bytes;
    answer->prompt = put(&end, heard->prompt);
    answer->prompt_escaped = put(&end, escaped);
    answer->correlation = put(&end, heard->correlation);
    id_make(&replies->names, answer->request_id);
    return answer;
}

struct answer *replies_say(struct replies *replies, enum reply_word word, uint64_t received_ns)
{
    static const struct heard nothing;
    struct answer *answer = make(replies, &replies->words[word], &nothing, received_ns);
    if (answer && (word == REPLY_STARTED || word == REPLY_RECEIVED))
        answer->kind = OUTGOING_PART;
    return answer;
}

/* Sets the pace of ANSWER, and when API Gateway times out if it takes too long. */
static void set_pace(struct answer *answer, const struct replies *replies, uint64_t delay_ns)
{
    uint64_t length = script_length(answer->script);
    uint64_t timeout_ns = replies->options.integration_timeout_ns;
    answer->pace = (struct script_pace){.delay_ns = delay_ns, .gap_ns = replies->options.gap_ns};
    if (timeout_ns != 0 && length != 0 &&
        script_cue(answer->script, length - 1, &answer->pace).due_ns > timeout_ns)
        answer->timeout_ns = answer->received_ns + timeout_ns;
}

static struct answer *perform(struct replies *replies, const struct heard *heard, bool understood,
                              uint64_t received_ns)
{
    /* Both numbers are drawn for every prompt, so that a seed gives the same errors whatever the
     * delays are. */
    bool is_error = random_unit(&replies->random) * 100 < replies->options.error_percent;
    uint64_t delay_ns = random_between(&replies->random, replies->options.delay_low_ns,
                                       replies->options.delay_high_ns);
    bool good = understood && !is_error;
    struct answer *answer = make(replies, good ? &replies->good : &replies->failed, heard,
                                 received_ns);
    if (!answer)
        return NULL;
    answer->kind = good ? OUTGOING_REPLY : OUTGOING_ERROR;
    answer->to_everyone = good && replies->profile->manner == PROFILE_BROADCAST;
    set_pace(answer, replies, delay_ns);
    return answer;
}

/* --- Hearing --- */

/* Decodes VALUE, a string, into the scratch buffer. False when it is none, or memory is out. */
static bool decode(struct replies *replies, const struct json_value *value, struct text *text)
{
    buffer_clear(&replies->prompt);
    if (value->kind != JSON_STRING || json_value_decode(value, &replies->prompt))
        return false;
    *text = buffer_text(&replies->prompt);
    return true;
}

/* False when MESSAGE has no prompt in it. */
static bool find_prompt(struct replies *replies, struct text message,
                        const struct json_value *values, struct text *prompt)
{
    const struct profile *profile = replies->profile;
    for (size_t i = 0; i < PROFILE_PATHS_MAX && profile->prompts[i]; i++)
        if (decode(replies, &values[replies->prompts[i]], prompt))
            return true;
    *prompt = message;
    return profile->any_message;
}

static struct text find_id(const struct replies *replies, const struct json_value *values)
{
    const struct profile *profile = replies->profile;
    for (size_t i = 0; i < PROFILE_PATHS_MAX && profile->ids[i]; i++) {
        const struct json_value *value = &values[replies->ids[i]];
        if (value->kind == JSON_STRING || value->kind == JSON_NUMBER)
            return value->raw;
    }
    return TEXT("");
}

/* A prompt in parts: START, BODY for each part, END. */
static struct answer *take_part(struct replies *replies, struct session *session,
                                const struct json_value *values, uint64_t received_ns)
{
    const struct json_value *step = &values[replies->step];
    bool begun = session->begun;
    if (json_value_is(step, TEXT("START"))) {
        session->begun = true;
        buffer_clear(&session->parts);
        return replies_say(replies, REPLY_STARTED, received_ns);
    }
    struct text part;
    if (begun && json_value_is(step, TEXT("BODY")) &&
        decode(replies, &values[replies->part], &part) &&
        buffer_append(&session->parts, part.data, part.length) == 0)
        return replies_say(replies, REPLY_RECEIVED, received_ns);
    session->begun = false;
    return perform(replies, &(struct heard){.prompt = buffer_text(&session->parts)},
                   begun && json_value_is(step, TEXT("END")), received_ns);
}

struct answer *replies_answer(struct replies *replies, struct session *session, struct text message,
                              uint64_t received_ns)
{
    const struct profile *profile = replies->profile;
    replies->count++;
    struct json_value values[JSON_PATHS_MAX];
    json_scan(&replies->paths, message, values);
    if (profile->route && !json_value_is(&values[replies->route], text_of(profile->route_value)))
        return replies_say(replies, REPLY_FORBIDDEN, received_ns);
    if (profile->manner == PROFILE_SESSIONS)
        return take_part(replies, session, values, received_ns);
    struct heard heard;
    bool understood = find_prompt(replies, message, values, &heard.prompt);
    heard.correlation = find_id(replies, values);
    return perform(replies, &heard, understood, received_ns);
}
