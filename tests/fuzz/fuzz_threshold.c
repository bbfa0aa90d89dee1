/* Thresholds: what is accepted is whole, reads again from its name, and gives the same; errors are
 * one line. */
#include "fuzz.h"

#include <math.h>

#include "wsload/base/clock.h"
#include "wsload/judge/thresholds.h"

static void check_accepted(const struct threshold *threshold)
{
    static struct thresholds again;
    char label[SELECTOR_SIZE];
    struct error error;
    enum threshold_relation relation;
    const struct selector *selector = &threshold->selector;

    REQUIRE(selector->metric != NULL);
    REQUIRE(selector->percent >= 0 && selector->percent <= 100);
    REQUIRE(isfinite(threshold->limit) && threshold->limit >= 0);
    REQUIRE(threshold_relation_of(threshold_sign(threshold->relation), &relation));
    REQUIRE(relation == threshold->relation);
    REQUIRE(threshold_can_abort(threshold, true) || !threshold_can_abort(threshold, false));
    REQUIRE(strlen(selector_label(selector, label)) < sizeof(label) - 1);
    REQUIRE(strncmp(threshold->name, selector->text, strlen(selector->text)) == 0);
    again.count = 0;
    REQUIRE(thresholds_parse(&again, threshold->name, &error) == 0);
    REQUIRE(strcmp(again.items[0].name, threshold->name) == 0);
    REQUIRE(strcmp(again.items[0].selector.text, selector->text) == 0);
    REQUIRE(again.items[0].relation == threshold->relation);
    REQUIRE(again.items[0].limit == threshold->limit);
    REQUIRE(again.items[0].abort == threshold->abort);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct thresholds thresholds;
    char *text = fuzz_string("", data, size, "");
    struct error error = {""};

    thresholds.count = 0;
    if (thresholds_parse(&thresholds, text, &error) == 0) {
        REQUIRE(thresholds.count == 1);
        check_accepted(&thresholds.items[0]);
    } else {
        REQUIRE(thresholds.count == 0 && error.text[0] != '\0');
        for (const char *p = error.text; *p != '\0'; p++)
            REQUIRE((unsigned char)*p >= ' ');
    }
    free(text);
    return 0;
}
