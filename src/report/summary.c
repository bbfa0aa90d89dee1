#include "wsload/report/summary.h"

#include <stdio.h>
#include <string.h>

#include "summary_seen.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/stats/failures.h"

#define UNIX_MS_MAX   (UINT64_C(1) << 42) /* in the year 2109 */
#define ASKED_MAX_NS  (UINT64_C(1) << 55) /* 64 stages of a year */
#define SIGNAL_MAX    64
#define CPU_SHARE_MAX 2 /* two clocks are read, so a share of 1 may be a little more */
#define CORES_MAX     1000000
#define PATH_SIZE     64

struct summary {
    struct measurement *measurement; /* not changed when writing */
    struct thresholds *thresholds;   /* when reading */
    const struct verdict *verdict;   /* when writing */
};

/* --- The head --- */

/* Before all else: what it is. */
static void check_tool(struct json_walk *walk)
{
    char name[sizeof(SUMMARY_TOOL)] = "";
    json_text(walk, "tool.name", name, sizeof(name));
    walk->failed = strcmp(name, SUMMARY_TOOL) != 0;
    if (walk->failed)
        error_set(walk->error, "tool.name: not a summary of wsload");
}

static void walk_time(struct json_walk *walk, const char *path, uint64_t *unix_ms)
{
    char text[CLOCK_UTC_SIZE];
    clock_format_utc(*unix_ms, text);
    json_line(walk, path, text, sizeof(text));
    if (!walk->writing && (!clock_parse_utc(text, unix_ms) || *unix_ms > UNIX_MS_MAX))
        json_fail(walk, path, "not a time from 1970 to 2109, as 2026-11-22T10:00:00.123Z");
}

static void walk_head(struct json_walk *walk, struct measurement *measurement)
{
    uint64_t version = SUMMARY_SCHEMA_VERSION;
    json_count(walk, "schema_version", &version, 1, UINT32_MAX);
    if (version > SUMMARY_SCHEMA_VERSION)
        json_fail(walk, "schema_version", "%llu is newer than this wsload (%d); use a newer one",
                  (unsigned long long)version, SUMMARY_SCHEMA_VERSION);
    if (walk->writing) {
        json_put_string(walk, "tool.name", SUMMARY_TOOL);
        json_put_string(walk, "tool.version", WSLOAD_VERSION);
    }
    walk_time(walk, "started_at", &measurement->started_unix_ms);
    if (!json_null(walk, "measured_at", !measurement->measured_unix_ms))
        walk_time(walk, "measured_at", &measurement->measured_unix_ms);
    json_count(walk, "parts", &measurement->parts, 1, UINT32_MAX);
}

/* --- What was asked --- */

/* Written no longer than it may be, when bytes that are no UTF-8 have become longer ones. */
static void walk_load_text(struct json_walk *walk, const struct load_member *member, char *text)
{
    char clean[LOAD_URL_SIZE];
    if (walk->writing) {
        excerpt_copy(text_of(text), SIZE_MAX, clean, u64_min(member->size, sizeof(clean)));
        json_put_string(walk, member->path, clean);
    } else {
        json_text(walk, member->path, text, member->size);
    }
}

/* VALUE is a uint64_t, or a uint32_t. */
static void walk_load_count(struct json_walk *walk, const struct load_member *member, void *value)
{
    bool wide = member->type == LOAD_COUNT;
    uint64_t count = wide ? *(const uint64_t *)value : *(const uint32_t *)value;
    uint64_t most = member->most ? member->most : wide ? UINT64_MAX : UINT32_MAX;
    char digits[TEXT_DECIMAL_MAX + 1];
    *text_put_decimal(digits, count) = '\0';
    if (walk->writing && member->digits)
        json_put_string(walk, member->path, digits);
    else
        json_count(walk, member->path, &count, member->least, most);
    if (!walk->writing && wide)
        *(uint64_t *)value = count;
    else if (!walk->writing)
        *(uint32_t *)value = (uint32_t)count;
}

