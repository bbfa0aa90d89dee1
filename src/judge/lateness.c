#include "lateness.h"

#include <math.h>
#include <stdio.h>

#include "processors.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

#define SAMPLES_NEEDED 10 /* beyond a percentile */

#define UNSTAMPED_PERCENT 5 /* of the messages, that the others have the kernel's time */

#define MOVED_PERCENT         5
#define MOVED_INVALID_PERCENT 50
#define MOVED_LEAST_NS        (200 * NS_PER_US) /* wakes for due requests, and timers */
#define MOVED_INVALID_NS      (10 * NS_PER_MS)

#define UNREAD_MOST 0.99 /* of what is under way: of all there would be no rate at all */
#define UNREAD_FAR  0.9  /* where the rate is not known but to be far higher */

/* Where no figure is to be compared. */
#define LATE_NS         (10 * NS_PER_MS)
#define LATE_INVALID_NS (100 * NS_PER_MS)

/* A p99 that is worth a note where it changes nothing. */
#define SEND_LAG_NOTED_NS (10 * NS_PER_MS)
#define READ_LAG_NOTED_NS (5 * NS_PER_MS)

#define TOLD "wsload was late by enough to matter: without its own lateness "

static const double percents[] = {50, 95, 99};

bool lateness_is_founded(const struct histogram *histogram, double percent)
{
    return histogram_samples_beyond(histogram, percent) >= SAMPLES_NEEDED;
}

bool lateness_is_stamped(const struct measurement *seen)
{
    uint64_t stamped = seen->counts[COUNT_STAMPED];
    return stamped > 0 && seen->counts[COUNT_UNSTAMPED] * 100 <= stamped * UNSTAMPED_PERCENT;
}

/* --- A time that is another without it --- */

/* How bad it is that a time is WITH_NS, and would be WITHOUT_NS. */
static enum validity_grade grade_of(uint64_t with_ns, uint64_t without_ns)
{
    uint64_t by_ns = with_ns - u64_min(with_ns, without_ns);
    double percent = 100 * (double)by_ns / (double)u64_max(without_ns, 1);
    if (by_ns > MOVED_INVALID_NS && percent > MOVED_INVALID_PERCENT)
        return VALIDITY_INVALID;
    if (by_ns > MOVED_LEAST_NS && percent > MOVED_PERCENT)
        return VALIDITY_DOUBTFUL;
    return VALIDITY_VALID;
}

/* What wsload's own lateness does to a distribution: OTHER is the same times without it, or the
 * lateness alone, to be subtracted. */
struct effect {
    enum distribution times;
    enum distribution other;
    bool subtracted;
};

static const struct effect on_response = {DIST_RESPONSE_TIME, DIST_UNDELAYED, false};
static const struct effect on_latency = {DIST_LATENCY, DIST_LOOP_LAG, true};

static uint64_t without_ns(const struct effect *effect, const struct measurement *seen,
                           double percent)
{
    uint64_t other_ns = histogram_percentile(&seen->distributions[effect->other], percent);
    if (!effect->subtracted)
        return other_ns;
    uint64_t with_ns = histogram_percentile(&seen->distributions[effect->times], percent);
    return with_ns - u64_min(with_ns, other_ns);
}

/* The queue that follows from wsload's lateness is not taken off. */
static const char *how_sure(const struct effect *effect, const struct measurement *seen)
{
    if (effect->subtracted)
        return "about ";
    return seen->counts[COUNT_WAITED] > 0 ? "at most " : "";
}

static bool is_comparable(const struct effect *effect, const struct measurement *seen,
                          double percent)
{
    return lateness_is_founded(&seen->distributions[effect->times], percent) &&
           lateness_is_founded(&seen->distributions[effect->other], percent);
}

/* Says which percentile is moved worst, if any is. */
static bool say_moved(const struct effect *effect, const struct measurement *seen,
                      struct validity_reason *reason)
{
    const struct histogram *times = &seen->distributions[effect->times];
    enum validity_grade worst = VALIDITY_VALID;
    for (size_t i = 0; i < ARRAY_LENGTH(percents); i++) {
        char without[UNITS_SIZE];
        char with[UNITS_SIZE];
        uint64_t with_ns = histogram_percentile(times, percents[i]);
        uint64_t less_ns = without_ns(effect, seen, percents[i]);
        enum validity_grade grade = grade_of(with_ns, less_ns);
        if (grade <= worst || !is_comparable(effect, seen, percents[i]))
            continue;
        worst = grade;
        reason_say(reason, grade, TOLD "p%g %s would be %s%s, not %s", percents[i],
                   metric_of_distribution(effect->times)->label,
                   less_ns ? how_sure(effect, seen) : "",
                   less_ns ? units_format_duration(less_ns, without) : "next to nothing",
                   units_format_duration(with_ns, with));
    }
    return worst > VALIDITY_VALID;
}

/* --- Lateness itself --- */

/* Says so of the highest percentile that rests on enough. For runs without replies: no time that
 * they measure has the lateness in it, and they did not do what was asked. */
