#include "wsload/report/formats.h"

#include "wsload/base/helpers.h"
#include "wsload/report/hdr.h"
#include "wsload/report/summary.h"

static const struct format formats[] = {
    {"json", "the summary, which report and merge read", summary_write},
    {"hgrm", "percentiles of response time in ms, as HdrHistogram plots them", hgrm_write},
    {"hlog", "the timeline as an HdrHistogram interval log", hlog_write},
};

const struct format *formats_table(size_t *count)
{
    *count = ARRAY_LENGTH(formats);
    return formats;
}

const struct format *format_find(struct text kind)
{
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        if (text_equal(text_of(formats[i].kind), kind))
            return &formats[i];
    return NULL;
}