static void walk_stage(struct json_walk *walk, void *into, size_t index)
{
    struct stage *stage = &((struct stages *)into)->items[index];
    json_seconds(walk, "duration", &stage->duration_ns, ASKED_MAX_NS);
    json_number(walk, "target", &stage->target);
}

static void walk_stages(struct json_walk *walk, const char *path, struct stages *stages)
{
    char name[PATH_SIZE];
    const struct json_array array = {name, STAGES_MAX, .item = walk_stage};
    snprintf(name, sizeof(name), "%s.start_level", path);
    json_number(walk, name, &stages->start);
    snprintf(name, sizeof(name), "%s.stages", path);
    json_items(walk, &array, stages, &stages->count);
}

static void walk_think(struct json_walk *walk, const char *path, struct think *think)
{
    char text[THINK_TEXT_SIZE];
    think_format(think, text);
    json_line(walk, path, text, sizeof(text));
    if (!walk->writing && !walk->failed && think_parse(text, think, walk->error))
        json_fail_as(walk, path);
}

static void walk_levels(struct json_walk *walk, const char *path, struct service_levels *levels)
{
    if (!walk->writing)
        levels->any = true;
    for (size_t i = LEVEL_NONE + 1; i < LEVEL_COUNT; i++) {
        char name[PATH_SIZE];
        snprintf(name, sizeof(name), "%s.%s", path, load_level_names[i]);
        if (!json_null(walk, name, levels->ns[i] == CLOCK_NEVER))
            json_seconds(walk, name, &levels->ns[i], ASKED_MAX_NS);
    }
}

/* VALUE is of the type that MEMBER has. */
static void walk_load_value(struct json_walk *walk, const struct load_member *member, void *value)
{
    switch (member->type) {
    case LOAD_TEXT:
        walk_load_text(walk, member, value);
        break;
    case LOAD_COUNT:
    case LOAD_COUNT32:
        walk_load_count(walk, member, value);
        break;
    case LOAD_SECONDS:
        json_seconds(walk, member->path, value, ASKED_MAX_NS);
        break;
    case LOAD_NUMBER:
        json_number(walk, member->path, value);
        break;
    case LOAD_BOOL:
        json_bool(walk, member->path, value);
        break;
    case LOAD_CHOICE:
        json_choice(walk, member->path, member->names, value);
        break;
    case LOAD_STAGES:
        walk_stages(walk, member->path, value);
        break;
    case LOAD_THINK:
        walk_think(walk, member->path, value);
        break;
    case LOAD_LEVELS:
        walk_levels(walk, member->path, value);
        break;
    }
}

static void walk_load(struct json_walk *walk, struct load *load)
{
    size_t count;
    const struct load_member *members = load_members(&count);
    for (size_t i = 0; i < count; i++) {
        const struct load_member *member = &members[i];
        bool may_lack = member->optional || (member->open && load->model != LOAD_OPEN);
        if (!may_lack || !json_null(walk, member->path, !load_has(load, member)))
            walk_load_value(walk, member, (char *)load + member->offset);
    }
    if (!walk->writing)
        load->stages.hold_ns = load->warmup_ns;
}

/* --- What is made of it --- */

static void walk_relation(struct json_walk *walk, enum threshold_relation *relation)
{
    if (walk->writing)
        json_put_string(walk, "relation", threshold_sign(*relation));
    else if (!threshold_relation_of(json_string(walk, "relation"), relation))
        json_fail(walk, "relation", "use < <= > >= == or !=");
}

static void walk_selector(struct json_walk *walk, struct selector *selector)
{
    char text[SELECTOR_SIZE];
    snprintf(text, sizeof(text), "%s", selector->text);
    json_line(walk, "metric", text, sizeof(text));
    if (!walk->writing && !walk->failed &&
        selector_parse(text, strlen(text), selector, walk->error))
        json_fail_as(walk, "metric");
}