static bool say_late(const struct histogram *lag, const char *name, struct validity_reason *reason)
{
    size_t i = ARRAY_LENGTH(percents);
    char late[UNITS_SIZE];
    char most[UNITS_SIZE];
    while (i > 0 && !lateness_is_founded(lag, percents[i - 1]))
        i--;
    uint64_t late_ns = i > 0 ? histogram_percentile(lag, percents[i - 1]) : 0;
    if (late_ns <= LATE_NS)
        return false;
    return reason_say(reason, late_ns > LATE_INVALID_NS ? VALIDITY_INVALID : VALIDITY_DOUBTFUL,
                      "%s p%g %s (%s at most)", name, percents[i - 1],
                      units_format_duration(late_ns, late), units_format_duration(LATE_NS, most));
}

/* --- The rate of a closed run --- */

/* Requests that connections keep under way. */
static double under_way(const struct measurement *seen)
{
    const struct load *load = &seen->load;
    double level = load->stages.count > 0 ? measurement_mean_level(seen) : load->connections;
    return measurement_asked(seen, level) * load->in_flight;
}

/* How many of those under way are replies that lie unread and keep their connections from the next
 * request, at RATE requests a second: by Little's law. The last one of each keeps it from none. */
static double unread(const struct measurement *seen, double rate)
{
    double wait_s = histogram_mean(&seen->distributions[DIST_REPLY_WAIT]) / (double)NS_PER_S;
    double requests = (double)measurement_requests(seen);
    double followed = fmax(0, requests - under_way(seen));
    return requests > 0 ? rate * wait_s * followed / requests : 0;
}

/* The rate lacks the share that they are of all that is under way: by Little's law, which holds
 * over a long time, so that it may come out as more than all. */
static bool rate_without(const struct measurement *seen, double *with, double *without)
{
    const struct histogram *wait = &seen->distributions[DIST_REPLY_WAIT];
    if (seen->load.model != LOAD_CLOSED || wait->count < SAMPLES_NEEDED || under_way(seen) <= 0 ||
        !metric_value(metric_of_derived(DERIVED_REQUESTS_PER_SECOND), seen, with))
        return false;
    *without = *with / (1 - fmin(unread(seen, *with) / under_way(seen), UNREAD_MOST));
    return *with > 0;
}

static bool say_slower(const struct measurement *seen, struct validity_reason *reason)
{
    char now[UNITS_SIZE];
    char then[UNITS_SIZE];
    double with;
    double without;
    if (!rate_without(seen, &with, &without))
        return false;
    double turn_ns = under_way(seen) / with * (double)NS_PER_S;
    enum validity_grade grade = grade_of((uint64_t)turn_ns, (uint64_t)(turn_ns * with / without));
    if (grade == VALIDITY_VALID)
        return false;
    if (with < without * (1 - UNREAD_FAR))
        return reason_say(reason, grade, TOLD "there would be far more than %s requests per second",
                          units_format_number(with, now));
    return reason_say(reason, grade, TOLD "there would be %s requests per second, not %s",
                      units_format_number(without, then), units_format_number(with, now));
}

/* --- A threshold that is judged otherwise without it --- */

/* Puts what SELECTOR would be without wsload's own lateness into VALUE. False: nobody knows. */
typedef bool figure_without(const struct measurement *seen, const struct selector *selector,
                            double *value);

static bool rests_on_enough(const struct measurement *seen, const struct selector *selector)
{
    const struct histogram *histogram;
    if (selector->metric->form != METRIC_DISTRIBUTION)
        return true;
    histogram = metric_histogram(selector->metric, seen);
    if (selector->stat == STAT_PERCENTILE || selector->stat == STAT_MED)
        return histogram && lateness_is_founded(histogram, selector->percent);
    return histogram && histogram->count >= SAMPLES_NEEDED;
}

static bool get_founded(const struct selector *selector, const struct measurement *seen,
                        double *value)
{
    return rests_on_enough(seen, selector) && selector_get(selector, seen, value);
}

static bool undelayed_response(const struct measurement *seen, const struct selector *selector,
                               double *value)
{
    struct selector other = *selector;
    other.metric = metric_of_distribution(DIST_UNDELAYED);
    return get_founded(&other, seen, value);
}

static bool time_less_lag(const struct measurement *seen, const struct selector *selector,
                          double *value)
{
    struct selector lag = *selector;
    double lag_s;
    lag.metric = metric_of_distribution(DIST_LOOP_LAG);
    if ((selector->stat != STAT_AVG && selector->stat != STAT_MED &&
         selector->stat != STAT_PERCENTILE) ||
        !get_founded(&lag, seen, &lag_s) || !get_founded(selector, seen, value))
        return false;
    *value = fmax(0, *value - lag_s);
    return true;
}

/* Of goodput, too. */
static bool undelayed_good(const struct measurement *seen, const struct selector *selector,
                           double *value)
{
    struct selector other = *selector;
    other.metric = metric_of_counter(COUNT_UNDELAYED_GOOD);
    if (selector->metric == metric_of_derived(DERIVED_GOODPUT))
        other.stat = STAT_RATE;
    return selector_get(&other, seen, value);
}

