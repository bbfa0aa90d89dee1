#include "wsload/load/secret_file.h"

#include <stdbool.h>
#include <stdlib.h>
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
    if (stat(path, &status) || !S_ISREG(status.st_mode))
        return false;
    *modified_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    return true;
}

static int compile(struct template *content, struct text text, const char *path,
                   const struct template_scope *scope, struct error *error)
{
    text = text_trim(text);
    if (text.length == 0)
        return error_set(error, "%s: nothing in it; write the token or key into it", path);
    if (!header_value_valid(text))
        return error_set(error,
                         "%s: a line break or another control character in it, which no header "
                         "can hold; write the token or key alone",
                         path);
    struct error unused; /* it would repeat what stands in the file */
    if (template_compile(content, text, scope, &unused))
        return error_set(error,
                         "%s: what stands behind {{ in it is no variable of a handshake; there "
                         "are {{connection}}, {{timestamp}} and the columns of --users",
                         path);
    return 0;
}

/* NULL when PATH has nothing that can be used. */
static struct secret_version *read_version(const char *path, const struct template_scope *scope,
                                           struct error *error)
{
    struct secret_version *version = calloc(1, sizeof(*version));
    if (!version) {
        error_set(error, "out of memory");
        return NULL;
    }
    struct buffer text;
    buffer_init(&text, FILE_SIZE_MAX);
    find_modified(path, &version->modified_ns); /* first: a change while it is read is seen later */
    int result = file_read(path, &text, error);
    if (result == 0)
        result = compile(&version->content, buffer_text(&text), path, scope, error);
    buffer_free(&text);
    if (result == 0)
        return version;
    free(version);
    return NULL;
}

static void free_version(struct secret_version *version)
{
    template_free(&version->content);
    free(version);
}

struct secret_file *secret_file_new(const char *path, const struct template_scope *scope,
                                    struct error *error)
{
    struct secret_file *file = calloc(1, sizeof(*file));
    if (!file) {
        error_set(error, "out of memory");
        return NULL;
    }
    file->path = path;
    atomic_init(&file->newest, read_version(path, scope, error));
    if (atomic_load(&file->newest))
        return file;
    free(file);
    return NULL;
}

const struct template *secret_file_now(struct secret_file *file, const struct template_scope *scope)
{
    const struct secret_version *last = atomic_load(&file->newest);
    int64_t modified_ns;
    if (!find_modified(file->path, &modified_ns) || modified_ns == last->modified_ns)
        return &last->content;
    struct error unused;
    struct secret_version *fresh = read_version(file->path, scope, &unused);
    if (!fresh)
        return &last->content;
    fresh->older = last;
    if (atomic_compare_exchange_strong(&file->newest, &last, fresh))
        return &fresh->content;
    free_version(fresh); /* another worker was first, and has put it into LAST */
    return &last->content;
}

void secret_file_free(struct secret_file *file)
{
    if (!file)
        return;
    for (const struct secret_version *version = atomic_load(&file->newest); version;) {
        const struct secret_version *older = version->older;
        free_version((struct secret_version *)version); /* const for those who read it */
        version = older;
    }
    free(file);
}
