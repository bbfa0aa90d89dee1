/* Templates: the first two bytes say which variables there are, the rest is the text. What compiles
 * renders within its bound, into memory of exactly that size. */
#include "fuzz.h"

#include "wsload/protocol/template.h"

#define COLUMNS (TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW)

static const char *const column_names[] = {"user", "api-key"};

static void check_compiled(const struct template *template, const struct template_values *values,
                           unsigned allowed)
{
    size_t bound = template_bound(template, values);
    char *out = malloc(bound + (bound == 0));

    REQUIRE(out != NULL);
    REQUIRE(template_render(template, values, out) <= bound);
    for (unsigned bit = 1; bit <= TEMPLATE_COLUMN_RAW; bit <<= 1)
        REQUIRE((allowed & bit) != 0 || !(template->variables & bit));
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned allowed = size < 2 ? 0 : (unsigned)data[0] | (unsigned)data[1] << 8;
    struct text text = {size < 2 ? "" : (const char *)data + 2, size < 2 ? 0 : size - 2};
    struct template_scope scope = {
        .variables = allowed,
        .columns = column_names,
        .column_count = (allowed & COLUMNS) == COLUMNS ? 2 : 0,
    };
    const struct template_column columns[] = {{text, text}, {{"k", 1}, {"k", 1}}};
    struct template_values values = {
        .prompt = text,
        .prompt_escaped = text,
        .run_id = UINT32_MAX,
        .seq = UINT64_MAX,
        .unix_ms = UINT64_MAX,
        .connection_id = {"Qyi07eCbtjMCJKw=", 16},
        .connection = UINT64_MAX,
        .part = text,
        .part_index = UINT64_MAX,
        .columns = columns,
    };
    struct template template;
    struct error error = {""};

    if (template_compile(&template, text, &scope, &error) == 0)
        check_compiled(&template, &values, allowed);
    else
        REQUIRE(error.text[0] != '\0' && template.parts == NULL);
    template_free(&template);
    return 0;
}
