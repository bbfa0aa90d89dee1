#include "json_reading.h"

#include <math.h>
#include <string.h>

#include "testing.h"

cJSON *parsed(const struct fixture *fixture)
{
    struct buffer out;
    fixture_json(fixture, &out);
    cJSON *root = cJSON_Parse(out.data);
    assert_non_null(root);
    buffer_free(&out);
    return root;
}

const cJSON *member(const cJSON *root, const char *path)
{
    char first[64];
    size_t length = strcspn(path, ".");
    memcpy(first, path, length);
    first[length] = '\0';
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, first);
    assert_non_null(item);
    return path[length] == '\0' ? item : member(item, path + length + 1);
}

void assert_near(const char *what, const cJSON *item, double value, double error)
{
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble - value) <= error))
        fail_msg("%s: %.12g, expected %.12g", what, item->valuedouble, value);
}
