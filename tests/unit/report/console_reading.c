#include "console_reading.h"

#include <string.h>

#include "fixtures.h"
#include "testing.h"

static void assert_has(const struct results *results, const char *text, bool wanted)
{
    struct buffer out;
    fixture_console(results, false, &out);
    if ((strstr(out.data, text) != NULL) != wanted)
        fail_msg("'%s' is %s:\n%s", text, wanted ? "not in" : "in", out.data);
    buffer_free(&out);
}

void assert_shows(const struct results *results, const char *text)
{
    assert_has(results, text, true);
}

void assert_hides(const struct results *results, const char *text)
{
    assert_has(results, text, false);
}