static void view_judgement(struct json_walk *walk, const struct judgement *judgement)
{
    /* Not rounded: it must stand on its side of the limit. */
    if (!json_null(walk, "actual", !judgement->has_actual))
        json_put_number(walk, "actual", judgement->actual);
    json_put_bool(walk, "passed", judgement->passed);
}

static void walk_threshold(struct json_walk *walk, void *into, size_t index)
{
    const struct summary *summary = into;
    struct threshold threshold = {.abort = false};
    if (walk->writing)
        threshold = summary->verdict->judgements[index].threshold;
    json_text(walk, "name", threshold.name, sizeof(threshold.name));
    walk_selector(walk, &threshold.selector);
    walk_relation(walk, &threshold.relation);
    json_number(walk, "limit", &threshold.limit);
    json_bool(walk, "abort", &threshold.abort);
    if (walk->writing)
        view_judgement(walk, &summary->verdict->judgements[index]);
    else
        summary->thresholds->items[index] = threshold;
}

static void walk_grade(struct json_walk *walk, enum validity_grade *grade)
{
    if (walk->writing)
        json_put_string(walk, "grade", validity_grade_name(*grade));
    else if (!validity_grade_of(json_string(walk, "grade"), grade))
        json_fail(walk, "grade", "use valid, doubtful or invalid");
}

static void add_remark(struct json_walk *walk, struct measurement *measurement,
                       const struct validity_reason *reason)
{
    struct remark remark = {.grade = reason->grade};
    memcpy(remark.source, reason->source, sizeof(remark.source));
    memcpy(remark.check, reason->check, sizeof(remark.check));
    memcpy(remark.text, reason->text, sizeof(remark.text));
    if (measurement->remark_count == REMARKS_MAX)
        json_fail(walk, "source", "more than %d reasons have one", REMARKS_MAX);
    if (!walk->failed)
        measurement_add_remark(measurement, &remark);
}

/* A reason with a source is a remark of the measurement; the others are found again. */
static void walk_reason(struct json_walk *walk, void *into, size_t index)
{
    const struct summary *summary = into;
    struct validity_reason reason = {.advice = ""};
    if (walk->writing)
        reason = summary->verdict->validity.reasons[index];
    if (!json_null(walk, "source", !reason.source[0]))
        json_text(walk, "source", reason.source, sizeof(reason.source));
    else if (!walk->writing)
        return;
    json_text(walk, "check", reason.check, sizeof(reason.check));
    walk_grade(walk, &reason.grade);
    json_text(walk, "text", reason.text, sizeof(reason.text));
    if (walk->writing)
        json_put_string(walk, "advice", reason.advice);
    else
        add_remark(walk, summary->measurement, &reason);
}

static void walk_judged(struct json_walk *walk, struct summary *summary)
{
    static const struct json_array thresholds = {"thresholds", THRESHOLDS_MAX,
                                                 .item = walk_threshold};
    static const struct json_array reasons = {"validity.reasons", VALIDITY_REASONS_MAX,
                                              .item = walk_reason};
    const struct verdict *verdict = summary->verdict;
    size_t threshold_count = verdict ? verdict->count : 0;
    size_t reason_count = verdict ? verdict->validity.count : 0;
    json_items(walk, &thresholds, summary, &threshold_count);
    if (verdict)
        json_put_string(walk, "validity.status", validity_grade_name(verdict->validity.grade));
    json_items(walk, &reasons, summary, &reason_count);
    if (!verdict) {
        summary->thresholds->count = threshold_count;
        return;
    }
    json_put_bool(walk, "passed", verdict->code == EXIT_PASSED);
    json_put_count(walk, "exit.code", verdict->code);
    json_put_string(walk, "exit.reason", verdict->reason);
}

