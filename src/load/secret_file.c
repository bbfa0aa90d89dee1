#include "wsload/load/secret_file.h"

#include <stdbool.h>
#include <sys/stat.h>

#include "wsload/base/buffer.h"
#include "wsload/base/file.h"
#include "wsload/protocol/handshake.h"

#define FILE_SIZE_MAX (16U * 1024)

/* When PATH was last changed. Nothing but a regular file has such a time: a pipe cannot be read
 * twice, and opening it could wait forever. */
static bool find_modified(const char *path, int64_t *modified_ns)
{
    struct stat status;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    *modified_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    return true;
}

static int compile(struct template *content, struct text text, const char *path,
                   const struct template_scope *scope, struct error *error)
{
    struct error unused; /* it would repeat what stands in the file */

    text = text_trim(text);
    if (text.length == 0)
        return error_set(error, "%s: nothing in it; write the token or key into it", path);
    if (!header_value_valid(text))
        return error_set(error,
                         "%s: a line break or another control character in it, which no header "
                         "can hold; write the token or key alone",
                         path);
    if (template_compile(content, text, scope, &unused) != 0)
        return error_set(error,
                         "%s: what stands behind {{ in it is no variable of a handshake; there "
                         "are {{connection}}, {{timestamp}} and the columns of --users",
                         path);
    return 0;
}

int secret_file_read(struct secret_file *file, const char *path, const struct template_scope *scope,
                     struct error *error)
{
    struct secret_file fresh = {0};
    struct buffer text;
    int result;

    buffer_init(&text, FILE_SIZE_MAX);
    find_modified(path, &fresh.modified_ns); /* first: a change while it is read is seen later */
    result = file_read(path, &text, error);
    if (result == 0)
        result = compile(&fresh.content, buffer_text(&text), path, scope, error);
    buffer_free(&text);
    if (result != 0)
        return -1;
    secret_file_free(file);
    *file = fresh;
    return 0;
}

const struct template *secret_file_now(const struct secret_file *first, struct secret_file *kept,
                                       const char *path, const struct template_scope *scope)
{
    const struct secret_file *last = kept->content.parts != NULL ? kept : first;
    struct error unused;
    int64_t modified_ns;

    if (find_modified(path, &modified_ns) && modified_ns != last->modified_ns &&
        secret_file_read(kept, path, scope, &unused) == 0)
        last = kept;
    return &last->content;
}

void secret_file_free(struct secret_file *file)
{
    template_free(&file->content);
    *file = (struct secret_file){0};
}
