#include "wsload/judge/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/helpers.h"

static const char *const grade_names[] = {"valid", "doubtful", "invalid"};

const char *validity_grade_name(enum validity_grade grade)
{
    return grade_names[grade];
}

bool validity_grade_of(const char *name, enum validity_grade *grade)
{
    for (size_t i = 0; i < ARRAY_LENGTH(grade_names); i++) {
        if (strcmp(grade_names[i], name) == 0) {
            *grade = (enum validity_grade)i;
            return true;
        }
    }
    return false;
}

bool reason_say(struct validity_reason *reason, enum validity_grade grade, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof(reason->text), format, arguments);
    va_end(arguments);
    reason->grade = grade;
    return true;
}
