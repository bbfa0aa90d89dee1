#include "rehearsal.h"

#include <string.h>
#include <unistd.h>

#include "exchange.h"
#include "terminal.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"
#include "wsload/protocol/discovery.h"
#include "wsload/report/exchange.h"

#define QUIET_NS     NS_PER_S
#define LISTEN_NS    (300 * NS_PER_MS)
#define ATTEMPTS_MAX 3
#define SHOWN_FIRST  3 /* messages, and the last one */

int rehearsal_parse(const char *text, uint64_t *quiet_ns, struct error *error)
{
    *quiet_ns = QUIET_NS;
    if (strcmp(text, "on") == 0)
        return 0;
    *quiet_ns = 0;
    if (strcmp(text, "off") == 0)
        return 0;
    if (units_parse_duration(text, quiet_ns, error) || *quiet_ns < NS_PER_MS)
        return error_set(error,
                         "--rehearsal '%s': use on, off, or how long quiet shows that a "
                         "reply is over, as in 2s",
                         text);
    return 0;
}

bool rehearsal_is_due(const struct plan *plan)
{
    const struct reply_rules *rules = &plan->reply_rules;
    return !rules->end_given && !rules->end_first && !rules->has_id && !rules->one_way &&
           !plan->steps && plan->load.model != LOAD_HOLD;
}

/* --- What came --- */

/* What counts: messages that no rule of --ignore leaves out. Those for which there was no room came
 * after the prompt. */
struct count {
    uint64_t unasked; /* before the prompt */
    uint64_t answers; /* after it */
};

static struct count count_messages(const struct transcript *transcript)
{
    struct count count = {.answers = transcript->left_out};
    for (size_t i = 0; i < transcript->count; i++) {
        const struct said *said = &transcript->items[i];
        if (said->kind == SAID_MESSAGE && !said->ignored)
            *(said->prompt == 0 ? &count.unasked : &count.answers) += 1;
    }
    return count;
}

/* How the server closed, or NULL. */
static const struct said *closed(const struct transcript *transcript)
{
    for (size_t i = 0; i < transcript->count; i++)
        if (transcript->items[i].kind == SAID_CLOSED)
            return &transcript->items[i];
    return NULL;
}

/* --- What is told --- */

static void tell_headline(struct buffer *out, const struct transcript *transcript,
                          struct count count, const struct plan *plan)
{
    char number[UNITS_SIZE];
    const struct said *end = closed(transcript);
    if (count.unasked > 0)
        (void)buffer_printf(out,
                            "%s message%s came before the rehearsal's prompt, so the first "
                            "message is not the reply:\n",
                            units_format_count(count.unasked, number),
                            count.unasked == 1 ? "" : "s");
    else if (count.answers > 0)
        (void)buffer_printf(out,
                            "the rehearsal's prompt was answered by %s messages, so the first "
                            "one is not the reply:\n",
                            units_format_count(count.answers, number));
    else if (end)
        (void)buffer_printf(out, "the server closed the connection and did not answer the "
                                 "rehearsal's prompt:\n");
    else
        (void)buffer_printf(out, "nothing answered the rehearsal's prompt within %s:\n",
                            units_format_duration(plan->reply_timeout_ns, number));
}

static void tell_more(struct buffer *out, uint64_t count)
{
    char number[UNITS_SIZE];
    if (count > 0)
        (void)buffer_printf(out, "             ... %s more\n", units_format_count(count, number));
}

/* The first messages and the last that was kept, a line each. */
static void tell_messages(struct buffer *out, const struct transcript *transcript)
{
    uint64_t zero_ns = transcript_prompt_ns(transcript, 1);
    size_t shown = 0;
    uint64_t skipped = 0;
    const struct exchange_page page = {out, terminal_columns(STDERR_FILENO)};
    for (size_t i = 0; i < transcript->count; i++) {
        const struct said *said = &transcript->items[i];
        if (said->kind == SAID_OPENED)
            continue;
        if (shown > SHOWN_FIRST && i + 1 < transcript->count) {
            skipped++;
            continue;
        }
        tell_more(out, skipped);
        skipped = 0;
        exchange_print(&page, said, zero_ns ? zero_ns : said->at_ns, 1);
        shown++;
    }
    tell_more(out, transcript->left_out);
}