static void walk_end(struct json_walk *walk, struct measurement *measurement)
{
    uint64_t signal = (uint64_t)measurement->signal;
    if (!json_null(walk, "end.signal", !signal))
        json_count(walk, "end.signal", &signal, 1, SIGNAL_MAX);
    if (!walk->writing)
        measurement->signal = (int)signal;
    if (!json_null(walk, "end.aborted_by", !measurement->aborted_by[0]))
        json_text(walk, "end.aborted_by", measurement->aborted_by, sizeof(measurement->aborted_by));
    json_bool(walk, "end.record_failed", &measurement->record_failed);
}

static void walk_share(struct json_walk *walk, const char *name, double *share)
{
    json_number(walk, name, share);
    if (!walk->writing && *share > CPU_SHARE_MAX)
        json_fail(walk, name, "not a number from 0 to %d", CPU_SHARE_MAX);
}

static void walk_use(struct json_walk *walk, void *into, size_t index)
{
    struct measurement *measurement = into;
    struct worker_use use = {.time_ns = 0};
    if (walk->writing)
        use = measurement->worker_use[index];
    walk_share(walk, "cpu", &use.cpu);
    walk_share(walk, "wait", &use.wait);
    json_seconds(walk, "time", &use.time_ns, ASKED_MAX_NS);
    if (!walk->writing && !walk->failed)
        measurement_add_use(measurement, use);
}

static void walk_self(struct json_walk *walk, struct measurement *measurement)
{
    static const struct json_array workers = {"self.workers", WORKERS_MAX, true, walk_use};
    size_t count = measurement->workers;
    double cores = measurement->cores;
    json_bool(walk, "self.same_machine", &measurement->same_machine);
    json_number(walk, "self.cores", &cores);
    if (!walk->writing && cores > CORES_MAX)
        json_fail(walk, "self.cores", "not a number from 0 to %d", CORES_MAX);
    else if (!walk->writing)
        measurement_add_cores(measurement, cores);
    json_items(walk, &workers, measurement, &count);
}

/* --- The whole: what is long comes last, as people read these files, too --- */

static void walk_summary(struct json_walk *walk, struct summary *summary)
{
    struct measurement *measurement = summary->measurement;
    walk_head(walk, measurement);
    walk_load(walk, &measurement->load);
    summary_walk_seen(walk, measurement);
    walk_judged(walk, summary);
    walk_end(walk, measurement);
    walk_self(walk, measurement);
    summary_walk_long(walk, measurement);
}

int summary_write(const struct measurement *measurement, const struct verdict *verdict,
                  struct buffer *out)
{
    struct summary summary = {.measurement = (struct measurement *)measurement, .verdict = verdict};
    cJSON *root = cJSON_CreateObject();
    struct json_walk walk = {.writing = true, .at.object = root};
    walk_summary(&walk, &summary);
    char *text = walk.failed ? NULL : cJSON_Print(root);
    cJSON_Delete(root);
    int appended = text ? buffer_printf(out, "%s\n", text) : -1;
    cJSON_free(text);
    return appended;
}

static struct measurement *empty_measurement(void)
{
    struct load load = {.levels.any = false};
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        load.levels.ns[i] = CLOCK_NEVER;
    return measurement_new(&load);
}

int summary_read(struct text text, struct measurement **measurement, struct thresholds *thresholds,
                 struct error *error)
{
    *measurement = NULL;
    thresholds->count = 0;
    if (text.length > SUMMARY_SIZE_MAX)
        return error_set(error, "larger than %u MiB: not a summary of wsload",
                         SUMMARY_SIZE_MAX >> 20);
    struct json_walk walk = {.error = error, .at.object = json_parse(text, error)};
    cJSON *root = walk.at.object;
    if (!root)
        return -1;
    check_tool(&walk);
    struct measurement *read = walk.failed ? NULL : empty_measurement();
    if (read)
        walk_summary(&walk, &(struct summary){read, thresholds, NULL});
    else if (!walk.failed)
        walk.failed = error_set(error, "memory is out");
    cJSON_Delete(root);
    if (!walk.failed) {
        *measurement = read;
        return 0;
    }
    measurement_free(read);
    return -1;
}
