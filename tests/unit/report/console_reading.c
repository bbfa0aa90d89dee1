#include "console_reading.h"

#include <string.h>

#include "testing.h"

static void assert_has(const struct fixture *fixture, const char *text, bool wanted)
{
    struct buffer out;
    fixture_console(fixture, false, &out);
    if ((strstr(out.data, text) != NULL) != wanted)
        fail_msg("'%s' is %s:\n%s", text, wanted ? "not in" : "in", out.data);
    buffer_free(&out);
}

void assert_shows(const struct fixture *fixture, const char *text)
{
    assert_has(fixture, text, true);
}

void assert_hides(const struct fixture *fixture, const char *text)
{
    assert_has(fixture, text, false);
}