/* The flags that would cure it, as far as one prompt tells. */
static void tell_cure(struct buffer *out, const struct transcript *transcript, uint32_t run_id)
{
    static struct discovery discovery; /* too large for a stack */
    const char *before = ", as in";
    (void)buffer_printf(out, "say what a reply is");
    if (discover(transcript, run_id, &discovery) == 0)
        for (size_t i = 0; i < discovery.count; i++) {
            const struct finding *finding = &discovery.items[i];
            if (!finding->option || strcmp(finding->option, "--connection-per-request") == 0)
                continue;
            (void)buffer_printf(out, "%s %s ", before, finding->option);
            (void)buffer_append_quoted(out, text_of(finding->value));
            before = "";
        }
    (void)buffer_printf(out, "; 'wsload try URL' finds out, and with --reply-end first the first "
                             "message is the reply all the same. One prompt was sent.\n");
}

static void tell_why_silent(struct buffer *out, const struct transcript *transcript)
{
    (void)buffer_printf(
        out, "%s %s prompt was sent.\n",
        closed(transcript)
            ? "look at the path, the token and the template; 'wsload try URL' shows more."
            : "a route of API Gateway without a route response answers nothing; with "
              "--one-way nothing is awaited, and with --rehearsal off the run "
              "begins all the same.",
        transcript->prompts ? "One" : "No");
}

static void refute(struct buffer *out, const struct exchange *exchange, const struct plan *plan,
                   struct count count)
{
    buffer_init(out, 64 * 1024);
    tell_headline(out, &exchange->transcript, count, plan);
    tell_messages(out, &exchange->transcript);
    if (count.answers + count.unasked > 0)
        tell_cure(out, &exchange->transcript, exchange->run_id);
    else
        tell_why_silent(out, &exchange->transcript);
}

/* --- The rehearsal --- */

/* The run ends with it: what it measured is what the run has. */
static void stop(struct rehearsal *rehearsal, struct exchange *exchange, const struct plan *plan)
{
    rehearsal->measurement = exchange->measurement;
    exchange->measurement = NULL;
    rehearsal->measurement->load = plan->load;
    rehearsal->measurement->signal = exchange->signal;
}

static bool is_open(const struct exchange *exchange)
{
    return exchange->measurement->counts[COUNT_OPENED] > 0;
}

/* A connection that does not open may do so the next time, if there is time. */
static int play(struct exchange *exchange, const struct plan *plan, struct error *error)
{
    uint64_t start_ns = clock_monotonic_ns();
    for (int attempt = 1;; attempt++) {
        if (exchange_play(exchange, plan, error))
            return -1;
        if (is_open(exchange) || exchange->signal || attempt == ATTEMPTS_MAX ||
            clock_monotonic_ns() - start_ns >= plan->connect_timeout_ns)
            return 0;
        exchange_free(exchange);
    }
}

enum rehearsal_end rehearsal_play(struct rehearsal *rehearsal, const struct plan *plan,
                                  uint64_t quiet_ns, struct error *error)
{
    struct exchange exchange = {.prompts = 1, .listen_ns = LISTEN_NS, .quiet_ns = quiet_ns};
    enum rehearsal_end end = REHEARSAL_BROKEN;
    uint64_t start_ns = clock_monotonic_ns();
    if (play(&exchange, plan, error) == 0) {
        struct count count = count_messages(&exchange.transcript);
        rehearsal->requests = exchange.transcript.prompts;
        rehearsal->messages = count.unasked + count.answers;
        rehearsal->time_ns = clock_monotonic_ns() - start_ns;
        end = !is_open(&exchange) || exchange.signal     ? REHEARSAL_STOPPED
              : count.unasked == 0 && count.answers == 1 ? REHEARSAL_PROVED
                                                         : REHEARSAL_REFUTED;
        if (end == REHEARSAL_STOPPED)
            stop(rehearsal, &exchange, plan);
        else if (end == REHEARSAL_REFUTED)
            refute(&rehearsal->told, &exchange, plan, count);
    }
    exchange_free(&exchange);
    return end;
}

void rehearsal_note(const struct rehearsal *rehearsal, struct measurement *measurement)
{
    measurement->counts[COUNT_REHEARSAL_REQUESTS] = rehearsal->requests;
    measurement->counts[COUNT_REHEARSAL_MESSAGES] = rehearsal->messages;
    measurement->counts[COUNT_REHEARSAL_TIME] = rehearsal->time_ns;
}