/* Of requests per second, good ones or all. */
static bool faster_rate(const struct measurement *seen, const struct selector *selector,
                        double *value)
{
    double with;
    double without;
    if (!rate_without(seen, &with, &without) || !selector_get(selector, seen, value))
        return false;
    *value *= without / with;
    return true;
}

/* A metric whose thresholds are compared. */
struct comparison {
    const struct metric *metric; /* NULL: the end of a list */
    figure_without *get;
};

static figure_without *getter_of(const struct comparison *list, const struct metric *metric)
{
    while (list->metric && list->metric != metric)
        list++;
    return list->get;
}

/* Says so if there is such a threshold on a metric of LIST. */
static bool say_flipped(const struct judged *judged, const struct comparison *list,
                        struct validity_reason *reason)
{
    for (size_t i = 0; i < judged->thresholds->count; i++) {
        const struct threshold *threshold = &judged->thresholds->items[i];
        const struct selector *selector = &threshold->selector;
        double with;
        double without;
        figure_without *get = getter_of(list, selector->metric);
        if (!get || !get_founded(selector, judged->seen, &with) ||
            !get(judged->seen, selector, &without))
            continue;
        bool kept = threshold_kept(threshold, without);
        if (kept != threshold_kept(threshold, with))
            return reason_say(reason, VALIDITY_DOUBTFUL, TOLD "%s would be %s", threshold->name,
                              kept ? "kept" : "broken");
    }
    return false;
}

/* --- The checks --- */

/* Of lateness that changes nothing. */
static bool say_note(const struct histogram *lag, const char *name, uint64_t noted_ns,
                     struct validity_reason *reason)
{
    char p99[UNITS_SIZE];
    uint64_t lag_ns = histogram_percentile(lag, 99);
    reason->advice = "";
    if (lag_ns <= noted_ns || !lateness_is_founded(lag, 99))
        return false;
    return reason_say(reason, VALIDITY_VALID, "%s p99 %s: too little to change a figure by %d %%",
                      name, units_format_duration(lag_ns, p99), MOVED_PERCENT);
}

/* A figure that the wait was compared in: the rate, or a response time that it delayed. */
static bool wait_is_compared(const struct measurement *seen)
{
    double with;
    double without;
    return seen->load.model == LOAD_OPEN ? is_comparable(&on_response, seen, 99)
                                         : rate_without(seen, &with, &without);
}

/* What waited for a busy connection is late because of the target. */
bool check_send_lag(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    const struct histogram *pacing = &seen->distributions[DIST_PACING_LAG];
    const char *name = seen->counts[COUNT_WAITED] > 0 ? "pacing lag" : "send lag";
    const struct comparison list[] = {
        {metric_of_distribution(DIST_RESPONSE_TIME), undelayed_response},
        {metric_of_counter(COUNT_GOOD), undelayed_good},
        {metric_of_derived(DERIVED_GOODPUT), undelayed_good},
        {NULL, NULL},
    };
    if (seen->load.model != LOAD_OPEN)
        return false;
    reason->advice = processors_advice(seen);
    if (seen->load.reply == REPLY_NONE)
        return say_late(pacing, name, reason);
    return say_moved(&on_response, seen, reason) || say_flipped(judged, list, reason) ||
           (is_comparable(&on_response, seen, 99) &&
            say_note(pacing, name, SEND_LAG_NOTED_NS, reason));
}

/* By the kernel's time a latency ends before the reply is read; but the next request begins after.
 */
bool check_reply_wait(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    const struct comparison list[] = {
        {metric_of_derived(DERIVED_REQUESTS_PER_SECOND), faster_rate},
        {metric_of_derived(DERIVED_GOODPUT), faster_rate},
        {NULL, NULL},
    };
    if (seen->load.reply == REPLY_NONE)
        return false;
    reason->advice = processors_advice(seen);
    return say_slower(seen, reason) || say_flipped(judged, list, reason) ||
           (wait_is_compared(seen) && say_note(&seen->distributions[DIST_REPLY_WAIT], "reply wait",
                                               READ_LAG_NOTED_NS, reason));
}

/* Without the kernel's time a late loop takes what was read late for a late reply. Without replies,
 * and a rate by whose pacing it is judged, it is what there is. */
bool check_loop_lag(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    const struct histogram *lag = &seen->distributions[DIST_LOOP_LAG];
    const struct comparison list[] = {
        {metric_of_distribution(DIST_LATENCY), time_less_lag},
        {metric_of_distribution(DIST_RESPONSE_TIME), time_less_lag},
        {metric_of_distribution(DIST_TTFM), time_less_lag},
        {NULL, NULL},
    };
    reason->advice = processors_advice(seen);
    if (seen->load.reply == REPLY_NONE)
        return seen->load.model != LOAD_OPEN && say_late(lag, "loop lag", reason);
    if (lateness_is_stamped(seen))
        return false;
    return say_moved(&on_latency, seen, reason) || say_flipped(judged, list, reason) ||
           (is_comparable(&on_latency, seen, 99) &&
            say_note(lag, "loop lag", READ_LAG_NOTED_NS, reason));
}
