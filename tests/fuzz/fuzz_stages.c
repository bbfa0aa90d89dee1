/* Stages, one a line: what parses is in range, and its arithmetic holds together. */
#include "fuzz.h"

#include <math.h>

#include "wsload/base/clock.h"
#include "wsload/load/schedule.h"

#define DURATION_MAX (1000 * 3600 * NS_PER_S)

static void check_stage(const struct stage *stage)
{
    REQUIRE(stage->duration_ns <= DURATION_MAX);
    REQUIRE(isfinite(stage->target) && stage->target >= 0);
}

static void check_totals(const struct stages *stages, uint64_t time_ns)
{
    double total = stages_total(stages, time_ns);
    double level = stages_level(stages, time_ns);
    uint64_t next_ns = stages_next_change_ns(stages, time_ns);
    REQUIRE(total >= 0 && level >= 0 && level <= stages_highest(stages) * (1 + 1e-12));
    REQUIRE(stages_time_of_total(stages, total) <= stages_duration_ns(stages));
    REQUIRE(next_ns > time_ns);
    if (next_ns != CLOCK_NEVER) {
        REQUIRE(next_ns <= stages_duration_ns(stages));
        REQUIRE(floor(stages_level(stages, next_ns)) != floor(level));
        REQUIRE(floor(stages_level(stages, next_ns - 1)) == floor(level));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string("", data, size, "");
    struct stages stages = {.hold_ns = size % 3 * NS_PER_S};
    struct error error = {""};
    for (char *line = text; line != NULL && stages.count < STAGES_MAX;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        if (stage_parse(line, &stages.items[stages.count], &error) == 0)
            check_stage(&stages.items[stages.count++]);
        else
            REQUIRE(error.text[0] != '\0');
        line = end;
    }
    for (size_t i = 0; i <= 8 && stages.count > 0; i++)
        check_totals(&stages, stages_duration_ns(&stages) / 8 * i);
    free(text);
    return 0;
}
